package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/examples/internal/child"
)

const processes = 3

// launch starts all processes and waits for them. Ctrl-C reaches them all; each ends
// by itself.
func launch(ctx context.Context) error {
	prefix := fmt.Sprintf("symmetric%d", os.Getpid())
	primary := command(0, "--proc-type=primary", "--file-prefix="+prefix, "-m", "64", "--vdev=net_ring0", "--vdev=net_ring1",
		"--", fmt.Sprint("-processes=", processes), "-seed=256")
	out, err := primary.StdoutPipe()
	if err != nil {
		return err
	}
	if err := primary.Start(); err != nil {
		return err
	}
	// Ctrl-C reaches all processes, a SIGTERM only this one.
	defer context.AfterFunc(ctx, func() { _ = primary.Process.Signal(syscall.SIGTERM) })()

	var errs []error
	var secondaries []*exec.Cmd
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Println(lines.Text())
		if !strings.HasPrefix(lines.Text(), "primary: ready") {
			continue
		}
		for i := 1; i < processes; i++ {
			// They find the primary's ports by themselves; what they need are its other
			// device options, here --no-pci.
			s := command(i, "--proc-type=secondary", "--file-prefix="+prefix, "--", fmt.Sprint("-process=", i))
			s.Stdout = os.Stdout
			if err := s.Start(); err != nil {
				errs = append(errs, err)
				_ = primary.Process.Signal(syscall.SIGTERM)
				break
			}
			secondaries = append(secondaries, s)
		}
	}
	errs = append(errs, primary.Wait())
	for _, s := range secondaries {
		errs = append(errs, s.Wait())
	}
	return errors.Join(errs...)
}

// command is this program again, on lcore n: processes need disjoint lcores.
func command(n int, args ...string) *exec.Cmd {
	args = append([]string{fmt.Sprintf("--lcores=%d@%d", n, child.CPU(n)), "--no-pci"}, args...)
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stderr = os.Stderr
	return cmd
}
