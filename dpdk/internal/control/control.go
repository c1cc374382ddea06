// Package control is the gate before DPDK's control calls, which crash unless EAL runs. It
// refuses calls when EAL does not run or the primary has exited, counts those that run, and
// attaches DPDK's log lines to their errors.
package control

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// eal is EAL's state and the control calls that are inside it.
var eal struct {
	running atomic.Bool
	started EAL // written before running is first set

	mu     sync.Mutex
	calls  map[uint64]call
	number uint64        // of the last call
	left   chan struct{} // has a token when the last call left a stopped EAL
	atStop []func()
}

// call is a control call that runs.
type call struct {
	op, name string
	since    time.Time
}

func (c call) String() string {
	return fmt.Sprintf("%s %q, which has run for %v", c.op, c.name, time.Since(c.since).Round(time.Millisecond))
}

// stopTimeout is the time that Stop waits for calls under way.
var stopTimeout = 5 * time.Second

// Start lets control calls run. They are refused when the primary of e is no longer alive: they
// would take locks in memory that no process owns, or the next primary.
func Start(e EAL) {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	eal.left, eal.started = make(chan struct{}, 1), e
	eal.running.Store(true)
}

// Stop ends what runs on lcores, refuses control calls from now on, waits for those that run, and
// calls what AtStop was given. It waits 5 seconds for each. The error, which is dpdk.ErrBusy, names
// what runs even then: memory must stay mapped for it.
func Stop() error {
	var busy error
	if lcores != nil {
		busy = lcores.Stop()
	}
	return errors.Join(busy, stopCalls())
}

func stopCalls() error {
	eal.running.Store(false)
	over := time.After(stopTimeout)
	for {
		eal.mu.Lock()
		n, hooks := len(eal.calls), eal.atStop
		eal.mu.Unlock()
		if n == 0 {
			return stopRest(hooks, over)
		}
		select {
		case <-eal.left:
		case <-over:
			if busy := underWay(); busy != "" {
				// What can be ended is ended, but these calls may hold its locks.
				go func() { _ = stopRest(hooks, nil) }()
				return busyError(busy)
			}
			over = time.After(stopTimeout) // the last one has just left
		}
	}
}

// stopRest calls hooks, one after the other.
func stopRest(hooks []func(), over <-chan time.Time) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, f := range hooks {
			f()
		}
	}()
	select {
	case <-done:
		return nil
	case <-over:
		return busyError("what goes on without control calls, such as a burst that does not return")
	}
}

func busyError(what string) error {
	return &dpdk.Error{Op: "rte_eal_cleanup", Errno: dpdk.ErrBusy,
		Detail: fmt.Sprintf("%v was not enough for %s: its memory stays mapped and its devices open until the process ends", stopTimeout, what)}
}

// underWay lists the calls that run, the oldest first.
func underWay() string {
	eal.mu.Lock()
	calls := slices.Collect(maps.Values(eal.calls))
	eal.mu.Unlock()
	slices.SortFunc(calls, func(a, b call) int { return a.since.Compare(b.since) })
	text := make([]string, len(calls))
	for i, c := range calls {
		text[i] = c.String()
	}
	return strings.Join(text, "; ")
}

// AtStop registers f to run when EAL stops, before any memory is unmapped; f must stop
// background work that does not use Call, and must make no control calls.
func AtStop(f func()) {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	eal.atStop = append(eal.atStop, f)
}

// Running reports whether EAL runs at this moment.
func Running() bool { return eal.running.Load() }

// Call runs f, which calls the rte_ function op on the object name, if EAL runs. A
// dpdk.Errno that f returns becomes a *dpdk.Error of op and name. A *dpdk.Error that f returns
// gets the lines that this thread has logged meanwhile. Files that f opens are closed in
// programs that this process starts: see opens. If another process of the group is stopped, the error
// is dpdk.ErrTimeout where DPDK would wait for it.
func Call(op, name string, f func() error) error {
	n, err := enter(op, name)
	if err != nil {
		return err
	}
	defer leave(n)
	if takesLocks(op) {
		eal.started.EnterLocks()
		defer eal.started.LeaveLocks()
	}
	if !eal.started.PrimaryAlive() {
		return &dpdk.Error{Op: op, Name: name, Cause: dpdk.ErrPrimaryGone}
	}
	kind := opens(op)
	if kind != nothing {
		defer opening(kind)()
	}
	runtime.LockOSThread() // DPDK's log is kept by thread
	defer runtime.UnlockOSThread()
	if kind != nothing {
		end, err := beginGrowth(op, name)
		if err != nil {
			return err
		}
		defer end()
	}
	mark := cgo.LogMark()
	if err = f(); err != nil { // apart, as calls that succeed do not allocate
		return explain(op, name, err, mark, kind)
	}
	return nil
}

// takesLocks reports whether the rte_ function op may take locks in shared memory. Requests to other
// processes do not, and wait for an answer.
func takesLocks(op string) bool { return !strings.HasPrefix(op, "rte_mp_") }

// explain gives a bare error number its operation and object, and a *dpdk.Error the lines
// that this thread has logged since mark. The error may be joined with that of an undo. If the call
// failed because a process did not answer, the error names that process.
func explain(op, name string, err error, mark uint64, kind openKind) error {
	if errno, ok := err.(dpdk.Errno); ok {
		err = &dpdk.Error{Op: op, Name: name, Errno: errno}
	}
	var e *dpdk.Error
	if errors.As(err, &e) && e.Log == nil {
		e.Log = lines(cgo.LogSince(mark))
		if kind != nothing {
			unanswered(e)
		}
	}
	return err
}

// enter counts a control call, until leave, or refuses it.
func enter(op, name string) (n uint64, err error) {
	if !eal.running.Load() { // at once: callers that go on must not keep Stop waiting
		return 0, notRunning(op, name)
	}
	eal.mu.Lock()
	defer eal.mu.Unlock()
	if !eal.running.Load() {
		return 0, notRunning(op, name)
	}
	if eal.calls == nil {
		eal.calls = map[uint64]call{}
	}
	eal.number++
	eal.calls[eal.number] = call{op, name, time.Now()}
	return eal.number, nil
}

func leave(n uint64) {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	delete(eal.calls, n)
	if len(eal.calls) == 0 && !eal.running.Load() {
		select {
		case eal.left <- struct{}{}:
		default:
		}
	}
}

func notRunning(op, name string) error {
	if dpdk.CheckVersion() == dpdk.ErrNoDPDK { // eal.Init would not help
		return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrUnsupported, Cause: dpdk.ErrNoDPDK}
	}
	return &dpdk.Error{Op: op, Name: name, Cause: dpdk.ErrNotRunning}
}

// lines splits a part of the log.
func lines(text string) (all []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			all = append(all, line)
		}
	}
	return all
}
