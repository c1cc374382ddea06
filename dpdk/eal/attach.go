package eal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// attachment is what a process has with the others of its prefix.
type attachment struct {
	dir   string
	facts *facts // of the primary; nil if it is a C program
	// table is nil if the primary is a C program: then socket is the primary's
	// rte_mp socket, by which to see it end.
	table  *table
	socket *os.File
	shared bool // Config.SharedLcores
	warn   func(text string, args ...any)
}

// attach checks, before EAL starts, that this process fits the primary, completes
// its options from what the primary published, and claims its lcores. The lock of
// starts is held. A primary that is a C program has published nothing.
func attach(ctx context.Context, dir string, o *options, shared bool, logger *slog.Logger) (*attachment, error) {
	a := &attachment{dir: dir, shared: shared, warn: warner(logger)}
	t, f, err := openTable(dir)
	if t == nil || err != nil {
		return a, err
	}
	own := buildFacts()
	if err = f.checkBuild(&own, a.warn); err == nil {
		err = f.checkMounts()
	}
	if err == nil {
		err = f.checkDevices(o, a.warn)
	}
	if err == nil {
		_, err = o.check() // also the options that came from the primary
	}
	if err == nil {
		if e := t.mmap(); e != nil {
			err = &dpdk.Error{Op: opInit, Errno: errnoOf(e), Detail: e.Error()}
		}
	}
	if err == nil {
		err = a.enter(ctx, t, o)
	}
	if err != nil {
		t.close()
		return nil, err
	}
	a.table, a.facts = t, f
	return a, nil
}

// enter claims this process's lcores and a slot in the table.
func (a *attachment) enter(ctx context.Context, t *table, o *options) (err error) {
	if e := t.look(func() {
		err = t.claiming(ctx, func() error {
			if err := t.otherPid(); err != nil {
				return err
			}
			lcores, err := t.choose(o)
			if err != nil {
				return err
			}
			if err := a.disjoint(t, lcores); err != nil {
				return err
			}
			return t.enterAny(lcores)
		})
	}); e != nil {
		return e
	}
	return err
}

// publish makes this process, whose EAL has started, the primary that others find.
func publish(dir, prefix string, o *options) (*attachment, error) {
	f, err := ownFacts(o, prefix)
	if err != nil {
		return nil, err
	}
	t, err := createTable(dir, f, ealLcores())
	if err != nil {
		return nil, err
	}
	return &attachment{dir: dir, facts: f, table: t}, nil
}

func warner(logger *slog.Logger) func(string, ...any) {
	if logger == nil {
		logger = slog.Default()
	}
	return logger.Warn
}

// otherPid refuses to attach beside a secondary of another pid namespace with the
// pid of this process: EAL has files that are named by it, and fails over the lock.
func (t *table) otherPid() error {
	pid := int64(os.Getpid())
	for i, s := range t.living {
		if i > 0 && s.pid == pid {
			return &AttachError{"pid", fmt.Sprintf("a secondary with pid %d", pid), fmt.Sprintf("pid %d in another pid namespace", pid),
				"share the pid namespace, or start another process before it in its container"}
		}
	}
	return nil
}

// choose are the lcores that EAL will have; none if its options leave it to EAL in
// a way that only EAL knows. Without options it takes one that is free.
func (t *table) choose(o *options) (lcores lcoreSet, err error) {
	switch {
	case o.has("remap-lcore-ids") || o.has("coremask"):
		return lcores, nil
	case o.has("lcores"):
		all, err := cpulist.Lcores(o.last("lcores"))
		for _, l := range all {
			lcores.add(l.ID)
		}
		return lcores, err
	case o.has("main-lcore") || o.has("service-corelist") || o.has("service-coremask"):
		return lcores, nil
	}
	var taken lcoreSet
	for _, s := range t.living {
		taken = taken.or(s.lcores)
	}
	cpus, err := cpulist.OfThread()
	if err != nil {
		return lcores, &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "sched_getaffinity"}
	}
	for id := range cgo.MaxLcore {
		if !taken.has(id) {
			lcores.add(id)
			o.add("lcores", fmt.Sprintf("%d@(%s)", id, cpulist.Spans(cpus)))
			return lcores, nil
		}
	}
	return lcores, &AttachError{"lcores", "and its secondaries have all of 0-" + strconv.Itoa(cgo.MaxLcore-1), "none", "end one of them, or give them fewer"}
}

// disjoint refuses lcores that another process has: what mempools keep for an
// lcore is in shared memory, by the lcore's id, without a lock.
func (a *attachment) disjoint(t *table, lcores lcoreSet) error {
	if a.shared {
		return nil
	}
	for i, s := range t.living {
		if both := s.lcores.and(lcores); both != (lcoreSet{}) {
			who := "primary"
			if i > 0 {
				who = "secondary"
			}
			return &AttachError{"lcores", fmt.Sprintf("%v in the %s with pid %d", both, who, s.pid), lcores.String(),
				"give each process others in Config.Lcores (\"7@0\" is lcore 7 on CPU 0); a secondary with none takes one that is free"}
		}
	}
	return nil
}

// attached completes the attachment when EAL has started. It fails if the primary
// is not the one that was looked at before.
func (a *attachment) attached(ctx context.Context) error {
	if a.table == nil {
		socket, err := os.OpenFile(filepath.Join(a.dir, mpsocket.Primary), linux.O_PATH, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return noPrimary(a.dir)
		}
		if err != nil {
			return unusable(err)
		}
		a.socket = socket
	}
	if !a.primaryLives() {
		return noPrimary(a.dir)
	}
	if a.table == nil {
		return nil
	}
	if err := a.facts.checkOps(cgo.MempoolOps()); err != nil {
		return err
	}
	var err error
	if e := a.table.look(func() { err = a.complete(ctx) }); e != nil {
		return e
	}
	return err
}

// complete writes this process's lcores and socket into its slot.
func (a *attachment) complete(ctx context.Context) error {
	s, lcores := &a.table.slots[a.table.own], ealLcores()
	if s.lcores != lcores {
		err := a.table.claiming(ctx, func() error {
			if err := a.disjoint(a.table, lcores); err != nil {
				return err
			}
			s.lcores = lcores
			return nil
		})
		if err != nil {
			return err
		}
	}
	if own, _, err := mpsocket.Own(filepath.Join(a.dir, mpsocket.Secondary)); err == nil && len(own) > 0 {
		copy(s.socket[:len(s.socket)-1], filepath.Base(own[0]))
	}
	s.state.Store(slotAttached)
	return nil
}

// primaryLives asks the kernel whether the primary that this process attached to
// has ended. One that came after it is another one.
func (a *attachment) primaryLives() bool {
	if a.table != nil {
		return a.table.held(0)
	}
	return mpsocket.Answers("/proc/self/fd/" + strconv.Itoa(int(a.socket.Fd())))
}

// leaving tells the others that this process is about to go, and not killed.
func (a *attachment) leaving() {
	t := a.table
	if t == nil || t.mem == nil || t.own < 0 {
		return
	}
	// If the table has been cut short, this process counts as dead: its lock goes.
	_ = t.look(func() { t.slots[t.own].state.CompareAndSwap(slotAttached, slotLeft) })
}

// leave ends the attachment of a process that goes on without it.
func (a *attachment) leave() {
	a.leaving()
	if a.table != nil {
		a.table.close()
	}
	if a.socket != nil {
		a.socket.Close()
	}
}

// ealLcores are the lcores that EAL made for this process.
func ealLcores() (set lcoreSet) {
	for _, l := range cgo.Lcores() {
		if l.Role == cgo.RoleRTE || l.Role == cgo.RoleService {
			set.add(l.ID)
		}
	}
	return set
}
