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

// The EAL of the tests has the main lcore 0 and three workers, on any number of CPUs. Tests that end
// EAL run in child processes.
const mainLcore = 0

func TestMain(m *testing.M) {
	pollerAge = 100 * time.Millisecond // the check of one test ends before that of another begins
	harness.MainLcores(m, 4, freshThreads)
}

// ownCPUs are the CPUs of the process before EAL starts.
var ownCPUs = func() CPUSet {
	cpus, err := ThreadCPUs()
	if err != nil {
		panic(err)
	}
	return cpus
}()

// freshThreads starts 64 threads after the tests, and checks that none has the CPUs of an lcore. A new
// thread inherits the CPUs of the thread that starts it.
func freshThreads() error {
	var all, read sync.WaitGroup
	masks := make(chan string, 64)
	read.Add(64)
	for range 64 {
		all.Go(func() {
			runtime.LockOSThread() // the thread ends with the goroutine
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

// soon returns a context that ends long after every test call.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// on runs f on an lcore and returns its error.
func on(t *testing.T, id int, f func() error) error {
	t.Helper()
	task, err := Launch(soon(t), id, func(context.Context) error { return f() })
	require.NoError(t, err)
	return task.Wait(soon(t))
}

// occupy runs a function on the lcore until release is called.
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

// everywhere returns all lcores, including the main one.
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
