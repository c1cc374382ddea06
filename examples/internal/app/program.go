//go:build linux

package app

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Program is a program that a demonstration has started.
type Program struct {
	name  string
	cmd   *exec.Cmd
	In    io.Writer // its standard input
	lines chan string
	ended chan struct{}
	err   error // of its end
}

// StartProgram starts a program, and appends its standard error to log.
func StartProgram(log *os.File, name, path string, args ...string) (*Program, error) {
	p := &Program{name: name, cmd: exec.Command(path, args...), lines: make(chan string, 256), ended: make(chan struct{})}
	p.cmd.Stderr = log
	// Ctrl-C reaches this program only, which ends the others in order. If it is killed, they end too.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.In = in
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Expect waits for a line that starts with a text, and returns the rest of the line.
func (p *Program) Expect(text string) (string, error) {
	timeout := time.After(Patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				<-p.ended
				return "", fmt.Errorf("%s ended (%v) and did not print %q", p.name, p.cmd.ProcessState, text)
			}
			if rest, found := strings.CutPrefix(line, text); found {
				return strings.TrimSpace(rest), nil
			}
		case <-timeout:
			return "", fmt.Errorf("%s did not print %q within %v", p.name, text, Patience)
		}
	}
}

// Kill kills the process as a crash would, and waits for its end.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.Wait()
}

// Stop asks the process to end, and waits for that.
func (p *Program) Stop() error {
	p.End()
	return p.Wait()
}

// End asks the process to end.
func (p *Program) End() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// Wait waits until the process has ended, and returns its error.
func (p *Program) Wait() error {
	timeout := time.After(Patience)
	for {
		select {
		case <-p.lines:
		case <-p.ended:
			if p.err != nil {
				return fmt.Errorf("%s: %w", p.name, p.err)
			}
			return nil
		case <-timeout:
			_ = p.cmd.Process.Kill()
			return fmt.Errorf("%s did not end within %v", p.name, Patience)
		}
	}
}
