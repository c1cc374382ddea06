// Package ringtest tests implementations of rte_ring's enqueue and dequeue
// against a model, against each other and under load.
package ringtest

import (
	"bytes"
	"math/bits"
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/stretchr/testify/require"
)

// Impl is one implementation of a ring's two operations, with the meaning of
// ringcore's Enqueue and Dequeue.
type Impl struct {
	Name    string
	Enqueue func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, free uint32)
	Dequeue func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, available uint32)
}

// Native is what users of ringcore get on this architecture.
var Native = Impl{
	Name: "native",
	Enqueue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, free uint32) {
		m := r.Enqueue(objs, int(n), bulk)
		return m.Done(), m.Left()
	},
	Dequeue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, available uint32) {
		m := r.Dequeue(objs, int(n), bulk)
		return m.Done(), m.Left()
	},
}

// Twin is ringcore's plain Go.
var Twin = Impl{
	Name: "go",
	Enqueue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, free uint32) {
		m := r.EnqueueGo(objs, int(n), bulk)
		return m.Done(), m.Left()
	},
	Dequeue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, available uint32) {
		m := r.DequeueGo(objs, int(n), bulk)
		return m.Done(), m.Left()
	},
}

// Ones moves single elements in plain Go, where that is possible, and others like Native. With -race all
// elements go Native's way, as those of ring.Ring do.
var Ones = Impl{
	Name: "ones",
	Enqueue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, free uint32) {
		if n != 1 || build.Race {
			return Native.Enqueue(r, objs, n, bulk)
		}
		out, _ := ringcore.NewOnes(r)
		done = out.Enqueue(objs, (*ringcore.One).EnqueueOtherwise).Done()
		return done, r.FreeCount()
	},
	Dequeue: func(r *ringcore.Ring, objs unsafe.Pointer, n uint32, bulk bool) (done, available uint32) {
		if n != 1 || build.Race {
			return Native.Dequeue(r, objs, n, bulk)
		}
		_, in := ringcore.NewOnes(r)
		done = in.Dequeue(objs, (*ringcore.One).DequeueOtherwise).Done()
		return done, r.Count()
	},
}

// Make makes an empty ring. Like rte_ring_create it takes count for the number
// of slots, a power of two of which one stays free, or, if exact, for the number
// of elements that the ring takes.
type Make func(t *testing.T, elemSize, count uint32, prod, cons ringcore.Sync, exact bool) *ringcore.Ring

const (
	guardLen  = 256
	guardByte = 0xA5
	line      = 128 // what a head-tail has for itself
)

// NewLocal makes a ring in this process's own memory. When the test ends it
// checks that the bytes around the slots have not been touched.
func NewLocal(t *testing.T, elemSize, count uint32, prod, cons ringcore.Sync, exact bool) *ringcore.Ring {
	t.Helper()
	size, capacity := count, count-1
	if exact {
		size, capacity = 1<<bits.Len32(count), count
	}
	slotBytes := int(size) * int(elemSize)
	buf := make([]byte, line+2*line+guardLen+slotBytes+guardLen)
	buf = buf[-uintptr(unsafe.Pointer(&buf[0]))%line:]
	before := buf[2*line:][:guardLen]
	slots := buf[2*line+guardLen:]
	after := slots[slotBytes:][:guardLen]
	guard := bytes.Repeat([]byte{guardByte}, guardLen)
	copy(before, guard)
	copy(after, guard)
	t.Cleanup(func() {
		require.Equal(t, guard, before, "bytes before the slots")
		require.Equal(t, guard, after, "bytes after the slots")
	})

	p := (*ringcore.HeadTail)(unsafe.Pointer(&buf[0]))
	c := (*ringcore.HeadTail)(unsafe.Pointer(&buf[line]))
	*p = ringcore.HeadTail{SyncType: prod, HTDMax: capacity / 8}
	*c = ringcore.HeadTail{SyncType: cons, HTDMax: capacity / 8}
	r, err := ringcore.New(p, c, unsafe.Pointer(&slots[0]), size, capacity, elemSize)
	require.NoError(t, err)
	return &r
}
