package ealtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Left lists the running processes of a file prefix, the files in their runtime directory, and their
// files in hugepages. A killed process leaves files; a process that has called Close leaves none.
func Left(prefix string) (left []string, err error) {
	dir := filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix)
	pids, err := users(dir + "/")
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		left = append(left, "process "+pid)
	}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range files {
		left = append(left, filepath.Join(dir, f.Name()))
	}
	pages, err := os.ReadDir(HugeDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	for _, f := range pages {
		if strings.HasPrefix(f.Name(), prefix+"map_") {
			left = append(left, filepath.Join(HugeDir(), f.Name()))
		}
	}
	return left, nil
}

// users returns the other processes that have mapped a file of the folder, as each process of a
// prefix maps its configuration.
func users(dir string) (pids []string, err error) {
	maps, err := filepath.Glob("/proc/[0-9]*/maps")
	for _, name := range maps {
		pid := filepath.Base(filepath.Dir(name))
		text, err := os.ReadFile(name)
		if err == nil && pid != fmt.Sprint(os.Getpid()) && strings.Contains(string(text), " "+dir) {
			pids = append(pids, pid)
		}
	}
	return pids, err
}

// NothingLeft fails the test if, at its end, [Left] finds processes or files of a file prefix.
func NothingLeft(t testing.TB, prefix string) {
	t.Helper()
	t.Cleanup(func() {
		t.Helper()
		left, err := Left(prefix)
		if err != nil {
			t.Error(err)
		}
		if len(left) > 0 {
			t.Errorf("left of %s: %s", prefix, strings.Join(left, ", "))
		}
	})
}
