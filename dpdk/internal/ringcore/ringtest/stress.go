package ringtest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/stretchr/testify/require"
)

// message is what goes through the ring under load: 20 bytes, so that every
// piece of the copy (16 and 4 bytes) and wrapping inside bursts are at work.
type message struct {
	producer, number uint32
	check            [3]uint32
}

func newMessage(producer, number uint32) message {
	h := number*0x9E3779B1 ^ producer
	return message{producer, number, [3]uint32{h, h * 3, h * 5}}
}

// Stress lets goroutines put messages through rings from mk and checks that each
// comes out once, whole, and behind those that its producer sent before it. With
// Multi, RTS and HTS there are three goroutines on a side; they use the
// implementations alternately. Each producer sends count messages.
func Stress(t *testing.T, mk Make, count int, impls ...Impl) {
	for _, prod := range modes {
		for _, cons := range modes {
			t.Run(fmt.Sprintf("%v→%v", prod, cons), func(t *testing.T) {
				r := mk(t, uint32(unsafe.Sizeof(message{})), 32, prod, cons, false)
				stress(t, r, count, impls)
			})
		}
	}
}

const maxBurst = 12

func stress(t *testing.T, r *ringcore.Ring, count int, impls []Impl) {
	producers, consumers := threads(r.ProdSync), threads(r.ConsSync)
	if producers == 1 {
		count *= 3
	}
	var left atomic.Int64
	left.Store(int64(producers * count))
	received := make([][]message, consumers)

	within(t, producers+consumers, func(id int) {
		if id < producers {
			produce(r, impls[id%len(impls)], uint32(id), count)
			return
		}
		id -= producers
		received[id] = consume(r, impls[(id+1)%len(impls)], uint64(id), &left)
	})

	seen := make([][]bool, producers)
	for id := range seen {
		seen[id] = make([]bool, count)
	}
	for _, msgs := range received {
		last := make([]int, producers)
		for _, m := range msgs {
			if m != newMessage(m.producer, m.number) {
				require.Fail(t, "damaged message", "%+v", m)
			}
			if int(m.number) < last[m.producer] {
				require.Fail(t, "out of order", "%d after %d", m.number, last[m.producer])
			}
			if seen[m.producer][m.number] {
				require.Fail(t, "received twice", "%+v", m)
			}
			last[m.producer] = int(m.number)
			seen[m.producer][m.number] = true
		}
	}
	for id := range seen {
		require.NotContains(t, seen[id], false, "lost a message of producer %d", id)
	}
	require.Zero(t, r.Count())
}

func threads(s ringcore.Sync) int {
	if s == ringcore.Single {
		return 1
	}
	return 3
}

func produce(r *ringcore.Ring, impl Impl, id uint32, count int) {
	rng := rand.New(rand.NewPCG(2, uint64(id)))
	var msgs [maxBurst]message
	for sent := 0; sent < count; {
		n := min(1+rng.IntN(maxBurst), count-sent)
		for i := range n {
			msgs[i] = newMessage(id, uint32(sent+i))
		}
		done, _ := impl.Enqueue(r, unsafe.Pointer(&msgs), uint32(n), rng.IntN(2) == 0)
		if done == 0 {
			runtime.Gosched()
		}
		sent += int(done)
	}
}

func consume(r *ringcore.Ring, impl Impl, id uint64, left *atomic.Int64) (received []message) {
	rng := rand.New(rand.NewPCG(3, id))
	var msgs [maxBurst]message
	for left.Load() > 0 {
		n := uint32(1 + rng.IntN(maxBurst))
		bulk := rng.IntN(4) == 0
		done, _ := impl.Dequeue(r, unsafe.Pointer(&msgs), n, bulk)
		if done == 0 {
			runtime.Gosched()
		}
		received = append(received, msgs[:done]...)
		left.Add(-int64(done))
	}
	return received
}
