package eal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
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

// hugepageFiles are the files of a prefix's hugepages (eal_get_hugefile_path).
func hugepageFiles(prefix string) ([]string, error) {
	return mapped(func(path string) bool { return strings.HasPrefix(filepath.Base(path), prefix+"map_") })
}

// removeRuntimeDir removes the files of a primary that has stopped. The lock of starts
// is held, and its file goes last: from then on the next primary may start here.
func removeRuntimeDir(dir string) error {
	files, err := named(dir, "")
	lock := filepath.Join(dir, initLock)
	files = slices.DeleteFunc(files, func(f string) bool { return f == lock })
	err = errors.Join(err, removeAll(append(files, lock)))
	if e := os.Remove(dir); e != nil && !errors.Is(e, syscall.ENOTEMPTY) && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// clearDead removes the files of a dead primary from the runtime directory, so that
// the next one shares none with processes that are still attached to the dead one:
// EAL would write a new configuration into the file that they have mapped, refuse
// to start because of their locks on others, and ask them to follow its changes of
// memory. The lock of starts is held, so the primary that may start meanwhile is a
// C program: the lock on the configuration keeps it out until the file is gone.
//
// EAL itself makes new files of hugepages, but not of several in one file.
func clearDead(dir, prefix string, hugepages bool) error {
	config := filepath.Join(dir, configFile)
	f, err := os.OpenFile(config, os.O_RDWR, 0)
	if err == nil {
		defer f.Close()
		if linux.Lock(f) != nil {
			return nil // one has started: EAL says so
		}
	}
	files, err := named(dir, "fbarray_", mpsocket.Primary, "hugepage_", tableFile, configFile)
	if err != nil {
		return err
	}
	if hugepages {
		mounts, err := os.ReadFile("/proc/self/mounts")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(mounts)) {
			if f := strings.Fields(line); len(f) > 2 && f[2] == "hugetlbfs" {
				pages, err := named(f[1], prefix+"map_")
				if err != nil {
					return err
				}
				files = append(files, pages...)
			}
		}
	}
	return removeAll(files)
}

// named are the files of a folder whose names begin with one of these.
func named(dir string, prefixes ...string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.Name(), p) }) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, err
}

// detach removes what this secondary has in the runtime directory: its copies of
// page tables, and the socket on which it hears from the primary, so that the
// primary no longer asks it to follow changes of memory. The socket's name holds
// the pid, which another container's process can have too; so this looks which
// one is our own descriptor's.
func detach(dir string) error {
	own := "_" + strconv.Itoa(os.Getpid())
	files, err := mapped(func(path string) bool {
		name, ok := strings.CutPrefix(path, dir+"/fbarray_")
		return ok && strings.Contains(name, own)
	})
	if err != nil {
		return err
	}
	mp, _, err := mpsocket.Own(filepath.Join(dir, mpsocket.Secondary))
	if err != nil {
		return err
	}
	return removeAll(append(files, mp...))
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
