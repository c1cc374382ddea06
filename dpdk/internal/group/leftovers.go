package group

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// EAL leaves files when it stops. Hugepages then stay in use until the next primary of the prefix
// starts, and prefixes that are used once fill the runtime directory. It is safe to unlink files
// that other processes have mapped.

// mapped returns the matching files in the memory map of this process.
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

// HugepageFiles returns the files of the prefix's hugepages that this process has mapped.
func HugepageFiles(prefix string) ([]string, error) {
	return mapped(func(path string) bool {
		of, ok := hugepages.Prefix(filepath.Base(path))
		return ok && of == prefix
	})
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

// RemoveTable removes the table, so that no process attaches to this primary. The other files stay.
func (m *Member) RemoveTable() error {
	return removeAll([]string{filepath.Join(m.dir, rundir.TableFile)})
}

// removeRuntimeDir removes the files of a primary that has stopped, and the folder if it is empty
// then. The caller holds rundir.InitLock. Its file is removed last: from then on the next
// primary can start here.
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

// RemoveFailed removes the files of a primary after a failed start of EAL. Otherwise its hugepages
// would stay in use until the next start with the same prefix. The caller holds rundir.InitLock. If
// a C program has become the primary meanwhile, the files belong to it, and stay.
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

// GiveConfig makes the descriptors of failed starts refer to the configuration file of this
// start.
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

// ClearDead removes the files of a dead primary from the runtime directory, so that the next
// primary shares no file with processes that are still attached to the dead one. With such
// a file EAL would write a new configuration into the memory of these processes, fail to start
// because of their locks, and ask them to follow its changes of memory. The caller holds
// rundir.InitLock, so only a C program can become the primary meanwhile: the lock on the
// configuration prevents that until the file is gone.
//
// EAL itself replaces files with one hugepage. With pages, ClearDead also removes files with
// several hugepages, which EAL reuses.
func ClearDead(dir, prefix string, pages bool) error {
	config, err := rundir.OpenFile(dir, rundir.ConfigFile, os.O_RDWR)
	if err != nil {
		return err
	}
	if config != nil {
		defer config.Close()
		if linux.Lock(config) != nil {
			return nil // a primary has started: EAL reports that
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
	if err == nil && pages {
		for _, m := range hugepages.Mounts("") {
			there, err := hugepages.Files("", m)
			if err != nil {
				return err
			}
			for _, f := range there {
				if f.Prefix == prefix {
					files = append(files, f.Path)
				}
			}
		}
	}
	return errors.Join(err, removeAll(files))
}

// ofThePrimary matches the files of a primary. A process that is starting, or that shares no
// memory, may use the other files.
var ofThePrimary = regexp.MustCompile(`^(fbarray_|mp_socket|hugepage_|` + rundir.TableFile + `|` + rundir.CallSocket + `|` + rundir.ConfigFile + `$)`)

// detach removes this secondary's files from the runtime directory: its copies of page tables, and
// its socket for messages, so that the primary no longer asks it to follow changes of memory. The
// name of the socket holds the pid, which a process in another container can have too. So detach
// finds the socket by its descriptor.
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

// copies matches the page tables that a secondary with this pid copies. DPDK 24.11.6, 25.11.2 and
// later releases append the time.
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
