package objects

import (
	"sync"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
)

// zoneHolds are the processes that use a zone which others may free meanwhile. Only C programs, which do not ask the
// primary, still can.
var zoneHolds = &holds{of: map[uintptr]map[delegate.Owner]bool{}}

func init() { delegate.OnEnd(func(o delegate.Owner, _ bool) { zoneHolds.removeAll(o) }) }

// holds are the living processes that hold zones, by the addresses of the zones.
type holds struct {
	mu sync.Mutex
	of map[uintptr]map[delegate.Owner]bool
}

// add notes that a process holds a zone. The error is dpdk.ErrNotFound if no zone of this name is at the address.
func (h *holds) add(name string, at uintptr, o delegate.Owner) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, errno := cgo.MemzoneLookup(name)
	switch {
	case errno != 0:
		return control.Errno(errno)
	case number(i.Addr) != at:
		return dpdk.ErrNotFound
	case h.of[at] == nil:
		h.of[at] = map[delegate.Owner]bool{}
	}
	h.of[at][o] = true
	return nil
}

func (h *holds) remove(at uintptr, o delegate.Owner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(at, o)
}

func (h *holds) removeAll(o delegate.Owner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for at := range h.of {
		h.drop(at, o)
	}
}

// drop undoes add. The caller holds mu.
func (h *holds) drop(at uintptr, o delegate.Owner) {
	if delete(h.of[at], o); len(h.of[at]) == 0 {
		delete(h.of, at)
	}
}

// free calls f, which frees a zone for o, unless another living process holds it.
func (h *holds) free(name string, at uintptr, o delegate.Owner, f func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other := range h.of[at] {
		if other != o && delegate.Alive(other) {
			id := owner.Of(other)
			if other == delegate.Self {
				id = owner.Self()
			}
			return &dpdk.Error{Op: "rte_memzone_free", Name: name, Errno: dpdk.ErrBusy,
				Detail: owner.Describe(id).String() + " uses it at this moment: try again, or end that process if it is stopped"}
		}
	}
	if err := f(); err != nil {
		return err
	}
	delete(h.of, at)
	return nil
}
