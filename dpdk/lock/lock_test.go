package lock_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/test/harness"
)

var (
	_ sync.Locker = (*lock.Spin)(nil)
	_ sync.Locker = (*lock.Ticket)(nil)
	_ sync.Locker = lock.MCSLocker{}
	_ sync.Locker = (*lock.RW)(nil)
	_ sync.Locker = (*lock.PhaseFair)(nil)
	_ sync.Locker = (*lock.Seq)(nil)
)

const limit = 30 * time.Second

// waits sees that f does not end while the lock is held, and ends once release has
// been called.
func waits(t *testing.T, f func(), release func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	for range harness.Size(100, 30) { // longer than it spins
		runtime.Gosched()
		time.Sleep(50 * time.Microsecond)
	}
	select {
	case <-done:
		t.Fatal("it did not wait")
	default:
	}
	release()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatal("it waits for ever")
	}
}

// Go waits for a holder in C, and C for a holder in Go.
func TestLockWaitsForUnlock(t *testing.T) {
	for _, ways := range pairs() {
		for _, held := range ways {
			for _, wanted := range ways {
				if held.shares && wanted.shares {
					continue
				}
				t.Run(wanted.name+" behind "+held.name, func(t *testing.T) {
					p := newPlace(t)
					for _, who := range []struct {
						name           string
						holder, waiter ops
					}{
						{"Go behind Go", held.inGo(p, 0), wanted.inGo(p, 1)},
						{"C behind Go", held.inGo(p, 0), wanted.inC(p, 1)},
						{"Go behind C", held.inC(p, 0), wanted.inGo(p, 1)},
					} {
						who.holder.lock()
						waits(t, who.waiter.lock, who.holder.unlock)
						require.False(t, held.inGo(p, 2).try(), who.name)
						who.waiter.unlock()
						require.True(t, held.inGo(p, 2).try(), who.name)
						held.inGo(p, 2).unlock()
					}
				})
			}
		}
	}
}

// A writer that waits for a reader keeps other readers out.
func TestWaitingWriterKeepsReadersOut(t *testing.T) {
	for _, ways := range pairs() {
		if len(ways) == 1 {
			continue
		}
		reading, writing := ways[0], ways[1]
		t.Run(writing.name, func(t *testing.T) {
			for _, writer := range []func(*place, int) ops{writing.inGo, writing.inC} {
				p := newPlace(t)
				r := reading.inGo(p, 0)
				require.True(t, r.try())
				require.True(t, r.try(), "a second reader")
				r.unlock()
				waits(t, writer(p, 1).lock, func() {
					assert.False(t, r.try())
					r.unlock()
				})
				assert.False(t, r.try())
				writer(p, 1).unlock()
				assert.True(t, r.try())
				r.unlock()
			}
		})
	}
}

func TestFairLocksServeInFIFOOrder(t *testing.T) {
	for _, k := range writers() {
		if !k.fifo {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			p := newPlace(t)
			first := k.inGo(p, 0)
			first.lock()
			var order []int // guarded by the lock
			var wg sync.WaitGroup
			for i := 1; i < 6; i++ {
				before := p.lock
				wg.Go(func() {
					o := k.inGo(p, i)
					o.lock()
					order = append(order, i)
					o.unlock()
				})
				for start := time.Now(); p.lock == before; runtime.Gosched() { // until it has queued
					require.Less(t, time.Since(start), limit)
				}
			}
			first.unlock()
			wg.Wait()
			assert.Equal(t, []int{1, 2, 3, 4, 5}, order)
		})
	}
}

// The counter is in Go's memory: the race detector must know that the lock in
// DPDK's memory orders the accesses.
func TestLocksExcludeGoroutines(t *testing.T) {
	for _, k := range writers() {
		t.Run(k.name, func(t *testing.T) {
			const goroutines, rounds = 8, 2000
			p := newPlace(t)
			count := 0
			var wg sync.WaitGroup
			for g := range goroutines {
				wg.Go(func() {
					o := k.inGo(p, g)
					for i := range rounds {
						if i%4 != 0 || !o.try() {
							o.lock()
						}
						count++
						o.unlock()
					}
				})
			}
			wg.Wait()
			assert.Equal(t, goroutines*rounds, count)
		})
	}
}

func TestReadersNeverSeeTornWrites(t *testing.T) {
	for _, ways := range pairs() {
		if len(ways) == 1 {
			continue
		}
		t.Run(ways[1].name, func(t *testing.T) {
			const rounds = 1000
			p := newPlace(t)
			var a, b int
			var torn atomic.Int32
			var wg sync.WaitGroup
			for g := range 2 {
				wg.Go(func() {
					w := ways[1].inGo(p, g)
					for range rounds {
						w.lock()
						a++
						runtime.Gosched()
						b++
						w.unlock()
					}
				})
				wg.Go(func() {
					r := ways[0].inGo(p, g)
					for range rounds {
						r.lock()
						if a != b {
							torn.Add(1)
						}
						r.unlock()
					}
				})
			}
			wg.Wait()
			assert.Zero(t, torn.Load())
			assert.Equal(t, 2*rounds, a)
			assert.Equal(t, 2*rounds, b)
		})
	}
}

func TestLockContextEndsWithItsContext(t *testing.T) {
	gone := errors.New("gone")
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			p := newPlace(t)
			o := k.inGo(p, 0)
			ended, cancel := context.WithCancelCause(context.Background())
			cancel(gone)
			require.NoError(t, o.context(ended), "a lock that is free")
			if k.shares {
				o.unlock()
				o = pairOf(k)[1].inGo(p, 0) // readers wait for a writer
				o.lock()
			}
			held := p.lock
			waiter := k.inGo(p, 1)
			require.ErrorIs(t, waiter.context(ended), gone)
			soon, cancelSoon := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancelSoon()
			require.ErrorIs(t, waiter.context(soon), context.DeadlineExceeded)
			require.Equal(t, held, p.lock, "it has left no trace")

			var err error
			waits(t, func() { err = waiter.context(context.Background()) }, o.unlock)
			require.NoError(t, err)
			waiter.unlock()
			require.True(t, o.try())
			o.unlock()
		})
	}
}

func pairOf(k kind) []kind {
	for _, ways := range pairs() {
		if ways[0].name == k.name {
			return ways
		}
	}
	return nil
}

func TestNothingAllocates(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			o := k.inGo(newPlace(t), 0)
			ctx := context.Background()
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				o.lock()
				o.unlock()
				o.try()
				o.unlock()
				_ = o.context(ctx)
				o.unlock()
			}))
		})
	}
}

var inBSS struct {
	lock lock.MCS
	node lock.MCSNode
}

func TestMCSNodesInPrivateMemoryAreRefused(t *testing.T) {
	p := newPlace(t)
	m := (*lock.MCS)(unsafe.Pointer(&p.lock))
	for _, tc := range []struct {
		name string
		lock *lock.MCS
		node *lock.MCSNode
		says string
	}{
		{"node on Go's heap", m, new(lock.MCSNode), "the node is not in memory that processes share"},
		{"node of a variable", m, &inBSS.node, "the node is not in memory that processes share"},
		{"no node", m, nil, "the node is not in memory"},
		{"lock on Go's heap", new(lock.MCS), &p.nodes[0], "the lock is not in memory that processes share"},
		{"lock of a variable", &inBSS.lock, &p.nodes[0], "the lock is not in memory that processes share"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.lock.Locker(tc.node)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
			assert.Contains(t, err.Error(), "memzone.CreateValue")
		})
	}
}
