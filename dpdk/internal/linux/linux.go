//go:build linux

// Package linux has the system calls and names that the standard library lacks.
// Only it and files for Linux import golang.org/x/sys/unix. On other systems other.go replaces it, so
// that the library compiles, and documentation and editors work, without DPDK.
package linux

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	EHWPOISON   = unix.EHWPOISON
	EUCLEAN     = unix.EUCLEAN
	IFNAMSIZ    = unix.IFNAMSIZ
	O_DIRECTORY = unix.O_DIRECTORY
	O_PATH      = unix.O_PATH
)

// CPUSet is a set of CPUs as the kernel stores it.
type CPUSet = unix.CPUSet

// Gettid returns the thread ID.
func Gettid() int { return unix.Gettid() }

// ThreadLives reports whether this process has a thread with the ID.
func ThreadLives(tid int) bool { return unix.Tgkill(unix.Getpid(), tid, 0) == nil }

// SchedGetaffinity reads the CPUs a thread may run on; 0 is the caller.
func SchedGetaffinity(tid int, set *CPUSet) error { return unix.SchedGetaffinity(tid, set) }

// SchedSetaffinity sets the CPUs that a thread may run on.
func SchedSetaffinity(tid int, set *CPUSet) error { return unix.SchedSetaffinity(tid, set) }

// SchedYield yields this CPU to other threads. It is a system call to Go's scheduler, which can use the
// P while the kernel runs other threads.
func SchedYield() { _, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// MembarrierGlobal is MEMBARRIER_CMD_GLOBAL: all threads of all processes pass a memory barrier.
const MembarrierGlobal = 1

// Membarrier calls membarrier(2).
func Membarrier(command int) error {
	if _, _, e := unix.Syscall(unix.SYS_MEMBARRIER, uintptr(command), 0, 0); e != 0 {
		return e
	}
	return nil
}

// Writable returns an error if this process cannot create files in a folder.
func Writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// Map maps the first bytes of a file, shared with all processes that map it.
func Map(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// Unmap undoes Map.
func Unmap(mem []byte) error { return unix.Munmap(mem) }

// Inherited reports whether a program that this process starts inherits the descriptor.
func Inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// CloseOnExec prevents programs that this process starts from inheriting a descriptor.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }

// Dup returns another descriptor of the same file. Programs that this process starts do not inherit it.
func Dup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// Close closes a file descriptor.
func Close(fd int) error { return unix.Close(fd) }

// DirStat holds the attributes that decide whether a folder is safe to use.
type DirStat struct {
	UID  uint32
	Mode uint32 // permission bits, with the sticky one
	// Mount is set for the root of a mount: a container's volume, for example.
	Mount bool
}

// Sticky is the bit of DirStat.Mode that lets users remove only their own files.
const Sticky = unix.S_ISVTX

// OpenDir opens a folder in another one, or by its path if at is nil. In another one it
// follows no symbolic link.
func OpenDir(at *os.File, name string) (*os.File, DirStat, error) {
	dir, flags, path := unix.AT_FDCWD, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, name
	if at != nil {
		dir, flags, path = int(at.Fd()), flags|unix.O_NOFOLLOW, at.Name()+"/"+name
	}
	// O_PATH shows the owner of a folder that this process cannot read.
	fd, err := openat(dir, name, flags|unix.O_PATH, 0)
	if err != nil {
		return nil, DirStat{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, DirStat{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	var x unix.Statx_t // old kernels and seccomp filters lack it
	mount := unix.Statx(fd, "", unix.AT_EMPTY_PATH, 0, &x) == nil && x.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
	return os.NewFile(uintptr(fd), path), DirStat{st.Uid, st.Mode & 0o7777, mount}, nil
}

// MkdirAt makes a folder in another one.
func MkdirAt(at *os.File, name string, mode uint32) error {
	if err := unix.Mkdirat(int(at.Fd()), name, mode); err != nil {
		return &os.PathError{Op: "mkdir", Path: at.Name() + "/" + name, Err: err}
	}
	return nil
}

// OpenAt opens a file in a folder. It follows no symbolic link, and does not block on a FIFO.
func OpenAt(at *os.File, name string, flags int, mode uint32) (*os.File, error) {
	path := at.Name() + "/" + name
	fd, err := openat(int(at.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, mode)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

func openat(dir int, name string, flags int, mode uint32) (fd int, err error) {
	for {
		if fd, err = unix.Openat(dir, name, flags, mode); err != unix.EINTR {
			return fd, err
		}
	}
}

// Kinds of files, for KindAt.
const (
	Regular = unix.S_IFREG
	Socket  = unix.S_IFSOCK
	Link    = unix.S_IFLNK
	FIFO    = unix.S_IFIFO
	Dir     = unix.S_IFDIR
)

// KindAt returns the kind of a file in a folder, and its number of hard links.
func KindAt(at *os.File, name string) (kind, links uint32, err error) {
	var st unix.Stat_t
	if err := unix.Fstatat(int(at.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return 0, 0, &os.PathError{Op: "stat", Path: at.Name() + "/" + name, Err: err}
	}
	return st.Mode & unix.S_IFMT, uint32(st.Nlink), nil
}

// SizeAt returns the size of a file in a folder. It does not open the file: closing a descriptor would
// release the POSIX locks that this process has on the file.
func SizeAt(at *os.File, name string) (int64, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(int(at.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return 0, &os.PathError{Op: "stat", Path: at.Name() + "/" + name, Err: err}
	}
	return st.Size, nil
}

// UnlinkAt removes a name from a folder.
func UnlinkAt(at *os.File, name string) error {
	if err := unix.Unlinkat(int(at.Fd()), name, 0); err != nil {
		return &os.PathError{Op: "remove", Path: at.Name() + "/" + name, Err: err}
	}
	return nil
}

// RenameAt renames a file inside a folder.
func RenameAt(at *os.File, from, to string) error {
	if err := unix.Renameat(int(at.Fd()), from, int(at.Fd()), to); err != nil {
		return &os.PathError{Op: "rename", Path: at.Name() + "/" + from, Err: err}
	}
	return nil
}

// Exchange exchanges the names of two files.
func Exchange(a, b string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
		return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
	}
	return nil
}

// Room returns ENOSPC or EDQUOT if the file system of a folder cannot store so many more
// bytes. It allocates them in a file without a name, so that quotas count.
func Room(at *os.File, bytes int64) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(at.Fd()), &st); err != nil {
		return err
	}
	if st.Files != 0 && st.Ffree < 64 || st.Blocks != 0 && int64(st.Bavail)*st.Bsize < bytes {
		return unix.ENOSPC
	}
	fd, err := openat(int(at.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil // the file system has no such files: statfs must do
	}
	defer unix.Close(fd)
	if err := unix.Fallocate(fd, 0, 0, bytes); err == unix.ENOSPC || err == unix.EDQUOT {
		return err
	}
	return nil
}

// FileID returns the numbers that identify a file, and the type of its file system.
func FileID(path string) (dev, ino uint64, fs string, err error) {
	var st unix.Stat_t
	var sfs unix.Statfs_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, 0, "", err
	}
	if err := unix.Statfs(path, &sfs); err != nil {
		return 0, 0, "", err
	}
	fs = fmt.Sprintf("file system 0x%x", sfs.Type)
	switch sfs.Type {
	case unix.HUGETLBFS_MAGIC:
		fs = "hugetlbfs"
	case unix.TMPFS_MAGIC:
		fs = "tmpfs"
	}
	return st.Dev, st.Ino, fs, nil
}

// Device writes a device number as /proc/self/mountinfo does.
func Device(dev uint64) string { return fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev)) }

// MapsID writes a device and an inode as /proc/self/maps does.
func MapsID(dev, ino uint64) string {
	return fmt.Sprintf("%02x:%02x %d", unix.Major(dev), unix.Minor(dev), ino)
}

// Replace makes the descriptor fd refer to another file (dup3).
func Replace(fd int, f *os.File) error { return unix.Dup3(int(f.Fd()), fd, unix.O_CLOEXEC) }

// Mempolicy returns an error if this process may not read its NUMA memory policy. A seccomp filter that forbids
// this call forbids set_mempolicy and mbind too.
func Mempolicy() error {
	if _, _, e := unix.Syscall6(unix.SYS_GET_MEMPOLICY, 0, 0, 0, 0, 0, 0); e != 0 && e != unix.ENOSYS {
		return e
	}
	return nil
}
