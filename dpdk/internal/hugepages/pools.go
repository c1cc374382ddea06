// Package hugepages reads the facts about a host's hugepages: pools, mounts, limits and EAL's files.
package hugepages

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/hostfs"
)

// Pool counts the kernel's hugepages of one size.
type Pool struct {
	Page       uint64 // bytes
	Total      uint64
	Free       uint64 // with the reserved ones
	Reserved   uint64 // that mappings will take
	Surplus    uint64 // above the fixed number
	Overcommit uint64 // the limit of Surplus
	File       string // sets the fixed number
}

// Usable returns the number of pages that a process can still get: free ones that no mapping has reserved, and those that
// the kernel makes on demand.
func (p Pool) Usable() uint64 {
	return p.Free - min(p.Free, p.Reserved) + p.Overcommit - min(p.Overcommit, p.Surplus)
}

// Any reports whether the kernel has pages of this size, or may make some.
func (p Pool) Any() bool { return p.Total > 0 || p.Overcommit > 0 }

// Set returns the command that makes the fixed number of pages large enough for more pages, and the one that undoes it.
func (p Pool) Set(more uint64) (set, undo string) {
	fixed := p.Total - min(p.Total, p.Surplus)
	return fmt.Sprintf("echo %d > %s", fixed+more, p.File), fmt.Sprintf("echo %d > %s", fixed, p.File)
}

// Pools returns the sizes that the kernel supports, the default size first.
func Pools(r hostfs.Root) []Pool {
	page := DefaultPage(r)
	all := pools(r, "/sys/kernel/mm/hugepages")
	for i := range all {
		if all[i].Page == page {
			all[i].File = "/proc/sys/vm/nr_hugepages" // which a container can often write
		}
	}
	slices.SortStableFunc(all, func(a, b Pool) int {
		rank := func(p Pool) int {
			if p.Page == page {
				return 0
			}
			return 1
		}
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Page, b.Page))
	})
	return all
}

// NodePools returns the pools of each NUMA node. Only the host as a whole has pages on demand, so Overcommit is 0.
func NodePools(r hostfs.Root) map[int][]Pool {
	nodes := map[int][]Pool{}
	for _, dir := range r.Glob("/sys/devices/system/node/node[0-9]*") {
		if node, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), "node")); err == nil {
			nodes[node] = pools(r, filepath.Join(dir, "hugepages"))
		}
	}
	return nodes
}

func pools(r hostfs.Root, dir string) (all []Pool) {
	for _, dir := range r.Glob(dir + "/hugepages-*kB") {
		kb, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(dir), "hugepages-"), "kB"), 10, 54)
		if err != nil || kb == 0 {
			continue
		}
		all = append(all, Pool{Page: kb << 10, Total: r.Number(dir, "nr_hugepages"), Free: r.Number(dir, "free_hugepages"),
			Reserved: r.Number(dir, "resv_hugepages"), Surplus: r.Number(dir, "surplus_hugepages"),
			Overcommit: r.Number(dir, "nr_overcommit_hugepages"), File: dir + "/nr_hugepages"})
	}
	return all
}

// DefaultPage returns the kernel's default size of a hugepage.
func DefaultPage(r hostfs.Root) uint64 {
	if f := r.Fields("/proc/meminfo", "Hugepagesize"); len(f) == 2 {
		kb, _ := strconv.ParseUint(f[0], 10, 54)
		return kb << 10
	}
	return 2 << 20
}

// Format writes a size in KiB or MiB, and 1 GiB as such. Users give sizes of memory in MiB.
func Format(n uint64) string {
	if n > 0 && n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	if n == 1<<30 {
		return "1 GiB"
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
