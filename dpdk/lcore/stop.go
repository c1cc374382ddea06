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
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// stopping is set when EAL stops, and stays set.
var stopping atomic.Bool

// grace is how long Close waits for functions on lcores.
var grace = 5 * time.Second

// running implements control.Lcores.
type running struct{}

func init() { control.RegisterLcores(running{}) }

// Inside reports whether the caller is in a function that Stop, or its caller, would wait for.
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

// Stop ends all functions on lcores. It waits for them, and its error names those that do not end.
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
		if why := slots[id].waitEnd(deadline, id); why != "" {
			stuck = append(stuck, name(id)+" "+why)
		}
	}
	controls.each(func(_ uintptr, t *Task) {
		if !t.waitEnd(deadline) {
			stuck = append(stuck, t.name+" runs")
		}
	})
	if stuck == nil {
		return nil
	}
	return &dpdk.Error{Op: "rte_eal_cleanup", Errno: dpdk.ErrBusy,
		Detail: strings.Join(stuck, ", ") + ": its memory stays mapped and its devices open until the process ends; functions must return when their context ends"}
}

// waitEnd waits until the task ends. When ctx ends first, it gives the task up.
func (t *Task) waitEnd(ctx context.Context) bool {
	select {
	case <-t.done:
		return true
	case <-ctx.Done():
		t.end(&dpdk.Error{Op: opWait, Name: t.name, Cause: dpdk.ErrNotRunning, Detail: "the function did not end before Close"})
		return false
	}
}

// waitEnd waits until the lcore is in EAL's loop. It returns what the lcore does instead, or "".
func (s *slot) waitEnd(ctx context.Context, id int) string {
	if t := s.task.Load(); t != nil && !t.waitEnd(ctx) {
		return "runs a function"
	}
	if s.stranded.Load() {
		return "was left by runtime.Goexit"
	}
	for pause := (wait.Backoff{}); s.timing.Load() || inLoop(id); pause.Turn() {
		if ctx.Err() != nil {
			return "runs a C function, a service or a timer"
		}
	}
	return ""
}

// inLoop reports whether EAL's thread of the lcore runs something.
func inLoop(id int) bool {
	role := Role(cgo.LcoreRole(id))
	return (role == RoleEAL || role == RoleService) && id != cgo.MainLcore() && cgo.LcoreRunning(id)
}
