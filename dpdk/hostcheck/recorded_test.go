package hostcheck

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

// tree is the files of a host by path. A value that starts with "-> " is a symbolic link, and "dir 0755" a folder.
type tree map[string]string

// with returns the tree with other files. A nil map of files changes nothing.
func (t tree) with(others ...tree) tree {
	all := maps.Clone(t)
	for _, o := range others {
		maps.Copy(all, o)
	}
	return all
}

// write makes the files below a folder.
func (files tree) write(t *testing.T) Host {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if to, link := strings.CutPrefix(text, "-> "); link {
			require.NoError(t, os.Symlink(to, path))
		} else if mode, dir := strings.CutPrefix(text, "dir "); dir {
			var bits os.FileMode
			_, err := fmt.Sscanf(mode, "%o", &bits)
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(path, 0o755))
			require.NoError(t, os.Chmod(path, bits))
		} else {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
	}
	return Host{Root: root}
}

// counts returns the files of a pool.
func counts(dir, size string, total, free, reserved, surplus, overcommit int) tree {
	files := tree{}
	for name, n := range map[string]int{"nr": total, "free": free, "resv": reserved, "surplus": surplus, "nr_overcommit": overcommit} {
		files[fmt.Sprintf("%s/hugepages-%s/%s_hugepages", dir, size, name)] = fmt.Sprintln(n)
	}
	return files
}

const (
	pools = "/sys/kernel/mm/hugepages"
	node0 = "/sys/devices/system/node/node0/hugepages"
	node1 = "/sys/devices/system/node/node1/hugepages"
	limit = `Limit                     Soft Limit           Hard Limit           Units
Max locked memory         %s              %s              bytes
Max open files            1024                 %d              files
Max address space         %s            %s            bytes
`
	status = "Uid:\t%d\t%d\t%d\t%d\nCapEff:\t%016x\nSeccomp:\t%d\nCpus_allowed_list:\t%s\nMems_allowed_list:\t%s\n"
)

func limits(locked string, files int, space string) tree {
	return tree{"/proc/self/limits": fmt.Sprintf(limit, locked, locked, files, space, space)}
}

func process(uid int, caps uint64, seccomp int, cpus, nodes string) tree {
	return tree{"/proc/self/status": fmt.Sprintf(status, uid, uid, uid, uid, caps, seccomp, cpus, nodes)}
}

const allCaps = 1<<41 - 1

// prepared is a host with two NUMA nodes on which DPDK finds all it needs.
var prepared = tree{
	"/proc/meminfo":              "MemTotal:       65536000 kB\nMemAvailable:   16777216 kB\nHugepagesize:       2048 kB\n",
	"/proc/self/mounts":          "proc /proc proc rw 0 0\nnodev /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n",
	"/proc/self/mountinfo":       "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	"/proc/self/cgroup":          "0::/app.slice/app\n",
	"/proc/self/ns/pid":          "-> pid:[4026531836]",
	"/proc/self/ns/ipc":          "-> ipc:[4026531839]",
	"/proc/self/ns/uts":          "-> uts:[4026531838]",
	"/proc/self/fd":              "dir 0755",
	"/proc/cpuinfo":              "processor\t: 0\nflags\t\t: fpu tsc constant_tsc nonstop_tsc avx2\n",
	"/proc/sys/vm/max_map_count": "65530\n", "/proc/sys/vm/overcommit_memory": "0\n",
	"/dev/hugepages":                 "dir 0755",
	"/sys/devices/system/cpu/online": "0-7\n", "/sys/devices/system/cpu/isolated": "2-7\n", "/sys/devices/system/cpu/nohz_full": "2-7\n",
	"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":            "performance\n",
	"/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor":            "performance\n",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
	"/sys/devices/system/node/has_memory":                              "0-1\n",
	"/sys/devices/system/node/node0/cpulist":                           "0-3\n",
	"/sys/devices/system/node/node1/cpulist":                           "4-7\n",
}.with(counts(pools, "2048kB", 1024, 1000, 100, 0, 0), counts(pools, "1048576kB", 0, 0, 0, 0, 0),
	counts(node0, "2048kB", 512, 500, 0, 0, 0), counts(node1, "2048kB", 512, 500, 0, 0, 0),
	limits("unlimited", 1048576, "unlimited"), process(0, allCaps, 0, "0-7", "0-1"))

// mounts are lines of /proc/self/mounts.
func mounts(lines ...string) tree { return tree{"/proc/self/mounts": strings.Join(lines, "\n") + "\n"} }

// container makes the process one of a container of Docker.
var container = tree{"/.dockerenv": "", "/proc/self/ns/pid": "-> pid:[4026532500]", "/proc/self/ns/ipc": "-> ipc:[4026532499]", "/proc/self/ns/uts": "-> uts:[4026532498]"}

// filtered makes the process one with a seccomp filter like Docker's.
var filtered = process(0, 0, 2, "0-7", "0-1")

const libnuma = "/usr/lib/x86_64-linux-gnu/libnuma.so.1"

func TestAPreparedHostIsFine(t *testing.T) {
	for _, f := range prepared.write(t).Check(Need{MemoryMB: 512, SocketMemoryMB: []int{100, 100}}) {
		assert.Equal(t, OK, f.Level, "%s: %v", f.Check, f)
		assert.Empty(t, f.Fixes, f.Check)
		assert.Zero(t, f.Errno, f.Check)
		for _, text := range []string{f.Check, f.Source, f.Found, f.Why} {
			assert.NotEmpty(t, text, f.Check)
		}
	}
}

func TestFindingsOfRecordedHosts(t *testing.T) {
	allow := []string{"--cap-add=SYS_NICE", "capabilities: {add: [SYS_NICE]}", "SystemCallFilter=set_mempolicy get_mempolicy mbind"}
	tests := []struct {
		name  string
		files tree
		need  Need
		check string
		level Level
		errno dpdk.Errno
		found string
		fixes []string // the commands of each fix, joined by " && "
	}{
		{"counts", nil, Need{}, "hugepages", OK, 0, "2 MiB: 1024 in all, 1000 free, 100 reserved, 0 surplus; NUMA node 0: 512 in all, 500 free, 0 surplus; NUMA node 1: 512 in all", nil},
		{"no pages", tree{}.with(counts(pools, "2048kB", 0, 0, 0, 0, 0)), Need{MemoryMB: 64}, "hugepages", Error, dpdk.ErrNoMemory, "none are reserved", []string{"echo 32 > /proc/sys/vm/nr_hugepages"}},
		{"no pages, no size asked for", tree{}.with(counts(pools, "2048kB", 0, 0, 0, 0, 0)), Need{}, "hugepages", Error, dpdk.ErrNoMemory, "none are reserved", []string{"echo 512 > /proc/sys/vm/nr_hugepages"}},
		{"no pages, in a container", container.with(counts(pools, "2048kB", 0, 0, 0, 0, 0)), Need{}, "hugepages", Error, dpdk.ErrNoMemory, "none are reserved", []string{"echo 512 > /proc/sys/vm/nr_hugepages"}},
		{"a node without pages", tree{}.with(counts(node1, "2048kB", 0, 0, 0, 0, 0)), Need{}, "hugepages", Warning, 0, "node 1 has CPUs and none of these pages", []string{"echo 512 > " + node1 + "/hugepages-2048kB/nr_hugepages"}},
		{"pages on demand", tree{}.with(counts(pools, "2048kB", 4, 0, 0, 4, 100)), Need{MemoryMB: 64}, "memory", OK, 0, "192 MiB are free (96 of 96", nil},

		{"no mount", mounts("proc /proc proc rw 0 0"), Need{}, "hugetlbfs", Error, dpdk.ErrNoDevice, "1024 hugepages of 2 MiB are reserved, and no hugetlbfs is mounted", []string{"mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages"}},
		{"no mount, in a container", container.with(mounts()), Need{}, "hugetlbfs", Error, dpdk.ErrNoDevice, "no hugetlbfs is mounted",
			[]string{"-v /dev/hugepages:/dev/hugepages", "a volume emptyDir with medium: HugePages, mounted at /dev/hugepages", "mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages"}},
		{"read-only", mounts("nodev /dev/hugepages hugetlbfs ro,pagesize=2M 0 0"), Need{}, "hugetlbfs", Error, 30, "mounted read-only", []string{"mount -o remount,rw /dev/hugepages"}},
		{"read-only, in a container", container.with(mounts("nodev /dev/hugepages hugetlbfs ro,pagesize=2M 0 0")), Need{}, "hugetlbfs", Error, 30, "mounted read-only", []string{"-v /dev/hugepages:/dev/hugepages without :ro"}},
		{"another user's", process(1000, 0, 0, "0-7", "0-1"), Need{}, "hugetlbfs", Error, 13, "uid 1000 cannot make files in the hugetlbfs at /dev/hugepages, pages of 2 MiB, owner uid 0, gid 0, mode 0755 (permission denied)",
			[]string{"mkdir -p /mnt/huge-1000 && mount -t hugetlbfs -o uid=1000,mode=0700,pagesize=2048K nodev /mnt/huge-1000 && use /mnt/huge-1000 for Config.HugeDir"}},
		{"another user's, in a container", container.with(process(1000, 0, 0, "0-7", "0-1")), Need{}, "hugetlbfs", Error, 13, "uid 1000 cannot make files",
			[]string{"docker volume create -o type=hugetlbfs -o device=none -o o=uid=1000,mode=0700,pagesize=2048K huge && docker run -v huge:/mnt/huge-1000 … && use /mnt/huge-1000 for Config.HugeDir",
				"a volume emptyDir with medium: HugePages, mounted at /mnt/huge-1000", "mkdir -p /mnt/huge-1000 && mount -t hugetlbfs -o uid=1000,mode=0700,pagesize=2048K nodev /mnt/huge-1000"}},
		{"another user's, with one of its own", process(1000, 0, 0, "0-7", "0-1").with(tree{"/mnt/huge": "dir 0777"}, mounts("nodev /dev/hugepages hugetlbfs rw,pagesize=2M 0 0", "nodev /mnt/huge hugetlbfs rw,pagesize=2M 0 0")), Need{},
			"hugetlbfs", Error, 13, "uid 1000 cannot make files", []string{"use /mnt/huge for Config.HugeDir"}},
		{"the HugeDir of the user", process(1000, 0, 0, "0-7", "0-1").with(tree{"/mnt/huge": "dir 0777"}, mounts("nodev /dev/hugepages hugetlbfs rw,pagesize=2M 0 0", "nodev /mnt/huge hugetlbfs rw,pagesize=2M 0 0")), Need{HugeDir: "/mnt/huge"},
			"hugetlbfs", OK, 0, "/mnt/huge: pages of 2 MiB, owner uid 0, gid 0, mode 0777; uid 1000 may use it", nil},
		{"in memory, without a mount", mounts(), Need{InMemory: true}, "hugetlbfs", OK, 0, "Config.InMemory needs no mount", nil},
		{"in memory, without a mount, and too little", mounts(), Need{InMemory: true, MemoryMB: 1 << 20}, "memory", Error, dpdk.ErrNoMemory, "1048576 MiB are asked for, and 1800 MiB are free", []string{"ask for less (Config.MemoryMB, SocketMemoryMB)"}},
		{"in memory, with a mount with a size", mounts("nodev /dev/hugepages hugetlbfs rw,pagesize=2M,size=65536K 0 0"), Need{InMemory: true, MemoryMB: 128}, "memory", OK, 0, "1800 MiB are free", nil},
		{"in memory, with another user's mounts", process(1000, 0, 0, "0-7", "0-1").with(tree{"/mnt/huge": "dir 0700"}, mounts("nodev /dev/hugepages hugetlbfs rw,pagesize=2M 0 0", "nodev /mnt/huge hugetlbfs rw,pagesize=2M 0 0")), Need{InMemory: true}, "hugetlbfs", OK, 0, "Config.InMemory needs no mount", nil},
		{"in memory, with an unreadable mount", process(1000, 0, 0, "0-7", "0-1").with(tree{"/mnt/huge": "dir 0700"}, mounts("nodev /mnt/huge hugetlbfs rw,pagesize=2M 0 0")), Need{InMemory: true}, "hugetlbfs", Error, 13, "uid 1000 cannot read the hugetlbfs at /mnt/huge (permission denied)", []string{"chmod go+rx /mnt/huge"}},
		{"a HugeDir that does not exist", nil, Need{HugeDir: "/mnt/none"}, "hugetlbfs", Error, dpdk.ErrNotFound, "the HugeDir /mnt/none cannot be used (no such file or directory)", []string{"use /dev/hugepages for Config.HugeDir, or leave it empty"}},
		{"a HugeDir on another file system", tree{"/mnt/disk": "dir 0755"}, Need{HugeDir: "/mnt/disk"}, "hugetlbfs", Error, dpdk.ErrNoDevice, "the HugeDir /mnt/disk is not on a hugetlbfs", []string{"use /dev/hugepages for Config.HugeDir, or leave it empty"}},
		{"another page size", mounts("nodev /dev/hugepages hugetlbfs rw,pagesize=1024M 0 0"), Need{}, "hugetlbfs", Error, dpdk.ErrNoDevice, "/dev/hugepages is for pages of 1 GiB, and 1024 hugepages of 2 MiB are reserved",
			[]string{"mkdir -p /mnt/huge-2048K && mount -t hugetlbfs -o pagesize=2048K nodev /mnt/huge-2048K"}},
		{"a mount with a size", mounts("nodev /dev/hugepages hugetlbfs rw,pagesize=2M,size=65536K 0 0"), Need{MemoryMB: 128}, "memory", Error, dpdk.ErrNoMemory, "128 MiB are asked for, and the hugetlbfs at /dev/hugepages is limited to 64 MiB", []string{"mount -o remount,size=128M /dev/hugepages"}},

		{"a limit of cgroup v2", tree{"/sys/fs/cgroup/app.slice/hugetlb.2MB.max": "8388608\n", "/sys/fs/cgroup/app.slice/hugetlb.2MB.current": "4194304\n"}, Need{MemoryMB: 64}, "cgroup", Error, dpdk.ErrNoMemory,
			"64 MiB are asked for, and the cgroup of this process may have 8 MiB in hugepages of 2 MiB, of which 4 MiB are free (/sys/fs/cgroup/app.slice/hugetlb.2MB.max)", []string{"echo max > /sys/fs/cgroup/app.slice/hugetlb.2MB.max"}},
		{"a limit in Kubernetes", container.with(tree{"/var/run/secrets/kubernetes.io/x": "", "/sys/fs/cgroup/hugetlb.2MB.max": "0\n"}), Need{MemoryMB: 64}, "cgroup", Error, dpdk.ErrNoMemory,
			"may have 0 MiB", []string{"hugepages-2Mi: 64Mi", "echo max > /sys/fs/cgroup/hugetlb.2MB.max"}},
		{"a limit of cgroup v1", tree{"/proc/self/mountinfo": "31 1 0:27 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n", "/proc/self/cgroup": "4:hugetlb:/app\n", "/sys/fs/cgroup/hugetlb/app/hugetlb.2MB.limit_in_bytes": "4194304\n"}, Need{MemoryMB: 64},
			"cgroup", Error, dpdk.ErrNoMemory, "may have 4 MiB", []string{"echo -1 > /sys/fs/cgroup/hugetlb/app/hugetlb.2MB.limit_in_bytes"}},
		{"no limit of cgroup v1", tree{"/proc/self/mountinfo": "31 1 0:27 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n", "/sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes": "9223372036852678656\n"}, Need{}, "cgroup", OK, 0, "no limit", nil},

		{"all pages in use", tree{"/proc/77/status": "HugetlbPages:\t 2097152 kB\n", "/proc/77/comm": "testpmd\n"}.with(counts(pools, "2048kB", 1024, 100, 100, 0, 0)), Need{}, "memory", Error, dpdk.ErrNoMemory,
			"2 MiB are asked for, and 0 MiB are free (0 of 1024 hugepages of 2 MiB); process 77 (testpmd) has 2048 MiB", []string{"echo 1025 > /proc/sys/vm/nr_hugepages", "ask for less (Config.MemoryMB, SocketMemoryMB)"}},
		{"more than the host has", nil, Need{MemoryMB: 1 << 20}, "memory", Error, dpdk.ErrNoMemory, "1048576 MiB are asked for, and 1800 MiB are free", []string{"ask for less (Config.MemoryMB, SocketMemoryMB)"}},
		{"a node with too few", tree{}.with(counts(node1, "2048kB", 10, 10, 0, 0, 0)), Need{SocketMemoryMB: []int{0, 100}}, "memory", Error, dpdk.ErrNoMemory,
			"100 MiB are asked for on NUMA node 1, and 20 MiB are free there; on node 0 1000 MiB are", []string{"echo 50 > " + node1 + "/hugepages-2048kB/nr_hugepages", "ask for memory on another node (Config.SocketMemoryMB), or use lcores of another node (Config.Lcores)"}},
		{"a node that does not exist", nil, Need{SocketMemoryMB: []int{0, 0, 100}}, "memory", Error, dpdk.ErrInvalid, "NUMA node 2, and this host has no such node", []string{"use 2 numbers or fewer in Config.SocketMemoryMB"}},
		{"a cpuset without the node", process(0, allCaps, 0, "0-7", "1").with(counts(node1, "2048kB", 0, 0, 0, 0, 0)), Need{}, "memory", Error, dpdk.ErrNoMemory, "this process may use memory of NUMA node 1 only (cpuset.mems), where 0 MiB are free", []string{"--cpuset-mems=0-1"}},

		{"locked memory", tree{"/dev/vfio/vfio": ""}.with(limits("65536", 1048576, "unlimited"), process(1000, 0, 0, "0-7", "0-1")), Need{}, "memlock", Warning, 0, "this process may lock 64 KiB (ulimit -l)", []string{"ulimit -l unlimited", "--ulimit memlock=-1", "LimitMEMLOCK=infinity"}},
		{"locked memory without VFIO", limits("65536", 1048576, "unlimited").with(process(1000, 0, 0, "0-7", "0-1")), Need{}, "memlock", OK, 0, "64 KiB (ulimit -l); the host has no VFIO", nil},
		{"locked memory in a user namespace", tree{"/dev/vfio/vfio": "", "/proc/self/ns/user": "-> user:[4026532600]"}.with(limits("65536", 1048576, "unlimited")), Need{}, "memlock", Warning, 0, "this process may lock 64 KiB (ulimit -l)", []string{"ulimit -l unlimited", "--ulimit memlock=-1", "LimitMEMLOCK=infinity"}},
		{"locked memory with IPC_LOCK", tree{"/dev/vfio/vfio": ""}.with(limits("65536", 1048576, "unlimited")), Need{}, "memlock", OK, 0, "does not apply to this process", nil},
		{"few files", limits("unlimited", 1000, "unlimited"), Need{}, "open-files", Warning, 0, "may have 1000; the host has 1024 hugepages", []string{"ulimit -n 4096", "--ulimit nofile=4096", "LimitNOFILE=4096", "add --single-file-segments to Config.Extra"}},
		{"hardly any files", limits("unlimited", 20, "unlimited"), Need{}, "open-files", Error, 24, "may have 20, and EAL needs 32 and one for each hugepage", []string{"ulimit -n 4096", "--ulimit nofile=4096", "LimitNOFILE=4096", "add --single-file-segments to Config.Extra"}},
		{"little virtual memory", limits("unlimited", 1048576, "1073741824"), Need{}, "address-space", Error, dpdk.ErrNoMemory, "1 GiB of virtual memory (ulimit -v)", []string{"ulimit -v unlimited", "LimitAS=infinity"}},
		{"strict overcommit", tree{"/proc/sys/vm/overcommit_memory": "2\n"}, Need{}, "overcommit", Warning, 0, "vm.overcommit_memory is 2", []string{"sysctl -w vm.overcommit_memory=0"}},
		{"few mappings", tree{"/proc/sys/vm/max_map_count": "3000\n"}, Need{}, "mappings", Warning, 0, "3000 mappings; the host has 1024 hugepages", []string{"sysctl -w vm.max_map_count=6048"}},

		{"no isolation", tree{"/sys/devices/system/cpu/isolated": "\n", "/sys/devices/system/cpu/nohz_full": "(null)\n"}, Need{}, "isolation", Warning, 0, "isolated (isolcpus): none; without timer interrupts (nohz_full): none", []string{"isolcpus=1-7 nohz_full=1-7 rcu_nocbs=1-7"}},
		{"isolated CPUs with ticks", tree{"/sys/devices/system/cpu/nohz_full": "\n"}, Need{}, "isolation", Warning, 0, "isolated (isolcpus): 2-7; without timer interrupts (nohz_full): none", []string{"isolcpus=2-7 nohz_full=2-7 rcu_nocbs=2-7"}},
		{"powersave", tree{"/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n"}, Need{}, "governor", Warning, 0, "performance on 1 CPUs, powersave on 1 CPUs", []string{"for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo performance > $f; done"}},
		{"a quota", tree{"/sys/fs/cgroup/app.slice/cpu.max": "150000 100000\n"}, Need{}, "cpu-quota", Warning, 0, "may use 1.5 CPUs, and the process may run on CPUs 0-7", []string{"--cpuset-cpus=0-7 without --cpus", "limits equal to requests, a whole number of CPUs, and the kubelet's --cpu-manager-policy=static", "CPUQuota= (empty), and AllowedCPUs=0-7"}},
		{"a quota of cgroup v1", tree{"/proc/self/mountinfo": "31 1 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n", "/proc/self/cgroup": "4:cpu,cpuacct:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, Need{},
			"cpu-quota", Warning, 0, "may use 0.5 CPUs", []string{"--cpuset-cpus=0-7 without --cpus", "limits equal to requests, a whole number of CPUs, and the kubelet's --cpu-manager-policy=static", "CPUQuota= (empty), and AllowedCPUs=0-7"}},
		{"GOMAXPROCS of a quota", tree{"/sys/fs/cgroup/app.slice/cpu.max": "150000 100000\n"}, Need{}, "gomaxprocs", OK, 0, "GOMAXPROCS is 2, and this process may run on 8 CPUs (0-7), with a quota of 1.5", nil},
		{"GOMAXPROCS above a quota", tree{"/sys/fs/cgroup/app.slice/cpu.max": "250000 100000\n", "/proc/self/environ": "A=1\x00GOMAXPROCS=8\x00"}, Need{}, "gomaxprocs", Warning, 0, "GOMAXPROCS is 8, and this process may run on 8 CPUs (0-7), with a quota of 2.5", []string{"export GOMAXPROCS=3"}},
		{"GOMAXPROCS below the CPUs", tree{"/proc/self/environ": "GOMAXPROCS=2\x00"}, Need{}, "gomaxprocs", Warning, 0, "GOMAXPROCS is 2, and this process may run on 8 CPUs (0-7)", []string{"export GOMAXPROCS=8"}},
		{"one CPU", process(0, allCaps, 0, "3", "0-1"), Need{}, "gomaxprocs", Warning, 0, "one CPU is for polling or for the rest", []string{"--cpuset-cpus with two CPUs or more", "taskset -c with two CPUs or more"}},
		{"an old time stamp counter", tree{"/proc/cpuinfo": "flags\t: tsc\n"}, Need{}, "tsc", Warning, 0, "constant_tsc: no, nonstop_tsc: no", []string{"a CPU model with invtsc (QEMU: -cpu host,+invtsc)"}},
		{"a counter that the kernel does not trust", tree{"/sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n"}, Need{}, "tsc", Warning, 0, "the kernel's clock is hpet", []string{"dmesg | grep -i tsc shows why; then boot with tsc=reliable on the kernel's command line"}},

		{"capabilities of a user", process(1000, 1<<capNetRaw, 0, "0-7", "0-1"), Need{}, "capabilities", OK, 0, "uid 1000 has NET_RAW; lacks IPC_LOCK (VFIO with a limit of locked memory), SYS_NICE", nil},
		{"a seccomp filter", filtered, Need{}, "seccomp", Warning, 0, "EAL does not start with a libnuma before 2.0.19", allow},
		{"a seccomp filter with an old libnuma", filtered.with(tree{libnuma: "\x7fELF libnuma_1.6 libnuma_1.7"}), Need{}, "seccomp", Error, dpdk.ErrPermission, "a seccomp filter forbids NUMA policies (set_mempolicy, mbind)", allow},
		{"a seccomp filter with a new libnuma", filtered.with(tree{libnuma: "\x7fELF libnuma_1.7 libnuma_2.1"}), Need{}, "seccomp", Warning, 0, "EAL starts, as libnuma is 2.0.19 or newer, and takes memory of any node", allow},
		{"a seccomp filter with a loaded libnuma", filtered.with(tree{libnuma: "libnuma_2.1", "/opt/libnuma.so.1.0.0": "libnuma_1.6", "/proc/self/maps": "7f00-7f01 r--p 00000000 08:01 12 /opt/libnuma.so.1.0.0\n"}), Need{}, "seccomp", Error, dpdk.ErrPermission, "a seccomp filter forbids", allow},
		{"a seccomp filter that allows it", process(0, 1<<capSysNice, 2, "0-7", "0-1"), Need{}, "seccomp", OK, 0, "may set NUMA policies", nil},

		{"the image of a virtual machine", tree{"/.dockerenv": ""}, Need{}, "container", OK, 0, "not in a container", nil},
		{"Docker", container, Need{}, "container", OK, 0, "in a container (Docker), with its own namespaces: pid, ipc, uts", nil},
		{"Kubernetes", container.with(tree{"/proc/self/environ": "A=1\x00KUBERNETES_SERVICE_HOST=10.0.0.1\x00"}), Need{}, "container", OK, 0, "in a container (Docker)", nil},
		{"its own runtime directory", container, Need{}, "runtime-directory", Warning, 0, "/var/run/dpdk, which is inside this container", []string{"-v /run/dpdk:/run/dpdk", "a Config.FilePrefix that no other container uses, or Config.InMemory"}},
		{"a shared runtime directory", container.with(tree{"/proc/self/mountinfo": "40 1 0:30 /dpdk /run/dpdk rw - tmpfs tmpfs rw\n"}), Need{}, "runtime-directory", OK, 0, "which is a mount", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var all []string
			for _, f := range prepared.with(test.files).write(t).Check(test.need) {
				all = append(all, fmt.Sprintf("%s %v: %v", f.Check, f.Level, f))
				if f.Check != test.check || !strings.Contains(f.Found, test.found) {
					continue
				}
				assert.Equal(t, test.level, f.Level)
				assert.Equal(t, test.errno, f.Errno)
				var fixes []string
				for _, fix := range f.Fixes {
					fixes = append(fixes, strings.Join(fix.Commands, " && "))
					assert.False(t, fix.Safe, "on a copy")
					assert.NotEmpty(t, fix.Where)
				}
				assert.Equal(t, test.fixes, fixes)
				return
			}
			assert.Fail(t, "not found", strings.Join(all, "\n"))
		})
	}
}

// With a new libnuma EAL does without NUMA, and loses nothing here.
func TestASeccompFilterOnAHostWithOneNode(t *testing.T) {
	files := prepared.with(filtered, tree{libnuma: "libnuma_2.1"})
	maps.DeleteFunc(files, func(path, _ string) bool { return strings.Contains(path, "/node/node1/") })
	assert.Equal(t, OK, files.write(t).seccomp().Level)
	files[libnuma] = "libnuma_1.7"
	assert.Equal(t, Error, files.write(t).seccomp().Level)
}

func TestTheFirstErrorOfAnEarlyCauseComesFirst(t *testing.T) {
	host := prepared.with(mounts(), counts(pools, "2048kB", 0, 0, 0, 0, 0)).write(t)
	assert.Contains(t, Worst(host.Memory(Need{})).Found, "none are reserved")
}

func TestFilesOfDeadProcessesOnARecordedHost(t *testing.T) {
	files := tree{"/run/dpdk/rte/config": "", "/tmp/dpdk/a b/config": "", "/run/dpdk/private/dpdk_telemetry.v2": "", "/dev/hugepages/note": "",
		"/proc/77/maps": "7f00-7f20 rw-s 00000000 00:1f 12 /dev/hugepages/database map_0\n7f20-7f21 rw-p 00000000 00:00 0\n"}
	pages := []string{"rtemap_0", "it's map_7", "privatemap_3", "database map_0", "database map_1"}
	for _, page := range pages {
		files["/dev/hugepages/"+page] = ""
	}
	host := prepared.with(files).write(t)
	then := time.Now().Add(-time.Hour)
	for _, path := range []string{"/run/dpdk/rte", "/tmp/dpdk/a b", "/run/dpdk/private"} {
		require.NoError(t, os.Chtimes(filepath.Join(host.Root, path), then, then))
	}
	for _, page := range pages {
		require.NoError(t, os.Chtimes(filepath.Join(host.Root, "/dev/hugepages", page), then, then))
	}
	var fixes, texts []string
	for _, f := range host.Processes() {
		assert.Equal(t, Warning, f.Level, f.Found)
		texts = append(texts, f.Found)
		for _, fix := range f.Fixes {
			fixes = append(fixes, fix.String())
		}
	}
	owner := "as root"
	if uid := os.Getuid(); uid != 0 {
		owner = fmt.Sprintf("as uid %d or root", uid)
	}
	assert.ElementsMatch(t, []string{"as the owner of the folder: rm -r /run/dpdk/rte", "as the owner of the folder: rm -r '/tmp/dpdk/a b'", "as the owner of the folder: rm -r /run/dpdk/private",
		owner + `: for f in /dev/hugepages/rtemap_[0-9]*; do flock -n "$f" rm "$f" || :; done`,
		owner + `, if they are DPDK's: for f in '/dev/hugepages/it'\''s map_'[0-9]*; do flock -n "$f" rm "$f" || :; done`,
		owner + `, if they are DPDK's: for f in /dev/hugepages/privatemap_[0-9]*; do flock -n "$f" rm "$f" || :; done`}, fixes)
	text := strings.Join(texts, "\n")
	assert.Contains(t, text, `file prefix "rte" has files in /dev/hugepages, owner uid `)
	assert.Contains(t, text, `have the names of file prefix "it's ", and this owner has no runtime directory for it here: they are of DPDK processes of another container, or of another program; 1 files hold `)
	assert.Contains(t, text, `have the names of file prefix "private", and this owner has no`, "a process that shares no memory has no files")
	assert.Contains(t, text, `process 77 has mapped some files without a lock; DPDK always locks its files; 1 files hold `)
}

func TestFoldersOfOtherProgramsAreNotRuntimeDirectories(t *testing.T) {
	host := prepared.with(tree{"/tmp/dpdk/lib/meson.build": "", "/tmp/dpdk/app/config": "", "/tmp/dpdk/app/sub/config": "", "/dpdk/rte/config": "", "/home/me/config": ""}).write(t)
	require.NoError(t, os.MkdirAll(filepath.Join(host.Root, "run"), 0o755))
	require.NoError(t, os.Symlink("../home", filepath.Join(host.Root, "run/dpdk")))
	then := time.Now().Add(-time.Hour)
	for _, path := range []string{"/tmp/dpdk/lib", "/tmp/dpdk/app", "/dpdk/rte", "/home/me"} {
		require.NoError(t, os.Chtimes(filepath.Join(host.Root, path), then, then))
	}
	found := host.Processes()
	require.Len(t, found, 1)
	assert.Equal(t, "no DPDK process runs, and none has left files", found[0].Found)
}

func TestFilesThatWereJustMadeMayBelongToAStart(t *testing.T) {
	host := prepared.with(tree{"/dev/hugepages/rtemap_0": "", "/run/dpdk/rte/config": ""}).write(t)
	for _, f := range host.Processes() {
		assert.Equal(t, OK, f.Level, f.Found)
	}
}

func TestLevelsAreTexts(t *testing.T) {
	for _, l := range []Level{OK, Warning, Error} {
		text, err := l.MarshalText()
		require.NoError(t, err)
		var back Level
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, l, back)
	}
	var l Level
	assert.ErrorContains(t, l.UnmarshalText([]byte("bad")), `level "bad": use ok, warning or error`)
	assert.Equal(t, "Level(7)", Level(7).String())
}
