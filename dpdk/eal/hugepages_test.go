//go:build linux

package eal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/hostcheck"
	"github.com/godpdk/godpdk/test/harness"
)

// scene is a machine on which EAL gets no hugepages, made in a mount namespace of the
// child's own.
type scene struct {
	name  string
	make  func(cfg *eal.Config, dir string) error
	cause error
	errno syscall.Errno
	says  []string // {dir} is the scene's folder, {huge} the sandbox's mount
}

const nobody = 65534

func huge(dir string, flags uintptr, options string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return unix.Mount("nodev", dir, "hugetlbfs", flags, options)
}

func unmountHuge() error { return unix.Unmount(harness.HugeDir(), unix.MNT_DETACH) }

// replace unmounts the sandbox's hugetlbfs and mounts another one.
func replace(dir, options string) error {
	return errors.Join(unmountHuge(), huge(dir+"/huge", 0, options))
}

// hide shows no pages at all, as a machine does on which none are reserved.
func hide(dir string) error {
	return errors.Join(pretend(dir, "/sys/kernel/mm/hugepages", 0), pretend(dir, "/sys/devices/system/node/node0/hugepages", 0))
}

// pretend shows so many pages of each size in a folder of sysfs, all of them free.
func pretend(dir, real string, pages int) error {
	sizes, err := filepath.Glob(real + "/hugepages-*")
	if err != nil || len(sizes) == 0 {
		return fmt.Errorf("%s: %w", real, errors.Join(err, unix.ENOENT))
	}
	fake := filepath.Join(dir, strconv.Itoa(len(real)))
	for _, size := range sizes {
		if err := os.MkdirAll(filepath.Join(fake, filepath.Base(size)), 0o755); err != nil {
			return err
		}
		for name, n := range map[string]int{"nr_hugepages": pages, "free_hugepages": pages, "resv_hugepages": 0, "surplus_hugepages": 0, "nr_overcommit_hugepages": 0} {
			if err := os.WriteFile(filepath.Join(fake, filepath.Base(size), name), fmt.Appendln(nil, n), 0o644); err != nil {
				return err
			}
		}
	}
	return unix.Mount(fake, real, "", unix.MS_BIND, "")
}

// tooMuch asks for more than the pool has, and no more than the host could add.
func tooMuch(cfg *eal.Config) error {
	text, err := os.ReadFile("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
	if err != nil {
		return err
	}
	pages, err := strconv.Atoi(strings.TrimSpace(string(text)))
	cfg.MemoryMB = 2*pages + 64
	return err
}

func limitTo(resource int, most uint64) error {
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: most, Max: most})
}

var scenes = []scene{
	{"more is asked for than the host has memory", func(cfg *eal.Config, dir string) error { cfg.MemoryMB = 1 << 30; return nil },
		dpdk.ErrNoHugepages, unix.ENOMEM, []string{"1073741824 MiB are asked for", "iB are free (", "hugepages of 2 MiB", "ask for less (Config.MemoryMB"}},
	{"more is asked for than is free", func(cfg *eal.Config, dir string) error { return tooMuch(cfg) },
		dpdk.ErrNoHugepages, unix.ENOMEM, []string{" MiB are asked for, and ", "iB are free (", "as root: echo ", " > /proc/sys/vm/nr_hugepages", "ask for less"}},
	{"a NUMA node has too few pages", func(cfg *eal.Config, dir string) error {
		cfg.MemoryMB, cfg.SocketMemoryMB = 0, []int{64}
		return pretend(dir, "/sys/devices/system/node/node0/hugepages", 4)
	}, dpdk.ErrNoHugepages, unix.ENOMEM, []string{"64 MiB are asked for on NUMA node 0, and 8 MiB are free there", "as root: echo 32 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"}},
	{"no hugetlbfs is mounted", func(*eal.Config, string) error { return unmountHuge() },
		dpdk.ErrNoHugepages, unix.ENODEV, []string{"no hugetlbfs is mounted", "mount -t hugetlbfs nodev /dev/hugepages"}},
	{"in memory, more than the host has", func(cfg *eal.Config, dir string) error {
		cfg.InMemory, cfg.FilePrefix, cfg.HugeDir, cfg.MemoryMB = true, "", "", 1<<30
		return unmountHuge()
	}, dpdk.ErrNoHugepages, unix.ENOMEM, []string{"1073741824 MiB are asked for, and ", "ask for less"}},
	{"no pages are reserved", func(_ *eal.Config, dir string) error { return hide(dir) },
		dpdk.ErrNoHugepages, unix.ENOMEM, []string{"none are reserved", "echo 32 > /proc/sys/vm/nr_hugepages"}},
	{"the HugeDir does not exist", func(cfg *eal.Config, dir string) error { cfg.HugeDir = dir + "/no"; return nil },
		dpdk.ErrNoHugepages, unix.ENOENT, []string{"HugeDir {dir}/no cannot be used (no such file or directory)", "use {huge}"}},
	{"the HugeDir is not a hugetlbfs", func(cfg *eal.Config, dir string) error { cfg.HugeDir = dir; return nil },
		dpdk.ErrNoHugepages, unix.ENODEV, []string{"HugeDir {dir} is not on a hugetlbfs", "use {huge}"}},
	{"the HugeDir is not a hugetlbfs and there is none", func(cfg *eal.Config, dir string) error { cfg.HugeDir = dir; return unmountHuge() },
		dpdk.ErrNoHugepages, unix.ENODEV, []string{"HugeDir {dir} is not on a hugetlbfs", "no hugetlbfs is mounted", "mount -t hugetlbfs"}},
	{"the mount is read-only", func(*eal.Config, string) error {
		return unix.Mount("nodev", harness.HugeDir(), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	}, dpdk.ErrNoHugepages, unix.EROFS, []string{"{huge} is mounted read-only", writable()}},
	{"the mount is another user's", func(_ *eal.Config, dir string) error {
		return errors.Join(replace(dir, "mode=0700"), syscall.Setuid(nobody))
	}, dpdk.ErrNoHugepages, unix.EACCES, []string{"uid 65534 cannot make files in the hugetlbfs at {dir}/huge", "-o uid=65534,mode=0700", "Config.HugeDir"}},
	{"the mount is another user's to write", func(cfg *eal.Config, dir string) error {
		cfg.HugeDir = dir + "/huge"
		return errors.Join(replace(dir, "mode=0755"), syscall.Setuid(nobody))
	}, dpdk.ErrNoHugepages, unix.EACCES, []string{"uid 65534 cannot make files in the hugetlbfs at {dir}/huge", "Config.HugeDir"}},
	{"the mount has a size", func(_ *eal.Config, dir string) error { return replace(dir, "size=4M") },
		dpdk.ErrNoHugepages, unix.ENOMEM, []string{"64 MiB are asked for", "{dir}/huge is limited to 4 MiB", "size="}},
	{otherPageSize, func(_ *eal.Config, dir string) error { return replace(dir, "pagesize=1G") },
		dpdk.ErrNoHugepages, unix.ENODEV, []string{"{dir}/huge is for pages of 1 GiB", "hugepages of 2 MiB are reserved", "mount -t hugetlbfs -o pagesize=2048K"}},
	{"hardly any descriptors", func(*eal.Config, string) error { return limitTo(unix.RLIMIT_NOFILE, 20) },
		nil, unix.EMFILE, []string{"may have 20, and EAL needs", "ulimit -n"}},
	{"few descriptors", func(c *eal.Config, _ string) error { c.MemoryMB = 128; return limitTo(unix.RLIMIT_NOFILE, 56) },
		nil, unix.EMFILE, []string{"may have 56", "ulimit -n ", "--single-file-segments"}},
}

// writable is the fix of a read-only mount.
func writable() string {
	if harness.Container() {
		return "-v /dev/hugepages:{huge} without :ro"
	}
	return "mount -o remount,rw {huge}"
}

const otherPageSize = "the mount is for pages of another size"

// giantPages reports whether the kernel can mount a hugetlbfs with pages of 1 GiB.
func giantPages() bool {
	_, err := os.Stat("/sys/kernel/mm/hugepages/hugepages-1048576kB")
	return err == nil
}

var _ = harness.Role("scene", func(args []string) error {
	for _, s := range scenes {
		if s.name != args[0] {
			continue
		}
		cfg := harness.Config(0)
		cfg.MemoryMB = 64
		if err := s.make(&cfg, args[1]); err != nil {
			return err
		}
		return report(eal.Init(cfg))
	}
	return errors.New("no such scene")
})

// report sends an error of Init to the test: its text, and the sentinels in it.
func report(rt *eal.Runtime, err error) error {
	if err == nil {
		return errors.Join(errors.New("EAL has started"), rt.Close())
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	harness.Say("text %s", text)
	var errno dpdk.Errno
	errors.As(err, &errno)
	harness.Say("is %t %d", errors.Is(err, dpdk.ErrNoHugepages), errno)
	return nil
}

var _ = harness.Role("in memory", func([]string) error {
	if err := unmountHuge(); err != nil {
		return err
	}
	findings := hostcheck.Host{}.Memory(hostcheck.Need{InMemory: true, MemoryMB: 64})
	if worst := hostcheck.Worst(findings); worst.Level == hostcheck.Error {
		return errors.New(worst.String())
	}
	rt, err := eal.Init(eal.Config{InMemory: true, NoPCI: true, Lcores: harness.Lcore(0), MemoryMB: 64})
	if err != nil {
		return err
	}
	return rt.Close()
})

func TestInMemoryNeedsNoMount(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	harness.StartWith(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "in memory").Wait()
}

var _ = harness.Role("noexec", func(args []string) error {
	if err := errors.Join(unmountHuge(), huge(args[0]+"/huge", unix.MS_NOEXEC, "")); err != nil {
		return err
	}
	rt, err := eal.Init(harness.Config(0))
	if err != nil {
		return err
	}
	return rt.Close()
})

func TestAMountWithNoexecIsUsable(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	harness.StartWith(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "noexec", t.TempDir()).Wait()
}

func TestWithoutHugepagesTheErrorNamesTheReasonAndItsFix(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	for _, s := range scenes {
		if s.name == otherPageSize && !giantPages() {
			t.Logf("%s: the kernel supports no pages of 1 GiB on this processor", s.name)
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			// Short, and readable for all users: it contains the runtime directory of the user nobody.
			dir, err := os.MkdirTemp("/var/tmp", "g")
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
			require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
			t.Setenv("RUNTIME_DIRECTORY", dir)
			c := harness.StartWith(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "scene", s.name, dir)
			text := c.Expect("text ")
			is := c.Expect("is ")
			c.Wait()
			t.Log(text)
			for _, says := range s.says {
				assert.Contains(t, text, strings.NewReplacer("{dir}", dir, "{huge}", harness.HugeDir()).Replace(says))
			}
			assert.Equal(t, fmt.Sprint(s.cause == dpdk.ErrNoHugepages, " ", int(s.errno)), is)
			if !strings.Contains(strings.Join(s.says, ""), "nr_hugepages") {
				assert.NotContains(t, text, "nr_hugepages", "pages are there")
			}
		})
	}
}

var _ = harness.Role("limited", func(args []string) error {
	if err := os.WriteFile(args[0], []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return err
	}
	cfg := harness.Config(0)
	cfg.MemoryMB = 64
	return report(eal.Init(cfg))
})

// hierarchy mounts the hugetlb controller of cgroup v2 or v1; the kernel has it in one
// of the two at a time.
func hierarchy(t *testing.T, fs string) (mount string, err error) {
	mount = t.TempDir()
	if fs == "cgroup" {
		if err := unix.Mount("nodev", mount, fs, 0, "hugetlb"); err != nil {
			return "", err
		}
		t.Cleanup(func() { // the hierarchy would live on if it were unmounted while the group is still going
			assert.Eventually(t, func() bool {
				groups, err := os.ReadFile("/proc/cgroups")
				_, rest, _ := strings.Cut(string(groups), "hugetlb\t")
				f := strings.Fields(rest)
				return err == nil && len(f) > 1 && f[1] == "1"
			}, 30*time.Second, 50*time.Millisecond)
			assert.NoError(t, unix.Unmount(mount, 0))
		})
		return mount, nil
	}
	if err := unix.Mount("nodev", mount, fs, 0, ""); err != nil {
		return "", err
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(mount, 0)) })
	control := filepath.Join(mount, "cgroup.subtree_control")
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); { // it may be on its way from v1
		controllers, err := os.ReadFile(filepath.Join(mount, "cgroup.controllers"))
		if err != nil || strings.Contains(string(controllers), "hugetlb") {
			break
		}
	}
	before, err := os.ReadFile(control)
	if err == nil && !strings.Contains(string(before), "hugetlb") {
		if err = os.WriteFile(control, []byte("+hugetlb"), 0); err == nil {
			t.Cleanup(func() { assert.NoError(t, os.WriteFile(control, []byte("-hugetlb"), 0)) })
		}
	}
	return mount, err
}

func TestALimitOfTheCgroupIsNamed(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	tried := 0
	for _, v := range [][2]string{{"cgroup", "hugetlb.2MB.limit_in_bytes"}, {"cgroup2", "hugetlb.2MB.max"}} {
		t.Run(v[0], func(t *testing.T) {
			limit := v[1]
			mount, err := hierarchy(t, v[0])
			if err != nil {
				t.Log("the controller is in the other one:", err)
				return
			}
			tried++
			group := fmt.Sprintf("godpdk%d", os.Getpid())
			dir := filepath.Join(mount, group)
			require.NoError(t, os.Mkdir(dir, 0o755))
			t.Cleanup(func() { assert.NoError(t, os.Remove(dir)) })
			require.NoError(t, os.WriteFile(filepath.Join(dir, limit), []byte("4M"), 0))
			limited(t, dir, group+"/"+limit)
		})
	}
	assert.NotZero(t, tried)
}

// limited starts EAL in a cgroup that may have 4 MiB.
func limited(t *testing.T, dir, file string) {
	c := harness.Start(t, "limited", filepath.Join(dir, "cgroup.procs"))
	text := c.Expect("text ")
	c.Wait()
	left, err := filepath.Glob(fmt.Sprintf("%s/t%dmap_*", harness.HugeDir(), c.Pid()))
	require.NoError(t, err)
	for _, file := range left { // its pages would keep the group
		require.NoError(t, os.Remove(file))
	}
	t.Log(text)
	for _, says := range []string{"64 MiB are asked for", "the cgroup of this process may have 4 MiB", file, "as root", ": echo "} {
		assert.Contains(t, text, says)
	}
	assert.NotContains(t, text, "nr_hugepages")
}
