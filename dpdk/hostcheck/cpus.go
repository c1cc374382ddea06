package hostcheck

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// CPUs returns the findings about the CPUs of this process: isolation from the scheduler and from timer interrupts, the
// frequency governor, GOMAXPROCS and the quota of cgroups, and the time stamp counter.
func (h Host) CPUs() []Finding {
	return []Finding{h.isolation(), h.governor(), h.quota(), h.procs(), h.tsc()}
}

// numbers parses a list of CPUs or nodes, such as "0-3,8".
func numbers(list string) (all []int) {
	for _, span := range strings.Split(list, ",") {
		first, last, is := strings.Cut(strings.TrimSpace(span), "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue // "" and "(null)"
		}
		b := a
		if is {
			b, _ = strconv.Atoi(last)
		}
		for n := a; n <= b && n < 1<<16; n++ {
			all = append(all, n)
		}
	}
	return all
}

func inList(list string, n int) bool { return slices.Contains(numbers(list), n) }

func sortedKeys[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }

// allowed returns the CPUs that this process may use, as a list.
func (h Host) allowed() string {
	if f := h.root().Fields("/proc/self/status", "Cpus_allowed_list"); len(f) > 0 {
		return f[0]
	}
	return h.root().Text("/sys/devices/system/cpu/online")
}

func (h Host) isolation() Finding {
	const dir = "/sys/devices/system/cpu"
	f := Finding{Check: "isolation", Source: dir + "/isolated", Why: "other threads and timer interrupts pause a polling thread on CPUs that are not isolated"}
	online := numbers(h.root().Text(dir, "online"))
	isolated, tickless := h.root().Text(dir, "isolated"), h.root().Text(dir, "nohz_full")
	if len(numbers(tickless)) == 0 { // "(null)"
		tickless = ""
	}
	name := func(list string) string {
		if list == "" {
			return "none"
		}
		return list
	}
	f.Found = fmt.Sprintf("CPUs %s; isolated (isolcpus): %s; without timer interrupts (nohz_full): %s", h.root().Text(dir, "online"), name(isolated), name(tickless))
	if len(online) < 2 || isolated != "" && tickless != "" {
		return f
	}
	cpus := isolated
	if cpus == "" {
		if cpus = strconv.Itoa(online[1]); len(online) > 2 {
			cpus = fmt.Sprintf("%d-%d", online[1], online[len(online)-1])
		}
	}
	f.Level = Warning
	f.Fixes = []Fix{{Where: "on the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot)", Commands: []string{fmt.Sprintf("isolcpus=%s nohz_full=%s rcu_nocbs=%s", cpus, cpus, cpus)}}}
	return f
}

func (h Host) governor() Finding {
	const pattern = "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"
	f := Finding{Check: "governor", Source: pattern, Why: "a CPU that changes its frequency delays packets", Found: "the kernel does not control the frequency (no cpufreq)"}
	count := map[string]int{}
	for _, file := range h.root().Glob(pattern) {
		count[h.root().Text(file)]++
	}
	if len(count) == 0 {
		return f
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		words = append(words, fmt.Sprintf("%s on %d CPUs", name, count[name]))
	}
	f.Found = strings.Join(words, ", ")
	if count["performance"] == 0 || len(count) > 1 {
		f.Level = Warning
		set := func(governor string) []string {
			return []string{fmt.Sprintf("for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo %s > $f; done", governor)}
		}
		f.Fixes = []Fix{{Where: h.asRoot(), Commands: set("performance")}}
		if len(count) == 1 {
			f.Fixes[0].Undo = set(words[0][:strings.IndexByte(words[0], ' ')])
		}
	}
	return f
}

// cpuQuota returns the CPUs that the tightest quota of this process's cgroups allows, and its file; 0 without a quota.
func (h Host) cpuQuota() (cpus float64, file string) {
	take := func(quota, period uint64, of string) {
		if n := float64(quota) / float64(period); period > 0 && quota > 0 && (cpus == 0 || n < cpus) {
			cpus, file = n, of
		}
	}
	for _, dir := range h.root().Cgroups("cpu") {
		if f := strings.Fields(h.root().Text(dir, "cpu.max")); len(f) == 2 { // "max 100000", or "50000 100000"
			quota, _ := strconv.ParseUint(f[0], 10, 64)
			period, _ := strconv.ParseUint(f[1], 10, 64)
			take(quota, period, dir+"/cpu.max")
		}
		take(h.root().Number(dir, "cpu.cfs_quota_us"), h.root().Number(dir, "cpu.cfs_period_us"), dir+"/cpu.cfs_quota_us")
	}
	return cpus, file
}

func (h Host) quota() Finding {
	f := Finding{Check: "cpu-quota", Source: "/proc/self/cgroup", Why: "a polling thread uses its whole quota, and then the kernel stops it for the rest of the period (100 ms)", Found: "no cgroup limits the CPU time of this process"}
	cpus, file := h.cpuQuota()
	if file == "" {
		return f
	}
	f.Source = file
	f.Found = fmt.Sprintf("the cgroup of this process may use %.4g CPUs, and the process may run on CPUs %s", cpus, h.allowed())
	if mine := len(numbers(h.allowed())); cpus < float64(mine) {
		f.Level = Warning
		f.Fixes = []Fix{
			{Where: "docker run", Commands: []string{"--cpuset-cpus=" + h.allowed() + " without --cpus"}},
			{Where: "Kubernetes", Commands: []string{"limits equal to requests, a whole number of CPUs, and the kubelet's --cpu-manager-policy=static"}},
			{Where: "systemd unit", Commands: []string{"CPUQuota= (empty), and AllowedCPUs=" + h.allowed()}},
		}
	}
	return f
}

func (h Host) procs() Finding {
	cpus := len(numbers(h.allowed()))
	wanted, of := cpus, fmt.Sprintf("this process may run on %d CPUs (%s)", cpus, h.allowed())
	if quota, _ := h.cpuQuota(); quota > 0 && quota < float64(cpus) { // Go's own value is at least 2
		wanted = min(cpus, max(2, int(math.Ceil(quota))))
		of += fmt.Sprintf(", with a quota of %.4g", quota)
	}
	procs := wanted // of a program on a host that was recorded
	if h.root().Live() {
		procs = runtime.GOMAXPROCS(0)
	} else if n, err := strconv.Atoi(h.env("GOMAXPROCS")); err == nil && n > 0 {
		procs = n
	}
	f := Finding{Check: "gomaxprocs", Source: "runtime.GOMAXPROCS", Why: "each polling goroutine occupies one of Go's processors, and the rest of the program needs one more",
		Found: fmt.Sprintf("GOMAXPROCS is %d, and %s", procs, of)}
	switch {
	case cpus < 2:
		f.Level = Warning
		f.Found += ": one CPU is for polling or for the rest of the program, and not for both"
		f.Fixes = []Fix{{Where: "docker run", Commands: []string{"--cpuset-cpus with two CPUs or more"}}, {Where: inShell, Commands: []string{"taskset -c with two CPUs or more"}}}
	case procs != wanted:
		f.Level = Warning
		f.Fixes = []Fix{{Where: inShell, Commands: []string{fmt.Sprintf("export GOMAXPROCS=%d", wanted)}}}
	}
	return f
}

func (h Host) tsc() Finding {
	const source = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
	f := Finding{Check: "tsc", Source: "/proc/cpuinfo", Why: "DPDK measures time with the time stamp counter"}
	flags := h.root().Fields("/proc/cpuinfo", "flags")
	if flags == nil {
		f.Found = "the processor has no x86 time stamp counter"
		return f
	}
	constant, nonstop := slices.Contains(flags, "constant_tsc"), slices.Contains(flags, "nonstop_tsc")
	clock := h.root().Text(source)
	f.Found = fmt.Sprintf("constant_tsc: %s, nonstop_tsc: %s, the kernel's clock is %s", yes(constant), yes(nonstop), clock)
	if !constant || !nonstop {
		f.Level = Warning
		f.Found += ": DPDK's timers run at the speed of the CPU"
		f.Fixes = []Fix{{Where: "in the virtual machine's configuration", Commands: []string{"a CPU model with invtsc (QEMU: -cpu host,+invtsc)"}}}
	} else if clock == "hpet" || clock == "acpi_pm" {
		f.Level = Warning
		f.Found += ": the kernel does not trust the counter, and each time.Now is slow"
		f.Fixes = []Fix{{Where: h.asRoot(), Commands: []string{"dmesg | grep -i tsc shows why; then boot with tsc=reliable on the kernel's command line"}}}
	}
	return f
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
