package ringcore_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	filled = 3 // elements in the ring at the start
	stuck  = 2 // elements that somebody has reserved and not published
)

// Another thread, for example of another process, is inside an operation: it has moved the
// head and not yet the tail.
var insiders = []struct {
	sync        ringcore.Sync
	enter, exit func(ht *ringcore.HeadTail)
}{
	{
		ringcore.Multi,
		func(ht *ringcore.HeadTail) { ht.Head += stuck },
		func(ht *ringcore.HeadTail) { atomic.AddUint32(&ht.Tail, stuck) },
	},
	{
		ringcore.HTS,
		func(ht *ringcore.HeadTail) { ht.Head += stuck },
		func(ht *ringcore.HeadTail) { atomic.AddUint32(&ht.Tail, stuck) },
	},
	{
		ringcore.RTS,
		func(ht *ringcore.HeadTail) {
			ht.HTDMax = stuck - 1
			head := (*[2]uint32)(unsafe.Pointer(&ht.RTSHead))
			head[0], head[1] = head[0]+1, head[1]+stuck
		},
		func(ht *ringcore.HeadTail) {
			atomic.StoreUint64((*uint64)(unsafe.Pointer(ht)), atomic.LoadUint64(&ht.RTSHead))
		},
	},
}

// With one processor for Go, an operation that spun without yielding would keep
// everybody else from ever running, this test included.
func TestWaitingYieldsTheProcessor(t *testing.T) {
	for _, in := range insiders {
		for _, impl := range []ringtest.Impl{ringtest.Native, ringtest.Twin} {
			t.Run(in.sync.String()+" enqueue "+impl.Name, func(t *testing.T) {
				r := ringtest.NewLocal(t, 8, 16, in.sync, in.sync, false)
				fill(t, r)
				in.enter(r.Prod)
				got := behind(t, r, func(objs unsafe.Pointer) (uint32, uint32) {
					return impl.Enqueue(r, objs, 2, true)
				}, func() { in.exit(r.Prod) })
				assert.Equal(t, result{2, 15 - filled - stuck - 2, [2]uint64{71, 72}}, got)
				assert.EqualValues(t, filled+stuck+2, r.Count())
				slots := (*[16]uint64)(r.Slots)
				assert.Equal(t, []uint64{71, 72}, slots[filled+stuck:][:2])
			})
			t.Run(in.sync.String()+" dequeue "+impl.Name, func(t *testing.T) {
				r := ringtest.NewLocal(t, 8, 16, in.sync, in.sync, false)
				fill(t, r)
				fill(t, r)
				in.enter(r.Cons)
				got := behind(t, r, func(objs unsafe.Pointer) (uint32, uint32) {
					return impl.Dequeue(r, objs, 2, true)
				}, func() { in.exit(r.Cons) })
				assert.Equal(t, result{2, 2*filled - stuck - 2, [2]uint64{3, 1}}, got)
				assert.EqualValues(t, 2*filled-stuck-2, r.Count())
			})
		}
	}
}

// fill enqueues 1, 2, 3.
func fill(t *testing.T, r *ringcore.Ring) {
	objs := [filled]uint64{1, 2, 3}
	require.EqualValues(t, filled, r.Enqueue(unsafe.Pointer(&objs), filled, true).Done())
}

type result struct {
	done, left uint32
	objs       [2]uint64
}

// behind runs op in a goroutine of its own, sees that it does not end while the
// insider is inside, lets that one exit, and returns what op did. The buffer is
// on a stack that the collector moves while op waits.
func behind(t *testing.T, r *ringcore.Ring, op func(unsafe.Pointer) (uint32, uint32), exit func()) result {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	count := r.Count()
	results := make(chan result, 1)
	go func() {
		growStack(64)
		var res result
		res.objs = [2]uint64{71, 72}
		res.done, res.left = op(unsafe.Pointer(&res.objs))
		results <- res
	}()
	for i := range 200 { // more than it yields before it sleeps
		runtime.Gosched()
		if i%50 == 0 {
			runtime.GC()
		}
	}
	require.Empty(t, results, "ended in spite of the insider")
	require.Equal(t, count, r.Count(), "published in spite of the insider")
	exit()
	return <-results
}

// growStack makes the stack so large that the collector shrinks it.
func growStack(depth int) byte {
	var frame [1024]byte
	if depth == 0 {
		return frame[0]
	}
	frame[depth] = growStack(depth - 1)
	return frame[depth]
}

// While somebody is inside a Multi side, operations wait without having reserved
// anything: their goroutines may be stopped by a garbage collection, or for ever by
// a dead process, and the ring is as the one inside left it.
func TestMultiReservesOnlyWhenAlone(t *testing.T) {
	for _, impl := range []ringtest.Impl{ringtest.Native, ringtest.Twin} {
		t.Run(impl.Name, func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 64, ringcore.Multi, ringcore.Single, false)
			r.Prod.Head += stuck
			const producers = 10
			done := make(chan uint32, producers)
			var started atomic.Int32
			for id := range uint64(producers) {
				go func() {
					objs := [2]uint64{id, id}
					started.Add(1)
					n, _ := impl.Enqueue(r, unsafe.Pointer(&objs), 2, true)
					done <- n
				}()
			}
			for range 200 {
				runtime.Gosched()
				require.EqualValues(t, stuck, atomic.LoadUint32(&r.Prod.Head), "%d started", started.Load())
			}
			runtime.GC()
			require.Empty(t, done)
			atomic.StoreUint32(&r.Prod.Tail, stuck)
			for range producers {
				require.EqualValues(t, 2, <-done)
			}
			require.EqualValues(t, stuck+2*producers, r.Count())

			var objs [stuck + 2*producers]uint64
			require.EqualValues(t, len(objs), r.Dequeue(unsafe.Pointer(&objs), len(objs), true).Done())
			seen := make(map[uint64]bool)
			for i := stuck; i < len(objs); i += 2 {
				require.Equal(t, objs[i], objs[i+1])
				seen[objs[i]] = true
			}
			require.Len(t, seen, producers)
		})
	}
}

// A full or an empty side answers at once, also while somebody is inside.
func TestNothingToMoveDoesNotWait(t *testing.T) {
	for _, impl := range []ringtest.Impl{ringtest.Native, ringtest.Twin} {
		t.Run(impl.Name, func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 16, ringcore.Multi, ringcore.Multi, false)
			var objs [16]uint64
			r.Prod.Head, r.Prod.Tail = 1, 1 // one element is in
			r.Cons.Head = 1                 // and a consumer is about to take it
			n, _ := impl.Dequeue(r, unsafe.Pointer(&objs), 1, true)
			require.Zero(t, n, "empty")
			r.Prod.Head = 15 // a producer is about to fill the rest
			n, _ = impl.Enqueue(r, unsafe.Pointer(&objs), 1, true)
			require.Zero(t, n, "full")
		})
	}
}

// An RTS operation that ends while an earlier one is inside counts itself out and leaves the
// tail to the earlier one.
func TestRTSLeavesPublishingToTheLast(t *testing.T) {
	for _, impl := range []ringtest.Impl{ringtest.Native, ringtest.Twin} {
		t.Run(impl.Name, func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
			r.Prod.HTDMax = r.Capacity
			head := (*[2]uint32)(unsafe.Pointer(&r.Prod.RTSHead))
			*head = [2]uint32{1, stuck}

			objs := [1]uint64{71}
			done, free := impl.Enqueue(r, unsafe.Pointer(&objs), 1, true)
			assert.Equal(t, []uint32{1, 15 - stuck - 1}, []uint32{done, free})
			assert.Equal(t, [2]uint32{2, stuck + 1}, *head)
			assert.Equal(t, [2]uint32{1, 0}, [2]uint32{r.Prod.Head, r.Prod.Tail})
			assert.Zero(t, r.Count())
		})
	}
}
