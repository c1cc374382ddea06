//go:build linux

package linux

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// Unlimited is the value of a limit that is not set.
const Unlimited = unix.RLIM_INFINITY

// AddressSpace returns the limit of this process's virtual memory in bytes (RLIMIT_AS).
func AddressSpace() uint64 { return limit(unix.RLIMIT_AS) }

// LockedMemory returns the limit of its locked memory in bytes (RLIMIT_MEMLOCK).
func LockedMemory() uint64 { return limit(unix.RLIMIT_MEMLOCK) }

// OpenFiles returns the limit of its descriptors (RLIMIT_NOFILE).
func OpenFiles() uint64 { return limit(unix.RLIMIT_NOFILE) }

func limit(resource int) uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) != nil {
		return Unlimited
	}
	return l.Cur
}

// Hugetlbfs returns the page size of the hugetlbfs that a folder is on and, if its mount has a limit,
// the limit and the free part of it in bytes. ok is false on another file system.
func Hugetlbfs(dir string) (page, size, free uint64, ok bool) {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil || int64(fs.Type) != unix.HUGETLBFS_MAGIC {
		return 0, 0, 0, false
	}
	page = uint64(fs.Bsize)
	return page, fs.Blocks * page, fs.Bfree * page, true
}

// MayCreate returns an error if the effective user of this process cannot create files in a folder, or
// list it.
func MayCreate(dir string) error {
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.R_OK|unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

// MayOpen returns an error if the effective user of this process cannot open a file for reading and
// writing.
func MayOpen(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.R_OK|unix.W_OK, unix.AT_EACCESS)
}

// Owner returns the user and the group that own a file.
func Owner(info fs.FileInfo) (uid, gid int) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(st.Uid), int(st.Gid)
}
