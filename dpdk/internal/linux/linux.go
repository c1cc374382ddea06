//go:build linux

// Package linux has the system calls and names that the standard library lacks.
// Only it and files for Linux import golang.org/x/sys/unix; on other systems other.go
// stands in, so that the library compiles, and its documentation and editors work,
// where DPDK cannot be.
package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	EHWPOISON = unix.EHWPOISON
	EUCLEAN   = unix.EUCLEAN
	IFNAMSIZ  = unix.IFNAMSIZ
	O_PATH    = unix.O_PATH
)

// CPUSet is a set of CPUs as the kernel stores it.
type CPUSet = unix.CPUSet

// Gettid is the thread's id.
func Gettid() int { return unix.Gettid() }

// ThreadLives says whether this process has a thread with the id.
func ThreadLives(tid int) bool { return unix.Tgkill(unix.Getpid(), tid, 0) == nil }

// SchedGetaffinity reads the CPUs a thread may run on; 0 is the caller.
func SchedGetaffinity(tid int, set *CPUSet) error { return unix.SchedGetaffinity(tid, set) }

// SchedSetaffinity sets them.
func SchedSetaffinity(tid int, set *CPUSet) error { return unix.SchedSetaffinity(tid, set) }

// SchedYield lets other threads have this CPU. It goes by way of Go's scheduler, which
// may want the P while the kernel has others to run.
func SchedYield() { _, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// Membarrier is membarrier(2).
func Membarrier(command int) error {
	if _, _, e := unix.Syscall(unix.SYS_MEMBARRIER, uintptr(command), 0, 0); e != 0 {
		return e
	}
	return nil
}

// Writable says why no file can be made in a folder.
func Writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// Map maps the first bytes of a file, shared with all who map it.
func Map(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// Unmap undoes Map.
func Unmap(mem []byte) error { return unix.Munmap(mem) }

// Inherited says whether a program that this process starts gets the descriptor.
func Inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// CloseOnExec keeps a descriptor from the programs that this process starts.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }

// Dup is another descriptor of the same file, not inherited.
func Dup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }
