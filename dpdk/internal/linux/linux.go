//go:build linux

// Package linux is what other systems' golang.org/x/sys/unix lacks, so that the
// library compiles, and its documentation and editors work, where DPDK cannot be.
package linux

import "golang.org/x/sys/unix"

const (
	EHWPOISON        = unix.EHWPOISON
	EUCLEAN          = unix.EUCLEAN
	F_OFD_GETLK      = unix.F_OFD_GETLK
	F_OFD_SETLK      = unix.F_OFD_SETLK
	IFNAMSIZ         = unix.IFNAMSIZ
	MSG_CMSG_CLOEXEC = unix.MSG_CMSG_CLOEXEC
	O_PATH           = unix.O_PATH
	SOCK_CLOEXEC     = unix.SOCK_CLOEXEC
	SOCK_NONBLOCK    = unix.SOCK_NONBLOCK
	SO_SNDBUFFORCE   = unix.SO_SNDBUFFORCE
	SYS_MEMBARRIER   = unix.SYS_MEMBARRIER
	SYS_SCHED_YIELD  = unix.SYS_SCHED_YIELD
)

// CPUSet is a set of CPUs as the kernel stores it.
type CPUSet = unix.CPUSet

// Gettid is the thread's id.
func Gettid() int { return unix.Gettid() }

// SchedGetaffinity reads the CPUs a thread may run on; 0 is the caller.
func SchedGetaffinity(tid int, set *CPUSet) error { return unix.SchedGetaffinity(tid, set) }

// SchedSetaffinity sets them.
func SchedSetaffinity(tid int, set *CPUSet) error { return unix.SchedSetaffinity(tid, set) }
