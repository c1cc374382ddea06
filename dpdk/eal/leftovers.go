package eal

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
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

// removeRuntimeDir removes the files of a primary that has stopped. It holds the
// lock of starts meanwhile, so that no primary starts in the middle.
func removeRuntimeDir(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	unlock, err := lockInit(ctx, dir, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	return os.RemoveAll(dir)
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
	mp, err := sockets(dir + "/mp_socket_")
	if err != nil {
		return err
	}
	return removeAll(append(files, mp...))
}

// sockets are the files of this process's own sockets whose paths begin so.
func sockets(prefix string) (files []string, err error) {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	for _, fd := range fds {
		n, err := strconv.Atoi(fd.Name())
		if err != nil {
			continue
		}
		addr, err := unix.Getsockname(n)
		if err != nil {
			continue
		}
		if sock, ok := addr.(*unix.SockaddrUnix); ok && strings.HasPrefix(sock.Name, prefix) {
			files = append(files, sock.Name)
		}
	}
	return files, nil
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
