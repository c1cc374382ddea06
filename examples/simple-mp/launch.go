package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/eal"
)

// dialogue is what is typed into the two processes, and what the other one must show.
var dialogue = []struct {
	who   int
	types string
}{
	{0, "send hello from the primary"},
	{1, "send hello from the secondary"},
	{0, "send how_are_you"},
	{1, "send fine, thank you"},
}

// launch starts a primary and a secondary as processes of their own and types
// commands into them.
func launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	prefix := fmt.Sprintf("simple%d", os.Getpid())
	var seats []*seat
	err := func() error {
		for n, options := range [][]string{{"--proc-type=primary", "-m", "32"}, {"--proc-type=secondary"}} {
			s, err := sit(ctx, n, append(options, "--file-prefix="+prefix)...)
			if err != nil {
				return err
			}
			seats = append(seats, s)
			if err := s.expect("Finished Process Init."); err != nil {
				return err
			}
		}
		for _, step := range dialogue {
			fmt.Printf("%s> %s\n", seats[step.who].name, step.types)
			fmt.Fprintln(seats[step.who].in, step.types)
			if err := seats[1-step.who].expect("Received '" + strings.TrimPrefix(step.types, "send ") + "'"); err != nil {
				return err
			}
		}
		return nil
	}()
	for n := len(seats) - 1; n >= 0; n-- {
		err = errors.Join(err, seats[n].leave())
	}
	return err
}

// seat is a process and the one who types into it.
type seat struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
}

// sit starts this program again, on lcore n: processes need disjoint lcores. It is
// asked to end when ctx does.
func sit(ctx context.Context, n int, args ...string) (*seat, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append([]string{fmt.Sprintf("--lcores=%d@%d", n, cpu(n)), "--no-pci"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &seat{[]string{"primary", "secondary"}[n], cmd, in, bufio.NewScanner(out)}, cmd.Start()
}

// expect shows what the process says, up to a line that holds text.
func (s *seat) expect(text string) error {
	for s.out.Scan() {
		fmt.Printf("%s: %s\n", s.name, s.out.Text())
		if strings.Contains(s.out.Text(), text) {
			return nil
		}
	}
	return fmt.Errorf("the %s ended without %q", s.name, text)
}

// leave ends the process's input, which ends it.
func (s *seat) leave() error {
	s.in.Close()
	for s.out.Scan() {
	}
	return s.cmd.Wait()
}

// cpu spreads the processes over the CPUs that this one may use.
func cpu(n int) int {
	cpus, err := eal.ThreadCPUs()
	if err != nil || len(cpus) == 0 {
		return 0
	}
	return cpus[n%len(cpus)]
}
