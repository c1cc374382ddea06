//go:build !linux

package linux

import "golang.org/x/sys/unix"

// Linux's numbers, for messages and sizes only: no EAL runs here.
const (
	EHWPOISON        = unix.Errno(133)
	EUCLEAN          = unix.Errno(117)
	F_OFD_GETLK      = 0
	F_OFD_SETLK      = 0
	IFNAMSIZ         = 16
	MSG_CMSG_CLOEXEC = 0
	O_PATH           = 0
	SOCK_CLOEXEC     = 0
	SOCK_NONBLOCK    = 0
	SO_SNDBUFFORCE   = 0
	SYS_MEMBARRIER   = 0
	SYS_SCHED_YIELD  = 0
)

// CPUSet is an empty set.
type CPUSet struct{}

func (*CPUSet) Set(int)        {}
func (*CPUSet) IsSet(int) bool { return false }
func (*CPUSet) Count() int     { return 0 }

func Gettid() int                         { return 0 }
func SchedGetaffinity(int, *CPUSet) error { return unix.ENOTSUP }
func SchedSetaffinity(int, *CPUSet) error { return unix.ENOTSUP }
