package ringcore_test

import (
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
	"github.com/stretchr/testify/require"
)

var twoStep = []ringcore.Sync{ringcore.Single, ringcore.HTS}

func TestCommitPublishesWhatWasFilled(t *testing.T) {
	for _, sync := range twoStep {
		t.Run(sync.String(), func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 8, sync, sync, false)
			slots := (*[8]uint64)(r.Slots)
			for _, ht := range []*ringcore.HeadTail{r.Prod, r.Cons} {
				ht.Head, ht.Tail = 0xFFFFFFFE, 0xFFFFFFFE
			}

			start, taken, free := r.ReserveEnqueue(5, true)
			require.Equal(t, []uint32{0xFFFFFFFE, 5, 2}, []uint32{start, taken, free})
			for i := range taken {
				slots[(start+i)&r.Mask] = uint64(100 + i)
			}
			require.Zero(t, r.Count())
			require.NoError(t, r.CommitEnqueue(3)) // gives two back
			require.EqualValues(t, 3, r.Count())
			require.EqualValues(t, 1, r.Prod.Head)
			require.EqualValues(t, 1, r.Prod.Tail)

			start, taken, available := r.ReserveDequeue(9, false)
			require.Equal(t, []uint32{0xFFFFFFFE, 3, 0}, []uint32{start, taken, available})
			require.EqualValues(t, 101, slots[(start+1)&r.Mask])
			require.NoError(t, r.CommitDequeue(1)) // leaves two in
			require.EqualValues(t, 2, r.Count())

			var objs [4]uint64
			m := r.Dequeue(unsafe.Pointer(&objs), 4, false)
			require.EqualValues(t, 2, m.Done())
			require.Equal(t, [4]uint64{101, 102}, objs)
			require.EqualValues(t, 7, r.FreeCount())
		})
	}
}

func TestCommitOfNothingGivesAllBack(t *testing.T) {
	for _, sync := range twoStep {
		t.Run(sync.String(), func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 8, sync, sync, false)
			r.ReserveEnqueue(5, true)
			require.NoError(t, r.CommitEnqueue(0))
			_, taken, free := r.ReserveEnqueue(7, true)
			require.Equal(t, []uint32{7, 0}, []uint32{taken, free})
		})
	}
}

func TestCommitOfMoreThanReservedIsRefused(t *testing.T) {
	for _, sync := range twoStep {
		t.Run(sync.String(), func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 8, sync, sync, false)
			r.Prod.Head, r.Prod.Tail, r.Cons.Head, r.Cons.Tail = 50, 50, 50, 50
			require.ErrorIs(t, r.CommitEnqueue(1), ringcore.ErrNotReserved)
			require.ErrorIs(t, r.CommitDequeue(1), ringcore.ErrNotReserved)

			_, taken, _ := r.ReserveEnqueue(2, true)
			before := *r.Prod
			require.ErrorIs(t, r.CommitEnqueue(taken+1), ringcore.ErrNotReserved)
			require.ErrorIs(t, r.CommitEnqueue(0xFFFFFFFF), ringcore.ErrNotReserved)
			require.Equal(t, before, *r.Prod)
			require.NoError(t, r.CommitEnqueue(taken))
			require.EqualValues(t, 2, r.Count())
		})
	}
}

func TestReserveBulkTakesAllOrNothingAndBurstWhatFits(t *testing.T) {
	for _, sync := range twoStep {
		t.Run(sync.String(), func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 8, sync, sync, false)
			_, taken, free := r.ReserveEnqueue(8, true)
			require.Equal(t, []uint32{0, 7}, []uint32{taken, free})
			_, taken, free = r.ReserveEnqueue(8, false)
			require.Equal(t, []uint32{7, 0}, []uint32{taken, free})
			require.NoError(t, r.CommitEnqueue(7))
			_, taken, available := r.ReserveDequeue(8, true)
			require.Equal(t, []uint32{0, 7}, []uint32{taken, available})
			_, taken, available = r.ReserveDequeue(4, true)
			require.Equal(t, []uint32{4, 3}, []uint32{taken, available})
		})
	}
}

func TestNoTwoStepsWithMultiAndRTS(t *testing.T) {
	for _, sync := range []ringcore.Sync{ringcore.Multi, ringcore.RTS} {
		t.Run(sync.String(), func(t *testing.T) {
			r := ringtest.NewLocal(t, 8, 8, sync, sync, false)
			before := [2]ringcore.HeadTail{*r.Prod, *r.Cons}
			_, taken, _ := r.ReserveEnqueue(1, false)
			require.Zero(t, taken)
			_, taken, _ = r.ReserveDequeue(1, false)
			require.Zero(t, taken)
			require.ErrorIs(t, r.CommitEnqueue(0), ringcore.ErrNoTwoStep)
			require.ErrorIs(t, r.CommitDequeue(0), ringcore.ErrNoTwoStep)
			require.Equal(t, before, [2]ringcore.HeadTail{*r.Prod, *r.Cons})
		})
	}
}
