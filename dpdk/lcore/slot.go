package lcore

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// slot is an lcore as this package sees it.
type slot struct {
	task atomic.Pointer[Task] // that has the lcore
	// left is when a function ended whose thread was not back in EAL's loop yet,
	// in ns; 0 if it is back.
	left atomic.Int64
	// stranded is set when a function has called runtime.Goexit. Go cannot end
	// a goroutine that a thread of C's is in, so the thread never gets back to
	// EAL's loop: it takes its next tasks from here.
	stranded atomic.Bool
	// launching is held while a thread of C's is told to launch. The teller waits for
	// an answer: another's, and the lcore would seem idle with a command to come.
	launching sync.Mutex
	next      chan *Task
	leaving   bool        // it was told to stop as a service core; servicesMu guards it
	locked    bool        // of the lcore's own thread
	timing    atomic.Bool // it is in RunTimers
	fired     []error     // panics of timers in it
}

var slots [Max]slot

func init() { cgo.Callbacks.Lcore = onLcore }

// leave is how long a thread may take from the end of a function to EAL's loop:
// some instructions, or as long as others have its CPU.
const leave = time.Second

// start of the clock of slots.
var epoch = time.Now()

// start gives the task, which has the slot, to the lcore's thread.
func (s *slot) start(t *Task) error {
	errno := int(syscall.EBUSY)
	for attempt := 0; attempt < 2 && syscall.Errno(errno) == syscall.EBUSY; attempt++ {
		if attempt > 0 {
			s.back(t.lcore)
		}
		err := control.Call(opLaunch, t.name, func() error {
			errno = 0
			switch {
			case t.lcore == cgo.MainLcore():
				control.Started().RunOnMain(func() { s.run(t, false) })
			case s.stranded.Load():
				s.next <- t
			default:
				s.launching.Lock()
				errno = cgo.LcoreLaunch(t.lcore)
				s.launching.Unlock()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	switch syscall.Errno(errno) {
	case 0:
		return nil
	case syscall.EBUSY:
		return busy(t.lcore, "a function of C's runs there")
	}
	return &dpdk.Error{Op: opLaunch, Name: t.name, Errno: dpdk.Errno(errno)}
}

// back waits until the lcore's thread, whose Go function has ended, is in EAL's
// loop, or must have been there: C has given it something since.
func (s *slot) back(id int) {
	for idle := (Idle{}); ; idle.After(0) {
		left := s.left.Load()
		if left == 0 {
			return
		}
		if !cgo.LcoreRunning(id) || int64(time.Since(epoch))-left > int64(leave) {
			s.left.CompareAndSwap(left, 0)
			return
		}
	}
}

// onLcore is called by the lcore's thread.
func onLcore(id int) {
	s := &slots[id]
	s.lock()
	s.left.Store(0)
	s.run(s.task.Load(), true)
}

// lock comes first in what EAL's thread of the lcore calls, and lasts: a thread
// that Go's runtime starts from here must not inherit this one's CPUs, and it
// looks at LockOSThread for that.
func (s *slot) lock() {
	if !s.locked {
		runtime.LockOSThread()
		s.locked = true
	}
}

// run runs a task on the calling thread, which is C's or the main lcore's.
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

// strand is where a foreign thread stays after runtime.Goexit.
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

// end frees the slot before the result is known: who waits may launch again.
func (s *slot) end(t *Task, err error) {
	s.release(t)
	t.end(err)
}

// release takes the slot from t, if it has it.
func (s *slot) release(t *Task) { s.task.CompareAndSwap(t, nil) }
