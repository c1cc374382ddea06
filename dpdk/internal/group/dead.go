package group

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

// bury cleans up what a secondary has left in shared memory.
func (m *Member) bury(o delegate.Owner, p Process) (r delegate.Recovery) {
	if p.State != Died {
		r = delegate.Ended(o, false)
		unused := false
		_ = m.table.look(func() { unused = m.table.slots[o&0xffff].unused.Load() == 1 })
		freeArrays(o, unused)
		return r
	}
	r.Released = m.giveUp(true) // first: the rest would wait for it
	r.Add(delegate.Ended(o, true))
	delegate.Reach("before the arrays")
	freeArrays(o, true)
	delegate.Reach("before the caches of lcores")
	n, err := m.emptyCaches(p.Lcores)
	r.Returned += n
	if err != nil {
		control.Logger().Warn("what is in the caches of a dead process's lcores was not returned to the pools", "pid", p.Pid, "lcores", p.Lcores, "error", err)
	}
	return r
}

// emptying is held while the caches of lcores are emptied: goroutines share the lock of claiming.
var emptying sync.Mutex

// emptyCaches returns the contents of the caches of a dead process's lcores to the pools, and their number.
// A process that has claimed such an lcore since keeps the contents.
func (m *Member) emptyCaches(lcores []int) (returned int, err error) {
	emptying.Lock()
	defer emptying.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	caches := objects.CachesOf(lcores)
	defer func() { returned = caches.Return() }()
	err = m.table.claiming(ctx, func() error {
		return m.table.look(func() {
			taken := m.table.slots[m.table.own].lcores
			for _, s := range m.table.living {
				taken = taken.or(s.lcores)
			}
			caches.Empty(taken.has)
		})
	})
	delegate.Reach("before the caches' contents return")
	return 0, err
}

// waitLimit is the duration after which the primary reports a control call, if a process has died.
const waitLimit = 5 * time.Second

// hangs reports control calls of this primary that do not return.
type hangs struct {
	dead     []string // processes that have died, the last first
	reported map[uint64]string
	next     time.Time // to try again
}

// died records a dead process.
func (h *hangs) died(p Process) {
	name := fmt.Sprint("pid ", p.Pid)
	if !p.Go {
		name += " (a C program)"
	}
	h.dead = append([]string{name}, h.dead[:min(len(h.dead), 9)]...)
}

// look reports calls that have begun to wait for long. It returns whether the locks of the dead must be
// released: there are such calls, or earlier ones still wait and again is set.
func (h *hangs) look(again *atomic.Bool) (found bool) {
	if len(h.dead) == 0 {
		return false
	}
	long := control.Longer(waitLimit)
	for n, call := range long {
		if h.reported[n] == "" {
			found = true
			control.Logger().Error("a control call does not return, perhaps because a dead process holds a lock of DPDK: if no later message reports that the lock is released, restart all processes of the file prefix",
				"call", call, "dead", strings.Join(h.dead, ", "))
		}
	}
	h.reported = long
	if found = found || len(long) > 0 && again.Load() && time.Now().After(h.next); found {
		h.next = time.Now().Add(waitLimit)
	}
	return found
}
