package lcore

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// slot is this package's state of an lcore.
type slot struct {
	task atomic.Pointer[Task] // the task that runs on the lcore
	// left is the time, in ns since epoch, at which the last function ended. It is 0 once the
	// thread is back in EAL's loop.
	left atomic.Int64
	// stranded is set when a function has called runtime.Goexit. Go cannot end a goroutine
	// that C has called, so the thread never returns to EAL's loop. It gets its next tasks
	// from next.
	stranded atomic.Bool
	// launching is held while a command is sent to the thread. The sender waits for an
	// answer. If it got the answer to another command, the lcore would seem idle before the
	// thread has read its own.
	launching sync.Mutex
	next      chan *Task
	leaving   bool        // StopServiceCore has stopped it; servicesMu guards this field
	locked    bool        // runtime.LockOSThread was called; only the lcore's thread uses it
	timing    atomic.Bool // the thread is in RunTimers
	fired     []error     // panics of timers in this RunTimers
}

var slots [Max]slot

func init() { cgo.Callbacks.Lcore = onLcore }

// leaveTimeout limits the time of a thread from the end of a function to EAL's loop. It needs some
// instructions, unless it was descheduled.
var leaveTimeout = time.Second

// epoch is the zero of slot.left.
var epoch = time.Now()

// start gives the task to the lcore's thread. The task has reserved the slot.
func (s *slot) start(t *Task) error {
	for attempt := 0; ; attempt++ {
		err := control.Call(opLaunch, t.name, func() error {
			switch {
			case t.lcore == cgo.MainLcore():
				control.Started().RunOnMain(func() { s.run(t, false) })
			case s.stranded.Load():
				s.next <- t
			default:
				s.launching.Lock()
				defer s.launching.Unlock()
				return control.Errno(cgo.LcoreLaunch(t.lcore))
			}
			return nil
		})
		if attempt > 0 || !errors.Is(err, dpdk.ErrBusy) {
			return control.Explain(err, dpdk.ErrBusy, "a C function runs there: wait until it returns")
		}
		s.waitReturned(t.lcore)
	}
}

// waitReturned waits until the lcore's thread is back in EAL's loop after a Go function. After
// leaveTimeout it must have been there, and runs something for C since.
func (s *slot) waitReturned(id int) {
	for pause := (wait.Backoff{}); ; pause.Turn() {
		left := s.left.Load()
		if left == 0 {
			return
		}
		if !cgo.LcoreRunning(id) || int64(time.Since(epoch))-left > int64(leaveTimeout) {
			s.left.CompareAndSwap(left, 0)
			return
		}
	}
}

// onLcore runs the task of the calling lcore.
func onLcore(id int) {
	s := &slots[id]
	s.lock()
	s.left.Store(0)
	s.run(s.task.Load(), true)
}

// lock locks the goroutine to the lcore's thread. Each function that the thread calls does this first.
// Go's runtime does not start new threads from a locked thread. They would inherit the CPUs of the
// lcore. cgo's godpdk_enter has done the same before the thread's first call of Go.
func (s *slot) lock() {
	if !s.locked {
		runtime.LockOSThread()
		s.locked = true
	}
}

// run runs a task on the calling thread. foreign is true on a thread of C, and false on that of the
// main lcore.
func (s *slot) run(t *Task, foreign bool) {
	returned := false
	defer func() {
		switch {
		case returned:
		case foreign:
			s.strand(t)
		default:
			s.end(t, ErrGoexit)
		}
	}()
	err := try(func() error { return t.fn(t.ctx) })
	returned = true
	if foreign {
		s.left.Store(int64(time.Since(epoch)))
	}
	s.end(t, err)
}

// strand runs further tasks on a foreign thread after runtime.Goexit. It does not return.
func (s *slot) strand(t *Task) {
	if s.next == nil {
		s.next = make(chan *Task)
		s.stranded.Store(true)
	}
	s.end(t, ErrGoexit)
	for t := range s.next {
		s.run(t, true)
	}
}

// end frees the slot before it publishes the result: a waiter may launch at once.
func (s *slot) end(t *Task, err error) {
	s.release(t)
	t.end(err)
}

// release frees the slot if t has it.
func (s *slot) release(t *Task) { s.task.CompareAndSwap(t, nil) }
