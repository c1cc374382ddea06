package hugepages

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/hostfs"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Mount is a mount of hugetlbfs in the mount namespace of this process.
type Mount struct {
	Dir        string
	Page       uint64 // bytes
	ReadOnly   bool
	Size, Left uint64 // the limit of the mount in bytes, and the part of it that is free; 0 without a limit
}

// Mounts returns all mounts of hugetlbfs. If several are mounted at one folder, it returns the last one.
func Mounts(r hostfs.Root) (all []Mount) {
	for line := range strings.Lines(r.Text("/proc/self/mounts")) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		dir := hostfs.Unescape(f[1])
		all = slices.DeleteFunc(all, func(m Mount) bool { return m.Dir == dir })
		if f[2] != "hugetlbfs" {
			continue
		}
		m := Mount{Dir: dir, Page: DefaultPage(r)}
		for _, option := range strings.Split(f[3], ",") {
			switch name, value, _ := strings.Cut(option, "="); name {
			case "ro":
				m.ReadOnly = true
			case "pagesize":
				m.Page = parseBytes(value)
			case "size":
				m.Size = parseBytes(value)
				m.Left = m.Size
			}
		}
		if r.Live() {
			_, m.Size, m.Left, _ = linux.Hugetlbfs(m.Dir)
		}
		all = append(all, m)
	}
	return all
}

// parseBytes parses a size as the kernel writes it: "2M".
func parseBytes(s string) uint64 {
	shift := 0
	if i := strings.IndexAny("KMG", s[max(0, len(s)-1):]); i >= 0 && s != "" {
		shift, s = 10*(strings.IndexByte("KMG", s[len(s)-1])+1), s[:len(s)-1]
	}
	n, _ := strconv.ParseUint(s, 10, 64)
	return n << shift
}

// File is a file in which EAL keeps hugepages.
type File struct {
	Path   string // of the host
	Prefix string
	Bytes  uint64
	UID    int
	Made   time.Time
}

// named matches the names that EAL gives to hugepages (eal_get_hugefile_path).
var named = regexp.MustCompile(`^(.+)map_[0-9]+$`)

// Prefix returns the file prefix in the name of a file in which EAL keeps hugepages. The prefix "a" has amap_0, but not amap_bmap_0.
func Prefix(name string) (prefix string, ok bool) {
	m := named.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// Files returns EAL's files in a mount.
func Files(r hostfs.Root, m Mount) (all []File, err error) {
	entries, err := os.ReadDir(r.Path(m.Dir))
	for _, e := range entries {
		prefix, ok := Prefix(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		st, err := e.Info()
		if err != nil {
			continue // it was removed meanwhile
		}
		uid, _ := linux.Owner(st)
		all = append(all, File{filepath.Join(m.Dir, e.Name()), prefix, uint64(st.Size()), uid, st.ModTime()})
	}
	return all, err
}
