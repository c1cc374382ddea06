package eal

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// process is the state of EAL in this process.
var process struct {
	sync.Mutex             // one start or stop at a time
	log         *logStream // of the first Init; a failed one may be tried again
	used        bool       // EAL has started once
	failed      bool       // EAL has failed to start
	descriptors []int      // of failed starts: see rundir.ConfigDescriptors

	current atomic.Pointer[Runtime]
}

// Init starts EAL with cfg. It refuses contradictions before C reads them, waits in Go where EAL
// would busy-wait, and returns an error with EAL's own log lines if EAL fails.
//
// errors.Is finds: dpdk.ErrNoPrimary, dpdk.ErrPrimaryRunning, dpdk.ErrNoHugepages,
// dpdk.ErrNotShared (a role that needs shared memory, with an option that shares none),
// dpdk.ErrAlreadyRunning, dpdk.ErrInvalid, dpdk.ErrNoDevice (a device of Vdevs or, in a primary, of
// Allow does not exist after EAL's start; Init undoes the start), dpdk.ErrNoDPDK (an
// ErrUnsupported) and dpdk.ErrMismatch (an [*AttachError]: a secondary does not fit its primary).
// errors.As finds a *dpdk.VersionError.
//
// Init checks a secondary of a primary in Go before it touches shared memory: DPDK's release and
// build, mempool ops, devices, lcores. If its options do not choose PCI devices, it gets the
// primary's choice; if they do not choose lcores, it gets a free lcore. A primary that is a C
// program publishes nothing to compare.
//
// EAL's files are in a runtime directory: dpdk/PREFIX in $RUNTIME_DIRECTORY, else in
// /var/run for root, else in $XDG_RUNTIME_DIR, else in /tmp. EAL follows links there and
// truncates files. So Init refuses the directory (dpdk.ErrPermission) unless it belongs to the
// effective user and only that user can write to it. Its parent must belong to that user or to
// root, and other users must not be able to write to it, unless it is sticky, as /tmp is. A
// parent that is itself a mount, such as a container's volume, is accepted. Init also refuses
// links, FIFOs and devices in place of EAL's files (dpdk.ErrInvalid). A file system without room
// for EAL's files is dpdk.ErrNoSpace.
//
// If Init fails, it removes the files that it has made. Hugepages that EAL had mapped become free
// when the process ends.
//
// EAL runs until Close on its own OS thread, which is pinned to the main lcore. Any goroutine may
// call Init. Only the first call that succeeds starts EAL.
//
// Implements: rte_eal_init
func Init(cfg Config) (*Runtime, error) {
	args, err := cfg.args()
	if err != nil {
		return nil, err
	}
	rt, _, err := start(args, &cfg)
	return rt, err
}

// InitArgs starts EAL with a command line in DPDK's convention: the program's name, EAL options,
// "--", and arguments of the application, which it returns. Pass os.Args. DPDK's log goes to
// slog.Default(). See [Init] for the rest.
//
// Implements: rte_eal_init
func InitArgs(args []string) (rt *Runtime, rest []string, err error) {
	if len(args) == 0 {
		return nil, nil, invalid("no arguments: pass os.Args, which starts with the program's name")
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
		return &dpdk.Error{Op: opInit, Cause: err, Detail: "rebuild the program with this DPDK: go build -a"}
	}
	return nil
}

// start starts EAL with args. From cfg it uses only the fields that are not EAL options.
func start(args []string, cfg *Config) (*Runtime, []string, error) {
	if err := checkVersion(); err != nil {
		return nil, nil, err
	}
	o, rest, err := parseOptions(args)
	if err != nil {
		return nil, nil, err
	}
	p, err := o.check()
	if err == nil {
		err = rundir.CheckEnv()
	}
	if err != nil {
		return nil, nil, err
	}

	process.Lock()
	defer process.Unlock()
	if process.used {
		return nil, nil, &dpdk.Error{Op: opInit, Errno: dpdk.Errno(syscall.EALREADY), Cause: dpdk.ErrAlreadyRunning}
	}
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(cfg.PrimaryTimeout, 10*time.Second))
	defer cancel()
	s := &startup{plan: p, options: o, cfg: cfg, dir: rundir.Path(p.prefix), keep: o.last("huge-unlink") == "never"}
	defer s.release()
	if err := s.prepare(ctx); err != nil {
		return nil, nil, err
	}
	main, lines, err := s.boot()
	if err != nil {
		return nil, nil, err
	}
	rt, err := s.join(ctx, main, lines)
	if err != nil {
		return nil, nil, err
	}
	return rt, rest, nil
}
