package ealtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const sigstop = syscall.SIGSTOP

// sandboxed runs the tests in the sandbox, or starts it.
func sandboxed(o Options, tests func() int) (code int, err error) {
	dir, inside := os.LookupEnv(envSandbox)
	if os.Geteuid() == 0 && !inside {
		return sandbox(o)
	}
	if os.Geteuid() != 0 {
		if dir, err = os.MkdirTemp("", "ealtest"); err != nil {
			return 1, err
		}
		defer os.RemoveAll(dir)
		if err := private(dir); err != nil {
			return 1, err
		}
		return tests(), nil
	}
	if err := enter(dir, o); err != nil {
		return 1, err
	}
	code = tests()
	return code, os.WriteFile(filepath.Join(dir, ended), nil, 0o600)
}

// sandbox runs this command again in new namespaces, and removes the sandbox's folder
// afterwards.
func sandbox(o Options) (code int, err error) {
	dir, err := os.MkdirTemp("", "ealtest")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), envSandbox+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	goruntime.LockOSThread() // Pdeathsig is about the thread that starts the process
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if o.Network {
		cmd.SysProcAttr.Unshareflags |= syscall.CLONE_NEWNET
	}
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return 1, fmt.Errorf("namespaces of its own: %w", err)
	}
	if err != nil && !cmd.ProcessState.Exited() {
		return 1, fmt.Errorf("the tests did not run to their end: %v", err)
	}
	if err != nil {
		return 1, nil // the tests have printed the reason
	}
	// C can exit the process with 0 in the middle of a test.
	if _, err := os.Stat(filepath.Join(dir, ended)); err != nil {
		return 1, errors.New("the tests did not run to their end")
	}
	return 0, nil
}

// enter sets up the sandbox from inside: its own hugetlbfs is the only visible one, EAL's runtime
// directory is beside it, and lo is up as on any machine.
func enter(dir string, o Options) error {
	if o.Network {
		if err := network(); err != nil {
			return err
		}
	}
	if err := private(dir); err != nil {
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
	// The runtime directory is a tmpfs, as /run is. On a disk each start of EAL takes longer.
	if err := unix.Mount("nodev", os.Getenv("RUNTIME_DIRECTORY"), "tmpfs", 0, "mode=700"); err != nil {
		return fmt.Errorf("a tmpfs: %w", err)
	}
	if err := os.MkdirAll(HugeDir(), 0o700); err != nil {
		return err
	}
	if err := unix.Mount("nodev", HugeDir(), "hugetlbfs", 0, ""); err != nil {
		fmt.Fprintln(os.Stderr, "ealtest: no hugetlbfs:", err) // NeedHugepages reports it to tests
	}
	return nil
}

// network sets the empty network namespace up.
func network() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	if unix.Access("/proc/sys/net/ipv4/ip_forward", unix.W_OK) == unix.EROFS { // Docker's; tests set their namespace's
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			return fmt.Errorf("a writable /proc/sys: %w", err)
		}
	}
	return nil
}
