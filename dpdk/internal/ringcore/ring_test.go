package ringcore_test

import (
	"math"
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
	"github.com/stretchr/testify/require"
)

func TestDifferential(t *testing.T) {
	ringtest.Differential(t, ringtest.NewLocal, ringtest.Native, ringtest.Ones, ringtest.Twin)
}

func TestStress(t *testing.T) {
	ringtest.Stress(t, ringtest.NewLocal, 3000, ringtest.Native, ringtest.Twin)
}

func TestStressNative(t *testing.T) {
	ringtest.Stress(t, ringtest.NewLocal, 3000, ringtest.Native)
}

func TestHammer(t *testing.T) {
	ringtest.Hammer(t, ringtest.NewLocal, 500_000, ringtest.Native)
}

func TestHammerMixed(t *testing.T) {
	ringtest.Hammer(t, ringtest.NewLocal, 50_000, ringtest.Native, ringtest.Twin)
}

func TestNewRefuses(t *testing.T) {
	var prod, cons, unknown ringcore.HeadTail
	unknown.SyncType = 4
	slot := unsafe.Pointer(new([64]uint64))
	odd := (*ringcore.HeadTail)(unsafe.Add(unsafe.Pointer(new([64]byte)), 4))
	for _, c := range []struct {
		name                     string
		prod, cons               *ringcore.HeadTail
		slots                    unsafe.Pointer
		size, capacity, elemSize uint32
	}{
		{"no producer", nil, &cons, slot, 8, 7, 8},
		{"no consumer", &prod, nil, slot, 8, 7, 8},
		{"no slots", &prod, &cons, nil, 8, 7, 8},
		{"misaligned head-tail", odd, &cons, slot, 8, 7, 8},
		{"size 0", &prod, &cons, slot, 0, 0, 8},
		{"size not a power of two", &prod, &cons, slot, 7, 6, 8},
		{"capacity as large as the size", &prod, &cons, slot, 8, 8, 8},
		{"element size 0", &prod, &cons, slot, 8, 7, 0},
		{"element size not a multiple of 4", &prod, &cons, slot, 8, 7, 6},
		{"unknown sync type", &prod, &unknown, slot, 8, 7, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ringcore.New(c.prod, c.cons, c.slots, c.size, c.capacity, c.elemSize)
			require.Error(t, err)
		})
	}
	_, err := ringcore.New(&prod, &cons, slot, 8, 7, 8)
	require.NoError(t, err)
}

// ring is shaped like the generic wrapper that users have.
type ring[T any] struct{ core ringcore.Ring }

func (r *ring[T]) enqueue(objs []T) int {
	return int(r.core.Enqueue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false).Done())
}

func (r *ring[T]) dequeue(objs []T) int {
	return int(r.core.Dequeue(unsafe.Pointer(unsafe.SliceData(objs)), len(objs), false).Done())
}

func BenchmarkEnqueueDequeue(b *testing.B) {
	for _, sync := range []ringcore.Sync{ringcore.Multi, ringcore.Single, ringcore.RTS, ringcore.HTS} {
		b.Run(sync.String(), func(b *testing.B) {
			var prod, cons ringcore.HeadTail
			prod.SyncType, cons.SyncType = sync, sync
			core, err := ringcore.New(&prod, &cons, unsafe.Pointer(new([1024]uint64)), 1024, 1023, 8)
			require.NoError(b, err)
			r := ring[uint64]{core}
			objs := make([]uint64, 32)
			for b.Loop() {
				r.enqueue(objs)
				r.dequeue(objs)
			}
		})
	}
}

// A count that needs more than 32 bits is a large count, not a small one.
func TestCountsAreNotTruncated(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		return // no such count on this machine
	}
	const huge = (math.MaxInt>>31 + 1) // 2^32 where int has 64 bits
	for _, sync := range []ringcore.Sync{ringcore.Multi, ringcore.Single, ringcore.RTS, ringcore.HTS} {
		t.Run(sync.String(), func(t *testing.T) {
			for _, op := range []struct {
				name    string
				enqueue func(*ringcore.Ring, unsafe.Pointer, int, bool) ringcore.Moved
				dequeue func(*ringcore.Ring, unsafe.Pointer, int, bool) ringcore.Moved
			}{
				{"native", (*ringcore.Ring).Enqueue, (*ringcore.Ring).Dequeue},
				{"twin", (*ringcore.Ring).EnqueueGo, (*ringcore.Ring).DequeueGo},
			} {
				var prod, cons ringcore.HeadTail
				prod.SyncType, cons.SyncType = sync, sync
				r, err := ringcore.New(&prod, &cons, unsafe.Pointer(new([8]uint64)), 8, 7, 8)
				require.NoError(t, err)
				var objs [7]uint64
				p := unsafe.Pointer(&objs)
				require.EqualValues(t, 0, op.enqueue(&r, p, huge+1, true).Done(), op.name)
				require.EqualValues(t, 7, op.enqueue(&r, p, huge+1, false).Done(), op.name)
				require.EqualValues(t, 0, op.dequeue(&r, p, huge+1, true).Done(), op.name)
				require.EqualValues(t, 7, op.dequeue(&r, p, huge+1, false).Done(), op.name)
			}
		})
	}
}
