package holder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// lockTick is the interval between two attempts to take a lock that another process has.
const lockTick = 2 * time.Millisecond

// Lock is the lock (flock) of a file: at most one process has it. The kernel releases it when the process
// ends for any reason. It decides which of several holders is active, or which process is a worker of which
// one only may run. Processes in different containers share the lock if they share the file.
type Lock struct {
	file     *os.File
	lastHeld time.Time
}

// TryLock takes the lock of a file, which it makes if it does not exist. The file stays: to remove it would
// let two processes have locks of two files. Put it into a folder that only trusted users can write to.
//
// Errors: dpdk.ErrBusy if another process has the lock, and those of os.OpenFile. Any goroutine may call it.
// EAL need not run.
func TryLock(file string) (*Lock, error) {
	f, err := open(file)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{file: f}, nil
}

// WaitLock waits until this process has the lock of a file: see [TryLock]. If ctx ends first, it returns the
// error of ctx. It tries 500 times a second, so the wait adds at most a few milliseconds to the end of the
// process that has the lock.
func WaitLock(ctx context.Context, file string) (*Lock, error) {
	f, err := open(file)
	if err != nil {
		return nil, err
	}
	l := &Lock{file: f}
	tick := time.NewTicker(lockTick)
	defer tick.Stop()
	for {
		before := time.Now()
		err := flock(f)
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, dpdk.ErrBusy) {
			f.Close()
			return nil, err
		}
		l.lastHeld = before
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// LastHeld returns the last time at which WaitLock saw that another process had the lock. It is zero if none
// had it.
func (l *Lock) LastHeld() time.Time { return l.lastHeld }

// Close releases the lock. More calls do nothing.
func (l *Lock) Close() { l.file.Close() }

func open(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}

// flock takes the lock if no other process has it.
func flock(f *os.File) error {
	err := linux.Flock(f)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &dpdk.Error{Op: "flock", Name: f.Name(), Errno: dpdk.ErrBusy, Detail: "another process has the lock: end it, or wait for it with WaitLock"}
	}
	return fmt.Errorf("flock of %s: %w", f.Name(), err)
}
