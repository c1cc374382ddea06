package pdump

import (
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/godpdk/godpdk/cgo"
	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

// A primary in Go knows the captures of its secondaries in Go, and ends those of a process that has ended. The secondary
// notes each queue before it asks DPDK to capture there. If it dies between the two, and a C program captures that queue, the
// primary ends the capture of the C program.

// place is where the primary captures.
type place struct {
	Port      string
	Queue     uint16
	Direction Direction
}

// memory is the shared memory of a capture.
type memory struct {
	Ring, Pool     string
	RingAt, PoolAt uintptr
}

// noted is a capture of a place.
type noted struct {
	owner delegate.Owner
	memory
}

// book has the captures of secondaries in Go. Only a primary in Go has any.
var book = struct {
	sync.Mutex
	at map[place]noted
}{at: map[place]noted{}}

// note is what a secondary notes.
type note struct {
	Place  place
	Memory memory
	Began  bool // the capture has begun, and is not only about to
}

var (
	// remember notes a capture. One that is about to begin leaves the place to the process that has it, also if that has ended: DPDK will
	// refuse it until endCaptures has run.
	remember = delegate.Func("rte_pdump_enable_bpf of a secondary", func(o delegate.Owner, _ string, n note) (bool, error) {
		if o == delegate.Self { // of a primary in C
			return false, nil
		}
		book.Lock()
		defer book.Unlock()
		if is, taken := book.at[n.Place]; n.Began || !taken || is.owner == o {
			book.at[n.Place] = noted{o, n.Memory}
		}
		return true, nil
	})
	// forget notes that a place has no capture.
	forget = delegate.Func("rte_pdump_disable of a secondary", func(_ delegate.Owner, _ string, p place) (bool, error) {
		book.Lock()
		defer book.Unlock()
		delete(book.at, p)
		return true, nil
	})
)

func init() { delegate.OnEnd(func(o delegate.Owner, _ bool) { endCaptures(o) }) }

// endCaptures ends the captures of a process that has ended, and frees their memory.
func endCaptures(o delegate.Owner) {
	book.Lock()
	mine := maps.Clone(book.at)
	maps.DeleteFunc(mine, func(_ place, n noted) bool { return n.owner != o })
	book.Unlock()
	if len(mine) == 0 {
		return
	}
	delegate.Reach("before the captures")
	unused := map[memory]bool{}
	for p, n := range mine {
		err := disable(p)
		if gone(err) {
			return
		}
		if err != nil {
			control.Logger().Warn("the capture of an ended process goes on, and its memory stays: call pdump.Reset in a secondary", "port", p.Port, "queue", p.Queue, "packets", p.Direction, "error", err)
		}
		was, found := unused[n.memory]
		unused[n.memory] = err == nil && (was || !found)
		book.Lock()
		if book.at[p].owner == o {
			delete(book.at, p)
		}
		book.Unlock()
	}
	if pdumpcgo.Secondaries == 0 {
		time.Sleep(settle)
	}
	for m, free := range unused {
		if free {
			m.free()
		}
	}
}

// free frees the memory of a capture that has ended.
func (m memory) free() {
	err := control.Call("rte_ring_free", m.Ring, func() error { return objects.RingFree(m.Ring, pointer(m.RingAt)) })
	err = errors.Join(err, control.Call("rte_mempool_free", m.Pool, func() error { return objects.MempoolFree(m.Pool, pointer(m.PoolAt), false) }))
	if err != nil && !gone(err) {
		control.Logger().Warn("the memory of the capture of an ended process stays", "error", err)
	}
}

// answer is the time in which DPDK's thread for messages answers. Since 25.11 it waits for all secondaries meanwhile.
const answer = 10 * time.Second

// disable ends a capture from the primary. rte_pdump_disable refuses that, so the primary sends itself the request of a
// secondary, which is behind all requests that the process has sent. Without such a capture it does nothing.
func disable(p place) error {
	return control.Call(opDisable, p.Port, func() error {
		if _, err := objects.MemzoneLookup(statsZone); err != nil { // Uninit found no capture
			return nil
		}
		request := pdumpcgo.DisableRequest(p.Port, p.Queue, uint32(p.Direction))
		reply, err := mpsocket.Ask(cgo.RuntimeDir(), pdumpcgo.Action, request, answer)
		if err != nil {
			return err
		}
		if err := control.Errno(pdumpcgo.Answer(reply)); err != nil && !errors.Is(err, dpdk.ErrInvalid) {
			return err
		}
		return nil
	})
}
