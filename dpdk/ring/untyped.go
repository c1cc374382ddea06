package ring

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
)

// Untyped is a handle to a ring of elements of which only the size is known. It is for a process that
// makes rings for others and moves no elements itself. [Lookup] in any process, this one included,
// returns a [Ring] of a type of that size.
type Untyped struct{ ring *Ring[uint32] }

// CreateUntyped makes a ring like [Create], of elements of elemSize bytes: a multiple of 4, at most 1 MiB.
// A size of 8 makes a ring of void * in C, or of *mbuf.Mbuf.
//
// Errors: those of [Create], and dpdk.ErrInvalid for the size. Any goroutine may call it, in primary and
// secondary.
//
// Implements: rte_ring_create_elem
func CreateUntyped(name string, elemSize, count int, cfg Config) (*Untyped, error) {
	if err := check.Name(opCreate, name, cgo.RingNameSize); err != nil {
		return nil, err
	}
	if elemSize <= 0 || elemSize%4 != 0 || elemSize > maxElemSize {
		return nil, check.Invalid(opCreate, name, "the element size is %d bytes: use a multiple of 4, at most 1 MiB", elemSize)
	}
	r, err := create[uint32](name, uint32(elemSize), count, cfg, layout.Type{})
	if err != nil {
		return nil, err
	}
	return &Untyped{r}, nil
}

// Name returns the ring's name.
func (u *Untyped) Name() string { return u.ring.Name() }

// Info describes the ring. The error is dpdk.ErrNotFound if the ring was freed.
//
// Implements: rte_ring_lookup
func (u *Untyped) Info() (Info, error) { return u.ring.Info() }

// Free destroys the ring for all processes. Errors are those of [Ring.Free].
//
// Implements: rte_ring_free
func (u *Untyped) Free() error { return u.ring.Free() }
