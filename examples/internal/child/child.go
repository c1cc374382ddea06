// Package child starts an example again as other processes, for those examples that
// show several.
package child

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/lcore"
)

// CPU spreads the processes over the CPUs that this one may use.
func CPU(n int) int {
	cpus, err := lcore.ThreadCPUs()
	if err != nil || len(cpus) == 0 {
		return 0
	}
	return cpus[n%len(cpus)]
}

// Seat is a process and the one who types into it.
type Seat struct {
	Name string
	In   io.WriteCloser
	cmd  *exec.Cmd
	out  *bufio.Scanner
}

// Sit starts this program again, on lcore n: processes need disjoint lcores. It is
// asked to end when ctx does.
func Sit(ctx context.Context, n int, args ...string) (*Seat, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append([]string{fmt.Sprintf("--lcores=%d@%d", n, CPU(n)), "--no-pci"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &Seat{[]string{"primary", "secondary"}[n], in, cmd, bufio.NewScanner(out)}, cmd.Start()
}

// Expect shows what the process says, up to a line that holds text.
func (s *Seat) Expect(text string) error {
	for s.out.Scan() {
		fmt.Printf("%s: %s\n", s.Name, s.out.Text())
		if strings.Contains(s.out.Text(), text) {
			return nil
		}
	}
	return fmt.Errorf("the %s ended without %q", s.Name, text)
}

// Leave ends the process's input, which ends it.
func (s *Seat) Leave() error {
	s.In.Close()
	for s.out.Scan() {
	}
	return s.cmd.Wait()
}
