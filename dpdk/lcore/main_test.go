package lcore

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/test/harness"
)

// The tests' EAL has lcore 0, the main one, and three workers, on however few CPUs
// there are. What ends EAL, or excludes secondaries, is in child processes.
const mainLcore = 0

func TestMain(m *testing.M) { harness.MainLcores(m, 4, freshThreads) }

// own is the process's own mask, before anything.
var ownCPUs = func() CPUSet {
	cpus, err := ThreadCPUs()
	if err != nil {
		panic(err)
	}
	return cpus
}()

// freshThreads makes 64 threads after all that the tests have done, and looks
// whether one has the CPUs of an lcore: Go's runtime starts a thread as a copy of
// the one that needs it.
func freshThreads() error {
	var all, read sync.WaitGroup
	masks := make(chan string, 64)
	read.Add(64)
	for range 64 {
		all.Go(func() {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
			cpus, err := ThreadCPUs()
			if err != nil || cpus.String() != ownCPUs.String() {
				masks <- fmt.Sprintf("%v %v", cpus, err)
			}
			read.Done()
			read.Wait() // all 64 exist at once
		})
	}
	all.Wait()
	if len(masks) > 0 {
		return fmt.Errorf("%d of 64 fresh threads have the CPUs %s, not %v", len(masks), <-masks, ownCPUs)
	}
	return nil
}

// soon is more time than anything here takes.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// on runs f on an lcore and gives its error.
func on(t *testing.T, id int, f func() error) error {
	t.Helper()
	task, err := Launch(soon(t), id, func(context.Context) error { return f() })
	require.NoError(t, err)
	return task.Wait(soon(t))
}

// occupy has a function on the lcore until the returned one is called.
func occupy(t *testing.T, id int) (release func()) {
	t.Helper()
	end := make(chan struct{})
	task, err := Launch(soon(t), id, func(context.Context) error { <-end; return nil })
	require.NoError(t, err)
	release = sync.OnceFunc(func() {
		close(end)
		assert.NoError(t, task.Wait(soon(t)))
	})
	t.Cleanup(release)
	return release
}

// everywhere is all lcores, the main one included.
func everywhere(t *testing.T) []int {
	t.Helper()
	all := append([]int{Main()}, Workers()...)
	require.Len(t, all, 4)
	return all
}

func cpusOfThread() (CPUSet, int, error) {
	cpus, err := ThreadCPUs()
	return cpus, linux.Gettid(), err
}

func nothing(context.Context) error { return nil }
