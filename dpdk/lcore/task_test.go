package lcore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

func TestLaunchRunsOnTheThreadOfTheLcore(t *testing.T) {
	pool, err := mempool.Create("seen", 255, 64, mempool.Config{CacheSize: 8})
	require.NoError(t, err)
	defer pool.Free()
	threads := map[int]int{}
	for _, id := range everywhere(t) {
		info, err := Lookup(id)
		require.NoError(t, err)
		caches := map[string]*mempool.Cache{}
		require.NoError(t, on(t, id, func() error {
			got, ok := Current()
			cpus, tid, err := cpusOfThread()
			caches["own"] = pool.DefaultCache()
			threads[tid] = id
			if !ok || got != id || err != nil || cpus.String() != info.CPUs.String() {
				return fmt.Errorf("lcore %d %v on CPUs %v (%v), not %d on %v", got, ok, cpus, err, id, info.CPUs)
			}
			return nil
		}))
		own, err := pool.LcoreCache(id)
		require.NoError(t, err)
		assert.Same(t, own, caches["own"], "the cache of lcore %d", id)
	}
	assert.Len(t, threads, 4, "a thread each: %v", threads)
	_, ok := Current()
	assert.False(t, ok, "this goroutine is not an lcore")
}

func TestThousandLaunchesOnEachLcore(t *testing.T) {
	sums := map[int]int{}
	for i := range 1000 {
		for _, id := range everywhere(t) {
			task, err := Launch(context.Background(), id, func(context.Context) error {
				if got, _ := Current(); got != id {
					return fmt.Errorf("on lcore %d", got)
				}
				sums[id] += i // Wait orders the accesses
				return nil
			})
			require.NoError(t, err, "lcore %d, launch %d", id, i)
			require.NoError(t, task.Wait(soon(t)))
		}
	}
	for id, sum := range sums {
		assert.Equal(t, 1000*999/2, sum, "lcore %d", id)
	}
	require.NoError(t, freshThreads())
}

func TestLaunchRefusesBadArguments(t *testing.T) {
	for _, tc := range []struct {
		name string
		id   int
		fn   Func
		text string
	}{
		{"a nil function", 1, nil, "the function is nil"},
		{"a nil function on the main lcore", mainLcore, nil, "the function is nil"},
		{"a negative id", -1, nothing, "IDs are 0 to"},
		{"the id after the last", Max, nothing, "IDs are 0 to"},
		{"a huge id", math.MaxInt, nothing, "IDs are 0 to"},
		{"an id that C would truncate to that of a worker", 1<<32 + 1, nothing, "IDs are 0 to"},
		{"an id without an lcore", 77, nothing, "the workers are [1 2 3]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			task, err := Launch(context.Background(), tc.id, tc.fn)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Nil(t, task)
			assert.Contains(t, err.Error(), tc.text)
			assert.Contains(t, err.Error(), "rte_eal_remote_launch")
		})
	}
	t.Run("a nil context", func(t *testing.T) {
		var none context.Context
		_, err := Launch(none, 1, nothing)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.Contains(t, err.Error(), "context.Background()")
		_, err = LaunchWorkers(none, nothing)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		_, err = LaunchWorkers(context.Background(), nil)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
	})
	assert.NoError(t, on(t, 1, func() error { return nil }), "the lcore is free")
}

func TestLaunchOnBusyLcoreReturnsErrBusy(t *testing.T) {
	for _, id := range everywhere(t) {
		release := occupy(t, id)
		begin := time.Now()
		task, err := Launch(context.Background(), id, func(context.Context) error { return nil })
		require.ErrorIs(t, err, dpdk.ErrBusy)
		assert.ErrorIs(t, err, syscall.EBUSY)
		assert.Nil(t, task)
		assert.Contains(t, err.Error(), fmt.Sprintf(`"lcore %d"`, id))
		assert.Less(t, time.Since(begin), time.Second)
		inUse, err := InUse(id)
		require.NoError(t, err)
		assert.True(t, inUse)
		release()
		inUse, err = InUse(id)
		require.NoError(t, err)
		assert.False(t, inUse)
		assert.NoError(t, on(t, id, func() error { return nil }))
	}
	_, err := InUse(77)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = InUse(-1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

// C runs a function on the lcore. This package has not launched it.
func TestLaunchOnLcoreUsedByCReturnsErrBusy(t *testing.T) {
	defer func(d time.Duration) { leaveTimeout = d }(leaveTimeout)
	leaveTimeout = 50 * time.Millisecond
	end, begun := make(chan struct{}), make(chan struct{})
	ours := cgo.Callbacks.Lcore
	cgo.Callbacks.Lcore = func(int) { close(begun); <-end }
	require.Zero(t, cgo.LcoreLaunch(2))
	<-begun
	cgo.Callbacks.Lcore = ours
	_, err := Launch(context.Background(), 2, func(context.Context) error { return nil })
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Contains(t, err.Error(), "a C function runs there")
	inUse, err := InUse(2)
	require.NoError(t, err)
	assert.True(t, inUse)
	_, err = LaunchWorkers(context.Background(), func(ctx context.Context) error { <-ctx.Done(); return nil })
	require.ErrorIs(t, err, dpdk.ErrBusy)
	close(end)
	require.Eventually(t, func() bool { return !cgo.LcoreRunning(2) }, 10*time.Second, time.Millisecond)
	for _, id := range Workers() { // the functions that LaunchWorkers began have ended
		require.Eventually(t, func() bool { return slots[id].task.Load() == nil }, 10*time.Second, time.Millisecond)
		assert.NoError(t, on(t, id, func() error { return nil }))
	}
}

func TestWaitReturnsTheErrorOfTheFunction(t *testing.T) {
	for _, id := range everywhere(t) {
		task, err := Launch(context.Background(), id, func(context.Context) error { return os.ErrDeadlineExceeded })
		require.NoError(t, err)
		for range 3 {
			assert.Equal(t, os.ErrDeadlineExceeded, task.Wait(soon(t)), "as often as asked")
		}
		assert.Equal(t, os.ErrDeadlineExceeded, task.Err())
		assert.False(t, task.Running())
		assert.Equal(t, id, task.Lcore())
	}
}

func TestWaitReturnsPanics(t *testing.T) {
	cause := errors.New("the cause")
	var none *int
	for _, id := range everywhere(t) {
		for _, tc := range []struct {
			name  string
			f     func()
			check func(t *testing.T, err error, p *PanicError)
		}{
			{"an error", func() { panic(fmt.Errorf("around: %w", cause)) }, func(t *testing.T, err error, p *PanicError) {
				assert.ErrorIs(t, err, cause)
				assert.Contains(t, err.Error(), "around: the cause")
			}},
			{"a text", func() { panic("text") }, func(t *testing.T, err error, p *PanicError) {
				assert.Equal(t, "text", p.Value)
				assert.NoError(t, errors.Unwrap(p))
			}},
			{"nil", func() { panic(nil) }, func(t *testing.T, err error, p *PanicError) {
				var e *runtime.PanicNilError
				assert.ErrorAs(t, err, &e)
			}},
			{"a nil pointer", func() { *none = 1 }, func(t *testing.T, err error, p *PanicError) {
				var e runtime.Error
				assert.ErrorAs(t, err, &e)
			}},
			{"an index", func() { _ = []int{}[len(os.Args)] }, func(t *testing.T, err error, p *PanicError) {
				var e runtime.Error
				assert.ErrorAs(t, err, &e)
			}},
			{"deep in the stack", func() { deep(10000) }, func(t *testing.T, err error, p *PanicError) {
				assert.Equal(t, "deep", p.Value)
				assert.Contains(t, string(p.Stack), "lcore.deep")
			}},
		} {
			t.Run(fmt.Sprintf("%s on lcore %d", tc.name, id), func(t *testing.T) {
				err := on(t, id, func() error { tc.f(); return nil })
				var p *PanicError
				require.ErrorAs(t, err, &p)
				assert.Equal(t, id, p.Lcore)
				assert.Contains(t, string(p.Stack), "task_test.go")
				assert.Contains(t, err.Error(), fmt.Sprintf("panic on lcore %d", id))
				assert.Contains(t, err.Error(), "task_test.go")
				tc.check(t, err, p)
				assert.NoError(t, on(t, id, func() error { return nil }), "usable again")
			})
		}
	}
}

//go:noinline
func deep(n int) int {
	if n == 0 {
		panic("deep")
	}
	return deep(n-1) + 1
}

func TestContextEndsWithStop(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	t.Run("Stop", func(t *testing.T) {
		task, err := Launch(context.Background(), 1, wait)
		require.NoError(t, err)
		assert.True(t, task.Running())
		assert.NoError(t, task.Err(), "none yet")
		task.Stop()
		assert.ErrorIs(t, task.Wait(soon(t)), context.Canceled)
		task.Stop() // does nothing
	})
	t.Run("the context of Launch", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), t, "value"))
		task, err := Launch(ctx, 1, func(ctx context.Context) error {
			if ctx.Value(t) != "value" {
				return errors.New("another context")
			}
			return wait(ctx)
		})
		require.NoError(t, err)
		cancel()
		assert.ErrorIs(t, task.Wait(soon(t)), context.Canceled)
	})
	t.Run("a poller", func(t *testing.T) {
		tasks, err := LaunchWorkers(context.Background(), func(ctx context.Context) error {
			for ctx.Err() == nil {
				continue
			}
			return nil
		})
		require.NoError(t, err)
		require.Len(t, tasks, 3)
		tasks.Stop()
		assert.NoError(t, tasks.Wait(soon(t)))
	})
	t.Run("a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		task, err := Launch(ctx, 1, wait)
		require.NoError(t, err)
		assert.ErrorIs(t, task.Wait(soon(t)), context.Canceled)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	release := occupy(t, 1)
	task := slots[1].task.Load()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	err := task.Wait(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, err.Error(), `"lcore 1"`)
	assert.True(t, task.Running(), "it still runs")
	assert.ErrorIs(t, Tasks{task, task}.Wait(ctx), context.DeadlineExceeded)
	release()
	assert.NoError(t, task.Wait(ctx), "the result counts, even if the context has ended")
	select {
	case <-task.Done():
	default:
		t.Error("Done")
	}
}

func TestLaunchWorkersIsAllOrNothing(t *testing.T) {
	var ran atomic.Int32
	count := func(context.Context) error { ran.Add(1); return nil }
	release := occupy(t, 3)
	tasks, err := LaunchWorkers(context.Background(), count)
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Nil(t, tasks)
	assert.Contains(t, err.Error(), "lcore 3")
	release()
	assert.Zero(t, ran.Load())
	for _, id := range Workers() {
		require.NoError(t, on(t, id, func() error { return nil }), "free again")
	}
	tasks, err = LaunchWorkers(context.Background(), count)
	require.NoError(t, err)
	assert.NoError(t, tasks.Wait(soon(t)))
	assert.EqualValues(t, 3, ran.Load())
	tasks, err = LaunchWorkers(context.Background(), func(context.Context) error {
		id, _ := Current()
		return fmt.Errorf("of %d", id)
	})
	require.NoError(t, err)
	err = tasks.Wait(soon(t))
	for _, id := range Workers() {
		assert.ErrorContains(t, err, fmt.Sprintf("of %d", id))
	}
}

// Of two concurrent launches one gets the lcore.
func TestConcurrentLaunchesRunOneAtATime(t *testing.T) {
	var ran, refused, inside atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				task, err := Launch(context.Background(), 1, func(context.Context) error {
					if inside.Add(1) != 1 {
						return errors.New("two at a time")
					}
					ran.Add(1)
					inside.Add(-1)
					return nil
				})
				if errors.Is(err, dpdk.ErrBusy) {
					refused.Add(1)
					runtime.Gosched()
					continue
				}
				if assert.NoError(t, err) {
					assert.NoError(t, task.Wait(soon(t)))
				}
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1600, ran.Load()+refused.Load())
	assert.NotZero(t, ran.Load())
}

// Lcores launch on each other. The last one launches on the first one.
func TestLcoresLaunchOnEachOther(t *testing.T) {
	var visited []int
	var visit func(ids []int) error
	visit = func(ids []int) error {
		id, _ := Current()
		visited = append(visited, id)
		if len(ids) == 0 {
			return nil
		}
		task, err := Launch(context.Background(), ids[0], func(context.Context) error { return visit(ids[1:]) })
		if err != nil {
			return err
		}
		return task.Wait(soon(t))
	}
	require.NoError(t, on(t, 1, func() error { return visit([]int{2, 3, 0}) }))
	assert.Equal(t, []int{1, 2, 3, 0}, visited)
	err := on(t, 1, func() error { return visit([]int{2, 1}) })
	assert.ErrorIs(t, err, dpdk.ErrBusy, "the first waits for the last")
}

// Three pollers and their launcher share few CPUs and two Ps.
func TestPollersOnFewCPUsAllMakeProgress(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	rounds := NewVar[atomic.Int64]()
	tasks, err := LaunchWorkers(soon(t), func(ctx context.Context) error {
		n := rounds.Own()
		for ctx.Err() == nil {
			n.Add(1)
		}
		return nil
	})
	require.NoError(t, err)
	for _, id := range Workers() {
		for last := int64(0); last < 3; last++ { // each makes progress several times
			seen := rounds.Of(id).Load()
			require.Eventually(t, func() bool { return rounds.Of(id).Load() > seen }, 15*time.Second, time.Millisecond, "lcore %d", id)
		}
	}
	tasks.Stop()
	require.NoError(t, tasks.Wait(soon(t)))
}

func TestGoroutinesOfLaunchedFunctionsAreNotLcores(t *testing.T) {
	require.NoError(t, on(t, 1, func() error {
		result := make(chan error)
		for range 32 {
			go func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				cpus, _, err := cpusOfThread()
				if id, ok := Current(); ok || cpus.String() != ownCPUs.String() {
					err = fmt.Errorf("lcore %d, CPUs %v", id, cpus)
				}
				result <- err
			}()
		}
		var errs []error
		for range 32 {
			errs = append(errs, <-result)
		}
		return errors.Join(errs...)
	}))
}
