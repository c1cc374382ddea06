package control

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// When memory grows or a device is attached, DPDK asks all processes of the group and waits 5 s for each
// answer. A process that is stopped does not answer. Some functions of DPDK then try again and again.
// Here the first failure ends the call, and a process that is known to be stopped is not asked.

// stopped finds a stopped process: see WatchStopped.
var stopped atomic.Pointer[func() int]

// WatchStopped registers f, which returns the pid of a stopped process of the group, or 0. Several
// goroutines may call f at once.
func WatchStopped(f func() (pid int)) { stopped.Store(&f) }

// asksOthers reports whether the rte_ function op sends a request to all processes, even if
// memory does not grow.
func asksOthers(op string) bool {
	return strings.Contains(op, "_dev_probe") || strings.Contains(op, "_dev_remove")
}

// beginGrowth begins a call that may ask other processes. It refuses a call that certainly does while
// one of them is stopped. The caller is locked to its thread until end.
func beginGrowth(op, name string) (end func(), err error) {
	if f := stopped.Load(); f != nil {
		pid := (*f)()
		if pid != 0 && asksOthers(op) {
			return nil, &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrTimeout, Detail: isStopped(pid)}
		}
		cgo.GrowthStopped(pid)
	}
	outer := cgo.GrowthBegin()
	return func() { cgo.GrowthEnd(outer) }, nil
}

// isStopped returns the detail of an error about a process that the kernel reports as stopped.
func isStopped(pid int) string {
	return fmt.Sprintf("process %d with this file prefix does not answer (it is stopped): continue it with kill -CONT %d, or kill it, and try again", pid, pid)
}

// noReply is DPDK's log line about a process that has not answered.
var noReply = regexp.MustCompile(`Fail to recv reply for request \S*/mp_socket(?:_(\d+)_\w+)?:`)

// unanswered gives an error of a call its cause, if the call failed because a process did not answer.
func unanswered(e *dpdk.Error) {
	switch pid := cgo.GrowthRefused(); {
	case pid > 0:
		e.Errno, e.Detail = dpdk.ErrTimeout, isStopped(pid)
		return
	case pid < 0:
		e.Errno, e.Detail = dpdk.ErrTimeout, "a process with this file prefix does not answer: DPDK's log names it. Continue it with kill -CONT, or kill it, and try again"
	}
	for _, line := range e.Log {
		m := noReply.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		e.Errno = dpdk.ErrTimeout
		if pid, err := strconv.Atoi(m[1]); err == nil {
			e.Detail = fmt.Sprintf("process %d with this file prefix does not answer (it is stopped, frozen or stuck): continue it with kill -CONT %d, or kill it, and try again", pid, pid)
		} else {
			e.Detail = "the primary does not answer (it is stopped, frozen or stuck): continue it with kill -CONT, or kill it, and try again"
		}
		return
	}
}
