package eal

import (
	"context"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/group"
)

// ProcessState is how far a process is.
type ProcessState uint32

const (
	Attaching ProcessState = ProcessState(group.Attaching) // in eal.Init
	Attached  ProcessState = ProcessState(group.Attached)
	Detached  ProcessState = ProcessState(group.Detached) // by Close, or the rte_eal_cleanup of C
	Died      ProcessState = ProcessState(group.Died)
)

// String is the state in lower case.
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
	}
	return "ProcessState(" + strconv.Itoa(int(s)) + ")"
}

// Process is one of those that share a file prefix.
type Process struct {
	// Pid is the process's in its own pid namespace: in two containers two
	// processes may have the same.
	Pid int
	// Start is when the process began, and tells those of one Pid apart; zero for C
	// programs.
	Start  time.Time
	Role   ProcessType
	State  ProcessState
	Lcores []int // of EAL; unknown for C programs
	Go     bool  // false for C programs
}

// processOf is a process as users see it.
func processOf(p group.Process) Process {
	role := Secondary
	if p.Primary {
		role = Primary
	}
	return Process{p.Pid, p.Start, role, ProcessState(p.State), p.Lcores, p.Go}
}

// Context ends at Close and, in a secondary, when the primary has gone: it died, or
// ended, even if another one has started since. Then context.Cause is
// dpdk.ErrPrimaryGone (44 to 83 ms after the kill at the median, 160 ms at the worst of 28,
// on a machine with ten threads to run for each CPU), and every later control call of any
// package fails with that error. Rings, pools and ports found before may still
// be used without a crash, but nobody is on the other side: stop the goroutines
// that poll, Close, and end the process.
//
// The kernel is asked ten times a second, and before each control call (which adds
// 1.3 µs to it, 9 µs if the primary is a C program: measured in a virtual machine). A control call that is inside C
// while the primary dies goes on there.
func (rt *Runtime) Context() context.Context { return rt.group.Context() }

// PrimaryAlive says whether the primary that this process attached to, or is, still
// runs. It is false for ever in a secondary whose primary has been started again,
// where rte_eal_primary_proc_alive says true; and after Close.
func (rt *Runtime) PrimaryAlive() bool {
	return control.Call("rte_eal_primary_proc_alive", "", func() error { return nil }) == nil
}

// Processes lists the living processes of the prefix, this one and the primary
// included, and those that died within the last moments. Under a primary that is a C
// program all others count as C programs, and the primary's Pid is 0.
func (rt *Runtime) Processes() ([]Process, error) {
	var all []Process
	err := control.Call("processes of a file prefix", rt.prefix, func() error {
		found, err := rt.group.Processes()
		for _, p := range found {
			all = append(all, processOf(p))
		}
		return err
	})
	return all, err
}

// Event is what has become of a process: its State is Attached, Detached or Died.
type Event struct {
	Process
	Time time.Time // when it was noticed
}

// Watch tells the primary of the secondaries that come, go and die: first an event
// with Attached for each that there is, then one for each change, until ctx or this
// process's EAL ends, which closes the channel. Events wait for a slow reader
// without limit. A death is noticed at one of ten looks a second, a C program's at the
// second that finds it dead (those in Go 55 ms after the kill at the median, 114 ms at the
// worst of 20, on a machine with ten threads to run for each CPU); what the process held
// (mbufs, locks) is for the reader to see to, its files are removed.
//
// Each secondary in Go is told of, however short its life, once it has attached;
// one that dies inside Init is not. A C program is Attached when its socket is seen:
// in the middle of its rte_eal_init. If it dies while DPDK sends a message to all
// secondaries, as for a change of memory, DPDK can remove its socket first, which
// looks like Detached.
//
// The error is dpdk.ErrSecondary in a secondary, dpdk.ErrNotShared in a primary that
// can have none, and dpdk.ErrNotRunning after Close.
func (rt *Runtime) Watch(ctx context.Context) (<-chan Event, error) {
	const op = "watch of secondaries"
	if rt.role != Primary {
		return nil, &dpdk.Error{Op: op, Errno: dpdk.ESECONDARY}
	}
	events := rt.group.Events(ctx.Done())
	if events == nil {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotShared}
	}
	if !control.Running() {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotRunning}
	}
	out := make(chan Event)
	go func() {
		defer close(out)
		for e := range events {
			select {
			case out <- Event{processOf(e.Process), e.Time}:
			case <-ctx.Done():
				return
			case <-rt.Context().Done():
				return
			}
		}
	}()
	return out, nil
}
