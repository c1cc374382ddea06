package ringcore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
)

// batch is a batch in memory of Go.
type batch struct {
	ringcore.Record
	_     [ringcore.Elems - unsafe.Sizeof(ringcore.Record{})]byte
	elems [32]uint64
}

func newBatch() *batch {
	b := new(batch)
	b.Capacity = uint32(len(b.elems))
	return b
}

func (b *batch) add(elems ...uint64) {
	at := b.Room()
	copy(b.elems[at:], elems)
	b.Hi = at + uint32(len(elems))
}

func (b *batch) held() []uint64 {
	if b.Lo >= b.Hi {
		return nil
	}
	return append([]uint64(nil), b.elems[b.Lo:b.Hi]...)
}

var syncs = []ringcore.Sync{ringcore.Multi, ringcore.Single, ringcore.RTS, ringcore.HTS}

// The assembly and the twin move the same elements and leave the same record.
func TestBatchesOfTheAssemblyAndOfGoAgree(t *testing.T) {
	for _, sync := range syncs {
		t.Run(sync.String(), func(t *testing.T) {
			random := rand.New(rand.NewPCG(19, uint64(sync)))
			rings := [2]*ringcore.Ring{ringtest.NewLocal(t, 8, 16, sync, sync, false), ringtest.NewLocal(t, 8, 16, sync, sync, false)}
			batches := [2]*batch{newBatch(), newBatch()}
			for i := range rings {
				rings[i].ID = 1
				batches[i].Forget()
			}
			next := uint64(0)
			for step := range 2000 {
				var moved [2]int
				add, n, enqueue := random.IntN(4), random.IntN(40)-2, random.IntN(2) == 0
				var more []uint64
				for range min(add, int(batches[0].Capacity)-int(batches[0].Room())) {
					next++
					more = append(more, next)
				}
				for i, b := range batches {
					b.add(more...)
					switch {
					case enqueue && i == 0:
						moved[i] = rings[i].EnqueueBatch(&b.Record)
					case enqueue:
						moved[i] = int(rings[i].EnqueueBatchGo(&b.Record).Done())
					case i == 0:
						moved[i] = rings[i].DequeueBatch(&b.Record, n)
					default:
						moved[i] = int(rings[i].DequeueBatchGo(&b.Record, n).Done())
					}
					require.Equal(t, ringcore.Idle, b.Step)
				}
				require.Equal(t, moved[1], moved[0], "step %d", step)
				require.Equal(t, batches[1].held(), batches[0].held(), "step %d", step)
				a, b := batches[0], batches[1]
				require.Equal(t, [2]uint32{b.Lo, b.Hi}, [2]uint32{a.Lo, a.Hi}, "step %d", step)
				if moved[0] != 0 {
					require.Equal(t, [3]uint32{b.Head, b.Index, uint32(b.Side)}, [3]uint32{a.Head, a.Index, uint32(a.Side)}, "step %d", step)
				}
				require.Equal(t, rings[1].Count(), rings[0].Count())
			}
			require.NotZero(t, next)
		})
	}
}

// reservation moves the head as a thread that dies before it publishes.
func reservation(r *ringcore.Ring, side uint8, n uint32) (head uint32) {
	own, sync := r.Prod, r.ProdSync
	if side == ringcore.Consuming {
		own, sync = r.Cons, r.ConsSync
	}
	switch sync {
	case ringcore.RTS:
		head = uint32(own.RTSHead >> 32)
		own.RTSHead = uint64(head+n)<<32 | uint64(uint32(own.RTSHead)+1)
	default:
		head = own.Head
		own.Head += n
	}
	return head
}

func drained(r *ringcore.Ring) (all []uint64) {
	var buf [16]uint64
	n := r.Dequeue(unsafe.Pointer(&buf[0]), len(buf), false).Done()
	return append(all, buf[:n]...)
}

// Two processes have died with the same place in their records. One of them has reserved it.
func TestSettleFindsTheOneThatHasReserved(t *testing.T) {
	for _, sync := range []ringcore.Sync{ringcore.Multi, ringcore.HTS} {
		for _, winner := range []int{0, 1} {
			t.Run(fmt.Sprint(sync, winner), func(t *testing.T) {
				r := ringtest.NewLocal(t, 8, 16, sync, sync, false)
				batches := []*batch{newBatch(), newBatch()}
				batches[0].add(1, 2)
				batches[1].add(3, 4, 5)
				var ops []*ringcore.Op
				for _, b := range batches {
					b.Head, b.Count, b.Step, b.Side = 0, b.Hi, ringcore.Entering, ringcore.Producing
					ops = append(ops, &ringcore.Op{Record: &b.Record, Objs: unsafe.Pointer(&b.elems[0])})
				}
				reservation(r, ringcore.Producing, batches[winner].Hi)
				require.False(t, r.Settle(ringcore.Producing, ops, nil, false), "a thread without a record may be inside")
				living := &ringcore.Record{Head: 0, Count: 3, Step: ringcore.Entering, Out: *r, In: *r}
				require.False(t, r.Settle(ringcore.Producing, ops, []*ringcore.Record{living}, true), "a living thread may be inside")
				living.Side = ringcore.Consuming // that is another side of the ring
				require.True(t, r.Settle(ringcore.Producing, ops, []*ringcore.Record{living}, true))
				require.Equal(t, batches[winner].Hi, ops[winner].Moved)
				require.Zero(t, ops[1-winner].Moved)
				require.True(t, r.Settle(ringcore.Producing, ops, nil, true), "again")
				require.Equal(t, batches[winner].Hi, ops[winner].Moved)
				require.Equal(t, batches[winner].held(), drained(r))
			})
		}
	}
}

// Several dead processes are inside an RTS side at once, behind one that has counted itself out.
func TestSettleCountsAllDeadOutOfRTS(t *testing.T) {
	r := ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
	batches := []*batch{newBatch(), newBatch()}
	batches[0].add(1, 2)
	batches[1].add(3, 4, 5)
	var ops []*ringcore.Op
	for _, b := range batches {
		b.Step, b.Side, b.Count = ringcore.Reserved, ringcore.Producing, b.Hi
		b.Head = reservation(r, ringcore.Producing, b.Hi)
		ops = append(ops, &ringcore.Op{Record: &b.Record, Objs: unsafe.Pointer(&b.elems[0])})
	}
	living := &ringcore.Record{Head: 5, Count: 1, Step: ringcore.Reserved, Out: *r}
	distance := r.Prod.HTDMax
	require.False(t, r.Settle(ringcore.Producing, ops, []*ringcore.Record{living}, true), "a living thread is inside")
	require.Equal(t, distance, r.Prod.HTDMax)
	living.Out = *ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
	require.True(t, r.Settle(ringcore.Producing, ops, []*ringcore.Record{living}, true), "it is inside another ring")
	require.Equal(t, []uint32{2, 3}, []uint32{ops[0].Moved, ops[1].Moved})
	require.Equal(t, distance, r.Prod.HTDMax)
	require.Equal(t, []uint64{1, 2, 3, 4, 5}, drained(r))
	require.True(t, r.Settle(ringcore.Producing, ops, nil, true), "again")
	require.Equal(t, []uint32{2, 3}, []uint32{ops[0].Moved, ops[1].Moved})
	require.Zero(t, r.Count())
}

// dead returns the operations of dead processes on the producers' side.
func dead(batches []*batch) (ops []*ringcore.Op) {
	for _, b := range batches {
		b.Side, b.Count = ringcore.Producing, b.Hi
		ops = append(ops, &ringcore.Op{Record: &b.Record, Objs: unsafe.Pointer(&b.elems[0])})
	}
	return ops
}

// Two processes have died with the same place in their records, behind the last one that has entered.
func TestSettleFindsTheOneThatHasEnteredRTS(t *testing.T) {
	for winner := range 2 {
		r := ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
		batches := []*batch{newBatch(), newBatch()}
		batches[0].add(1, 2)
		batches[1].add(3, 4, 5)
		ops := dead(batches)
		reservation(r, ringcore.Producing, batches[winner].Hi)
		for _, b := range batches {
			b.Step = ringcore.Entering
		}
		require.True(t, r.Settle(ringcore.Producing, ops, nil, true))
		require.Equal(t, batches[winner].Hi, ops[winner].Moved)
		require.Zero(t, ops[1-winner].Moved)
		require.Equal(t, batches[winner].held(), drained(r))
	}
}

// Three processes have died between two steps: the first two are inside, the third has lost the race for the first place, with
// more elements.
func TestSettleOfRTSFindsThoseThatDoNotOverlap(t *testing.T) {
	for _, first := range []int{0, 1, 2} {
		r := ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
		batches := []*batch{newBatch(), newBatch(), newBatch()}
		batches[0].add(1, 2, 3)
		batches[1].add(4, 5)
		batches[2].add(6, 7, 8, 9, 10)
		for i, b := range batches {
			b.Step = ringcore.Entering
			if i < 2 {
				b.Head = reservation(r, ringcore.Producing, b.Hi)
			}
		}
		ops := dead(batches)
		order := slices.Concat(ops[first:], ops[:first])
		require.True(t, r.Settle(ringcore.Producing, order, nil, true))
		require.Equal(t, []uint32{3, 2, 0}, []uint32{ops[0].Moved, ops[1].Moved, ops[2].Moved}, "first %d", first)
		require.Equal(t, []uint64{1, 2, 3, 4, 5}, drained(r))
	}
}

// A process has died after it had published all, before it recorded that; another one is inside.
func TestSettleOfRTSCountsOnlyThoseThatWait(t *testing.T) {
	r := ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
	batches := []*batch{newBatch(), newBatch()}
	batches[0].add(1, 2)
	batches[1].add(3, 4, 5)
	ops := dead(batches)
	require.Equal(t, uint32(2), r.Enqueue(unsafe.Pointer(&batches[0].elems[0]), 2, true).Done())
	batches[0].Step = ringcore.Reserved
	batches[1].Step = ringcore.Entering
	batches[1].Head = reservation(r, ringcore.Producing, 3)
	require.True(t, r.Settle(ringcore.Producing, ops, nil, true))
	require.Equal(t, []uint32{2, 3}, []uint32{ops[0].Moved, ops[1].Moved})
	require.Equal(t, []uint64{1, 2, 3, 4, 5}, drained(r))
}

// A thread without a record may live. It counts itself out later.
func TestSettleOfRTSLeavesThreadsWithoutARecordInside(t *testing.T) {
	r := ringtest.NewLocal(t, 8, 16, ringcore.RTS, ringcore.RTS, false)
	b := newBatch()
	b.add(1, 2)
	ops := dead([]*batch{b})
	b.Step, b.Head = ringcore.Reserved, reservation(r, ringcore.Producing, 2)
	reservation(r, ringcore.Producing, 1)
	require.True(t, r.Settle(ringcore.Producing, ops, nil, true))
	require.Equal(t, uint32(2), ops[0].Moved)
	require.Zero(t, r.Count())
	require.Equal(t, uint32(1), uint32(r.Prod.RTSHead)-r.Prod.Head, "one is inside")
}

// A thread without a record has won the place, with fewer elements.
func TestSettleLeavesAReservationThatIsTooSmall(t *testing.T) {
	r := ringtest.NewLocal(t, 8, 16, ringcore.Multi, ringcore.Multi, false)
	b := newBatch()
	b.add(1, 2)
	ops := dead([]*batch{b})
	b.Step = ringcore.Entering
	reservation(r, ringcore.Producing, 1)
	require.True(t, r.Settle(ringcore.Producing, ops, nil, true))
	require.Zero(t, ops[0].Moved)
	require.Zero(t, r.Prod.Tail)
}

// The ring of the operation was freed, and there is a new one at its address.
func TestSettleDoesNotChangeARingWithNobodyInside(t *testing.T) {
	for _, sync := range syncs {
		r := ringtest.NewLocal(t, 8, 16, sync, sync, false)
		b := newBatch()
		b.add(1, 2)
		ops := dead([]*batch{b})
		b.Step = ringcore.Reserved
		require.True(t, r.Settle(ringcore.Producing, ops, nil, true))
		require.Zero(t, r.Count(), sync)
		if sync == ringcore.Single {
			b.Head = 100
			require.True(t, r.Settle(ringcore.Producing, ops, nil, true))
			require.Equal(t, uint32(2), ops[0].Moved, "at worst they are lost")
			ops[0].Side = ringcore.Consuming
			require.True(t, r.Settle(ringcore.Consuming, ops, nil, true))
			require.Zero(t, ops[0].Moved)
		}
	}
}
