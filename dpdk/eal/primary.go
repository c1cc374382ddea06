package eal

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
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// What a primary shows in its runtime directory: it holds a lock on the file
// "config" as long as it lives, and the first word of that file becomes
// eal_memcfg.h's RTE_MAGIC when it has finished starting.
const (
	configFile = "config"
	magic      = 19820526
	// initLock serialises starts of one prefix, and a primary's end: two Auto processes
	// must not both find no primary, and each EAL, when it has started, tries the locks
	// of all page tables in the folder, at which another that makes its own just then
	// fails.
	initLock = "godpdk_init"
	poll     = 10 * time.Millisecond
)

// runtimeDir is where EAL keeps the files of a prefix (eal_create_runtime_dir).
func runtimeDir(prefix string) string {
	base := os.Getenv("RUNTIME_DIRECTORY")
	switch {
	case base != "":
	case os.Getuid() == 0:
		base = "/var/run"
	default:
		if base = os.Getenv("XDG_RUNTIME_DIR"); base == "" {
			base = "/tmp"
		}
	}
	return filepath.Join(base, "dpdk", prefix)
}

// checkEnv refuses an empty variable, with which EAL would work in /dpdk.
func checkEnv() error {
	name := "RUNTIME_DIRECTORY"
	value, set := os.LookupEnv(name)
	if !set && os.Getuid() != 0 {
		name = "XDG_RUNTIME_DIR"
		value, set = os.LookupEnv(name)
	}
	if set && value == "" {
		return invalid("the environment variable %s is empty: unset it, or set it to a folder", name)
	}
	return nil
}

// state is how far a primary is.
type state int

const (
	absent state = iota
	starting
	ready
)

// own is where this process is the primary, or starts as one. Closing any descriptor
// of the config file there would drop the lock that EAL has on it.
var own struct {
	sync.Mutex
	dir string
}

func setOwn(dir string) {
	own.Lock()
	defer own.Unlock()
	own.dir = dir
}

// primaryState looks at the files of a prefix.
func primaryState(dir string) (state, error) {
	own.Lock()
	defer own.Unlock()
	if dir == own.dir {
		if current.Load() == nil {
			return starting, nil
		}
		return ready, nil
	}
	f, err := openIfThere(dir, configFile, os.O_RDONLY)
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

// WaitPrimary waits until a primary with the file prefix runs and has finished
// starting, or until ctx ends; the error then says which of the two is missing.
// If the runtime directory cannot be read, or Init would refuse it, the error is not
// dpdk.ErrNoPrimary, because a primary may run there.
// It returns at once in a process that has attached to that primary or is it.
// An empty prefix is EAL's default, "rte".
func WaitPrimary(ctx context.Context, prefix string) error {
	if prefix == "" {
		prefix = "rte"
	}
	dir := runtimeDir(prefix)
	if rt := current.Load(); rt != nil && rt.shared && rt.dir == dir {
		if rt.PrimaryAlive() {
			return nil
		}
		return noPrimary(dir)
	}
	return waitReady(ctx, dir, true)
}

// waitReady waits while a primary starts, and while there is none if absentToo.
func waitReady(ctx context.Context, dir string, absentToo bool) error {
	for {
		s, err := primaryState(dir)
		switch {
		case err != nil: // a primary may run or not
			return err
		case s == ready:
			return nil
		case s == absent && !absentToo:
			return noPrimary(dir)
		}
		if err := sleep(ctx, poll); err != nil {
			if s == absent {
				return errors.Join(noPrimary(dir), err)
			}
			return errors.Join(&dpdk.Error{Op: opInit, Cause: dpdk.ErrNoPrimary,
				Detail: "the primary of " + dir + " is still starting: wait longer, or end it if it is stuck"}, err)
		}
	}
}

func noPrimary(dir string) error {
	return &dpdk.Error{Op: opInit, Cause: dpdk.ErrNoPrimary,
		Detail: fmt.Sprintf("none runs with file prefix %q (%s): start one first, or use eal.Auto", filepath.Base(dir), dir)}
}

// lockInit takes the lock of a prefix's starts. What may become its primary makes the
// folder. The returned func releases it.
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
				Detail: "another process of this file prefix is still starting, or ending (it holds " + filepath.Join(dir, initLock) + "): end it if it is stuck, or raise Config.PrimaryTimeout if many start at once"}, err)
		}
	}
}

// tryInit takes the lock; nil and no error if another process has it, or is just
// removing it.
func tryInit(dir string, makes bool) (f *os.File, err error) {
	folder, err := openFolder(dir, makes)
	if err == nil {
		defer folder.close()
		f, err = folder.open(initLock, os.O_RDWR|os.O_CREATE)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && makes:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, noPrimary(dir)
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

// openIfThere opens a regular file in a runtime directory; nil if there is none.
func openIfThere(dir, name string, flags int) (*os.File, error) {
	folder, err := openFolder(dir, false)
	if err == nil {
		defer folder.close()
		var f *os.File
		if f, err = folder.open(name, flags); err == nil {
			return f, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return nil, err
}

// sameFile says whether f is what has the name now: a primary that stops removes the
// file of its prefix's lock, and the lock of a removed file keeps nobody out.
func sameFile(f *os.File, name string) bool {
	there, err := os.Lstat(name)
	here, e := f.Stat()
	return err == nil && e == nil && os.SameFile(here, there)
}

// arrange makes sure that EAL's own start can neither hang nor fail on the
// other processes of the prefix, and settles what Auto means. The returned
// func ends the reservation; call it when EAL has started.
func (p *plan) arrange(ctx context.Context) (done func(), err error) {
	if !p.shared {
		return func() {}, nil
	}
	dir := runtimeDir(p.prefix)
	if n := len(dir) + len("/mp_socket_4194304_0123456789abcdef"); n > linux.MaxSocketPath {
		return nil, invalid("file prefix %q: its socket %s/mp_socket_… needs %d bytes and a socket's path has at most %d: shorten it by %d", p.prefix, dir, n, linux.MaxSocketPath, n-linux.MaxSocketPath)
	}
	unlock, err := p.turn(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()

	f, err := openFolder(dir, false)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if err := f.check(); err != nil {
		return nil, err
	}
	s, err := primaryState(dir)
	if err != nil {
		return nil, err
	}
	if p.role == Auto {
		p.role = Primary
		if s != absent {
			p.role = Secondary
		}
	}
	if p.role == Primary && s != absent {
		return nil, &dpdk.Error{Op: opInit, Cause: dpdk.ErrPrimaryRunning,
			Detail: fmt.Sprintf("file prefix %q (%s): use another Config.FilePrefix, or eal.Auto to join it", p.prefix, dir)}
	}
	if p.role == Secondary {
		if err := waitReady(ctx, dir, false); err != nil {
			return nil, err
		}
	}
	return unlock, f.waitLockable(ctx)
}

// waitLockable waits for the directory's lock, because EAL would wait for it without a
// timeout. A primary holds it while it starts.
func (f *folder) waitLockable(ctx context.Context) error {
	for !f.lockable() {
		if err := sleep(ctx, poll); err != nil {
			return errors.Join(&dpdk.Error{Op: opInit, Errno: dpdk.ErrAgain,
				Detail: "another process holds the lock of " + f.dir.Name() + ", as while it sends a message: end it if it is stuck (lslocks shows it)"}, err)
		}
	}
	return nil
}

// checkPrivate checks the runtime directory for a process that shares no memory. EAL makes
// the directory even then, for its telemetry socket.
func checkPrivate(dir string) error {
	f, err := openFolder(dir, true)
	if err != nil {
		return err
	}
	defer f.close()
	return f.check()
}

// turn takes the lock of starts when it is this process's turn: not while a primary is
// ending, which waits for the lock itself.
func (p *plan) turn(ctx context.Context, dir string) (unlock func(), err error) {
	for {
		if p.role == Secondary {
			if err := waitReady(ctx, dir, false); err != nil {
				return nil, err
			}
		}
		unlock, err := lockInit(ctx, dir, p.role != Secondary)
		if err != nil || !ending(dir) {
			return unlock, err
		}
		unlock()
		for ending(dir) {
			if err := sleep(ctx, poll); err != nil {
				return nil, errors.Join(&dpdk.Error{Op: opInit, Cause: dpdk.ErrNoPrimary, Detail: "the primary of " + dir + " is ending: wait longer, or end it if it is stuck"}, err)
			}
		}
	}
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

func errnoOf(err error) dpdk.Errno {
	var e syscall.Errno
	errors.As(err, &e)
	return dpdk.Errno(e)
}
