package lcore

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// stopping is set for good when EAL stops.
var stopping atomic.Bool

// grace is how long Close waits for what runs on lcores.
var grace = 5 * time.Second

// running is what runs on lcores.
type running struct{}

func init() { control.RegisterLcores(running{}) }

// Inside reports whether the caller is in what Stop, or its caller, would wait for.
func (running) Inside() bool {
	if inCallback() {
		return true
	}
	if id, ok := Current(); ok {
		return slots[id].task.Load() != nil || slots[id].timing.Load() || inLoop(id)
	}
	tid, mine := int64(linux.Gettid()), false
	controls.each(func(_ uintptr, t *Task) { mine = mine || t.tid.Load() == tid })
	return mine
}

// Stop ends what runs on lcores, as well as it can be ended.
func (running) Stop() error {
	stopping.Store(true)
	closed := &dpdk.Error{Op: "rte_eal_cleanup", Cause: dpdk.ErrNotRunning}
	for i := range slots {
		if t := slots[i].task.Load(); t != nil {
			t.cancel(closed)
		}
	}
	controls.each(func(_ uintptr, t *Task) { t.cancel(closed) })
	stopAlarms()
	stopServices()
	deadline, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var stuck []string
	for id := range slots {
		if why := slots[id].settle(deadline, id); why != "" {
			stuck = append(stuck, name(id)+" "+why)
		}
	}
	controls.each(func(_ uintptr, t *Task) {
		if !t.settle(deadline) {
			stuck = append(stuck, t.name+" runs")
		}
	})
	if stuck == nil {
		return nil
	}
	return &dpdk.Error{Op: "rte_eal_cleanup", Errno: dpdk.ErrBusy,
		Detail: strings.Join(stuck, ", ") + ": its memory stays mapped and its devices open until the process ends; functions must return when their context ends"}
}

// settle waits for the task's end, or gives it up.
func (t *Task) settle(ctx context.Context) bool {
	select {
	case <-t.done:
		return true
	case <-ctx.Done():
		t.end(&dpdk.Error{Op: opWait, Name: t.name, Cause: dpdk.ErrNotRunning, Detail: "the function did not end before Close"})
		return false
	}
}

// settle waits until the lcore is in EAL's loop, or says what it does instead.
func (s *slot) settle(ctx context.Context, id int) string {
	if t := s.task.Load(); t != nil && !t.settle(ctx) {
		return "runs a function"
	}
	if s.stranded.Load() {
		return "was left by runtime.Goexit"
	}
	for idle := (Idle{Sleep: 100 * time.Microsecond}); s.timing.Load() || inLoop(id); idle.After(0) {
		if ctx.Err() != nil {
			return "runs a function of C's, a service or a timer"
		}
	}
	return ""
}

// inLoop says whether EAL's thread of the lcore runs something.
func inLoop(id int) bool {
	role := Role(cgo.LcoreRole(id))
	return (role == RoleEAL || role == RoleService) && id != cgo.MainLcore() && cgo.LcoreRunning(id)
}
