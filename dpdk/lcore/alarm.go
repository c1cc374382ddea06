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

// Alarm is a function that runs once, after a time. It needs no end: an alarm that has gone off
// or was stopped holds nothing.
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

// NewAlarm calls fn once after d, which is at least 1 µs. EAL's interrupt thread keeps the time. fn
// runs on a goroutine of its own, so it may block without delaying interrupts and other alarms. A
// panic in fn is logged. Alarms that are set when EAL stops never run.
//
// Use it in a program that keeps to DPDK's clock. Otherwise [time.AfterFunc] does the same.
//
// Errors: dpdk.ErrInvalid (d is below 1 µs, fn is nil), dpdk.ErrNoMemory, dpdk.ErrNotRunning.
//
// Implements: rte_eal_alarm_set
func NewAlarm(d time.Duration, fn func()) (*Alarm, error) {
	if d < time.Microsecond {
		return nil, check.Invalid(opAlarm, "", "the time %v is too short: use at least 1 µs", d)
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

// Stop cancels the alarm. The error is dpdk.ErrNotFound if the alarm has gone off or was stopped
// before. In the first case its function may still run.
//
// Implements: rte_eal_alarm_cancel
func (a *Alarm) Stop() error { return cancelAlarm(a.id) }

func cancelAlarm(id uintptr) error {
	err := control.Call(opAlarmCancel, "", func() error { return control.Errno(cgo.AlarmCancel(id)) })
	if err == nil {
		alarms.drop(id)
	}
	return control.Explain(err, dpdk.ErrNotFound, "it has gone off or was stopped before")
}

// stopAlarms cancels all alarms before EAL stops.
func stopAlarms() {
	alarms.each(func(id uintptr, _ *Alarm) { _ = cancelAlarm(id) }) // NewAlarm may not have written Alarm.id yet
}
