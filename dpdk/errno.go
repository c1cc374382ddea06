package dpdk

import (
	"errors"
	"strconv"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Errno is an error number of DPDK: one of the kernel's, or one of DPDK's own
// from rte_errno.h. It satisfies errors.Is for itself and for the syscall.Errno
// of the same number.
type Errno int

// DPDK's own error numbers (rte_errno.h).
const (
	// ESECONDARY is E_RTE_SECONDARY: only the primary process may do this.
	ESECONDARY Errno = 1001
	// ENOCONFIG is E_RTE_NO_CONFIG: EAL's shared configuration is missing.
	ENOCONFIG Errno = 1002
)

// Error says what rte_strerror says, in Go's spelling without the capital.
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

// Is reports whether target is the syscall.Errno with e's number, or errors.ErrUnsupported
// and e one of the numbers that say so.
func (e Errno) Is(target error) bool {
	t, ok := target.(syscall.Errno)
	return ok && int(t) == int(e) || target == errors.ErrUnsupported && syscall.Errno(e).Is(target)
}

// Sentinels for errors.Is. The first group are error numbers, the second group
// are states that DPDK reports in its log only, or not at all.
var (
	ErrNotFound    error = Errno(syscall.ENOENT)       // no object of that name
	ErrExist       error = Errno(syscall.EEXIST)       // the name is taken
	ErrInvalid     error = Errno(syscall.EINVAL)       // an argument is out of range
	ErrNameTooLong error = Errno(syscall.ENAMETOOLONG) // longer than DPDK stores
	ErrNoMemory    error = Errno(syscall.ENOMEM)       // no hugepage memory left for it
	ErrNoSpace     error = Errno(syscall.ENOSPC)       // DPDK's table of such objects, or the runtime directory's file system, is full
	ErrNoDevice    error = Errno(syscall.ENODEV)       // no port or device of that name, or no more
	ErrBusy        error = Errno(syscall.EBUSY)        // in use, or started, or a function runs there
	ErrUnsupported error = Errno(syscall.ENOTSUP)      // the driver, or this DPDK, cannot
	ErrSecondary   error = ESECONDARY                  // only the primary may do this
	ErrNoConfig    error = ENOCONFIG                   // EAL's shared configuration is missing

	ErrNotRunning     = errors.New("EAL is not running: call eal.Init first")
	ErrAlreadyRunning = errors.New("EAL was already initialised: it starts once per process")
	ErrNoPrimary      = errors.New("no primary process")
	ErrPrimaryRunning = errors.New("a primary process is running")
	ErrNoHugepages    = errors.New("no hugepages")
	ErrNotShared      = errors.New("memory is not shared with other processes")
	ErrMismatch       = errors.New("this process does not fit its primary")
	ErrPrimaryGone    = errors.New("the primary process has gone: end this process, and start it again with the next primary")
)
