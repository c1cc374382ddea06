package group

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// A primary holds a lock on the file "config" while it lives. The first word of that file becomes
// RTE_MAGIC of eal_memcfg.h when the primary has finished starting.
const (
	magic = 19820526
	poll  = 10 * time.Millisecond

	opInit = "rte_eal_init"
)

// Role is the role of a process in its group. The numbers are those of eal.ProcessType.
type Role int

const (
	Primary Role = iota
	Secondary
	Auto
)

// state is a stage in the life of a primary.
type state int

const (
	absent state = iota
	starting
	ready
)

// own is the directory in which this process is the primary, or starts as one. There, closing any
// descriptor of the file "config" would release EAL's lock on it.
var own struct {
	sync.Mutex
	dir   string
	ready bool
}

// setOwn makes this process the primary of a directory, or of none if dir is "".
func setOwn(dir string, ready bool) {
	own.Lock()
	defer own.Unlock()
	own.dir, own.ready = dir, ready
}

// primaryState finds the state of a directory's primary by its files.
func primaryState(dir string) (state, error) {
	own.Lock()
	defer own.Unlock()
	if dir == own.dir {
		if !own.ready {
			return starting, nil
		}
		return ready, nil
	}
	if t, err := findTable(dir); t != nil && err == nil { // it has started, even if "config" is damaged
		t.close()
		return ready, nil
	}
	f, err := rundir.OpenFile(dir, rundir.ConfigFile, os.O_RDONLY)
	if f == nil || err != nil {
		return absent, err
	}
	defer f.Close()
	if locked, err := linux.Locked(f); err != nil {
		return absent, &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "lock of " + f.Name()}
	} else if !locked {
		return absent, nil
	}
	var word [4]byte
	if _, err := f.ReadAt(word[:], 0); err != nil || binary.NativeEndian.Uint32(word[:]) != magic {
		return starting, nil
	}
	return ready, nil
}

// WaitReady waits while a primary starts, and with absentToo also while no primary runs.
func WaitReady(ctx context.Context, dir string, absentToo bool) error {
	for {
		s, err := primaryState(dir)
		switch {
		case err != nil: // a primary may run
			return err
		case s == ready:
			return nil
		case s == absent && !absentToo:
			return NoPrimary(dir)
		}
		if err := sleep(ctx, poll); err != nil {
			if s == absent {
				return errors.Join(NoPrimary(dir), err)
			}
			return errors.Join(&dpdk.Error{Op: opInit, Cause: dpdk.ErrNoPrimary,
				Detail: "the primary of " + dir + " is still starting: wait longer, or kill it if it is stuck"}, err)
		}
	}
}

// NoPrimary returns the error of a directory in which no primary runs.
func NoPrimary(dir string) error {
	return &dpdk.Error{Op: opInit, Cause: dpdk.ErrNoPrimary,
		Detail: fmt.Sprintf("none runs with file prefix %q (%s): start one first, or use eal.Auto", filepath.Base(dir), dir)}
}

// lockInit takes the lock of rundir.InitLock, which serializes starts with one prefix, and the end of
// a primary: two Auto processes must not both find no primary, and each EAL tries the locks of all
// page tables in the folder after its start, which makes another EAL fail that
// creates its tables at that moment. makes is set for a process that may become the primary, which makes the folder.
// The returned function releases the lock.
func lockInit(ctx context.Context, dir string, makes bool) (unlock func(), err error) {
	for {
		f, err := tryInit(dir, makes)
		if f != nil {
			return func() { f.Close() }, nil
		}
		if err != nil {
			return nil, err
		}
		if err := sleep(ctx, poll); err != nil {
			return nil, errors.Join(&dpdk.Error{Op: opInit, Errno: dpdk.ErrAgain,
				Detail: "another process with this file prefix is still starting or ending (it holds " + filepath.Join(dir, rundir.InitLock) + "): kill it if it is stuck, or raise Config.PrimaryTimeout if many start at once"}, err)
		}
	}
}

// tryInit takes the lock. It returns nil and no error if another process has the lock, or is
// removing its file.
func tryInit(dir string, makes bool) (f *os.File, err error) {
	folder, err := rundir.Open(dir, makes)
	if err == nil {
		defer folder.Close()
		f, err = folder.Open(rundir.InitLock, os.O_RDWR|os.O_CREATE)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && makes:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, NoPrimary(dir)
	case err != nil:
		return nil, err
	}
	err = linux.Flock(f)
	if err == nil && sameFile(f, f.Name()) {
		return f, nil
	}
	f.Close()
	if err != nil && err != syscall.EWOULDBLOCK && err != syscall.EINTR {
		return nil, &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "flock " + f.Name()}
	}
	return nil, nil
}

// sameFile reports whether f still has the name: a primary that stops removes the file of the
// lock, and the lock of a removed file excludes no process.
func sameFile(f *os.File, name string) bool {
	there, err := os.Lstat(name)
	here, e := f.Stat()
	return err == nil && e == nil && os.SameFile(here, there)
}

// Look returns the facts of a directory's primary, if this process fits it. It waits for a primary that
// is still starting. A C program publishes no facts: then they are nil.
func Look(ctx context.Context, dir string) (*Facts, error) {
	if err := WaitReady(ctx, dir, false); err != nil {
		return nil, err
	}
	t, f, err := openTable(dir)
	if t == nil && err == nil { // EAL is ready before its primary has published
		unlock, e := lockInit(ctx, dir, false)
		if e != nil {
			return nil, e
		}
		t, f, err = openTable(dir)
		unlock()
	}
	if t == nil || err != nil {
		return nil, err
	}
	defer t.close()
	own := buildFacts()
	if err := f.checkBuild(&own, func(string, ...any) {}); err != nil {
		return nil, err
	}
	return f, nil
}

// Reservation is this process's turn to start. Until Release no other process in Go starts with the
// prefix, and no primary in Go ends.
type Reservation struct {
	Role Role // Primary or Secondary

	dir    string
	table  *table // nil if no primary in Go runs
	broken error  // of opening the table
	unlock func()
}

// Reserve makes sure that other processes of the directory's prefix can neither block EAL's own start
// nor make it fail, and decides the role if it is Auto.
func Reserve(ctx context.Context, dir string, role Role) (*Reservation, error) {
	if n := len(dir) + len("/mp_socket_4194304_0123456789abcdef"); n > linux.MaxSocketPath {
		return nil, check.Invalid(opInit, "", "file prefix %q: its socket %s/mp_socket_… needs %d bytes and a socket's path has at most %d: shorten it by %d",
			filepath.Base(dir), dir, n, linux.MaxSocketPath, n-linux.MaxSocketPath)
	}
	if role == Secondary { // to fail at once without a primary, and to wait for it without the lock
		if err := WaitReady(ctx, dir, false); err != nil {
			return nil, err
		}
	}
	r := &Reservation{Role: role, dir: dir}
	if err := r.turn(ctx); err != nil {
		return nil, err
	}
	if err := r.settle(ctx); err != nil {
		r.Release()
		return nil, err
	}
	return r, nil
}

// turn takes the lock of starts. It leaves it to a primary that is ending, and waits until that
// primary has ended.
func (r *Reservation) turn(ctx context.Context) error {
	for {
		unlock, err := lockInit(ctx, r.dir, r.Role != Secondary)
		if err != nil {
			return err
		}
		t, err := findTable(r.dir)
		if t == nil || err != nil || !t.ending() {
			r.table, r.broken, r.unlock = t, err, unlock
			return nil
		}
		t.close()
		unlock()
		for ending(r.dir) {
			if err := sleep(ctx, poll); err != nil {
				return errors.Join(&dpdk.Error{Op: opInit, Cause: dpdk.ErrNoPrimary, Detail: "the primary of " + r.dir + " is ending: wait longer, or kill it if it is stuck"}, err)
			}
		}
		if r.Role == Secondary {
			if err := WaitReady(ctx, r.dir, false); err != nil {
				return err
			}
		}
	}
}

// settle checks the directory, decides the role, and waits until EAL can have the directory's lock.
func (r *Reservation) settle(ctx context.Context) error {
	f, err := rundir.Open(r.dir, false)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Check(); err != nil {
		return err
	}
	if err := r.decide(ctx); err != nil {
		return err
	}
	return waitLockable(ctx, r.dir, f)
}

// decide decides the role. A primary that has published its table is ready.
func (r *Reservation) decide(ctx context.Context) error {
	s := ready
	if r.table == nil {
		var err error
		if s, err = primaryState(r.dir); err != nil {
			return err
		}
	}
	switch {
	case r.Role == Primary && s != absent:
		return &dpdk.Error{Op: opInit, Cause: dpdk.ErrPrimaryRunning,
			Detail: fmt.Sprintf("file prefix %q (%s): use another Config.FilePrefix, or eal.Auto to join it", filepath.Base(r.dir), r.dir)}
	case r.Role == Auto && s == absent:
		r.Role = Primary
	case r.Role == Auto:
		r.Role = Secondary
	}
	if r.Role == Primary {
		return nil // it removes the files of the former primary
	}
	if s != ready {
		if err := WaitReady(ctx, r.dir, false); err != nil {
			return err
		}
	}
	return r.broken
}

// waitLockable waits for the directory's lock, because EAL would wait for it without a timeout. A
// primary holds it while it starts.
func waitLockable(ctx context.Context, dir string, f *rundir.Dir) error {
	for !f.Lockable() {
		if err := sleep(ctx, poll); err != nil {
			return errors.Join(&dpdk.Error{Op: opInit, Errno: dpdk.ErrAgain,
				Detail: "another process holds the lock of " + dir + ", such as one that sends a message: kill it if it is stuck (lslocks shows it)"}, err)
		}
	}
	return nil
}

// Release ends the reservation. More calls, and a call on a nil Reservation, do nothing.
func (r *Reservation) Release() {
	if r == nil || r.unlock == nil {
		return
	}
	if r.table != nil { // Join has not taken it
		r.table.close()
	}
	r.unlock()
	r.table, r.unlock = nil, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func errnoOf(err error) dpdk.Errno { return dpdk.Errno(linux.Errno(err)) }
