package eal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

var (
	initMu  sync.Mutex // one start or stop at a time
	stream  *logStream // of the first Init; a failed one may be tried again
	used    bool       // EAL has started once
	failed  bool       // EAL has failed to start
	stale   []int      // see ealConfig
	current atomic.Pointer[Runtime]
)

// Init starts EAL with cfg (rte_eal_init). It refuses contradictions before C
// sees them, waits in Go where EAL would spin, and returns an error that holds
// EAL's own log lines when EAL fails.
//
// Errors to tell apart with errors.Is: dpdk.ErrNoPrimary, dpdk.ErrPrimaryRunning,
// dpdk.ErrNoHugepages, dpdk.ErrNotShared (a role that needs shared memory with
// an option that has none), dpdk.ErrAlreadyRunning, dpdk.ErrInvalid,
// dpdk.ErrNoDevice (a device of Vdevs or, in a primary, of Allow does not exist after
// EAL's start, which is undone), dpdk.ErrNoDPDK (which is an ErrUnsupported) and
// dpdk.ErrMismatch: an *AttachError, of a secondary that does not fit its primary.
// errors.As finds a *dpdk.VersionError.
//
// A secondary of a primary in Go is checked before it touches shared memory: DPDK's
// release and build, mempool ops, devices, lcores. What its options leave out it
// takes from the primary: the choice of PCI devices, and an lcore that is free.
// Nothing is known of a primary that is a C program.
//
// EAL's files are in a runtime directory: dpdk/PREFIX in $RUNTIME_DIRECTORY, else in
// /var/run for root, else in $XDG_RUNTIME_DIR, else in /tmp. Because EAL follows links
// there and truncates files, Init refuses the directory (EPERM) unless it belongs to the
// effective user and only that user can write to it. Its parent must belong to that user or to
// root, and other users must not be able to write to it, unless it is sticky, as /tmp is. A
// parent that is a mount of its own, as a container's volume is, is accepted. Init also refuses
// links, FIFOs and devices in place of EAL's files (EINVAL). A file system without room for
// EAL's files is dpdk.ErrNoSpace.
//
// An Init that fails removes the files that it has made. Hugepages that EAL had mapped are free
// again when the process ends.
//
// EAL runs on an OS thread of its own, pinned to the main lcore, until Close.
// Any goroutine may call Init; only the first call that succeeds starts EAL.
func Init(cfg Config) (*Runtime, error) {
	args, err := cfg.args()
	if err != nil {
		return nil, err
	}
	rt, _, err := start(args, &cfg)
	return rt, err
}

// InitArgs starts EAL with a command line in DPDK's convention: the program's
// name, EAL options, "--", and arguments of the application, which it returns.
// Call it with os.Args. Its log goes to slog.Default().
func InitArgs(args []string) (rt *Runtime, rest []string, err error) {
	if len(args) == 0 {
		return nil, nil, invalid("no arguments: pass os.Args, whose first is the program's name")
	}
	return start(args[1:], &Config{})
}

// checkVersion refuses to start a DPDK that this program was not compiled for.
func checkVersion() error {
	err := dpdk.CheckVersion()
	switch {
	case err == dpdk.ErrNoDPDK:
		return &dpdk.Error{Op: opInit, Errno: dpdk.ErrUnsupported, Cause: err}
	case err != nil:
		return &dpdk.Error{Op: opInit, Cause: err, Detail: "build it anew with this DPDK: go build -a"}
	}
	return nil
}

// start starts EAL with args; of cfg it takes what is no option of EAL.
func start(args []string, cfg *Config) (*Runtime, []string, error) {
	if err := checkVersion(); err != nil {
		return nil, nil, err
	}
	logger, timeout := cfg.Logger, cfg.PrimaryTimeout
	o, rest, err := parseOptions(args)
	if err != nil {
		return nil, nil, err
	}
	p, err := o.check()
	if err == nil {
		err = checkEnv()
	}
	if err != nil {
		return nil, nil, err
	}
	if timeout <= 0 {
		timeout = 10 * time.Second
	}

	initMu.Lock()
	defer initMu.Unlock()
	if used {
		return nil, nil, &dpdk.Error{Op: opInit, Errno: dpdk.Errno(syscall.EALREADY), Cause: dpdk.ErrAlreadyRunning}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	done, err := p.arrange(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if stream == nil {
		if stream, err = openLog(); err != nil {
			return nil, nil, err
		}
	}
	devices := o.devices(p.role)
	dir := runtimeDir(p.prefix)
	keep := o.last("huge-unlink") == "never"
	var a *attachment
	switch {
	case !p.shared && o.has("no-telemetry"):
	case !p.shared:
		err = checkPrivate(dir)
	case p.role == Primary:
		setOwn(dir)
		defer func() {
			if !used {
				setOwn("")
			}
		}()
		err = clearDead(dir, p.prefix, o.has("single-file-segments") && !keep)
		if err == nil {
			err = p.room(dir, o)
		}
	default:
		if err = p.room(dir, o); err == nil {
			a, err = attach(ctx, dir, o, cfg.SharedLcores, logger)
		}
	}
	if err == nil && p.shared && stale != nil {
		err = giveConfig(stale, dir, p.role == Primary)
	}
	if err != nil {
		if a != nil {
			a.leave()
		}
		return nil, nil, err
	}

	argv := append([]string{filepath.Base(os.Args[0]), "--proc-type=" + p.role.String()}, o.argv()...)
	main := newThread()
	stream.begin(logger)
	var parsed, errno int
	opened := control.CloseOnExec()
	main.do(func() { parsed, errno = cgo.EALInit(argv) })
	opened()
	lines := stream.end()
	if parsed < 0 {
		main.end()
		err := failure(o, errno, lines)
		if failed {
			err.Detail = join(err.Detail, "rte_eal_init has failed before in this process, after which it may not start: try in a new one")
		}
		failed = true
		if a != nil {
			// EAL keeps its socket open, on which the primary would ask it things.
			if e := detach(dir); e != nil {
				err.Detail = join(err.Detail, e.Error())
			}
			a.leave()
			if more := moreLibraries(lines, tailqs); more != nil {
				return nil, nil, more
			}
		} else if !p.shared {
			_ = os.Remove(dir) // unless others have something in it
		} else if !keep {
			stale = append(stale, ealConfig(dir)...)
			if e := removeFailed(dir, p.prefix); e != nil {
				err.Detail = join(err.Detail, e.Error())
			}
		}
		return nil, nil, err
	}
	used = true
	cgo.MempoolGuardCounts()
	rt := &Runtime{main: main, role: p.role, shared: p.shared, prefix: p.prefix, dir: dir, args: argv[1:], keep: keep, ear: -1}
	switch {
	case !p.shared:
	case p.role == Primary:
		a, err = publish(dir, p.prefix, o)
	default:
		err = a.attached(ctx)
	}
	if err == nil {
		err = missing(devices, lines)
	}
	control.Lcores.Main = main.give
	rt.attachment = a
	rt.listen()
	control.SetLogger(logger)
	cgo.MemCloseOnExec()
	control.Start()
	rt.begin(a)
	fastcall.SetAlone(!rt.shared)
	current.Store(rt)
	if err != nil {
		done() // which close wants
		return nil, nil, errors.Join(err, rt.close())
	}
	return rt, rest, nil
}

// failure makes the error of a failed rte_eal_init, whose reason often stands
// in the log only.
func failure(o *options, errno int, lines []string) *dpdk.Error {
	e := &dpdk.Error{Op: opInit, Errno: dpdk.Errno(errno), Log: lines}
	if syscall.Errno(errno) == syscall.EALREADY { // a failed start got too far for another
		e.Cause = dpdk.ErrAlreadyRunning
		return e
	}
	text := strings.Join(lines, "\n")
	for _, reason := range []struct {
		said   string
		cause  error
		detail string
	}{
		{"Is another primary process running?", dpdk.ErrPrimaryRunning, "use another Config.FilePrefix, or eal.Auto to join it"},
		{"refused secondary attachment", dpdk.ErrNotShared, "the primary has registered a thread as an lcore (lcore.Register) or given up messages (ipc.Disable, rte_mp_disable), after which it takes no secondaries: start it anew, with lcore.Pin and without ipc.Disable"},
		{"/config' for rte_mem_config", dpdk.ErrNoPrimary, "start one first, or use eal.Auto"},
		{"please use '--base-virtaddr' option", nil, "other memory is where EAL's has to be: start again, or set the primary's Config.BaseVirtAddr"},
		{"set_mempolicy: Operation not permitted", nil, "a seccomp filter forbids it: Docker's allows it with --cap-add=SYS_NICE"},
		{"Cannot initialize local memory map", nil, "a C program of this file prefix may have started at the same moment: start again; or another secondary has the same process id, in another pid namespace: run the containers of one group in one (docker run --pid=container:NAME)"},
		{"since physical addresses are not available", nil, "to see physical addresses takes root (CAP_SYS_ADMIN): use Config.IOVAMode IOVAVirtual, or IOVAAuto"},
		{"DMA remapping, error 12", nil, fmt.Sprintf("VFIO locks all of DPDK's memory, and this process may lock %s (ulimit -l): raise the limit (Docker: --ulimit memlock=-1; systemd: LimitMEMLOCK=infinity)", bytesOf(linux.LockedMemory()))},
	} {
		if strings.Contains(text, reason.said) {
			e.Cause, e.Detail = reason.cause, reason.detail
			return e
		}
	}
	for _, said := range []string{"Cannot get hugepage information", "No free hugepages reported", "Not enough memory available", "Cannot init memory"} {
		if strings.Contains(text, said) {
			e := noHugepages(o, text)
			e.Log = lines
			return e
		}
	}
	if len(lines) == 0 {
		e.Detail = `EAL logged nothing: add "*:debug" to Config.LogLevels`
	}
	return e
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// thread is an OS thread that belongs to EAL: rte_eal_init pins it, and makes
// it the main lcore.
type thread struct{ calls chan func() }

func newThread() *thread {
	t := &thread{make(chan func())}
	go func() {
		// Locked for good: when the goroutine ends, so does the thread, and Go
		// starts no other thread from one that is locked.
		runtime.LockOSThread()
		t.serve()
	}()
	return t
}

// serve runs the calls. One that ends its goroutine (runtime.Goexit) does not
// end the thread: the rest is served on the way out.
func (t *thread) serve() {
	ended := false
	defer func() {
		if !ended {
			t.serve()
		}
	}()
	for f := range t.calls {
		f()
	}
	ended = true
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// give runs f on the thread and waits only until it has begun.
func (t *thread) give(f func()) { t.calls <- f }

func (t *thread) end() { close(t.calls) }
