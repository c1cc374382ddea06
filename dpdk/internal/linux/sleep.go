//go:build linux

package linux

import (
	"time"

	"golang.org/x/sys/unix"
)

// Sleep stops the calling thread for d by nanosleep(2), or until a signal arrives. For Go's scheduler
// it is a system call, so another thread can get the P.
func Sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil)
}
