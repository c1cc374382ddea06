package lcore

import (
	"runtime"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opAlarm       = "rte_eal_alarm_set"
	opAlarmCancel = "rte_eal_alarm_cancel"
)

// Alarm is a function that runs once, some time from now (rte_eal_alarm_set).
type Alarm struct {
	fn func()
	id uintptr
}

var alarms handles[Alarm]

func init() {
	cgo.Callbacks.Alarm = func(id uintptr) {
		runtime.LockOSThread() // see slot.lock: the go statement may start a thread
		defer runtime.UnlockOSThread()
		a := alarms.get(id)
		if a == nil || !alarms.drop(id) || stopping.Load() {
			return
		}
		go func() {
			if err := try(func() error { a.fn(); return nil }); err != nil {
				control.Logger().Error("godpdk: alarm", "error", err)
			}
		}()
	}
}

// SetAlarm has fn called once when d has gone by, at least 1 µs. EAL's interrupt
// thread tells the time; fn runs on a goroutine of its own, so that it may block
// without holding up interrupts and other alarms. A panic in it is logged. Alarms
// that are set at Close never run. To a Go program time.AfterFunc is as good:
// this one is for a program that keeps to DPDK's clock.
//
// Errors: dpdk.ErrInvalid (below 1 µs, a nil fn), dpdk.ErrNoMemory, dpdk.ErrNotRunning.
func SetAlarm(d time.Duration, fn func()) (*Alarm, error) {
	if d < time.Microsecond {
		return nil, check.Invalid(opAlarm, "", "%v: the least is 1 µs", d)
	}
	if fn == nil {
		return nil, check.Invalid(opAlarm, "", "the function is nil")
	}
	a := &Alarm{fn: fn}
	a.id = alarms.add(a)
	err := control.Call(opAlarm, "", func() error { return control.Errno(cgo.AlarmSet(uint64(d/time.Microsecond), a.id)) })
	if err != nil {
		alarms.drop(a.id)
		return nil, err
	}
	return a, nil
}

// Cancel takes an alarm back (rte_eal_alarm_cancel). The error is dpdk.ErrNotFound
// if it has gone off or was cancelled: its function may still run.
func (a *Alarm) Cancel() error { return cancelAlarm(a.id) }

func cancelAlarm(id uintptr) error {
	err := control.Call(opAlarmCancel, "", func() error { return control.Errno(cgo.AlarmCancel(id)) })
	if err == nil {
		alarms.drop(id)
	}
	return control.Explain(err, dpdk.ErrNotFound, "it has gone off or was cancelled before")
}

// stopAlarms takes all back, before EAL stops.
func stopAlarms() {
	alarms.each(func(id uintptr, _ *Alarm) { _ = cancelAlarm(id) }) // SetAlarm may not have written a.id yet
}
