package linux

import (
	"errors"
	"syscall"
)

// Errno returns the error number of a system call that err wraps; 0 if it wraps none.
func Errno(err error) syscall.Errno {
	var e syscall.Errno
	errors.As(err, &e)
	return e
}

// InitialPIDs is the target of /proc/N/ns/pid outside of containers: the pid namespace of the kernel (linux/proc_ns.h).
const InitialPIDs = "pid:[4026531836]"
