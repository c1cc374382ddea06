package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/examples/internal/child"
)

// launch starts a primary and its workers as processes of their own and waits
// for them. Ctrl-C reaches them all; each ends by itself.
func launch(ctx context.Context) error {
	prefix := fmt.Sprintf("rings%d", os.Getpid())
	p, err := spawn(0, "--proc-type=primary", "--file-prefix="+prefix, "-m", "64", "--")
	if err != nil {
		return err
	}
	processes := []*exec.Cmd{p}
	primaryEnded := make(chan error, 1)
	// Ctrl-C reaches all processes, a SIGTERM only this one.
	defer context.AfterFunc(ctx, func() { _ = p.Process.Signal(syscall.SIGTERM) })()
	waiting, cancel := context.WithCancelCause(ctx)
	go func() {
		err := p.Wait()
		cancel(errors.New("the primary ended before its workers could join"))
		primaryEnded <- err
	}()

	// A secondary needs a primary that has finished starting.
	if err = eal.WaitPrimary(waiting, prefix); err == nil {
		for w := 1; w <= workers && err == nil; w++ {
			var s *exec.Cmd
			if s, err = spawn(w, "--proc-type=secondary", "--file-prefix="+prefix, "--", fmt.Sprint("-worker=", w)); err == nil {
				processes = append(processes, s)
			}
		}
	}
	if err != nil {
		_ = p.Process.Signal(syscall.SIGTERM)
	}
	errs := []error{err, <-primaryEnded}
	for _, s := range processes[1:] {
		errs = append(errs, s.Wait())
	}
	return errors.Join(errs...)
}

// spawn runs this program again, on lcore n: processes need disjoint lcores.
func spawn(n int, args ...string) (*exec.Cmd, error) {
	args = append([]string{fmt.Sprintf("--lcores=%d@%d", n, child.CPU(n)), "--no-pci"}, args...)
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd, cmd.Start()
}
