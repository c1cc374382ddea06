package group

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// primarys matches the files that rte_eal_init maps in a secondary, and that the primary has made: its
// configuration and its page tables. The page tables of a secondary have two more numbers in their names.
var primarys = regexp.MustCompile(`^(` + rundir.ConfigFile + `|fbarray_memzone|fbarray_memseg-[^_]+)$`)

// fileSizes returns the sizes of the files that match primarys.
func fileSizes(dir string) (map[string]int64, error) {
	f, err := rundir.Open(dir, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Sizes(primarys)
}

// checkFiles refuses files that are shorter than the primary has made them. EAL checks no size: it would
// read behind the end of "config", which is a SIGBUS, and would fill the missing part of a page table with
// zeros.
func (f *Facts) checkFiles(dir string) error {
	here, err := fileSizes(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(f.Files)) {
		size, exists := here[name]
		if size >= f.Files[name] && exists {
			continue
		}
		state := fmt.Sprintf("has %d bytes, and the primary made it with %d", size, f.Files[name])
		if !exists {
			state = "does not exist"
		}
		return &dpdk.Error{Op: opInit, Errno: dpdk.Errno(syscall.EFAULT),
			Detail: fmt.Sprintf("%s: %s: another process has damaged it: restart all processes of this file prefix", filepath.Join(dir, name), state)}
	}
	return nil
}
