//go:build linux

// Package harness runs tests that need hugepages or several processes.
//
// A test package calls Main or MainEAL from its TestMain. As root the tests then
// run in a mount namespace of their own, with a private hugetlbfs mount and a
// private runtime directory, and in an empty network namespace, so that nothing of
// them is left on the machine and nothing of the machine reaches them. Other processes are re-executions of the
// test binary in a role (Role, Start) or C programs (CC, Command).
package harness

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/eal"
)

const (
	envRole    = "GODPDK_ROLE"    // this process is a child in that role
	envSandbox = "GODPDK_SANDBOX" // this process is in the sandbox of that folder
	ended      = "ended"          // file of the sandbox: all tests have run
)

// Main is for TestMain: it runs the tests in the sandbox, or this process's
// role, and exits.
func Main(m *testing.M) { os.Exit(run(m.Run)) }

// MainEAL is Main for tests that use DPDK inside the test process itself: EAL
// runs as a primary in hugepages, or, if the platform has none, in ordinary
// memory. After the tests the checks must pass, such as mbuftest.Leaks.
func MainEAL(m *testing.M, checks ...func() error) { MainLcores(m, 1, checks...) }

// MainLcores is MainEAL with several lcores, from 0 on.
func MainLcores(m *testing.M, lcores int, checks ...func() error) {
	os.Exit(run(func() int {
		cfg := Config(0)
		cfg.Lcores = Lcores(0, lcores)
		if why := missing(Hugepages); why != "" {
			if required() {
				fmt.Fprintln(os.Stderr, "harness: needs hugepages:", why)
				return 1
			}
			cfg.NoHuge = true
		}
		rt, err := eal.Init(cfg)
		if err != nil {
			fmt.Fprintln(os.Stderr, "harness:", err)
			return 1
		}
		code := m.Run()
		for _, check := range checks {
			if err := check(); err != nil {
				fmt.Fprintln(os.Stderr, "harness:", err)
				code = 1
			}
		}
		if err := rt.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "harness:", err)
			return 1
		}
		return code
	}))
}

// Config is a primary's EAL configuration for tests: lcore n, no PCI devices, a
// prefix of this process's own, its log in the test's output if it is a warning.
func Config(n int) eal.Config {
	return eal.Config{
		FilePrefix: fmt.Sprintf("t%d", os.Getpid()),
		Lcores:     Lcore(n),
		MemoryMB:   32,
		NoPCI:      true,
		Logger:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1})),
	}
}

// Lcore is lcore n on a CPU that this process may use: processes need disjoint
// lcores, and can share the CPUs of a small machine.
func Lcore(n int) string {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return fmt.Sprint(n)
	}
	skip := n % set.Count()
	for cpu := 0; ; cpu++ {
		if set.IsSet(cpu) {
			if skip == 0 {
				return fmt.Sprintf("%d@%d", n, cpu)
			}
			skip--
		}
	}
}

// Lcores are n lcores from first on, spread over the CPUs that there are.
func Lcores(first, n int) string {
	lcores := make([]string, n)
	for i := range lcores {
		lcores[i] = Lcore(first + i)
	}
	return strings.Join(lcores, ",")
}

func run(tests func() int) int {
	if role := os.Getenv(envRole); role != "" {
		return runRole(role)
	}
	if os.Geteuid() != 0 {
		return tests()
	}
	if dir := os.Getenv(envSandbox); dir != "" {
		if err := enter(dir); err != nil {
			fmt.Fprintln(os.Stderr, "harness:", err)
			return 1
		}
		code := tests()
		if err := os.WriteFile(filepath.Join(dir, ended), nil, 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "harness:", err)
			return 1
		}
		return code
	}
	return sandbox()
}

// sandbox runs this very command again in mount and network namespaces of its own,
// and removes its folder afterwards.
func sandbox() int {
	dir, err := os.MkdirTemp("", "godpdk")
	if err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), envSandbox+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	runtime.LockOSThread() // Pdeathsig is about the thread that starts the process
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		if cmd.ProcessState == nil {
			fmt.Fprintln(os.Stderr, "harness: mount and network namespaces:", err)
		}
		return 1
	}
	// C can exit the process with 0 in the middle of a test, as --help makes EAL do.
	if _, err := os.Stat(filepath.Join(dir, ended)); err != nil {
		fmt.Fprintln(os.Stderr, "harness: the tests did not run to their end")
		return 1
	}
	return 0
}

// enter sets the sandbox up from inside: its own hugetlbfs is the only one in
// sight, EAL's runtime directory lies beside it, and lo is up as on any machine.
func enter(dir string) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	if unix.Access("/proc/sys/net/ipv4/ip_forward", unix.W_OK) == unix.EROFS { // Docker's; tests set their namespace's
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			return fmt.Errorf("a writable /proc/sys: %w", err)
		}
	}
	run := filepath.Join(dir, "run")
	if err := os.MkdirAll(run, 0o700); err != nil {
		return err
	}
	if err := os.Setenv("RUNTIME_DIRECTORY", run); err != nil {
		return err
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "hugetlbfs" {
			if f[1] == HugeDir() {
				return nil // a fuzzing worker, started inside
			}
			if err := unix.Unmount(f[1], unix.MNT_DETACH); err != nil {
				return fmt.Errorf("unmount %s: %w", f[1], err)
			}
		}
	}
	if err := os.MkdirAll(HugeDir(), 0o700); err != nil {
		return err
	}
	if err := unix.Mount("nodev", HugeDir(), "hugetlbfs", 0, ""); err != nil {
		fmt.Fprintln(os.Stderr, "harness: no hugetlbfs:", err) // Need tells who needs it
	}
	return nil
}

// HugeDir is the sandbox's own mount of hugetlbfs.
func HugeDir() string { return filepath.Join(os.Getenv(envSandbox), "huge") }
