package lcore

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opTimer       = "rte_timer_init"
	opTimerReset  = "rte_timer_alt_reset"
	opTimerStop   = "rte_timer_alt_stop"
	opTimerManage = "rte_timer_alt_manage"
)

// AnyLcore lets DPDK choose the lcore of a timer. On an lcore it is the next after
// that of the last timer set there; on any other thread it is the first lcore.
const AnyLcore = -1

// Timer calls a Go function on an lcore at a time (rte_timer). It stands in the
// list of that lcore, which has to look at it: the lcore's function calls
// RunTimers every so often, and that is where the timer's function runs.
//
// A Timer's methods may be called from any goroutine, its own function included.
// It lives until Free or Close.
type Timer struct {
	fn  func()
	id  uintptr
	mu  sync.Mutex // DPDK would let one of two calls at a time fail
	mem cgo.Timer  // nil after Free
}

var (
	timers      handles[Timer]
	timersMu    sync.Mutex
	timersReady atomic.Bool // the library has started
	timersOurs  bool        // and C code had not done it
	timerLists  uint32      // of this process
)

func init() {
	cgo.Callbacks.Timer = func(lcore int, id uintptr) {
		if t := timers.get(id); t != nil {
			if err := try(func() error { t.fn(); return nil }); err != nil {
				slots[lcore].fired = append(slots[lcore].fired, err)
			}
		}
	}
	control.AtStop(stopTimers)
}

// NewTimer makes a timer that is not set (rte_timer_init). The first one starts
// the timer library and takes lists for this process (rte_timer_data_alloc): DPDK's
// default ones are in memory that all processes share, where a process that was
// killed leaves pointers to its own memory to the next one on its lcores. They are
// C code's: RunTimers does not run them.
//
// Errors: dpdk.ErrInvalid for a nil fn, dpdk.ErrNoMemory, dpdk.ErrNoSpace (63
// processes of the prefix have lists, or were killed and still have them),
// dpdk.ErrNotRunning.
func NewTimer(fn func()) (*Timer, error) {
	if fn == nil {
		return nil, check.Invalid(opTimer, "", "the function is nil")
	}
	timersMu.Lock()
	defer timersMu.Unlock()
	t := &Timer{fn: fn}
	err := control.Call(opTimer, "", func() error {
		if !timersReady.Load() {
			errno := cgo.TimerSubsystemInit()
			if errno != 0 && syscall.Errno(errno) != syscall.EALREADY {
				return control.Errno(errno)
			}
			timersOurs = timersOurs || errno == 0
			if timerLists, errno = cgo.TimerDataAlloc(); errno != 0 {
				return control.Errno(errno)
			}
			timersReady.Store(true)
		}
		if t.mem = cgo.TimerNew(); t.mem == nil {
			return dpdk.ErrNoMemory
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.id = timers.add(t)
	return t, nil
}

// Once sets the timer to run once on the lcore when d has gone by
// (rte_timer_alt_reset, SINGLE). A timer that was set is set anew.
//
// Errors: dpdk.ErrBusy while its function runs on another lcore, dpdk.ErrInvalid
// (no such lcore in this process, a negative d), dpdk.ErrNotFound after Free,
// dpdk.ErrNotRunning.
func (t *Timer) Once(d time.Duration, lcore int) error { return t.reset(d, false, lcore) }

// Every sets the timer to run on the lcore each time d has gone by
// (rte_timer_alt_reset, PERIODICAL); d must not be 0. Errors are those of Once. Rounds
// that the lcore has missed are made up for, one in each RunTimers.
func (t *Timer) Every(d time.Duration, lcore int) error {
	if d == 0 {
		return check.Invalid(opTimerReset, "", "the period is 0: it would run for ever")
	}
	return t.reset(d, true, lcore)
}

func (t *Timer) reset(d time.Duration, periodic bool, lcore int) error {
	if d < 0 {
		return check.Invalid(opTimerReset, "", "%v is negative", d)
	}
	on := uint32(cgo.LcoreIDAny)
	if lcore != AnyLcore {
		if _, err := Get(lcore); err != nil {
			return err
		}
		on = uint32(lcore)
	}
	return t.control(opTimerReset, func() int {
		return cgo.TimerReset(timerLists, t.mem, ticks(d, cgo.TimerHz()), periodic, on, t.id)
	})
}

// ticks are at least 1 unless d is 0, for a period of 0 is none, and at most what
// DPDK can add to the time.
func ticks(d time.Duration, hz uint64) uint64 {
	n := min(scale(uint64(d), hz, uint64(time.Second)), math.MaxInt64)
	if d > 0 {
		n = max(n, 1)
	}
	return n
}

// Stop unsets the timer (rte_timer_alt_stop); one that is not set stays so. The error
// is dpdk.ErrBusy while its function runs on another lcore: it may be set again by
// it, or be periodic, so stop it once more then.
func (t *Timer) Stop() error {
	return t.control(opTimerStop, func() int { return cgo.TimerStop(timerLists, t.mem) })
}

// Pending says whether the timer is set and its function has yet to run
// (rte_timer_pending).
func (t *Timer) Pending() bool {
	pending := false
	err := t.control("rte_timer_pending", func() int {
		pending = cgo.TimerPending(t.mem)
		return 0
	})
	return err == nil && pending
}

// Free stops the timer and gives its memory back; it must not be called by its own
// function. Errors are those of Stop.
func (t *Timer) Free() error {
	return t.control(opTimerStop, func() int {
		if id, ok := Current(); ok && slots[id].timing.Load() {
			return int(dpdk.ErrBusy) // DPDK looks at the timer when its function returns
		}
		if errno := cgo.TimerStop(timerLists, t.mem); errno != 0 {
			return errno
		}
		timers.drop(t.id)
		cgo.TimerFree(t.mem)
		t.mem = nil
		return 0
	})
}

func (t *Timer) control(op string, f func() int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := control.Call(op, "", func() error {
		if t.mem == nil {
			return dpdk.ErrNotFound
		}
		return control.Errno(f())
	})
	if errors.Is(err, dpdk.ErrBusy) {
		err.(*dpdk.Error).Detail = "timer functions run: try again when they have returned"
	}
	return err
}

// RunTimers runs the functions of the timers that are due on the calling lcore
// (rte_timer_alt_manage). A function on an lcore calls it in its loop; with nothing due
// it costs a call of C, so every 10 µs or so is enough. A panic of a timer's
// function does not stop the others: RunTimers returns all, as *PanicError.
//
// Errors: dpdk.ErrInvalid on a thread that is no lcore, dpdk.ErrBusy inside a
// timer's function, dpdk.ErrNotRunning, also while Close waits.
func RunTimers() error {
	id, ok := Current()
	if !ok {
		return check.Invalid(opTimerManage, "", "the thread is no lcore: Launch a function that calls it")
	}
	s := &slots[id]
	if s.timing.Swap(true) {
		return &dpdk.Error{Op: opTimerManage, Name: name(id), Errno: dpdk.ErrBusy, Detail: "called by a timer's function"}
	}
	defer s.timing.Store(false) // not a lock of guard's: Close could not give up a function that hangs
	if stopping.Load() || !control.Running() {
		return &dpdk.Error{Op: opTimerManage, Name: name(id), Cause: dpdk.ErrNotRunning}
	}
	if !timersReady.Load() {
		return nil
	}
	cgo.TimerManage(timerLists)
	if s.fired == nil {
		return nil
	}
	err := errors.Join(s.fired...)
	s.fired = nil
	return fmt.Errorf("%s: %w", opTimerManage, err)
}

// stopTimers takes all timers out of the lists, which another process may get, and
// leaves the library. It is called while no control call is under way, for it
// frees what they use, and leaves it alone if a function is stuck in RunTimers.
func stopTimers() {
	if !timersReady.Load() {
		return
	}
	timers.each(func(_ uintptr, t *Timer) { cgo.TimerStop(timerLists, t.mem) })
	for id := range slots {
		if slots[id].timing.Load() {
			return
		}
	}
	cgo.TimerDataDealloc(timerLists)
	if timersOurs {
		cgo.TimerSubsystemFinalize()
	}
}
