package hugepages

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cgroupLimit is the limit of a cgroup for hugepages of one size.
type cgroupLimit struct {
	file      string
	max, left uint64 // bytes
}

// hugeLimit returns the tightest limit of this process's cgroups for pages of a size; nil if
// they have none.
func hugeLimit(page uint64) (tightest *cgroupLimit) {
	name := "hugetlb." + strings.NewReplacer(" ", "", "iB", "B").Replace(Format(page)) + "."
	for _, dir := range hugeGroups() {
		for _, files := range [][2]string{
			{"limit_in_bytes", "usage_in_bytes"}, {"rsvd.limit_in_bytes", "rsvd.usage_in_bytes"}, // cgroup v1
			{"max", "current"}, {"rsvd.max", "rsvd.current"}, // v2
		} {
			file := filepath.Join(dir, name+files[0])
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			most, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 63)
			if err != nil { // "max"
				continue
			}
			used := number(dir, name+files[1])
			l := &cgroupLimit{file, most, most - min(most, used)}
			if tightest == nil || l.left < tightest.left {
				tightest = l
			}
		}
	}
	return tightest
}

// hugeGroups returns the folders of this process's cgroup and of the groups above it, in the
// hierarchies that may limit hugepages.
func hugeGroups() (dirs []string) {
	info, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(info)) {
		mount, fs, ok := strings.Cut(line, " - ")
		m, f := strings.Fields(mount), strings.Fields(fs)
		if !ok || len(m) < 5 || len(f) < 3 {
			continue
		}
		root, at := unescape(m[3]), unescape(m[4])
		switch v1 := slices.Contains(strings.Split(f[2], ","), "hugetlb"); {
		case f[0] == "cgroup" && v1:
			dirs = append(dirs, above(at, root, ownGroup("hugetlb"))...)
		case f[0] == "cgroup2":
			dirs = append(dirs, above(at, root, ownGroup(""))...)
		}
	}
	return dirs
}

// ownGroup returns this process's cgroup for a controller; "" is cgroup v2.
func ownGroup(controller string) string {
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) == 3 && slices.Contains(strings.Split(f[1], ","), controller) {
			return f[2]
		}
	}
	return "/"
}

// above returns the folders from a group up to the mount, which shows the tree from root on. A
// group outside of that tree is limited by the mount's own group.
func above(at, root, group string) (dirs []string) {
	rel, err := filepath.Rel(root, group)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		rel = "."
	}
	for ; rel != "."; rel = filepath.Dir(rel) {
		dirs = append(dirs, filepath.Join(at, rel))
	}
	return append(dirs, at)
}
