package lcore

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
)

// stopping is set for good when EAL stops.
var stopping atomic.Bool

// grace is how long Close waits for what runs on lcores.
var grace = 5 * time.Second

func init() { guard.Lcores.Own, guard.Lcores.Stop = own, stop }

// own says whether the caller is in a function on an lcore.
func own() bool {
	id, ok := Current()
	return ok && slots[id].task.Load() != nil
}

// stop ends what runs on lcores, as well as it can be ended.
func stop() error {
	stopping.Store(true)
	closed := &dpdk.Error{Op: "rte_eal_cleanup", Cause: dpdk.ErrNotRunning}
	for i := range slots {
		if t := slots[i].task.Load(); t != nil {
			t.cancel(closed)
		}
	}
	deadline, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var stuck []string
	for id := range slots {
		if why := slots[id].settle(deadline, id); why != "" {
			stuck = append(stuck, fmt.Sprintf("lcore %d %s", id, why))
		}
	}
	if stuck == nil {
		return nil
	}
	return &dpdk.Error{Op: "rte_eal_cleanup", Errno: dpdk.ErrBusy.(dpdk.Errno),
		Detail: strings.Join(stuck, ", ") + ": its memory stays mapped and its devices open until the process ends; functions must return when their context ends"}
}

// settle waits until the lcore is in EAL's loop, or says what it does instead.
func (s *slot) settle(ctx context.Context, id int) string {
	if t := s.task.Load(); t != nil {
		select {
		case <-t.done:
		case <-ctx.Done():
			t.end(&dpdk.Error{Op: opWait, Name: name(id), Cause: dpdk.ErrNotRunning, Detail: "the function did not end before Close"})
			return "runs a function"
		}
	}
	switch {
	case s.stranded.Load():
		return "was left by runtime.Goexit"
	case id == cgo.MainLcore() || cgo.LcoreRole(id) == cgo.RoleOff || cgo.LcoreRole(id) == cgo.RoleNonEAL:
		return ""
	}
	for cgo.LcoreRunning(id) {
		if ctx.Err() != nil {
			return "runs a function of C's"
		}
		time.Sleep(100 * time.Microsecond)
	}
	return ""
}
