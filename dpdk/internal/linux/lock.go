//go:build linux

package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// None of these waits for a lock that another has.

// Flock takes the lock of flock(2); EWOULDBLOCK if another has it.
func Flock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// Lock takes the lock of fcntl(2) on all of a file, as EAL does: it goes when the process
// closes any descriptor of the file.
func Lock(f *os.File) error {
	return unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
}

// Locked says whether another process has a lock of fcntl(2) on a part of a file.
func Locked(f *os.File) (bool, error) {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock)
	return lock.Type != unix.F_UNLCK, err
}

// LockByte takes the lock of one byte, or says that another has it. It is an open file
// description lock: unlike Lock's, it stays when the process closes some other
// descriptor of the file.
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

// ByteLocked says whether another has the lock of a byte. If the kernel does not say, it has.
func ByteLocked(f *os.File, at int64) bool {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: at, Len: 1}
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock) != nil || lock.Type != unix.F_UNLCK
}
