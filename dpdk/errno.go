package dpdk

import (
	"errors"
	"strconv"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Errno is an error number of the kernel, or one of DPDK's own from rte_errno.h. errors.Is
// finds the syscall.Errno of the same number in it.
type Errno int

// DPDK's own error numbers (rte_errno.h).
const (
	// ESECONDARY is E_RTE_SECONDARY: only the primary process may do this.
	ESECONDARY Errno = 1001
	// ENOCONFIG is E_RTE_NO_CONFIG: EAL's shared configuration is missing.
	ENOCONFIG Errno = 1002
)

// Error returns the text of the error number, in Go's spelling for the kernel's numbers.
//
// Implements: rte_strerror
func (e Errno) Error() string {
	switch e {
	case ESECONDARY:
		return "Invalid call in secondary process"
	case ENOCONFIG:
		return "Missing rte_config structure"
	case Errno(linux.EHWPOISON):
		return "memory page has hardware error" // which Go's table lacks
	}
	if e > 0 && e < ESECONDARY || e >= 1<<29 { // as Windows numbers them
		return syscall.Errno(e).Error()
	}
	return "unknown DPDK error " + strconv.Itoa(int(e))
}

// Is reports whether target is the syscall.Errno with the number of e. It also reports true
// if target is errors.ErrUnsupported and e is one of the numbers with that meaning.
func (e Errno) Is(target error) bool {
	t, ok := target.(syscall.Errno)
	return ok && int(t) == int(e) || target == errors.ErrUnsupported && syscall.Errno(e).Is(target)
}

// Sentinels for errors.Is. They are error numbers: a [*Error] holds one in its field Errno.
const (
	ErrNotFound       = Errno(syscall.ENOENT)          // no object has that name, or the handle was freed
	ErrExist          = Errno(syscall.EEXIST)          // the name is taken
	ErrInvalid        = Errno(syscall.EINVAL)          // an argument is out of range
	ErrNameTooLong    = Errno(syscall.ENAMETOOLONG)    // the name is longer than DPDK stores
	ErrNoMemory       = Errno(syscall.ENOMEM)          // not enough hugepage memory
	ErrNoSpace        = Errno(syscall.ENOSPC)          // DPDK's table of such objects, or the runtime directory's file system, is full
	ErrNoBuffers      = Errno(syscall.ENOBUFS)         // no room in a queue, or no free object in a pool
	ErrNoDevice       = Errno(syscall.ENODEV)          // no port or device has that name, or it has been removed
	ErrBusy           = Errno(syscall.EBUSY)           // the object is in use, or started, or runs a function
	ErrAgain          = Errno(syscall.EAGAIN)          // not possible at the moment: try again
	ErrTimeout        = Errno(syscall.ETIMEDOUT)       // no answer in time
	ErrPermission     = Errno(syscall.EPERM)           // this process, or this owner, may not do this
	ErrUnsupported    = Errno(syscall.ENOTSUP)         // the driver, or this DPDK, does not support this
	ErrOverflow       = Errno(syscall.EOVERFLOW)       // the value is larger than its place
	ErrMessageSize    = Errno(syscall.EMSGSIZE)        // the message or packet is larger than the limit
	ErrBadMessage     = Errno(syscall.EBADMSG)         // the received data does not have the expected form
	ErrStale          = Errno(syscall.ESTALE)          // the handle belongs to an object that was replaced
	ErrNetDown        = Errno(syscall.ENETDOWN)        // the port or its kernel interface is down
	ErrAddressInUse   = Errno(syscall.EADDRINUSE)      // the address or socket is in use
	ErrCrossDevice    = Errno(syscall.EXDEV)           // the operation would cross devices
	ErrDeadlock       = Errno(syscall.EDEADLK)         // the caller would wait for itself
	ErrOwnerDead      = Errno(syscall.EOWNERDEAD)      // the owner of a lock has died
	ErrNotRecoverable = Errno(syscall.ENOTRECOVERABLE) // the protected data was not made consistent
	ErrSecondary      = ESECONDARY                     // only the primary may do this
	ErrNoConfig       = ENOCONFIG                      // EAL's shared configuration is missing
)

// Sentinels for errors.Is of states that have no error number.
var (
	ErrNotRunning     = errors.New("EAL is not running: call eal.Init first")
	ErrAlreadyRunning = errors.New("EAL was already initialised: it starts once per process")
	ErrNoPrimary      = errors.New("no primary process")
	ErrPrimaryRunning = errors.New("a primary process is running")
	ErrNoHugepages    = errors.New("no hugepages")
	ErrNotShared      = errors.New("memory is not shared with other processes")
	ErrMismatch       = errors.New("this process does not fit its primary")
	ErrPrimaryGone    = errors.New("the primary process has gone: end this process, and start it again with the next primary")
)
