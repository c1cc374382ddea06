package lcore

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
)

// slot is an lcore as this package sees it.
type slot struct {
	task atomic.Pointer[Task] // that has the lcore
	// leaving is set when a function has ended whose thread may not be back in
	// EAL's loop yet: for some instructions, or as long as others have the CPU.
	leaving atomic.Bool
	// stranded is set when a function has called runtime.Goexit. Go cannot end
	// a goroutine that a thread of C's is in, so the thread never gets back to
	// EAL's loop: it takes its next tasks from here.
	stranded atomic.Bool
	next     chan *Task
	locked   bool // of the lcore's own thread
}

var slots [Max]slot

func init() { cgo.Callbacks.Lcore = onLcore }

// leave is how long a thread may take from the end of a function to EAL's loop
// when its CPU is crowded.
const leave = time.Second

// start gives the task, which has the slot, to the lcore's thread.
func (s *slot) start(t *Task) error {
	for begin := time.Now(); ; {
		var errno int
		err := guard.Control(opLaunch, name(t.lcore), func() int {
			switch {
			case t.lcore == cgo.MainLcore():
				guard.Lcores.Main(func() { s.run(t, false) })
			case s.stranded.Load():
				s.next <- t
			default:
				errno = cgo.LcoreLaunch(t.lcore)
			}
			return 0
		})
		switch {
		case err != nil:
			return err
		case errno == 0:
			return nil
		case unix.Errno(errno) != unix.EBUSY:
			return guard.Control(opLaunch, name(t.lcore), func() int { return errno })
		case !s.leaving.Load() || time.Since(begin) > leave:
			return busy(t.lcore, "a function of C's runs there")
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// onLcore is called by the lcore's thread.
func onLcore(id int) {
	s := &slots[id]
	if !s.locked {
		// First of all, and for good: a thread that the runtime starts from here
		// must not inherit this one's CPUs, and it looks at LockOSThread for that.
		runtime.LockOSThread()
		s.locked = true
	}
	s.leaving.Store(false)
	s.run(s.task.Load(), true)
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
		s.leaving.Store(true)
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
