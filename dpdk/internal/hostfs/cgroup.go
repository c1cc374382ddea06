package hostfs

import (
	"path/filepath"
	"slices"
	"strings"
)

// Cgroups returns the folders of this process's cgroup and of the groups above it, in the hierarchies of cgroup v1
// and v2 that may limit the controller's resource.
func (r Root) Cgroups(controller string) (dirs []string) {
	for line := range strings.Lines(r.Text("/proc/self/mountinfo")) {
		mount, fs, ok := strings.Cut(line, " - ")
		m, f := strings.Fields(mount), strings.Fields(fs)
		if !ok || len(m) < 5 || len(f) < 3 {
			continue
		}
		root, at := Unescape(m[3]), Unescape(m[4])
		switch v1 := slices.Contains(strings.Split(f[2], ","), controller); {
		case f[0] == "cgroup" && v1:
			dirs = append(dirs, above(at, root, r.ownGroup(controller))...)
		case f[0] == "cgroup2":
			dirs = append(dirs, above(at, root, r.ownGroup(""))...)
		}
	}
	return dirs
}

// ownGroup returns this process's cgroup for a controller; "" is cgroup v2.
func (r Root) ownGroup(controller string) string {
	for line := range strings.Lines(r.Text("/proc/self/cgroup")) {
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
