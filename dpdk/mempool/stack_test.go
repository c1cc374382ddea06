package mempool_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// Goroutines use a stack in Go while others use it through C: no object is given twice, and none is lost.
func TestGoAndCShareALockFreeStack(t *testing.T) {
	const rounds, goroutines = 500_000, 6
	p := pool(t, 12, 64, mempool.Config{Ops: "lf_stack"})
	for _, o := range p.All() {
		atomic.StoreUint32((*uint32)(o.Pointer()), 0)
	}
	var wg sync.WaitGroup
	var failed atomic.Int32
	for g := range goroutines {
		wg.Go(func() {
			objs := make([]mempool.Object, 1+g/2)
			words := make([]uintptr, len(objs)) // C gets no Go pointers
			for range rounds {
				table := unsafe.Pointer(&words[0])
				if g < goroutines-1 {
					if !p.GetBulk(objs) {
						continue
					}
				} else {
					if !cgo.MempoolDequeue(p.Pointer(), table, uint32(len(words))) {
						continue
					}
					copy(objs, unsafe.Slice((*mempool.Object)(table), len(objs)))
				}
				for _, o := range objs {
					if !atomic.CompareAndSwapUint32((*uint32)(o.Pointer()), 0, 1) {
						failed.Add(1)
					}
				}
				for _, o := range objs {
					atomic.StoreUint32((*uint32)(o.Pointer()), 0)
				}
				if g < goroutines-1 {
					p.PutBulk(objs)
				} else if !cgo.MempoolEnqueue(p.Pointer(), table, uint32(len(words))) {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.Zero(t, failed.Load(), "objects that two had at once, or that did not fit")
	p.PutBulk(all(t, p)) // each once
}

// Each change of a list counts. Without the count a thread that was stopped in the middle could put back a
// list that others have changed and restored in part.
func TestEachChangeOfAStackCounts(t *testing.T) {
	p := pool(t, 10, 64, mempool.Config{Ops: "lf_stack"})
	changes := func() (used, free uint64) {
		_, look, errno := cgo.StackObjects(p.Name(), p.Pointer(), 10)
		assert.Zero(t, errno)
		return look.State[1], look.State[4]
	}
	used, free := changes()
	o, ok := p.Get()
	assert.True(t, ok)
	p.Put(o)
	usedAfter, freeAfter := changes()
	assert.Equal(t, used+2, usedAfter)
	assert.Equal(t, free+2, freeAfter)
}
