package eal

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/group"
)

// ProcessState is a stage in the life of a process.
type ProcessState uint32

const (
	Attaching ProcessState = ProcessState(group.Attaching) // in eal.Init
	Attached  ProcessState = ProcessState(group.Attached)
	Detached  ProcessState = ProcessState(group.Detached) // by Close, or by rte_eal_cleanup in C
	Died      ProcessState = ProcessState(group.Died)
	Recovered ProcessState = ProcessState(group.Recovered) // only in an Event: see Event.Recovery
)

// String returns the state in lower case.
func (s ProcessState) String() string {
	switch s {
	case Attaching:
		return "attaching"
	case Attached:
		return "attached"
	case Detached:
		return "detached"
	case Died:
		return "died"
	case Recovered:
		return "recovered"
	}
	return "ProcessState(" + strconv.Itoa(int(s)) + ")"
}

// Process is one of the processes that share a file prefix.
type Process struct {
	// Pid is the process ID in the process's own pid namespace. Processes in two containers
	// can have the same Pid.
	Pid int
	// Start is the time at which the process started. It distinguishes processes of one Pid. It is
	// zero for C programs.
	Start  time.Time
	Role   ProcessType
	State  ProcessState
	Lcores []int // EAL's lcores; unknown for C programs
	Go     bool  // false for C programs
}

// exported converts a process of package group.
func exported(p group.Process) Process {
	role := Secondary
	if p.Primary {
		role = Primary
	}
	return Process{p.Pid, p.Start, role, ProcessState(p.State), p.Lcores, p.Go}
}

// Context returns a context that ends at Close and, in a secondary, when the primary has gone: it
// died or ended, even if another primary has started since. Then context.Cause returns
// dpdk.ErrPrimaryGone, and every later control call of any package fails with that error.
// Rings, pools and ports found before can still be used without a crash, but no process is on the
// other side. Stop the goroutines that poll, call Close, and end the process.
//
// EAL checks liveness ten times a second and before each control call. A control call that is
// inside C while the primary dies continues there.
func (rt *Runtime) Context() context.Context { return rt.group.Context() }

// PrimaryAlive reports whether the primary that this process attached to, or is, still runs. It stays
// false in a secondary after a restart of the primary, where rte_eal_primary_proc_alive returns true.
// After Close it is false.
//
// Implements: rte_eal_primary_proc_alive
func (rt *Runtime) PrimaryAlive() bool {
	return control.Call("rte_eal_primary_proc_alive", "", func() error { return nil }) == nil
}

// Processes lists the living processes of the prefix, with this process and the primary, and
// processes that died a moment ago. If the primary is a C program, all other processes count as C
// programs, and the primary's Pid is 0.
func (rt *Runtime) Processes() ([]Process, error) {
	var all []Process
	err := control.Call("eal.Runtime.Processes", rt.prefix, func() error {
		found, err := rt.group.Processes()
		for _, p := range found {
			all = append(all, exported(p))
		}
		return err
	})
	return all, err
}

// Event is a change of a process: its State is Attached, Detached, Died or Recovered.
type Event struct {
	Process
	Time     time.Time // when the primary noticed the change
	Recovery Recovery  // with the State Recovered
}

// Recovery counts what a process had when it ended, and the primary has taken care of. See the page
// worker-crash.md.
type Recovery struct {
	Returned int // mbufs and objects that are in their pools again
	Kept     int // elements in batches with a name, for a successor
	Dropped  int // elements of other batches
	InDoubt  int // mbufs that a driver may have or not: they were not returned
	Released int // locks, readers, ports and other ids that are free again
}

// Recover waits until this primary has taken care of all processes that ended before the call, and
// returns what it has done during the call. The primary does so by itself within a second: call
// Recover when the result is needed at once, as in a test. The error is that of ctx, context.Canceled if EAL
// ends meanwhile, dpdk.ErrSecondary in a secondary, dpdk.ErrNotShared in a primary that shares no memory, and
// EFAULT if another process has truncated the table of processes.
func (rt *Runtime) Recover(ctx context.Context) (Recovery, error) {
	const op = "eal.Runtime.Recover"
	switch {
	case rt.role != Primary:
		return Recovery{}, &dpdk.Error{Op: op, Errno: dpdk.ErrSecondary}
	case !rt.shared:
		return Recovery{}, &dpdk.Error{Op: op, Cause: dpdk.ErrNotShared}
	}
	var r Recovery
	err := control.Call(op, rt.prefix, func() error {
		done, err := rt.group.Recover(ctx)
		r = Recovery(done)
		return err
	})
	return r, err
}

// Subscription is a stream of events about the secondaries of this primary.
type Subscription struct {
	// C delivers each event once. Close and the end of this process's EAL close it.
	C <-chan Event

	done chan struct{}
	once sync.Once
}

// Subscribe returns a stream of events about secondaries: first an event with Attached for each
// attached secondary, then one event for each change. Events are queued without limit until
// they are taken from C. The primary looks for changes ten times a second. When a process has ended,
// the primary removes its files and returns what it held. If there was something to return, an event
// with the State Recovered follows.
//
// Every secondary in Go is reported once it has attached, however briefly it lives. A secondary
// that dies inside Init is not reported, apart from Recovered if it had locks. A C program is Attached
// when its socket appears, in the middle of its rte_eal_init, and Died when a second look finds its
// socket dead. If it dies while DPDK sends a message to all secondaries, such as for a change of memory,
// DPDK can remove its socket first: then it is Detached.
//
// The error is dpdk.ErrSecondary in a secondary, dpdk.ErrNotShared in a primary that
// shares no memory, and dpdk.ErrNotRunning after Close.
func (rt *Runtime) Subscribe() (*Subscription, error) {
	const op = "eal.Runtime.Subscribe"
	if rt.role != Primary {
		return nil, &dpdk.Error{Op: op, Errno: dpdk.ErrSecondary}
	}
	done := make(chan struct{})
	events := rt.group.Events(done)
	if events == nil {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotShared}
	}
	if !control.Running() {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotRunning}
	}
	c := make(chan Event)
	go func() {
		defer close(c)
		for e := range events {
			select {
			case c <- Event{exported(e.Process), e.Time, Recovery(e.Recovery)}:
			case <-done:
				return
			case <-rt.Context().Done():
				return
			}
		}
	}()
	return &Subscription{C: c, done: done}, nil
}

// Close ends the subscription: events that were not taken are dropped, and C is closed soon after.
// Any goroutine may call it, more than once. Close of a nil Subscription, or of the zero value,
// does nothing.
func (s *Subscription) Close() {
	if s != nil && s.done != nil {
		s.once.Do(func() { close(s.done) })
	}
}
