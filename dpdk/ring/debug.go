//go:build godpdk_debug

package ring

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/mbuftrace"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// guard finds two goroutines of this process on a Single side. All handles of a ring share its sides. It is nil in a handle of
// a freed ring.
type guard struct{ *sides }

type sides struct{ out, in side }

// side records whether a goroutine is in a call, or between the two calls of a zero-copy operation.
type side struct{ used atomic.Bool }

var guards sync.Map // of *sides, by the address of the ring

func guardOf(r cgo.Ring) guard {
	s, _ := guards.LoadOrStore(unsafe.Pointer(r), new(sides))
	return guard{s.(*sides)}
}

// forget ends the guard of a ring that is freed.
func (g *guard) forget(r cgo.Ring) {
	guards.Delete(unsafe.Pointer(r))
	g.sides = nil
}

// producer returns the producer side if it is Single.
func (g *guard) producer(r *ringcore.Ring) *side {
	if g.sides == nil || r.ProdSync != ringcore.Single {
		return nil
	}
	return &g.out
}

// consumer returns the consumer side if it is Single.
func (g *guard) consumer(r *ringcore.Ring) *side {
	if g.sides == nil || r.ConsSync != ringcore.Single {
		return nil
	}
	return &g.in
}

// enter panics if another goroutine uses the side.
func (s *side) enter(ring, what string) {
	if s != nil && s.used.Swap(true) {
		panic(fmt.Sprintf("ring: two goroutines at once as the Single %s of %q, the second at %s: use one, or another mode", what, ring, mbuftrace.Caller()))
	}
}

func (s *side) leave() {
	if s != nil {
		s.used.Store(false)
	}
}
