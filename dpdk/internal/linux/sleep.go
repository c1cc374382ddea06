//go:build linux

package linux

import (
	"time"

	"golang.org/x/sys/unix"
)

// Sleep stops the calling thread for d by nanosleep(2), or less if a signal comes. Go's
// scheduler knows that it is in a system call: the thread's P can go to another.
func Sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}
