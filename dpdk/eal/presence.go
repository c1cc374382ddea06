package eal

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// ProcessState is how far a process is.
type ProcessState uint32

const (
	Attaching ProcessState = ProcessState(slotAttaching) // in eal.Init
	Attached  ProcessState = ProcessState(slotAttached)
	Detached  ProcessState = ProcessState(slotLeft) // by Close, or the rte_eal_cleanup of C
	Died      ProcessState = ProcessState(slotLeft) + 1
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

// presenceTick is how often the kernel is asked who lives. A C program is taken for
// dead at the second refusal: between the close of its socket and the end of the
// file it may be leaving.
const presenceTick = 100 * time.Millisecond

// presence is what a process knows of the others of its prefix, and they of it.
type presence struct {
	*attachment
	ctx     context.Context
	cancel  context.CancelCauseFunc
	gone    atomic.Bool   // a secondary's primary
	ended   chan struct{} // closed when the goroutine has ended
	watcher *watcher      // in a primary with secondaries
}

// begin starts to look after the others.
func (rt *Runtime) begin(a *attachment) {
	rt.attachment = a
	rt.ctx, rt.cancel = context.WithCancelCause(context.Background())
	rt.ended = make(chan struct{})
	look := func() {}
	switch {
	case rt.role == Secondary:
		control.SetPrimary(rt.lives)
		look = func() { rt.lives() }
	case a != nil:
		rt.watcher = newWatcher(a)
		look = rt.watcher.look
	default: // nobody can attach
		close(rt.ended)
		return
	}
	go func() {
		defer close(rt.ended)
		for sleep(rt.ctx, presenceTick) == nil {
			look()
			rt.hear()
		}
	}()
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
func (rt *Runtime) Context() context.Context { return rt.ctx }

// PrimaryAlive says whether the primary that this process attached to, or is, still
// runs. It is false for ever in a secondary whose primary has been started again,
// where rte_eal_primary_proc_alive says true; and after Close.
func (rt *Runtime) PrimaryAlive() bool {
	return control.Call("rte_eal_primary_proc_alive", "", func() error { return nil }) == nil
}

// lives looks whether a secondary's primary lives, and ends the context if not.
func (rt *Runtime) lives() bool {
	if !rt.gone.Load() && rt.primaryLives() {
		return true
	}
	rt.cancel(dpdk.ErrPrimaryGone)
	if rt.gone.Swap(true) { // and no sync.Once: a log handler may make a control call
		return false
	}
	// The next primary of the prefix must not ask this process to follow changes of
	// its memory.
	err := detach(rt.dir)
	control.Logger().Error("the primary process has gone", "file-prefix", rt.prefix)
	if err != nil {
		control.Logger().Warn("files in the runtime directory", "error", err)
	}
	return false
}

// stopLooking ends what begin began.
func (rt *Runtime) stopLooking() {
	rt.cancel(context.Canceled)
	<-rt.ended
}

// Processes lists the living processes of the prefix, this one and the primary
// included, and those that died within the last moments. Under a primary that is a C
// program all others count as C programs, and the primary's Pid is 0.
func (rt *Runtime) Processes() ([]Process, error) {
	var all []Process
	err := control.Call("processes of a file prefix", rt.prefix, func() (err error) {
		all, err = rt.processes()
		return err
	})
	return all, err
}

func (rt *Runtime) processes() (all []Process, err error) {
	self := Process{Pid: os.Getpid(), Start: startTime(processStart()), Role: rt.role, State: Attached, Lcores: ealLcores().list(), Go: true}
	if rt.attachment == nil {
		return []Process{self}, nil
	}
	var strangers []string
	if rt.table == nil {
		strangers, err = rt.strangers()
		all = append(all, Process{Role: Primary, State: Attached}, self)
	} else if e := rt.table.look(func() {
		strangers, err = rt.strangers()
		all = rt.table.processes()
	}); e != nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	for _, name := range strangers {
		if mpsocket.Answers(filepath.Join(rt.dir, name)) {
			all = append(all, stranger(name, Attached))
		}
	}
	return all, nil
}

// stranger is a process of which there is a socket only.
func stranger(socket string, state ProcessState) Process {
	pid, _, _ := strings.Cut(strings.TrimPrefix(socket, mpsocket.Secondary), "_")
	n, _ := strconv.Atoi(pid)
	return Process{Pid: n, Role: Secondary, State: state}
}

// strangers are the sockets of secondaries that have no slot in the table: C
// programs. The folder is read first: a process has its slot before its socket.
func (a *attachment) strangers() (names []string, err error) {
	f, err := openFolder(a.dir, false)
	if err != nil {
		return nil, err
	}
	defer f.close()
	there, err := f.names(made)
	if err != nil {
		return nil, err
	}
	known, attaching := map[string]bool{}, map[string]bool{}
	if a.table == nil {
		own, _, err := mpsocket.Own(filepath.Join(a.dir, mpsocket.Secondary))
		if err != nil {
			return nil, err
		}
		for _, path := range own {
			known[filepath.Base(path)] = true
		}
	} else {
		for i := range a.table.slots {
			switch s := &a.table.slots[i]; s.state.Load() {
			case slotFree:
			case slotAttaching:
				attaching[strconv.FormatInt(s.pid, 10)] = true
			default:
				known[s.socketName()] = true
			}
		}
	}
	for _, name := range there {
		rest, found := strings.CutPrefix(name, mpsocket.Secondary)
		pid, _, _ := strings.Cut(rest, "_")
		if found && !known[name] && !attaching[pid] {
			names = append(names, name)
		}
	}
	return names, nil
}
