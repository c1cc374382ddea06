package eal

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/godpdk/godpdk/cgo"
	_ "github.com/godpdk/godpdk/dpdk/internal/batchmem" // a primary makes batches for its secondaries
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/internal/group"
	_ "github.com/godpdk/godpdk/dpdk/internal/places"  // a primary has the book of places
	_ "github.com/godpdk/godpdk/dpdk/internal/release" // releases what dead secondaries had
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// startup is one start of EAL. Its steps are prepare, boot and join; release follows in any case.
type startup struct {
	plan
	options *options
	cfg     *Config
	dir     string
	keep    bool // --huge-unlink=never
	args    []string

	reservation *group.Reservation // nil if nothing is shared
	member      *group.Member
	joined      bool
}

// prepare decides the role, and makes sure that the files and the other processes of the prefix can
// neither block EAL's own start nor make it fail.
func (s *startup) prepare(ctx context.Context) error {
	if err := s.reserve(ctx); err != nil {
		return err
	}
	if process.log == nil {
		var err error
		if process.log, err = openLog(); err != nil {
			return err
		}
	}
	var err error
	switch {
	case !s.shared:
		err = s.preparePrivate()
	case s.role == Primary:
		err = s.preparePrimary()
	default:
		err = s.prepareSecondary(ctx)
	}
	if err == nil && s.shared {
		err = group.GiveConfig(process.descriptors, s.dir, s.role == Primary)
	}
	return attachError(err)
}

// reserve waits for this process's turn to start, and decides the role if it is Auto.
func (s *startup) reserve(ctx context.Context) (err error) {
	if !s.shared {
		return nil
	}
	if s.reservation, err = group.Reserve(ctx, s.dir, group.Role(s.role)); err == nil {
		s.role = ProcessType(s.reservation.Role)
	}
	return err
}

func (s *startup) preparePrivate() error {
	s.member = group.NewPrivate(s.dir, s.prefix)
	if s.options.has("no-telemetry") {
		return nil
	}
	return rundir.CheckPrivate(s.dir)
}

func (s *startup) preparePrimary() error {
	s.member = group.NewPrimary(s.dir, s.prefix)
	if err := group.ClearDead(s.dir, s.prefix, s.options.has("single-file-segments") && !s.keep); err != nil {
		return err
	}
	return s.room(s.dir, s.options)
}

// prepareSecondary checks that this process fits the primary, adopts options of the primary, and
// claims lcores.
func (s *startup) prepareSecondary(ctx context.Context) error {
	if err := s.room(s.dir, s.options); err != nil {
		return err
	}
	logger := s.cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	m, err := s.reservation.Join(s.prefix, s.cfg.SharedLcores, logger.Warn)
	if err != nil {
		return err
	}
	s.member = m
	adopted, err := m.Adopt(s.options.values)
	if err != nil {
		return err
	}
	for _, o := range adopted {
		s.options.add(o.Name, o.Value)
	}
	if _, err := s.options.check(); err != nil { // with the options of the primary
		return err
	}
	for _, device := range s.options.uio() {
		logger.Warn("the kernel stops the DMA of this device when the secondary ends, and the primary's port loses packets: bind the device to vfio-pci", "device", device, "driver", "uio_pci_generic")
	}
	lcores, err := m.Claim(ctx, s.options.values)
	if lcores != "" {
		s.options.add("lcores", lcores)
	}
	return err
}

// boot starts EAL on a new thread, and returns the lines that EAL has logged.
func (s *startup) boot() (main *thread, lines []string, err error) {
	s.args = append([]string{"--proc-type=" + s.role.String()}, s.options.argv()...)
	argv := append([]string{filepath.Base(os.Args[0])}, s.args...)
	main = newThread()
	process.log.begin(s.cfg.Logger)
	var parsed, errno int
	opened := control.CloseOnExec()
	main.do(func() { parsed, errno = cgo.EALInit(argv) })
	opened()
	lines = process.log.end()
	if parsed < 0 {
		main.end()
		return nil, nil, s.failed(errno, lines)
	}
	process.used = true
	return main, lines, nil
}

// failed removes the files of a failed start of EAL, and returns its error.
func (s *startup) failed(errno int, lines []string) error {
	err := failure(s.options, errno, lines)
	if process.failed {
		err.Detail = join(err.Detail, "rte_eal_init has failed before in this process, after which it may not start: try in a new process")
	}
	process.failed = true
	var left error
	switch {
	case !s.shared:
		_ = os.Remove(s.dir) // fails if other processes have files there
	case s.role == Secondary:
		// EAL keeps its socket open: the primary would send requests to it.
		left = s.member.Detach()
		if more := group.MoreLibraries(lines); more != nil {
			return attachError(more)
		}
	case !s.keep:
		process.descriptors = append(process.descriptors, rundir.ConfigDescriptors(s.dir)...)
		left = group.RemoveFailed(s.dir, s.prefix)
	}
	if left != nil {
		err.Detail = join(err.Detail, left.Error())
	}
	return err
}

// join makes this process visible to the other members of its group, after EAL has started. If
// that fails, it stops EAL.
func (s *startup) join(ctx context.Context, main *thread, lines []string) (*Runtime, error) {
	s.joined = true
	cgo.MempoolGuardCounts()
	rt := &Runtime{main: main, plan: s.plan, dir: s.dir, args: s.args, keep: s.keep, group: s.member}
	var err error
	switch {
	case !s.shared:
	case s.role == Primary:
		err = s.member.Publish(s.options.values, rt.IOVAMode().String())
	default:
		err = attachError(s.member.Attached(ctx))
	}
	if err == nil {
		err = missing(s.options.devices(s.role), lines)
	}
	control.SetLogger(s.cfg.Logger)
	rt.group.Start(main.tid, !rt.shared)
	cgo.MemCloseOnExec()
	control.Start(started{rt.group, rt.main})
	fastcall.SetAlone(!rt.shared)
	fastcall.SetDrivers(s.cfg.FastDrivers)
	if s.role == Primary {
		var direct error
		if rt.telemetry, direct = telserver.Start(s.dir); direct != nil {
			control.Logger().Warn("telemetry requests can crash this process while it makes or ends ports, memzones or pools: put the runtime directory (XDG_RUNTIME_DIR) on tmpfs, shorten it, or use --no-telemetry", "error", direct)
		}
	}
	process.current.Store(rt)
	rt.group.Ready(true)
	if s.role == Secondary {
		rt.group.NoteArrays()
	}
	if err == nil && s.role == Primary && s.cfg.Prepare != nil {
		err = s.cfg.Prepare(rt) // this process has the lock of starts until Init returns
	}
	if err != nil {
		s.reservation.Release() // close takes the lock
		return nil, errors.Join(err, rt.close())
	}
	return rt, nil
}

// started implements control.EAL.
type started struct {
	*group.Member
	main *thread
}

func (s started) RunOnMain(f func()) { s.main.give(f) }

// release lets other processes start. If this start has failed, it ends the membership.
func (s *startup) release() {
	if !s.joined && s.member != nil {
		s.member.Leave()
		s.member.Disown()
	}
	s.reservation.Release()
}
