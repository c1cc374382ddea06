//go:build linux

package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// None of these functions waits for a lock that another process has.

// Flock takes the lock of flock(2). The error is EWOULDBLOCK if another descriptor has it.
func Flock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// Lock takes the lock of fcntl(2) on a whole file, as EAL does. The kernel releases it when the process
// closes any descriptor of the file.
func Lock(f *os.File) error {
	return unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
}

// Locked reports whether another process has a lock of fcntl(2) on a part of a file.
func Locked(f *os.File) (bool, error) {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock)
	return lock.Type != unix.F_UNLCK, err
}

// LockByte takes the lock of one byte. taken is false if another has it. It is an open file description
// lock: unlike the lock of Lock, it stays when the process closes another descriptor of the file.
func LockByte(f *os.File, at int64) (taken bool, err error) {
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1})
	if err == unix.EAGAIN || err == unix.EACCES {
		return false, nil
	}
	return err == nil, err
}

// UnlockByte undoes LockByte.
func UnlockByte(f *os.File, at int64) {
	_ = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK, Start: at, Len: 1})
}

// ByteLocked reports whether another has the lock of a byte. It is true if the kernel returns an error.
func ByteLocked(f *os.File, at int64) bool {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1}
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock) != nil || lock.Type != unix.F_UNLCK
}
