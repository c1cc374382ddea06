//go:build linux

package linux

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	futexWait = 0 // FUTEX_WAIT, for words that processes share
	futexWake = 1 // FUTEX_WAKE
)

// FutexWait stops the calling thread while *word is value, until [FutexWake], for at most this time, or until a signal
// arrives. For Go's scheduler it is a system call, so another thread can get the P.
func FutexWait(word *uint32, value uint32, most time.Duration) {
	t := unix.NsecToTimespec(int64(most))
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(value), uintptr(unsafe.Pointer(&t)), 0, 0)
}

// FutexWake wakes all threads of all processes in [FutexWait] of the word. It does not block, so Go's scheduler need not know.
func FutexWake(word *uint32) {
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, math.MaxInt32, 0, 0, 0)
}
