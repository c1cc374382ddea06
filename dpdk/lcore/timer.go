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
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opTimer       = "rte_timer_init"
	opTimerReset  = "rte_timer_alt_reset"
	opTimerStop   = "rte_timer_alt_stop"
	opTimerManage = "rte_timer_alt_manage"
)

// AnyLcore lets DPDK choose the lcore of a timer. If an lcore sets the timer, DPDK chooses the lcore
// after the one of the timer that was last set there. On any other thread it chooses the first lcore.
const AnyLcore = -1

// Timer calls a Go function on an lcore at a set time. The timer is in the list of that lcore. The
// function of the lcore must call [RunTimers] regularly: RunTimers calls the functions of timers.
//
// A Timer's methods may be called from any goroutine, and from its own function. It exists until
// [Timer.Close], or until EAL stops.
type Timer struct {
	fn  func()
	id  uintptr
	mu  sync.Mutex // of two concurrent calls DPDK would fail one
	mem cgo.Timer  // nil after Close
}

var (
	timers      handles[Timer]
	timersMu    sync.Mutex
	timersReady atomic.Bool // the timer library has started
	timersOurs  bool        // this package has started it, not C code
	timerLists  uint32      // the ID of this process's lists
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

// NewTimer returns a timer that is not set. The first call starts the timer library and allocates lists
// for this process. DPDK's default lists are in memory that all processes share. A killed process
// leaves pointers to its own memory there, and the next process on its lcores would use them. The
// default lists are for C code: [RunTimers] does not run their timers.
//
// Errors: dpdk.ErrInvalid (fn is nil), dpdk.ErrNoMemory, dpdk.ErrNoSpace (63 processes of the file
// prefix have lists, or were killed and still have them), dpdk.ErrNotRunning.
//
// Implements: rte_timer_init, rte_timer_subsystem_init, rte_timer_data_alloc
func NewTimer(fn func()) (*Timer, error) {
	if fn == nil {
		return nil, check.Invalid(opTimer, "", "the function is nil")
	}
	timersMu.Lock()
	defer timersMu.Unlock()
	t := &Timer{fn: fn}
	err := control.Call(opTimer, "", func() error {
		if !timersReady.Load() {
			errno := telserver.Exclude(cgo.TimerSubsystemInit)
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

// Once sets the timer to run once on the lcore, after d. If the timer is set already, the new setting
// replaces the old one.
//
// Errors: dpdk.ErrBusy while its function runs on another lcore, dpdk.ErrInvalid (this process does
// not have the lcore, or d is negative), dpdk.ErrNotFound after [Timer.Close], dpdk.ErrNotRunning.
//
// Implements: rte_timer_alt_reset
func (t *Timer) Once(d time.Duration, lcore int) error { return t.reset(d, false, lcore) }

// Every sets the timer to run on the lcore at intervals of d, which must not be 0. Errors are those of
// [Timer.Once]. An lcore makes up for missed rounds, one in each [RunTimers].
//
// Implements: rte_timer_alt_reset
func (t *Timer) Every(d time.Duration, lcore int) error {
	if d == 0 {
		return check.Invalid(opTimerReset, "", "the period is 0: use a positive one, or Once")
	}
	return t.reset(d, true, lcore)
}

func (t *Timer) reset(d time.Duration, periodic bool, lcore int) error {
	if d < 0 {
		return check.Invalid(opTimerReset, "", "the time %v is negative: use 0 or more", d)
	}
	on := uint32(cgo.LcoreIDAny)
	if lcore != AnyLcore {
		if _, err := Lookup(lcore); err != nil {
			return err
		}
		on = uint32(lcore)
	}
	return t.control(opTimerReset, func() error {
		return control.Errno(cgo.TimerReset(timerLists, t.mem, ticks(d, cgo.TimerHz()), periodic, on, t.id))
	})
}

// ticks converts a time to ticks of DPDK. The result is at least 1 unless d is 0, because DPDK takes a
// period of 0 for a single shot. DPDK can add at most math.MaxInt64 to the current time.
func ticks(d time.Duration, hz uint64) uint64 {
	n := min(scale(uint64(d), hz, uint64(time.Second)), math.MaxInt64)
	if d > 0 {
		n = max(n, 1)
	}
	return n
}

// Stop unsets the timer. It is a no-op on a timer that is not set. The error is dpdk.ErrBusy while the
// timer's function runs on another lcore. The function may set the timer again, or the timer may be
// periodic, so call Stop once more then.
//
// Implements: rte_timer_alt_stop
func (t *Timer) Stop() error {
	return t.control(opTimerStop, func() error { return control.Errno(cgo.TimerStop(timerLists, t.mem)) })
}

// Pending reports whether the timer is set and its function has not run yet.
//
// Implements: rte_timer_pending
func (t *Timer) Pending() bool {
	pending := false
	err := t.control("rte_timer_pending", func() error {
		pending = cgo.TimerPending(t.mem)
		return nil
	})
	return err == nil && pending
}

// Close stops the timer and frees its memory. The timer's own function must not call it. A second Close
// is a no-op. Errors are those of [Timer.Stop].
//
// Implements: rte_timer_alt_stop
func (t *Timer) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mem == nil {
		return nil
	}
	return t.call(opTimerStop, func() error {
		if id, ok := Current(); ok && slots[id].timing.Load() {
			return dpdk.ErrBusy // DPDK uses the timer after its function returns
		}
		if errno := cgo.TimerStop(timerLists, t.mem); errno != 0 {
			return control.Errno(errno)
		}
		timers.drop(t.id)
		cgo.TimerFree(t.mem)
		t.mem = nil
		return nil
	})
}

func (t *Timer) control(op string, f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.call(op, f)
}

// call makes a control call. The caller holds mu.
func (t *Timer) call(op string, f func() error) error {
	err := control.CallOn(op, "", t.mem, f)
	return control.Explain(err, dpdk.ErrBusy, "timer functions run: try again when they have returned")
}

// RunTimers runs the functions of the timers that are due on the calling lcore. A function on an lcore
// calls it in its loop. A call without due timers costs one cgo call, so one call every 10 µs is
// enough. A panic in one timer's function does not stop the others: RunTimers returns all panics, as
// [*PanicError].
//
// Errors: dpdk.ErrInvalid on a thread that is not an lcore, dpdk.ErrBusy inside a timer's function,
// dpdk.ErrNotRunning, also while Close waits.
//
// Implements: rte_timer_alt_manage
func RunTimers() error {
	id, ok := Current()
	if !ok {
		return check.Invalid(opTimerManage, "", "the thread is not an lcore: Launch a function that calls RunTimers")
	}
	s := &slots[id]
	if s.timing.Swap(true) {
		return &dpdk.Error{Op: opTimerManage, Name: name(id), Errno: dpdk.ErrBusy, Detail: "a timer's function called it: call it in the lcore's loop"}
	}
	defer s.timing.Store(false) // not a control call: Close could not give up a function that hangs
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

// stopTimers removes all timers from the lists, which another process may get next, and stops the
// library. It frees memory that control calls use, so it runs when there are none. If a function is
// stuck in RunTimers, it leaves the library running.
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
		defer telserver.Enter()()
		cgo.TimerSubsystemFinalize()
	}
}
