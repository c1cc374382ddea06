package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/lcore"
)

// Group is the processes of an example: this program, started again in several roles, with
// one file prefix and an lcore for each. The first is the primary.
type Group struct {
	ctx       context.Context
	prefix    string
	processes []*Process
	err       error // of starts
}

// Process is one process of a group.
type Process struct {
	ctx   context.Context
	cmd   *exec.Cmd
	in    io.Writer
	lines chan string // printed, and not yet expected
	ended chan struct{}
	err   error // of the end
}

// Launch calls f, which starts the processes of a group. Then it ends those that still run,
// the primary last.
func Launch(ctx context.Context, name string, f func(*Group) error) error {
	g := &Group{ctx: ctx, prefix: fmt.Sprint(name, os.Getpid())}
	var errs []error
	if err := f(g); err != nil {
		if !errors.Is(err, context.Canceled) { // Ctrl-C
			errs = append(errs, err)
		}
		for _, p := range g.processes { // all at once: they may wait for each other
			p.end()
		}
	}
	for _, p := range slices.Backward(g.processes) {
		p.end()
		<-p.ended
		errs = append(errs, p.err)
	}
	return errors.Join(append(errs, g.err)...)
}

// Start starts the next process with these arguments after those of its role.
func (g *Group) Start(args ...string) *Process { return g.start("", args...) }

// start starts a process, and prints its lines behind a label.
func (g *Group) start(label string, args ...string) *Process {
	n := len(g.processes) // number of the process and its lcore: processes need different lcores
	role := []string{"--file-prefix=" + g.prefix, "--no-pci", "--proc-type=secondary"}
	if n == 0 {
		role = []string{"--file-prefix=" + g.prefix, "--no-pci", "--proc-type=primary", "-m", "64"}
	}
	cpus, err := lcore.ThreadCPUs()
	if err == nil {
		role = append(role, fmt.Sprintf("--lcores=%d@%d", n, cpus[n%len(cpus)]))
	}
	cmd := exec.Command("/proc/self/exe", append(role, args...)...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	p := &Process{ctx: g.ctx, cmd: cmd, in: in, lines: make(chan string, 1024), ended: make(chan struct{})}
	if err := errors.Join(err, err1, err2, cmd.Start()); err != nil {
		g.err = errors.Join(g.err, err)
		close(p.lines)
		close(p.ended)
		return p
	}
	g.processes = append(g.processes, p)
	go p.show(label, out)
	return p
}

// show prints the lines of the process until it ends.
func (p *Process) show(label string, out io.Reader) {
	for s := bufio.NewScanner(out); s.Scan(); {
		fmt.Print(label, s.Text(), "\n")
		select {
		case p.lines <- s.Text():
		default: // nothing expects the lines of this process
		}
	}
	close(p.lines)
	p.err = p.cmd.Wait()
	close(p.ended)
}

// Expect waits until the process prints a line that contains the first text, then one that
// contains the second, and so on.
func (p *Process) Expect(texts ...string) error {
	for len(texts) > 0 {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return fmt.Errorf("%v ended and did not print %q", p.cmd.Args, texts[0])
			}
			if strings.Contains(line, texts[0]) {
				texts = texts[1:]
			}
		case <-p.ctx.Done():
			return fmt.Errorf("%v did not print %q: %w", p.cmd.Args, texts[0], p.ctx.Err())
		}
	}
	return nil
}

// Kill kills the process, and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.err = nil
}

// end asks the process to end.
func (p *Process) end() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// Wait waits until all processes have ended. When ctx ends, or after so many seconds unless they
// are 0, it asks the primary to end, which ends the others. (Ctrl-C reaches all processes, a
// SIGTERM only this one.)
func (g *Group) Wait(seconds float64) {
	ctx, cancel := Limit(g.ctx, seconds)
	defer cancel()
	defer context.AfterFunc(ctx, g.processes[0].end)()
	for _, p := range g.processes {
		<-p.ended
	}
}

// Workers returns the launcher of a primary and its n workers.
func Workers(name string, n int) func(context.Context) error {
	return func(ctx context.Context) error {
		return Launch(ctx, name, func(g *Group) error {
			if err := g.Start().Expect("primary: "); err != nil {
				return err
			}
			for w := 1; w <= n; w++ {
				g.Start("--", fmt.Sprint("-worker=", w))
			}
			g.Wait(0)
			return nil
		})
	}
}

// Line is a line that is typed into a process of a dialogue, and a text that a process
// prints then. Process 0 is the primary, 1 the secondary.
type Line struct {
	To     int
	Types  string
	From   int
	Prints string
}

// Dialogue starts a primary and a secondary, and types the lines into them.
func Dialogue(ctx context.Context, name, ready string, lines []Line) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	return Launch(ctx, name, func(g *Group) error {
		names := []string{"primary", "secondary"}
		for _, name := range names {
			if err := g.start(name + ": ").Expect(ready); err != nil {
				return err
			}
		}
		for _, l := range lines {
			fmt.Printf("%s> %s\n", names[l.To], l.Types)
			fmt.Fprintln(g.processes[l.To].in, l.Types)
			if err := g.processes[l.From].Expect(l.Prints); err != nil {
				return err
			}
		}
		return nil
	})
}
