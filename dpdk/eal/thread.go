package eal

import (
	"runtime"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// thread is an OS thread for EAL: rte_eal_init pins it, and makes it the main lcore.
type thread struct {
	calls chan func()
	tid   int
}

func newThread() *thread {
	t := &thread{calls: make(chan func())}
	go func() {
		// Never unlocked: the thread ends with the goroutine, and Go starts no other
		// thread from a locked one.
		runtime.LockOSThread()
		t.tid = linux.Gettid()
		t.serve()
	}()
	return t
}

// serve runs the calls. If a call ends the goroutine (runtime.Goexit), the deferred function serves
// the later calls, so that the thread does not end.
func (t *thread) serve() {
	ended := false
	defer func() {
		if !ended {
			t.serve()
		}
	}()
	for f := range t.calls {
		f()
	}
	ended = true
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// give runs f on the thread and waits only until it has begun.
func (t *thread) give(f func()) { t.calls <- f }

func (t *thread) end() { close(t.calls) }
