package group

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// EAL leaves files when it stops: hugepages stay taken until the next primary
// of the prefix, and prefixes that are used once fill the runtime directory.
// Unlinking is safe while others have the files mapped.

// mapped are the files in this process's memory map that match.
func mapped(match func(path string) bool) ([]string, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var files []string
	for line := range strings.Lines(string(maps)) {
		i := strings.IndexByte(line, '/')
		if i < 0 {
			continue
		}
		path := strings.TrimSuffix(line[i:], "\n")
		if !seen[path] && match(path) {
			seen[path] = true
			files = append(files, path)
		}
	}
	return files, nil
}

// HugepageFiles are the files of a prefix's hugepages that this process has mapped.
func HugepageFiles(prefix string) ([]string, error) {
	return mapped(func(path string) bool { return isHugepageFile(filepath.Base(path), prefix) })
}

// isHugepageFile says whether EAL gives a hugepage of the prefix this name
// (eal_get_hugefile_path). The prefix "a" has amap_0, and not amap_bmap_0.
func isHugepageFile(name, prefix string) bool {
	number, found := strings.CutPrefix(name, prefix+"map_")
	return found && number != "" && strings.Trim(number, "0123456789") == ""
}

// RemoveFiles removes the files of a primary that has ended: its hugepages, and the runtime
// directory if folder is set.
func (m *Member) RemoveFiles(pages []string, folder bool) error {
	err := removeAll(pages)
	if folder {
		err = errors.Join(err, removeRuntimeDir(m.dir))
	}
	return err
}

// RemoveTable removes what says that this primary can be attached to. The other files stay.
func (m *Member) RemoveTable() error {
	return removeAll([]string{filepath.Join(m.dir, rundir.TableFile)})
}

// removeRuntimeDir removes the files of a primary that has stopped, and the folder unless
// something else is in it. The lock of starts is held, and its file goes last: from then on
// the next primary may start here.
func removeRuntimeDir(dir string) error {
	f, err := rundir.Open(dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	files, err := f.Names(rundir.Made)
	files = slices.DeleteFunc(files, func(name string) bool { return name == rundir.InitLock })
	err = errors.Join(err, f.Remove(append(files, rundir.InitLock)...))
	if e := os.Remove(dir); e != nil && !errors.Is(e, syscall.ENOTEMPTY) && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// RemoveFailed removes the files of a primary whose EAL has failed to start. Otherwise its
// hugepages would stay in use until the next start with the same prefix. The caller holds the
// lock of starts. If a C program has become the primary meanwhile, the files are that one's.
func RemoveFailed(dir, prefix string) error {
	config, err := rundir.OpenFile(dir, rundir.ConfigFile, os.O_RDWR)
	if err != nil {
		return err
	}
	if config != nil {
		defer config.Close()
		if others, err := linux.Locked(config); err != nil || others {
			return err
		}
	}
	pages, err := HugepageFiles(prefix)
	return errors.Join(err, removeAll(pages), removeRuntimeDir(dir))
}

// ConfigDescriptors returns the descriptors of the configuration file that EAL has left open after
// a failed start. EAL's next start would use them again, although their file is removed.
func ConfigDescriptors(dir string) (fds []int) {
	config, err := os.Lstat(filepath.Join(dir, rundir.ConfigFile))
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

// GiveConfig makes the descriptors of a failed start refer to the configuration file of
// this one.
func GiveConfig(fds []int, dir string, primary bool) error {
	if len(fds) == 0 {
		return nil
	}
	f, err := rundir.Open(dir, primary)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := os.O_RDWR
	if primary {
		flags |= os.O_CREATE
	}
	config, err := f.Open(rundir.ConfigFile, flags)
	if err != nil {
		return err
	}
	defer config.Close() // EAL has no lock on it yet, which this would release
	for _, fd := range fds {
		if err := linux.Replace(fd, config); err != nil {
			return &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: "dup3"}
		}
	}
	return nil
}

// ClearDead removes the files of a dead primary from the runtime directory, so that
// the next one shares none with processes that are still attached to the dead one:
// EAL would write a new configuration into the file that they have mapped, refuse
// to start because of their locks on others, and ask them to follow its changes of
// memory. The lock of starts is held, so the primary that may start meanwhile is a
// C program: the lock on the configuration keeps it out until the file is gone.
//
// EAL itself makes new files of hugepages, but not of several in one file.
func ClearDead(dir, prefix string, hugepages bool) error {
	config, err := rundir.OpenFile(dir, rundir.ConfigFile, os.O_RDWR)
	if err != nil {
		return err
	}
	if config != nil {
		defer config.Close()
		if linux.Lock(config) != nil {
			return nil // one has started: EAL says so
		}
	}
	f, err := rundir.Open(dir, false)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := f.Names(ofThePrimary)
	if err == nil {
		err = f.Remove(names...)
	}
	var files []string
	if err == nil && hugepages {
		mounts, err := os.ReadFile("/proc/self/mounts")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(mounts)) {
			if f := strings.Fields(line); len(f) > 2 && f[2] == "hugetlbfs" {
				entries, err := os.ReadDir(f[1])
				if err != nil {
					return err
				}
				for _, e := range entries {
					if isHugepageFile(e.Name(), prefix) {
						files = append(files, filepath.Join(f[1], e.Name()))
					}
				}
			}
		}
	}
	return errors.Join(err, removeAll(files))
}

// ofThePrimary matches the files of one primary. The other files may be in use by a process
// that is starting, or by one that shares no memory.
var ofThePrimary = regexp.MustCompile(`^(fbarray_|mp_socket|hugepage_|` + rundir.TableFile + `|` + rundir.ConfigFile + `$)`)

// detach removes what this secondary has in the runtime directory: its copies of
// page tables, and the socket on which it hears from the primary, so that the
// primary no longer asks it to follow changes of memory. The socket's name holds
// the pid, which another container's process can have too; so this looks which
// one is our own descriptor's.
func detach(dir string) error {
	own, real := copies(int64(os.Getpid())), dir
	if path, err := filepath.EvalSymlinks(dir); err == nil { // /var/run is a link to /run
		real = path
	}
	files, err := mapped(func(path string) bool {
		return filepath.Dir(path) == real && own.MatchString(filepath.Base(path))
	})
	if err != nil {
		return err
	}
	mp, _, err := mpsocket.Own(filepath.Join(dir, mpsocket.Secondary))
	if err != nil {
		return err
	}
	f, err := rundir.Open(dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for i := range mp {
		mp[i] = filepath.Base(mp[i])
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	return f.Remove(append(files, mp...)...)
}

// copies matches the page tables that a secondary with this pid makes for itself. DPDK
// 24.11.6, 25.11.2 and later ones add the time.
func copies(pid int64) *regexp.Regexp {
	return regexp.MustCompile(fmt.Sprintf(`^fbarray_[^_]+_%d(_[0-9a-f]+)?$`, pid))
}

func removeAll(files []string) error {
	var errs []error
	for _, f := range files {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
