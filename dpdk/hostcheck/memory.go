package hostcheck

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const (
	whyPools   = "DPDK's shared memory is in hugepages"
	whyMount   = "EAL makes files on the first hugetlbfs mount of each page size, or on the one that Config.HugeDir names"
	whyGroup   = "a cgroup can give a process fewer hugepages than the host has"
	whyAmount  = "Init allocates Config.MemoryMB or SocketMemoryMB, and later calls need more"
	defaultAsk = 1 << 30 // bytes to reserve if no size is asked for
)

// memory is the state of one look at the hugepages.
type memory struct {
	Host
	need   Need
	pools  []hugepages.Pool // with pages
	mounts []hugepages.Mount
	chosen []hugepages.Mount // the mount that EAL uses for each of usable
	usable []hugepages.Pool  // with a mount
	asked  uint64            // bytes
}

// Memory returns the findings about hugepages: the pools of each size and NUMA node, the mounts and their users, the
// limits of cgroups, and whether the memory that n asks for is free. Mend the first error first: it can cause the others.
func (h Host) Memory(n Need) []Finding {
	m := memory{Host: h, need: n, mounts: hugepages.Mounts(h.root())}
	for _, p := range hugepages.Pools(h.root()) {
		if p.Any() {
			m.pools = append(m.pools, p)
		}
	}
	m.asked = uint64(max(n.MemoryMB, 0)) << 20
	for _, mb := range n.SocketMemoryMB {
		m.asked += uint64(max(mb, 0)) << 20
	}
	if n.HugeDir != "" && !n.InMemory {
		if f, ok := m.hugeDir(); !ok {
			return []Finding{f}
		}
	}
	if len(m.pools) == 0 {
		return append([]Finding{m.noPages()}, m.mount()...)
	}
	all := append(m.counts(), m.mount()...)
	if len(m.usable) > 0 {
		all = append(append(all, m.groups()...), m.amounts()...)
	}
	return all
}

// hugeDir replaces the mounts by the one that the program names.
func (m *memory) hugeDir() (f Finding, ok bool) {
	dir := m.need.HugeDir
	f = Finding{Check: "hugetlbfs", Level: Error, Source: dir, Why: whyMount}
	if _, err := os.Stat(m.root().Path(dir)); err != nil {
		f.Errno, f.Found = dpdk.Errno(linux.Errno(err)), fmt.Sprintf("the HugeDir %s cannot be used (%v)", dir, linux.Errno(err))
	} else if i := slices.IndexFunc(m.mounts, func(at hugepages.Mount) bool { return at.Dir == dir }); i >= 0 {
		m.mounts = m.mounts[i : i+1]
		return f, true
	} else if page, size, left, on := linux.Hugetlbfs(dir); on && m.root().Live() {
		m.mounts = []hugepages.Mount{{Dir: dir, Page: page, Size: size, Left: left}}
		return f, true
	} else {
		f.Errno, f.Found = dpdk.Errno(syscall.ENODEV), fmt.Sprintf("the HugeDir %s is not on a hugetlbfs", dir)
	}
	const where = "in the program"
	if len(m.mounts) > 0 {
		f.Found += fmt.Sprintf("; %s is one for pages of %s", m.mounts[0].Dir, hugepages.Format(m.mounts[0].Page))
		f.Fixes = []Fix{{Where: where, Commands: []string{fmt.Sprintf("use %s for Config.HugeDir, or leave it empty", m.mounts[0].Dir)}}}
		return f, false
	}
	f.Found += ", and no hugetlbfs is mounted"
	f.Fixes = m.makeMount("/dev/hugepages", "")
	f.Fixes[0].Commands = append(f.Fixes[0].Commands, "leave Config.HugeDir empty")
	f.Fixes[0].Safe = false
	return f, false
}

// noPages is the finding of a host without any hugepages.
func (m *memory) noPages() Finding {
	f := Finding{Check: "hugepages", Level: Error, Source: "/sys/kernel/mm/hugepages", Why: whyPools, Errno: dpdk.Errno(syscall.ENOMEM),
		Found: "none are reserved: the host has no hugepages"}
	if all := hugepages.Pools(m.root()); len(all) > 0 {
		f.Fixes = m.reserve(all[0], cmp.Or(m.asked, min(defaultAsk, m.available()/4)))
	}
	return f
}

// available returns the memory that the host can still give.
func (m *memory) available() uint64 {
	if f := m.root().Fields("/proc/meminfo", "MemAvailable"); len(f) == 2 {
		kb, _ := strconv.ParseUint(f[0], 10, 54)
		return kb << 10
	}
	return defaultAsk * 4
}

// reserve returns the fix that gives a pool so many more bytes. It has none if the host has no memory for them.
func (m *memory) reserve(p hugepages.Pool, bytes uint64) []Fix {
	if bytes > m.available()/10*9 {
		return nil
	}
	set, undo := p.Set((bytes + p.Page - 1) / p.Page)
	return []Fix{{Where: m.asRoot(), Commands: []string{set}, Undo: []string{undo}, Safe: m.isRoot() && bytes <= m.available()/2}}
}

// counts returns a finding for each size of pages.
func (m *memory) counts() (all []Finding) {
	nodes := hugepages.NodePools(m.root())
	for _, p := range m.pools {
		f := Finding{Check: "hugepages", Source: p.File, Why: whyPools,
			Found: fmt.Sprintf("%s: %d in all, %d free, %d reserved, %d surplus", hugepages.Format(p.Page), p.Total, p.Free, p.Reserved, p.Surplus)}
		if p.Overcommit > 0 {
			f.Found += fmt.Sprintf(" of at most %d", p.Overcommit)
		}
		var empty []hugepages.Pool
		var without []string
		for _, node := range sortedKeys(nodes) {
			i := slices.IndexFunc(nodes[node], func(q hugepages.Pool) bool { return q.Page == p.Page })
			if i < 0 || len(nodes) < 2 {
				continue
			}
			q := nodes[node][i]
			f.Found += fmt.Sprintf("; NUMA node %d: %d in all, %d free, %d surplus", node, q.Total, q.Free, q.Surplus)
			if q.Total == 0 && p.Overcommit == 0 && m.root().Text(fmt.Sprintf("/sys/devices/system/node/node%d/cpulist", node)) != "" {
				empty, without = append(empty, q), append(without, strconv.Itoa(node))
			}
		}
		if len(empty) > 0 && p.Page == m.pools[0].Page {
			f.Level = Warning
			f.Found += fmt.Sprintf("; node %s has CPUs and none of these pages, so its lcores would use memory of another node", strings.Join(without, ", "))
			each := max(p.Page, min(defaultAsk, m.available()/uint64(4*len(nodes))))
			var fix Fix
			for _, q := range empty {
				for _, r := range m.reserve(q, each) {
					fix = Fix{r.Where, append(fix.Commands, r.Commands...), append(fix.Undo, r.Undo...), r.Safe}
				}
			}
			if len(fix.Commands) > 0 {
				f.Fixes = []Fix{fix}
			}
		}
		all = append(all, f)
	}
	return all
}

// mount returns a finding for each mount, and finds the one that EAL uses for each size.
func (m *memory) mount() (all []Finding) {
	if m.need.InMemory {
		return m.inMemory()
	}
	if len(m.mounts) == 0 {
		found := "no hugetlbfs is mounted"
		if len(m.pools) > 0 {
			found = fmt.Sprintf("%d hugepages of %s are reserved, and no hugetlbfs is mounted", m.pools[0].Total, hugepages.Format(m.pools[0].Page))
		}
		return []Finding{{Check: "hugetlbfs", Level: Error, Source: "/proc/self/mounts", Why: whyMount, Errno: dpdk.Errno(syscall.ENODEV),
			Found: found, Fixes: m.makeMount("/dev/hugepages", "")}}
	}
	for _, p := range m.pools {
		if i := slices.IndexFunc(m.mounts, func(at hugepages.Mount) bool { return at.Page == p.Page }); i >= 0 {
			m.usable, m.chosen = append(m.usable, p), append(m.chosen, m.mounts[i])
		}
	}
	if len(m.usable) == 0 && len(m.pools) > 0 {
		p, at := m.pools[0], m.mounts[0]
		dir := fmt.Sprintf("/mnt/huge-%dK", p.Page>>10)
		f := Finding{Check: "hugetlbfs", Level: Error, Source: "/proc/self/mounts", Why: whyMount, Errno: dpdk.Errno(syscall.ENODEV),
			Found: fmt.Sprintf("the hugetlbfs at %s is for pages of %s, and %d hugepages of %s are reserved", at.Dir, hugepages.Format(at.Page), p.Total, hugepages.Format(p.Page)),
			Fixes: m.makeMount(dir, fmt.Sprintf("pagesize=%dK", p.Page>>10))}
		if m.need.HugeDir != "" {
			f.Fixes[0].Commands = append(f.Fixes[0].Commands, fmt.Sprintf("use %s for Config.HugeDir", dir))
			f.Fixes[0].Safe = false
		}
		return []Finding{f}
	}
	for _, at := range m.mounts {
		all = append(all, m.mayUse(at))
	}
	return all
}

// inMemory returns the findings of the mounts for a process that makes no files there. EAL still reads and locks the first
// mount of each size, if there is one.
func (m *memory) inMemory() (all []Finding) {
	m.usable = m.pools
	for i, at := range m.mounts {
		err := m.mayRead(at.Dir)
		if err == nil || slices.ContainsFunc(m.mounts[:i], func(first hugepages.Mount) bool { return first.Page == at.Page }) {
			continue
		}
		errno := linux.Errno(err)
		all = append(all, Finding{Check: "hugetlbfs", Level: Error, Source: "/proc/self/mounts", Why: "EAL reads and locks the mount, with Config.InMemory too", Errno: dpdk.Errno(errno),
			Found: fmt.Sprintf("uid %d cannot read the hugetlbfs at %s (%v)", m.uid(), at.Dir, errno),
			Fixes: []Fix{{Where: m.asRoot(), Commands: []string{"chmod go+rx " + at.Dir}}}})
	}
	if len(all) == 0 {
		all = []Finding{{Check: "hugetlbfs", Source: "/proc/self/mounts", Why: whyMount, Found: "Config.InMemory needs no mount of hugetlbfs"}}
	}
	return all
}

// mayUse returns the finding of a mount: its owner, and whether this user may make files there.
func (m *memory) mayUse(at hugepages.Mount) Finding {
	f := Finding{Check: "hugetlbfs", Source: "/proc/self/mounts", Why: whyMount}
	text := fmt.Sprintf("%s: pages of %s", at.Dir, hugepages.Format(at.Page))
	if st, err := os.Stat(m.root().Path(at.Dir)); err == nil {
		uid, gid := linux.Owner(st)
		text += fmt.Sprintf(", owner uid %d, gid %d, mode %04o", uid, gid, st.Mode().Perm())
	}
	if at.Size > 0 {
		text += fmt.Sprintf(", limited to %s, of which %s free", hugepages.Format(at.Size), are(at.Left))
	}
	uid := m.uid()
	err := m.mayCreate(at.Dir)
	if at.ReadOnly {
		err = syscall.EROFS
	}
	level := Error
	if !slices.Contains(m.chosen, at) {
		level, text = OK, text+"; EAL does not use it unless Config.HugeDir names it"
	}
	if err == nil {
		f.Found = fmt.Sprintf("%s; uid %d may use it", text, uid)
		return f
	}
	f.Level = level
	switch errno := linux.Errno(err); {
	case level == OK:
		f.Found = fmt.Sprintf("%s; uid %d may not use it (%v)", text, uid, errno)
	case errno == syscall.EROFS:
		f.Errno, f.Found = dpdk.Errno(errno), fmt.Sprintf("the hugetlbfs at %s is mounted read-only", at.Dir)
		f.Fixes = []Fix{{Where: m.asRoot(), Commands: []string{"mount -o remount,rw " + at.Dir}, Undo: []string{"mount -o remount,ro " + at.Dir}, Safe: m.isRoot()}}
		if m.inContainer() {
			f.Fixes = []Fix{{Where: "docker run", Commands: []string{"-v /dev/hugepages:" + at.Dir + " without :ro"}}}
		}
	default:
		f.Errno = dpdk.Errno(errno)
		f.Found = fmt.Sprintf("uid %d cannot make files in the hugetlbfs at %s (%v)", uid, strings.Replace(text, ":", ",", 1), errno)
		if i := slices.IndexFunc(m.mounts, func(o hugepages.Mount) bool {
			return o.Page == at.Page && !o.ReadOnly && m.mayCreate(o.Dir) == nil
		}); i >= 0 {
			f.Fixes = []Fix{{Where: "in the program", Commands: []string{fmt.Sprintf("use %s for Config.HugeDir", m.mounts[i].Dir)}}}
			break
		}
		dir := fmt.Sprintf("/mnt/huge-%d", uid)
		f.Fixes = m.makeMount(dir, fmt.Sprintf("uid=%d,mode=0700,pagesize=%dK", uid, at.Page>>10))
		f.Fixes[0].Commands = append(f.Fixes[0].Commands, fmt.Sprintf("use %s for Config.HugeDir", dir))
		f.Fixes[0].Safe = false // the last line is not a command
	}
	return f
}

// makeMount returns the fixes of a missing mount.
func (m *memory) makeMount(dir, options string) []Fix {
	docker := Fix{Where: "docker run", Commands: []string{"-v " + dir + ":" + dir}}
	if options != "" {
		docker = Fix{Where: "docker", Commands: []string{"docker volume create -o type=hugetlbfs -o device=none -o o=" + options + " huge", "docker run -v huge:" + dir + " …"}}
		options = " -o " + options
	}
	mount := Fix{Where: "as root", Commands: []string{"mkdir -p " + dir, "mount -t hugetlbfs" + options + " nodev " + dir}, Undo: []string{"umount " + dir}, Safe: m.isRoot()}
	if !m.inContainer() {
		return []Fix{mount}
	}
	mount.Where, mount.Safe = "on the host, as root", false
	return []Fix{docker, {Where: "Kubernetes", Commands: []string{"a volume emptyDir with medium: HugePages, mounted at " + dir}}, mount}
}

// ask returns the bytes to look for: at least one page.
func (m *memory) ask() uint64 { return max(m.asked, m.usable[0].Page) }

// groups compares the limits of cgroups with the memory that is asked for.
func (m *memory) groups() (all []Finding) {
	for _, p := range m.usable {
		f := Finding{Check: "cgroup", Source: "/proc/self/cgroup", Why: whyGroup, Found: "no limit for hugepages of " + hugepages.Format(p.Page)}
		if l := hugepages.GroupLimit(m.root(), p.Page); l != nil {
			f.Source = l.File
			f.Found = fmt.Sprintf("the cgroup of this process may have %s in hugepages of %s, of which %s free (%s)", hugepages.Format(l.Max), hugepages.Format(p.Page), are(l.Left), l.File)
			if l.Left < m.ask() {
				f.Level, f.Errno = Error, dpdk.Errno(syscall.ENOMEM)
				f.Found = fmt.Sprintf("%s asked for, and %s", are(m.ask()), f.Found)
				f.Fixes = m.raise(l, p.Page)
			}
		}
		all = append(all, f)
	}
	return all
}

// raise returns the fixes of a limit of a cgroup.
func (m *memory) raise(l *hugepages.Limit, page uint64) []Fix {
	no, before := "max", l.Max
	if l.V1 {
		no = "-1"
	}
	lift := Fix{Where: m.asRoot(), Commands: []string{fmt.Sprintf("echo %s > %s", no, l.File)}, Undo: []string{fmt.Sprintf("echo %d > %s", before, l.File)}}
	if !m.inContainer() {
		return []Fix{lift}
	}
	lift.Where = "on the host, as root, in the container's cgroup"
	kind := map[uint64]string{2 << 20: "hugepages-2Mi", 1 << 30: "hugepages-1Gi"}[page]
	return []Fix{{Where: "Kubernetes, in the container's resources.limits", Commands: []string{fmt.Sprintf("%s: %dMi", kind, (l.Max-l.Left+m.ask())>>20)}}, lift}
}

// amounts compares the free pages with the memory that is asked for. The limits of the mounts come first, because a start
// that failed halfway may still have some of the pages.
func (m *memory) amounts() []Finding {
	f := Finding{Check: "memory", Source: "free_hugepages", Why: whyAmount, Level: Error, Errno: dpdk.Errno(syscall.ENOMEM)}
	asked := m.ask()
	if size, left, ok := room(m.chosen); ok && len(m.chosen) > 0 && left < asked {
		dir := m.chosen[0].Dir
		f.Found = fmt.Sprintf("%s asked for, and the hugetlbfs at %s is limited to %s (its option size=), of which %s free", are(asked), dir, hugepages.Format(size), are(left))
		f.Fixes = []Fix{{Where: m.asRoot(), Commands: []string{fmt.Sprintf("mount -o remount,size=%dM %s", (size-left+asked+1<<20-1)>>20, dir)},
			Undo: []string{fmt.Sprintf("mount -o remount,size=%dM %s", size>>20, dir)}, Safe: m.isRoot()}}
		return []Finding{f}
	}
	var free uint64
	var there []string
	for _, p := range m.usable {
		free += p.Usable() * p.Page
		there = append(there, fmt.Sprintf("%d of %d hugepages of %s", p.Usable(), max(p.Total, p.Usable()), hugepages.Format(p.Page)))
	}
	if asked > free {
		f.Found = fmt.Sprintf("%s asked for, and %s free (%s)%s", are(asked), are(free), strings.Join(there, ", "), m.holders())
		f.Fixes = append(m.removeDead(), m.reserve(m.usable[0], asked-free)...)
		f.Fixes = append(f.Fixes, Fix{Where: "in the program", Commands: []string{"ask for less (Config.MemoryMB, SocketMemoryMB)"}})
		return []Finding{f}
	}
	if lack := m.nodes(f); len(lack) > 0 {
		return lack
	}
	f.Level, f.Errno, f.Found = OK, 0, fmt.Sprintf("%s free (%s)", are(free), strings.Join(there, ", "))
	return []Finding{f}
}

// nodes compares the free pages of each NUMA node with the memory that is asked for there.
func (m *memory) nodes(f Finding) (all []Finding) {
	nodes := hugepages.NodePools(m.root())
	if len(nodes) == 0 {
		return nil
	}
	free := func(node int) (bytes uint64) {
		for _, q := range nodes[node] {
			if slices.ContainsFunc(m.usable, func(p hugepages.Pool) bool { return p.Page == q.Page }) {
				bytes += q.Usable() * q.Page
			}
		}
		for _, p := range m.usable { // on demand, on any node
			bytes += (p.Overcommit - min(p.Overcommit, p.Surplus)) * p.Page
		}
		return bytes
	}
	allowed := m.root().Fields("/proc/self/status", "Mems_allowed_list")
	var mine, total uint64
	for _, node := range sortedKeys(nodes) {
		total += free(node)
		if len(allowed) == 0 || inList(allowed[0], node) {
			mine += free(node)
		}
	}
	if mine < m.ask() && total >= m.ask() {
		f.Source = "/proc/self/status"
		f.Found = fmt.Sprintf("%s asked for, and this process may use memory of NUMA node %s only (cpuset.mems), where %s free", are(m.ask()), allowed[0], are(mine))
		f.Fixes = []Fix{{Where: "docker run", Commands: []string{"--cpuset-mems=" + strings.TrimSpace(m.root().Text("/sys/devices/system/node/has_memory"))}}}
		return []Finding{f}
	}
	for node, mb := range m.need.SocketMemoryMB {
		asked := uint64(max(mb, 0)) << 20
		if asked == 0 || asked <= free(node) {
			continue
		}
		g := f
		g.Source = fmt.Sprintf("/sys/devices/system/node/node%d", node)
		if nodes[node] == nil {
			g.Errno, g.Found = dpdk.ErrInvalid, fmt.Sprintf("%s asked for on NUMA node %d, and this host has no such node", are(asked), node)
			g.Fixes = []Fix{{Where: "in the program", Commands: []string{fmt.Sprintf("use %d numbers or fewer in Config.SocketMemoryMB", len(nodes))}}}
			all = append(all, g)
			continue
		}
		g.Found = fmt.Sprintf("%s asked for on NUMA node %d, and %s free there", are(asked), node, are(free(node)))
		for _, other := range sortedKeys(nodes) {
			if other != node {
				g.Found += fmt.Sprintf("; on node %d %s", other, are(free(other)))
			}
		}
		g.Fixes = nil
		if i := slices.IndexFunc(nodes[node], func(q hugepages.Pool) bool { return q.Page == m.usable[0].Page }); i >= 0 {
			g.Fixes = m.reserve(nodes[node][i], asked-free(node))
		}
		g.Fixes = append(g.Fixes, Fix{Where: "in the program", Commands: []string{"ask for memory on another node (Config.SocketMemoryMB), or use lcores of another node (Config.Lcores)"}})
		all = append(all, g)
	}
	return all
}

// room returns the limits of the mounts, and the bytes left in them. ok is false if one mount has no limit.
func room(mounts []hugepages.Mount) (size, left uint64, ok bool) {
	for _, m := range mounts {
		if m.Size == 0 {
			return 0, 0, false
		}
		size, left = size+m.Size, left+m.Left
	}
	return size, left, true
}

// holders names the processes that have most of the hugepages.
func (m *memory) holders() string {
	type holder struct {
		name  string
		bytes uint64
	}
	var all []holder
	for _, dir := range m.root().Glob("/proc/[0-9]*") {
		if f := m.root().Fields(dir+"/status", "HugetlbPages"); len(f) == 2 && f[0] != "0" {
			kb, _ := strconv.ParseUint(f[0], 10, 54)
			all = append(all, holder{fmt.Sprintf("process %s (%s)", strings.TrimPrefix(dir, "/proc/"), m.root().Text(dir, "comm")), kb << 10})
		}
	}
	slices.SortStableFunc(all, func(a, b holder) int { return int(int64(b.bytes)-int64(a.bytes)) >> 20 })
	text := ""
	for i, h := range all[:min(len(all), 3)] {
		text += [3]string{"; ", ", ", ", "}[i] + fmt.Sprintf("%s has %s", h.name, hugepages.Format(h.bytes))
	}
	return text
}

// mayCreate returns an error if this process may not make files in a folder.
func (h Host) mayCreate(dir string) error {
	if h.root().Live() {
		return linux.MayCreate(dir)
	}
	return h.mode(dir, 7)
}

// mayRead returns an error if this process may not list the files in a folder.
func (h Host) mayRead(dir string) error {
	if h.root().Live() {
		f, err := os.Open(dir)
		if err == nil {
			err = f.Close()
		}
		return err
	}
	return h.mode(dir, 4)
}

// mode returns an error if this process does not have a permission for a folder of a recorded host.
func (h Host) mode(dir string, bits os.FileMode) error {
	st, err := os.Stat(h.root().Path(dir))
	if err != nil {
		return err
	}
	owner, _ := linux.Owner(st)
	if has := st.Mode().Perm(); h.has(capDACOverride) || owner == h.uid() && has>>6&bits == bits || has&bits == bits {
		return nil
	}
	return &fs.PathError{Op: "access", Path: dir, Err: syscall.EACCES}
}

func are(n uint64) string { return hugepages.Format(n) + " are" }

// asRoot returns where root's commands belong.
func (h Host) asRoot() string {
	if h.inContainer() {
		return "on the host, as root"
	}
	return "as root"
}

// isRoot reports whether this process can run root's commands.
func (h Host) isRoot() bool { return h.uid() == 0 && !h.inContainer() && h.root().Live() }
