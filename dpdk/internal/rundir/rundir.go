// Package rundir opens and checks EAL's runtime directory: the folder in which the processes of
// a file prefix have their files and sockets.
package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// EAL opens the files in its runtime directory by path, follows links, truncates files and removes
// files by name. If another user can write to that directory, or replace it, EAL damages files
// elsewhere. So godpdk refuses such a directory, and itself uses only paths relative to the
// descriptor that it has checked.

const opInit = "rte_eal_init"

// Names of files that more than one package uses.
const (
	ConfigFile = "config"        // EAL's configuration; the primary has a lock on it
	TableFile  = "godpdk_attach" // the table of processes of package group
	InitLock   = "godpdk_init"   // locked during a start or a primary's end
	CallSocket = "godpdk_calls"  // the primary's socket of package delegate
)

// Dir is a runtime directory that Open has checked.
type Dir struct{ dir *os.File }

// Made matches the names that EAL and godpdk give to files in a runtime directory.
var Made = regexp.MustCompile(`^(` + ConfigFile + `|hugepage_info|hugepage_data|fbarray_.+|` +
	`mp_socket|mp_socket_\d+_[0-9a-f]+|telemetry|(go)?dpdk_telemetry\.v\d(:\d+)?|` +
	TableFile + `(\.new)?|` + InitLock + `|` + CallSocket + `|` + mpsocket.Requests + `\d+_[0-9a-f]+)$`)

// sockets matches the names of sockets among the names that match Made.
var sockets = regexp.MustCompile(`^(mp_socket|telemetry|(go)?dpdk_telemetry|` + CallSocket + `|` + mpsocket.Requests + `)`)

// Open opens and checks the runtime directory of a prefix. With makes it first makes the directory.
// The error is fs.ErrNotExist if the directory or one above it does not exist.
func Open(path string, makes bool) (*Dir, error) {
	parent, err := openParent(path, makes)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	dir, st, err := openIn(parent, filepath.Base(path), makes)
	if err != nil {
		return nil, err
	}
	switch {
	case st.UID != uint32(os.Geteuid()):
		err = unsafeDir(path, fmt.Sprintf("belongs to user %d, and this process runs as user %d", st.UID, os.Geteuid()),
			"run all processes of a file prefix as one user, or use another file prefix")
	case st.Mode&0o022 != 0:
		err = unsafeDir(path, fmt.Sprintf("has mode %04o, which lets other users put files there", st.Mode), "chmod go-w "+path)
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return &Dir{dir}, nil
}

// openParent opens the folder "dpdk", which holds the directories of all prefixes.
func openParent(path string, makes bool) (*os.File, error) {
	parent := filepath.Dir(path)
	top := filepath.Dir(parent)
	if makes {
		if err := os.MkdirAll(top, 0o700); err != nil {
			return nil, Error(err)
		}
	}
	base, st, err := linux.OpenDir(nil, top)
	if err != nil {
		return nil, Error(err)
	}
	defer base.Close()
	if st.Mode&linux.Sticky == 0 && !st.Mount {
		switch {
		case st.UID != 0 && st.UID != uint32(os.Geteuid()):
			return nil, foreign(top, st)
		case st.Mode&0o002 != 0:
			return nil, unsafeDir(top, fmt.Sprintf("has mode %04o, which lets other users replace the folders in it", st.Mode), "chmod +t "+top)
		}
	}
	dir, st, err := openIn(base, filepath.Base(parent), makes)
	if err != nil {
		return nil, err
	}
	switch {
	case st.Mount: // mounting needs root, so root has decided which users can write to it
	case st.UID != 0 && st.UID != uint32(os.Geteuid()):
		err = foreign(parent, st)
	case st.Mode&0o022 != 0 && st.Mode&linux.Sticky == 0:
		err = unsafeDir(parent, fmt.Sprintf("has mode %04o, which lets other users replace the folders in it", st.Mode), "chmod go-w "+parent)
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return dir, nil
}

func openIn(at *os.File, name string, makes bool) (*os.File, linux.DirStat, error) {
	if makes {
		if err := linux.MkdirAt(at, name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, linux.DirStat{}, Error(err)
		}
	}
	dir, st, err := linux.OpenDir(at, name)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return nil, st, unsafeDir(filepath.Join(at.Name(), name), "is "+kindName(at, name)+" and not a folder", "remove it")
	}
	if err != nil {
		return nil, st, Error(err)
	}
	return dir, st, nil
}

// foreign refuses a folder of another user that is above the runtime directory.
func foreign(path string, st linux.DirStat) error {
	return unsafeDir(path, fmt.Sprintf("belongs to user %d, and this process runs as user %d", st.UID, os.Geteuid()),
		"set RUNTIME_DIRECTORY, or XDG_RUNTIME_DIR, to a folder of this user's own")
}

// unsafeDir is the error for a directory through which another user could make DPDK
// overwrite or remove files of this user.
func unsafeDir(path, why, fix string) error {
	return &dpdk.Error{Op: opInit, Errno: dpdk.ErrPermission, Detail: fmt.Sprintf("runtime directory: %s %s: %s", path, why, fix)}
}

// Error wraps an error of the kernel. It returns an fs.ErrNotExist unchanged.
func Error(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	detail := "runtime directory: " + err.Error()
	switch {
	case errors.Is(err, fs.ErrPermission):
		detail += ": run as the user that the processes of this file prefix run as"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &dpdk.Error{Op: opInit, Errno: dpdk.ErrNoSpace, Detail: detail}
	}
	return &dpdk.Error{Op: opInit, Errno: dpdk.Errno(linux.Errno(err)), Detail: detail}
}

func (f *Dir) Close() { f.dir.Close() }

// Open opens a regular file.
func (f *Dir) Open(name string, flags int) (*os.File, error) {
	if err := f.regular(name); err != nil && (flags&os.O_CREATE == 0 || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err // opening a device can have effects
	}
	file, err := linux.OpenAt(f.dir, name, flags, 0o600)
	if err != nil {
		return nil, Error(err)
	}
	if st, err := file.Stat(); err != nil || !st.Mode().IsRegular() {
		file.Close()
		return nil, f.strange(name)
	}
	return file, nil
}

// regular returns an error unless the name is that of a regular file without other names.
func (f *Dir) regular(name string) error {
	kind, links, err := linux.KindAt(f.dir, name)
	if err != nil {
		return Error(err)
	}
	if kind != linux.Regular || links > 1 {
		return f.strange(name)
	}
	return nil
}

func (f *Dir) strange(name string) error {
	return &dpdk.Error{Op: opInit, Errno: dpdk.ErrInvalid,
		Detail: fmt.Sprintf("%s/%s is %s, which neither DPDK nor godpdk makes: remove it", f.dir.Name(), name, kindName(f.dir, name))}
}

// Check returns an error if one of EAL's or godpdk's names belongs to another kind of file.
func (f *Dir) Check() error {
	names, err := f.Names(Made)
	for _, name := range names {
		kind, _, e := linux.KindAt(f.dir, name)
		switch {
		case errors.Is(e, fs.ErrNotExist):
		case sockets.MatchString(name) && kind == linux.Socket:
		case sockets.MatchString(name):
			err = errors.Join(err, f.strange(name))
		default:
			if e := f.regular(name); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}
	return err
}

// Lockable reports whether the folder's lock (flock), which EAL takes, is free.
func (f *Dir) Lockable() bool { return f.Locked(func() {}) }

// Locked calls g with the folder's lock, which EAL holds while it sends a message. It returns false if the
// lock is not free.
func (f *Dir) Locked(g func()) bool {
	again, err := linux.OpenAt(f.dir, ".", syscall.O_RDONLY|linux.O_DIRECTORY, 0)
	if err != nil {
		return true // EAL reports the error
	}
	defer again.Close()
	if errors.Is(linux.Flock(again), syscall.EWOULDBLOCK) {
		return false
	}
	g()
	return true
}

// Names lists the files with matching names.
func (f *Dir) Names(match *regexp.Regexp) (names []string, err error) {
	again, err := linux.OpenAt(f.dir, ".", // which can list names, as f.dir cannot
		syscall.O_RDONLY|linux.O_DIRECTORY, 0)
	if err != nil {
		return nil, Error(err)
	}
	defer again.Close()
	entries, err := again.ReadDir(-1)
	if err != nil {
		return nil, Error(err)
	}
	for _, e := range entries {
		if match.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Remove removes regular files and sockets. It leaves files of other kinds alone.
func (f *Dir) Remove(names ...string) error {
	var errs []error
	for _, name := range names {
		kind, _, err := linux.KindAt(f.dir, name)
		if err == nil && (kind == linux.Regular || kind == linux.Socket) {
			err = linux.UnlinkAt(f.dir, name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// kindName describes the kind of a file in a folder.
func kindName(at *os.File, name string) string {
	kind, links, err := linux.KindAt(at, name)
	switch {
	case err != nil:
		return "something that cannot be looked at"
	case kind == linux.Link:
		return "a symbolic link"
	case kind == linux.FIFO:
		return "a FIFO"
	case kind == linux.Dir:
		return "a folder"
	case kind == linux.Socket:
		return "a socket"
	case kind == linux.Regular && links > 1:
		return fmt.Sprintf("a file with %d names (hard links)", links)
	case kind == linux.Regular:
		return "a regular file"
	}
	return "a device"
}

// OpenFile opens a regular file in a runtime directory. It returns nil if the file does not exist.
func OpenFile(dir, name string, flags int) (*os.File, error) {
	d, err := Open(dir, false)
	if err == nil {
		defer d.Close()
		var f *os.File
		if f, err = d.Open(name, flags); err == nil {
			return f, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return nil, err
}

// Rename renames a file inside the folder.
func (f *Dir) Rename(from, to string) error { return linux.RenameAt(f.dir, from, to) }

// Room returns ENOSPC or EDQUOT if the folder's file system has no room for so many bytes.
func (f *Dir) Room(bytes int64) error { return linux.Room(f.dir, bytes) }

// Size returns the sum of the sizes of the files with matching names.
func (f *Dir) Size(match *regexp.Regexp) (bytes int64, err error) {
	names, err := f.Names(match)
	for _, name := range names {
		file, e := f.Open(name, os.O_RDONLY)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		if st, e := file.Stat(); e == nil {
			bytes += st.Size()
		}
		file.Close()
	}
	return bytes, err
}

// Sizes returns the sizes of the files with matching names. It opens none of them.
func (f *Dir) Sizes(match *regexp.Regexp) (map[string]int64, error) {
	names, err := f.Names(match)
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, name := range names {
		size, err := linux.SizeAt(f.dir, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, Error(err)
		}
		if err == nil {
			sizes[name] = size
		}
	}
	return sizes, nil
}

// Unlocked reports whether no process has the lock that EAL takes on a file in use.
func (f *Dir) Unlocked(name string) bool {
	file, err := f.Open(name, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer file.Close()
	return linux.Flock(file) == nil
}

// Path returns the runtime directory of a prefix (eal_create_runtime_dir).
func Path(prefix string) string {
	base := os.Getenv("RUNTIME_DIRECTORY")
	switch {
	case base != "":
	case os.Getuid() == 0:
		base = "/var/run"
	default:
		if base = os.Getenv("XDG_RUNTIME_DIR"); base == "" {
			base = "/tmp"
		}
	}
	return filepath.Join(base, "dpdk", prefix)
}

// ConfigDescriptors returns this process's descriptors of the configuration file in a runtime directory. EAL
// leaves it open after a failed start, and its next start would use them again, although their file is removed.
func ConfigDescriptors(dir string) (fds []int) {
	config, err := os.Lstat(filepath.Join(dir, ConfigFile))
	if err != nil {
		return nil
	}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if st, err := os.Stat("/proc/self/fd/" + e.Name()); err == nil && os.SameFile(st, config) {
			fd, _ := strconv.Atoi(e.Name())
			fds = append(fds, fd)
		}
	}
	return fds
}

// PrimaryLives reports whether a primary runs, or starts, in a runtime directory of any user. Unlike Open it does not
// refuse a directory that is unsafe to write to.
func PrimaryLives(dir string) (bool, error) {
	// In the primary itself the configuration must not be opened: closing it would release EAL's lock.
	if linux.Connect(filepath.Join(dir, mpsocket.Primary)) == nil || len(ConfigDescriptors(dir)) > 0 {
		return true, nil
	}
	folder, _, err := linux.OpenDir(nil, dir)
	if err != nil {
		return false, err
	}
	defer folder.Close()
	f, err := linux.OpenAt(folder, ConfigFile, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	return linux.Locked(f)
}

// CheckEnv refuses an empty environment variable: EAL would use /dpdk.
func CheckEnv() error {
	name := "RUNTIME_DIRECTORY"
	value, set := os.LookupEnv(name)
	if !set && os.Getuid() != 0 {
		name = "XDG_RUNTIME_DIR"
		value, set = os.LookupEnv(name)
	}
	if set && value == "" {
		return check.Invalid(opInit, "", "the environment variable %s is empty: unset it, or set it to a folder", name)
	}
	return nil
}

// CheckPrivate checks the runtime directory of a process that shares no memory. EAL makes the
// directory even then, for its telemetry socket.
func CheckPrivate(dir string) error {
	f, err := Open(dir, true)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Check()
}
