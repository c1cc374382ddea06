package hugepages

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/hostfs"
)

// Limit is the limit of a cgroup for hugepages of one size.
type Limit struct {
	File      string
	Max, Left uint64 // bytes
	V1        bool   // of cgroup v1
}

// GroupLimit returns the tightest limit of this process's cgroups for pages of a size; nil if they have none.
func GroupLimit(r hostfs.Root, page uint64) (tightest *Limit) {
	name := "hugetlb." + strings.NewReplacer(" ", "", "iB", "B").Replace(Format(page)) + "."
	for _, dir := range r.Cgroups("hugetlb") {
		for i, files := range [][2]string{
			{"limit_in_bytes", "usage_in_bytes"}, {"rsvd.limit_in_bytes", "rsvd.usage_in_bytes"}, // cgroup v1
			{"max", "current"}, {"rsvd.max", "rsvd.current"}, // v2
		} {
			most, err := strconv.ParseUint(r.Text(dir, name+files[0]), 10, 63)
			if err != nil || most >= 1<<62 { // "max", and its value in cgroup v1
				continue
			}
			l := &Limit{filepath.Join(dir, name+files[0]), most, most - min(most, r.Number(dir, name+files[1])), i < 2}
			if tightest == nil || l.Left < tightest.Left {
				tightest = l
			}
		}
	}
	return tightest
}
