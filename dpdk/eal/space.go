package eal

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// EAL makes sparse files, maps them, and then writes to them. If the file system has no room
// for a page then, the kernel sends SIGBUS.

// room returns dpdk.ErrNoSpace if the runtime directory's file system has no room for EAL's
// files. It uses an upper bound, and cannot see what other processes write meanwhile.
func (p *plan) room(dir string, o *options) error {
	f, err := rundir.Open(dir, false)
	if err != nil {
		return err
	}
	defer f.Close()
	need := int64(1<<20) + int64(group.TableSize) // the configuration and small files
	if p.role == Primary {
		need += primarysTables(o)
	} else {
		tables, err := f.Size(regexp.MustCompile(`^fbarray_memseg-[^_]+$`))
		if err != nil {
			return err
		}
		need += tables // EAL makes a copy of each
	}
	err = f.Room(need)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &dpdk.Error{Op: opInit, Errno: dpdk.ErrNoSpace,
			Detail: fmt.Sprintf("runtime directory: %s has no room for EAL's files, which can take %d kB (df -h %s; df -i %s): make room, or set RUNTIME_DIRECTORY to another folder", dir, need>>10, dir, dir)}
	}
	if err != nil {
		return rundir.Error(err)
	}
	return nil
}

// primarysTables returns the largest possible size of a primary's page tables
// (eal_dynmem_memseg_lists_init).
func primarysTables(o *options) (bytes int64) {
	limits := cgo.MemoryLimits()
	pages := func(n int64) int64 { return n * int64(limits.SegmentSize+1) } // with a bit in a mask
	bytes = int64(limits.Zones) * int64(limits.ZoneSize+1)
	megabytes, _ := strconv.ParseInt(o.last("memory-size"), 0, 64)
	if o.has("no-huge") {
		return bytes + pages(max(megabytes, 64)<<20/int64(os.Getpagesize()))
	}
	nodes := int64(max(len(hugepages.NodePools("")), 1))
	for _, pool := range hugepages.Pools("") {
		kb := int64(pool.Page >> 10)
		bytes += nodes * pages(min(int64(limits.MegabytesPerType)<<10/kb, int64(limits.SegmentsPerType)))
		if o.has("legacy-mem") { // a file lists each hugepage with its path
			count := int64(pool.Total)
			if megabytes > 0 {
				count = min(count, megabytes<<10/kb+1)
			}
			bytes += count * (4096 + 64)
		}
	}
	return bytes
}
