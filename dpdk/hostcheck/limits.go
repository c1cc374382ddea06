package hostcheck

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
)

const (
	// eal.Init refuses to start without so many more descriptors.
	neededFiles = 32
	unlimited   = math.MaxUint64

	inShell = "in the shell that starts the program"
)

// Limits returns the findings about the limits of this process (ulimit) and the kernel's settings for virtual memory.
func (h Host) Limits() []Finding {
	return []Finding{h.lockedMemory(), h.openFiles(), h.addressSpace(), h.overcommit(), h.mappings()}
}

// limit returns the soft and the hard limit in a line of /proc/self/limits.
func (h Host) limit(name string) (soft, hard uint64) {
	m := regexp.MustCompile(`(?m)^` + name + ` +(\S+) +(\S+)`).FindStringSubmatch(h.root().Text("/proc/self/limits"))
	parse := func(i int) uint64 {
		if m == nil || m[i] == "unlimited" {
			return unlimited
		}
		n, _ := strconv.ParseUint(m[i], 10, 64)
		return n
	}
	return parse(1), parse(2)
}

// raiseLimit returns the fixes of a limit: ulimit's option, Docker's name, systemd's name, and the value in each.
func (h Host) raiseLimit(option, docker, systemd, shellValue, dockerValue, systemdValue string) []Fix {
	fixes := []Fix{
		{Where: inShell + ", as root", Commands: []string{"ulimit -" + option + " " + shellValue}},
		{Where: "docker run", Commands: []string{"--ulimit " + docker + "=" + dockerValue}},
		{Where: "systemd unit", Commands: []string{systemd + "=" + systemdValue}},
	}
	if h.inContainer() {
		fixes[0], fixes[1] = fixes[1], fixes[0]
	}
	return fixes
}

// lockedMemory checks the limit that VFIO applies. EAL's start does not lock memory.
func (h Host) lockedMemory() Finding {
	f := Finding{Check: "memlock", Source: "/proc/self/limits", Why: "VFIO locks all of DPDK's memory, and AF_XDP the memory of its packets"}
	most, _ := h.limit("Max locked memory")
	switch {
	case most == unlimited:
		f.Found = "this process may lock any amount of memory"
	case h.has(capIPCLock) && !h.userNamespace():
		f.Found = fmt.Sprintf("the limit of %s does not apply to this process, which has CAP_IPC_LOCK", hugepages.Format(most))
	default:
		f.Found = fmt.Sprintf("this process may lock %s (ulimit -l)", hugepages.Format(most))
		if h.root().Exists("/dev/vfio/vfio") {
			f.Level = Warning
			f.Fixes = h.raiseLimit("l", "memlock", "LimitMEMLOCK", "unlimited", "-1", "infinity")
		} else {
			f.Found += "; the host has no VFIO"
		}
	}
	return f
}

// openFiles compares the limit of descriptors with the hugepages: EAL has a descriptor for each.
func (h Host) openFiles() Finding {
	f := Finding{Check: "open-files", Source: "/proc/self/limits", Why: "EAL opens one file for each hugepage, and does not start without some more"}
	open, _ := os.ReadDir(h.root().Path("/proc/self/fd"))
	_, most := h.limit("Max open files") // EAL and Go raise the soft limit to it
	pages := uint64(0)
	for _, p := range hugepages.Pools(h.root()) {
		pages += max(p.Total, p.Usable())
	}
	f.Found = fmt.Sprintf("this process has %d open files and may have %d; the host has %d hugepages", len(open), most, pages)
	if most == unlimited {
		f.Found = fmt.Sprintf("this process has %d open files and may have any number", len(open))
	}
	needed := uint64(len(open) + neededFiles)
	switch {
	case needed > most:
		f.Level, f.Errno = Error, dpdk.Errno(syscall.EMFILE)
		f.Found = fmt.Sprintf("this process has %d open files and may have %d, and EAL needs %d and one for each hugepage", len(open), most, neededFiles)
	case needed+pages > most:
		f.Level = Warning
	default:
		return f
	}
	n := strconv.FormatUint(max(4096, 2*(needed+pages)), 10)
	f.Fixes = append(h.raiseLimit("n", "nofile", "LimitNOFILE", n, n, n), Fix{Where: "in the program", Commands: []string{"add --single-file-segments to Config.Extra"}})
	return f
}

func (h Host) addressSpace() Finding {
	f := Finding{Check: "address-space", Source: "/proc/self/limits", Why: "EAL reserves much more virtual memory than it uses", Found: "this process may have any amount of virtual memory"}
	if most, _ := h.limit("Max address space"); most != unlimited {
		f.Level, f.Errno = Error, dpdk.Errno(syscall.ENOMEM)
		f.Found = fmt.Sprintf("this process may have %s of virtual memory (ulimit -v)", hugepages.Format(most))
		f.Fixes = []Fix{{Where: inShell + ", as root", Commands: []string{"ulimit -v unlimited"}}, {Where: "systemd unit", Commands: []string{"LimitAS=infinity"}}}
	}
	return f
}

func (h Host) overcommit() Finding {
	const file = "/proc/sys/vm/overcommit_memory"
	f := Finding{Check: "overcommit", Source: file, Why: "EAL reserves much more virtual memory than it uses", Found: "vm.overcommit_memory is " + h.root().Text(file)}
	if h.root().Text(file) == "2" {
		f.Level = Warning
		f.Found += ": the kernel limits reserved virtual memory"
		f.Fixes = []Fix{{Where: h.asRoot(), Commands: []string{"sysctl -w vm.overcommit_memory=0"}, Undo: []string{"sysctl -w vm.overcommit_memory=2"}}}
	}
	return f
}

// mappings compares the kernel's limit of mappings with the hugepages: each is one mapping.
func (h Host) mappings() Finding {
	const file, others = "/proc/sys/vm/max_map_count", 2000
	f := Finding{Check: "mappings", Source: file, Why: "EAL maps each hugepage by itself"}
	most, pages := h.root().Number(file), uint64(0)
	for _, p := range hugepages.Pools(h.root()) {
		pages += max(p.Total, p.Usable())
	}
	f.Found = fmt.Sprintf("a process may have %d mappings; the host has %d hugepages", most, pages)
	if most > 0 && pages+others > most {
		f.Level = Warning
		f.Fixes = []Fix{{Where: h.asRoot(), Commands: []string{fmt.Sprintf("sysctl -w vm.max_map_count=%d", 2*(pages+others))}, Undo: []string{fmt.Sprintf("sysctl -w vm.max_map_count=%d", most)}}}
	}
	return f
}
