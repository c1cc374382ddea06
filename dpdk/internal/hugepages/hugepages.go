// Package hugepages explains why EAL got no hugepages, or too few, and names the fix.
package hugepages

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	sysHugepages = "/sys/kernel/mm/hugepages"
	mountHuge    = "as root: mkdir -p /dev/hugepages; mount -t hugetlbfs nodev /dev/hugepages (in a container: docker run -v /dev/hugepages:/dev/hugepages)"
)

// hugeMount is a mount of hugetlbfs.
type hugeMount struct {
	dir  string
	page uint64 // bytes
}

// hugeSize counts the kernel's hugepages of one size.
type hugeSize struct{ page, reserved, free uint64 }

func (s hugeSize) String() string {
	return fmt.Sprintf("%d hugepages of %s", s.reserved, Format(s.page))
}

// Asked describes the hugepages that a start of EAL asked for.
type Asked struct {
	Dir   string // the value of --huge-dir; "" is any mount
	Bytes uint64 // 0 if the options name no size
}

// Explain returns an error that explains why EAL has found no hugepages, or not enough, and names
// the fix. EAL's log often shows only a symptom, and its error number belongs to another call.
func Explain(a Asked, log string) *dpdk.Error {
	errno, detail := a.lack()
	e := &dpdk.Error{Op: "rte_eal_init", Cause: dpdk.ErrNoHugepages, Errno: dpdk.Errno(errno), Detail: detail}
	if limit, detail := limited(log); detail != "" { // hugepages are there
		e.Cause, e.Errno, e.Detail = nil, dpdk.Errno(limit), detail
	}
	return e
}

// limited names the limit of this process that EAL has reached, if the log shows one.
func limited(log string) (errno syscall.Errno, detail string) {
	switch {
	case strings.Contains(log, "Too many open files"):
		return syscall.EMFILE, fmt.Sprintf("this process may have %d open files (ulimit -n), and EAL has one for each hugepage: raise the limit, use larger pages, or add --single-file-segments to Config.Extra", linux.OpenFiles())
	case !strings.Contains(log, "Cannot get a virtual area") && !strings.Contains(log, "Cannot allocate VA space"):
	case linux.AddressSpace() != linux.Unlimited:
		return syscall.ENOMEM, fmt.Sprintf("this process may have %s of virtual memory (ulimit -v), and EAL reserves much more than it uses: ulimit -v unlimited", Format(linux.AddressSpace()))
	default:
		return syscall.ENOMEM, "EAL reserves much more virtual memory than it uses, and the kernel gives none: set vm.overcommit_memory to 0 or 1"
	}
	return 0, ""
}

// lack finds the first missing thing, from the mount to the pages.
func (a Asked) lack() (syscall.Errno, string) {
	mounts, sizes := hugeMounts(), hugeSizes()
	if dir := a.Dir; dir != "" {
		page, _, _, ok := linux.Hugetlbfs(dir)
		if _, err := os.Stat(dir); err != nil {
			return linux.Errno(err), fmt.Sprintf("the HugeDir %s cannot be used (%v): %s", dir, linux.Errno(err), otherMount(mounts))
		}
		if !ok {
			return syscall.ENODEV, fmt.Sprintf("the HugeDir %s is not on a hugetlbfs: %s", dir, otherMount(mounts))
		}
		mounts = []hugeMount{{dir, page}}
	}
	if len(sizes) == 0 {
		return syscall.ENOMEM, "none are reserved: reserve some as root: " + reserve(0, a.Bytes)
	}
	if len(mounts) == 0 {
		return syscall.ENODEV, fmt.Sprintf("%v are reserved, and no hugetlbfs is mounted: %s", sizes[0], mountHuge)
	}
	// EAL uses the first mount for each size.
	var usable []hugeSize
	var at []hugeMount
	for _, s := range sizes {
		if i := slices.IndexFunc(mounts, func(m hugeMount) bool { return m.page == s.page }); i >= 0 {
			usable, at = append(usable, s), append(at, mounts[i])
		}
	}
	if len(usable) == 0 {
		s := sizes[0]
		return syscall.ENODEV, fmt.Sprintf("the hugetlbfs at %s is for pages of %s, and %v are reserved: as root: mount -t hugetlbfs -o pagesize=%dK nodev DIR, or reserve some of %s",
			mounts[0].dir, Format(mounts[0].page), s, s.page>>10, Format(mounts[0].page))
	}
	for _, m := range at {
		if err := linux.MayCreate(m.dir); err != nil {
			return unusableMount(m.dir, err)
		}
	}
	return a.tooFew(usable, at)
}

// unusableMount explains that this user cannot use a mount.
func unusableMount(dir string, err error) (syscall.Errno, string) {
	uid := os.Geteuid()
	if linux.Errno(err) == syscall.EROFS {
		return syscall.EROFS, fmt.Sprintf("the hugetlbfs at %s is mounted read-only: as root: mount -o remount,rw %s", dir, dir)
	}
	return linux.Errno(err), fmt.Sprintf("uid %d cannot make files in the hugetlbfs at %s: give this user one, as root: mkdir -p /mnt/huge-%d; mount -t hugetlbfs -o uid=%d,mode=0700 nodev /mnt/huge-%d; and set Config.HugeDir", uid, dir, uid, uid, uid)
}

// tooFew compares the size asked for with the free pages. It checks the limits of this process
// first, because a start that failed halfway may still have some of the pages.
func (a Asked) tooFew(sizes []hugeSize, at []hugeMount) (syscall.Errno, string) {
	asked := max(a.Bytes, sizes[0].page)
	if size, left, ok := room(at); ok && left < asked {
		return syscall.ENOMEM, fmt.Sprintf("%s asked for, and the hugetlbfs at %s is limited to %s, of which %s free: mount it without size=, or with a larger one", are(asked), at[0].dir, Format(size), are(left))
	}
	var free uint64
	var there []string
	for _, s := range sizes {
		if l := hugeLimit(s.page); l != nil && l.left < asked {
			return syscall.ENOMEM, fmt.Sprintf("%s asked for, and the cgroup of this process may have %s, of which %s free (%s): raise the limit (in Kubernetes: resources.limits, hugepages-2Mi or hugepages-1Gi)", are(asked), Format(l.max), are(l.left), l.file)
		}
		free += s.free * s.page
		there = append(there, fmt.Sprintf("%d of %v", s.free, s))
	}
	if asked > free {
		return syscall.ENOMEM, fmt.Sprintf("%s asked for, and %s free (%s): ask for less (Config.MemoryMB, SocketMemoryMB), end another process that has hugepages, or reserve more, as root: %s",
			are(asked), are(free), strings.Join(there, ", "), reserve(sizes[0].page, asked-free+sizes[0].reserved*sizes[0].page))
	}
	return syscall.ENOMEM, fmt.Sprintf("%s asked for, and %s free in %s, which this process may use: they may be on another NUMA socket (Config.SocketMemoryMB); the log has more", are(asked), are(free), at[0].dir)
}

// room returns the limits of the mounts, and the bytes left in them. ok is false if one mount has no limit.
func room(mounts []hugeMount) (size, left uint64, ok bool) {
	for _, m := range mounts {
		_, s, l, _ := linux.Hugetlbfs(m.dir)
		if s == 0 {
			return 0, 0, false
		}
		size, left = size+s, left+l
	}
	return size, left, true
}

// reserve returns the command that reserves so many bytes in pages of a size; 0 is the default size.
func reserve(page, bytes uint64) string {
	file := "/proc/sys/vm/nr_hugepages"
	if page == 0 {
		page = defaultPage()
	} else if page != defaultPage() {
		file = fmt.Sprintf("%s/hugepages-%dkB/nr_hugepages", sysHugepages, page>>10)
	}
	if bytes == 0 {
		bytes = 1 << 30
	}
	return fmt.Sprintf("echo %d > %s", (bytes+page-1)/page, file)
}

func otherMount(mounts []hugeMount) string {
	if len(mounts) == 0 {
		return "no hugetlbfs is mounted: leave HugeDir empty, and " + mountHuge
	}
	return fmt.Sprintf("use %s, which is one for pages of %s, or leave it empty", mounts[0].dir, Format(mounts[0].page))
}

// hugeMounts returns the mounts of hugetlbfs in the mount namespace of this process.
func hugeMounts() (all []hugeMount) {
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "hugetlbfs" {
			continue
		}
		m := hugeMount{unescape(f[1]), defaultPage()}
		for _, option := range strings.Split(f[3], ",") {
			if size, ok := strings.CutPrefix(option, "pagesize="); ok {
				m.page = parseBytes(size)
			}
		}
		all = append(all, m)
	}
	return all
}

// unescape decodes white space in /proc/self/mounts.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// hugeSizes returns the sizes with reserved pages, the default size first.
func hugeSizes() (all []hugeSize) {
	dirs, _ := filepath.Glob(sysHugepages + "/hugepages-*kB")
	for _, dir := range dirs {
		kb, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(dir), "hugepages-"), "kB"), 10, 54)
		s := hugeSize{kb << 10, number(dir, "nr_hugepages"), number(dir, "free_hugepages")}
		s.free -= min(s.free, number(dir, "resv_hugepages"))
		if more := number(dir, "nr_overcommit_hugepages"); more > 0 { // the kernel makes them on demand
			s.free += more - min(more, number(dir, "surplus_hugepages"))
			s.reserved = max(s.reserved, s.free)
		}
		if s.reserved > 0 {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b hugeSize) int {
		switch page := defaultPage(); {
		case a.page == page && b.page != page:
			return -1
		case b.page == page && a.page != page:
			return 1
		}
		return 0
	})
	return all
}

// number reads a number from a file. It returns 0 if it cannot.
func number(dir, file string) uint64 {
	text, _ := os.ReadFile(filepath.Join(dir, file))
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// defaultPage returns the kernel's default size of a hugepage.
func defaultPage() uint64 {
	info, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(info)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Hugepagesize:" {
			kb, _ := strconv.ParseUint(f[1], 10, 54)
			return kb << 10
		}
	}
	return 2 << 20
}

const units = "KMG"

// parseBytes parses a size as the kernel writes it: "2M".
func parseBytes(s string) uint64 {
	shift := 0
	if i := strings.IndexAny(units, s[max(0, len(s)-1):]); i >= 0 && s != "" {
		shift, s = 10*(strings.IndexByte(units, s[len(s)-1])+1), s[:len(s)-1]
	}
	n, _ := strconv.ParseUint(s, 10, 64)
	return n << shift
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

func are(n uint64) string { return Format(n) + " are" }
