package ringtest

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/stretchr/testify/require"
)

// Hammer lets goroutines take tokens from rings from mk and put them back, as
// users of a memory pool do, rounds times each: the rings are never full or
// empty, so the goroutines meet inside the operations all the time. The implementations
// alternate. At the end all tokens must be there.
func Hammer(t *testing.T, mk Make, rounds int, impls ...Impl) {
	const tokens, burst = 60, 3
	// No more workers than processors: Multi queues up behind each one that waits
	// for a processor.
	workers := max(2, min(4, runtime.GOMAXPROCS(0)))
	for _, mode := range []ringcore.Sync{ringcore.Multi, ringcore.RTS, ringcore.HTS} {
		t.Run(mode.String(), func(t *testing.T) {
			r := mk(t, 8, 64, mode, mode, false)
			var all [tokens]uint64
			for i := range all {
				all[i] = uint64(i)
			}
			done, _ := impls[0].Enqueue(r, unsafe.Pointer(&all), tokens, true)
			require.EqualValues(t, tokens, done)

			within(t, workers, func(id int) {
				impl := impls[id%len(impls)]
				var mine [burst]uint64
				for i := range rounds {
					n := uint32(1 + i%burst)
					for got := uint32(0); got == 0; {
						got, _ = impl.Dequeue(r, unsafe.Pointer(&mine), n, true)
					}
					for put := uint32(0); put == 0; {
						put, _ = impl.Enqueue(r, unsafe.Pointer(&mine), n, true)
					}
				}
			})

			var left [tokens]uint64
			done, _ = impls[0].Dequeue(r, unsafe.Pointer(&left), tokens, true)
			require.EqualValues(t, tokens, done)
			require.ElementsMatch(t, all, left)
		})
	}
}

// within runs n workers and fails if they have not ended in reasonable time.
func within(t *testing.T, n int, work func(id int)) {
	t.Helper()
	var wg sync.WaitGroup
	for id := range n {
		wg.Go(func() { work(id) })
	}
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		require.Fail(t, "stuck")
	}
}
