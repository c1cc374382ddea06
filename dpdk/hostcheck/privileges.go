package hostcheck

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Capabilities that DPDK can use (linux/capability.h).
const (
	capDACOverride = 1
	capNetAdmin    = 12
	capNetRaw      = 13
	capIPCLock     = 14
	capSysAdmin    = 21
	capSysNice     = 23
)

var capabilities = []struct {
	bit       int
	name, use string
}{
	{capIPCLock, "IPC_LOCK", "VFIO with a limit of locked memory"},
	{capSysNice, "SYS_NICE", "NUMA policies under Docker's seccomp profile"},
	{capSysAdmin, "SYS_ADMIN", "physical addresses, AF_XDP"},
	{capNetAdmin, "NET_ADMIN", "TAP, AF_XDP, vhost-net"},
	{capNetRaw, "NET_RAW", "AF_PACKET"},
}

// Privileges returns the findings about this process's user, capabilities and seccomp filter.
func (h Host) Privileges() []Finding { return []Finding{h.capabilities(), h.seccomp()} }

// uid returns the effective user of this process.
func (h Host) uid() int {
	if f := h.root().Fields("/proc/self/status", "Uid"); len(f) > 1 {
		uid, _ := strconv.Atoi(f[1])
		return uid
	}
	return 0
}

// has reports whether this process has a capability.
func (h Host) has(capability int) bool {
	f := h.root().Fields("/proc/self/status", "CapEff")
	if len(f) == 0 {
		return false
	}
	set, _ := strconv.ParseUint(f[0], 16, 64)
	return set>>capability&1 == 1
}

// capabilities only describes: DPDK needs none of them in each case, and other checks find the cases in which one is missing.
func (h Host) capabilities() Finding {
	f := Finding{Check: "capabilities", Source: "/proc/self/status", Why: "some drivers and address modes need one; docker run --cap-add, or setcap on the program, adds it"}
	var has, lacks []string
	for _, c := range capabilities {
		if h.has(c.bit) {
			has = append(has, c.name)
		} else {
			lacks = append(lacks, fmt.Sprintf("%s (%s)", c.name, c.use))
		}
	}
	f.Found = fmt.Sprintf("uid %d has %s", h.uid(), list(has))
	if len(lacks) > 0 {
		f.Found += "; lacks " + list(lacks)
	}
	return f
}

func (h Host) seccomp() Finding {
	f := Finding{Check: "seccomp", Source: "get_mempolicy", Why: "EAL binds hugepages to NUMA nodes with set_mempolicy and mbind", Found: "this process may set NUMA policies"}
	filtered := len(h.root().Fields("/proc/self/status", "Seccomp")) > 0 && h.root().Fields("/proc/self/status", "Seccomp")[0] == "2"
	refused := filtered && !h.has(capSysNice)
	if h.root().Live() {
		refused = linux.Errno(linux.Mempolicy()) == syscall.EPERM
	}
	if !refused {
		return f
	}
	f.Found = "a seccomp filter forbids NUMA policies (set_mempolicy, mbind)"
	switch h.libnuma() {
	case "":
		f.Level = Warning
		f.Found += ": EAL does not start with a libnuma before 2.0.19"
	case "old":
		f.Level, f.Errno = Error, dpdk.ErrPermission
	default:
		f.Found += ": EAL starts, as libnuma is 2.0.19 or newer, and takes memory of any node"
		if len(h.root().Glob("/sys/devices/system/node/node[0-9]*")) < 2 {
			return f
		}
		f.Level = Warning
	}
	f.Fixes = []Fix{
		{Where: "docker run", Commands: []string{"--cap-add=SYS_NICE"}},
		{Where: "Kubernetes, in the container's securityContext", Commands: []string{"capabilities: {add: [SYS_NICE]}"}},
		{Where: "systemd unit", Commands: []string{"SystemCallFilter=set_mempolicy get_mempolicy mbind"}},
	}
	return f
}

// libnuma returns "new" for a library from 2.0.19 on, with which EAL does without NUMA if a filter forbids the calls;
// "old" for a former one, and "" if it finds none.
func (h Host) libnuma() string {
	for line := range strings.Lines(h.root().Text("/proc/self/maps")) {
		if f := strings.Fields(line); len(f) == 6 && strings.Contains(f[5], "/libnuma.so") {
			return h.age(f[5])
		}
	}
	for _, dir := range []string{"/usr/local/lib", "/usr/lib/*-linux-gnu", "/usr/lib64", "/usr/lib"} { // of a program without DPDK
		if files := h.root().Glob(dir + "/libnuma.so.1"); len(files) > 0 {
			return h.age(files[0])
		}
	}
	return ""
}

// age looks for the version of symbols that came with 2.0.19.
func (h Host) age(libnuma string) string {
	if strings.Contains(h.root().Text(libnuma), "libnuma_2.1") {
		return "new"
	}
	return "old"
}

func list(names []string) string {
	if len(names) == 0 {
		return "none of the capabilities that DPDK can use"
	}
	return strings.Join(names, ", ")
}
