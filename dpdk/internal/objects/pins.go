package objects

import (
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk"
)

// freeTimeout is the time for which the free of a pool waits for objects that are on their way back.
const freeTimeout = 2 * time.Second

// pinned are the pools to which this primary returns objects of dead processes. Pools are not freed
// meanwhile. Only C programs, which do not ask the primary, still can.
type pinned struct {
	mu sync.Mutex
	of map[uintptr]*pin
}

type pin struct {
	count int
	idle  chan struct{} // closed when count becomes 0
}

var pins = &pinned{of: map[uintptr]*pin{}}

// pin prevents the end of a pool until unpin. It reports whether the pool exists.
func (p *pinned) pin(pool string, at uintptr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if exists(pool, at) != nil {
		return false
	}
	if p.of[at] == nil {
		p.of[at] = &pin{idle: make(chan struct{})}
	}
	p.of[at].count++
	return true
}

func (p *pinned) unpin(at uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[at].count--; p.of[at].count == 0 {
		close(p.of[at].idle)
		delete(p.of, at)
	}
}

// free calls f, which frees the pool, when the pool is not pinned. It waits for freeTimeout at most.
func (p *pinned) free(at uintptr, f func() error) error {
	over := time.After(freeTimeout)
	for {
		p.mu.Lock()
		busy := p.of[at]
		if busy == nil {
			defer p.mu.Unlock()
			return f()
		}
		p.mu.Unlock()
		select {
		case <-busy.idle:
		case <-over:
			return dpdk.ErrBusy
		}
	}
}
