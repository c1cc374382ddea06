package ealtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// limit is the time limit of a process for each answer, and for its end.
const limit = 60 * time.Second

var roles = map[string]func(args []string) error{}

// Role registers f as a role of the test binary: [Start] runs f in another process, instead of the
// tests. Call it from a package-level var or init, so that the other process registers it too:
//
//	var _ = ealtest.Role("worker", func(args []string) error { … })
//
// The role exchanges lines with the test by [Say] and [Hear]. If f returns an error, the process
// exits with 1, and [Process.Fail] returns the text.
func Role(name string, f func(args []string) error) struct{} {
	roles[name] = f
	return struct{}{}
}

func runRole(name string) int {
	f, ok := roles[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no role %q\n", name)
		return 2
	}
	var args []string
	if err := json.Unmarshal([]byte(os.Getenv(envRole+"_ARGS")), &args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if err := f(args); err != nil {
		fmt.Fprintf(os.Stderr, "role %s: %v\n", name, err)
		return 1
	}
	return 0
}

// Say sends a line from a role to the test.
func Say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var stdin = bufio.NewScanner(os.Stdin)

// Hear waits in a role for the next line from the test. It returns "" when the test has ended or has
// called [Process.Wait].
func Hear() string {
	if !stdin.Scan() {
		return ""
	}
	return stdin.Text()
}

// Process is another process of a test. Its methods fail the test if the process does not do what
// they wait for within a minute, and show its standard error. Call them on the goroutine of
// the test.
type Process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	stdin  *os.File
	lines  chan string // of stdout
	stderr lockedBuffer
	ended  chan struct{}
	waited bool
}

// Start runs the test binary again, in a role. The test must wait for its end with [Process.Wait],
// [Process.Fail] or [Process.Kill]. A process that still runs at the end of the test is killed.
func Start(t testing.TB, role string, args ...string) *Process {
	t.Helper()
	return StartWith(t, nil, role, args...)
}

// StartWith does the same as [Start], with attributes of the new process, such as new namespaces.
func StartWith(t testing.TB, attr *syscall.SysProcAttr, role string, args ...string) *Process {
	t.Helper()
	packed, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	if roles[role] == nil {
		t.Fatalf("the role %q does not exist: call ealtest.Role from a package-level var, not from a test", role)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.SysProcAttr = attr
	cmd.Env = append(os.Environ(), envRole+"="+role, envRole+"_ARGS="+string(packed),
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE")) // with -race each exit would take a second
	return start(t, role, cmd)
}

// Command runs another program, such as a DPDK process written in C.
func Command(t testing.TB, path string, args ...string) *Process {
	t.Helper()
	return start(t, filepath.Base(path), exec.Command(path, args...))
}

func start(t testing.TB, name string, cmd *exec.Cmd) *Process {
	t.Helper()
	c := &Process{t: t, name: name, cmd: cmd, lines: make(chan string, 1024), ended: make(chan struct{})}
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, c.stdin, cmd.Stderr = in, w, &c.stderr
	cmd.Env = append(cmd.Environ(), envTest+"="+t.Name())
	// No Pdeathsig: it is sent when the starting thread ends, not the process.
	err = cmd.Start()
	in.Close()
	if err != nil {
		w.Close()
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		defer close(c.ended)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			c.lines <- s.Text()
		}
		close(c.lines)
		_ = c.cmd.Wait()
	}()
	t.Cleanup(c.cleanup)
	return c
}

// Pid returns the process ID.
func (c *Process) Pid() int { return c.cmd.Process.Pid }

// Send writes a line to the process, which [Hear] returns there.
func (c *Process) Send(line string) {
	c.t.Helper()
	if _, err := c.stdin.WriteString(line + "\n"); err != nil {
		c.fatal("send %q: %v", line, err)
	}
}

// Expect waits for a line that starts with prefix and returns the rest of the line. It drops earlier
// lines. If the process ends first, the test fails.
func (c *Process) Expect(prefix string) string {
	c.t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				<-c.ended
				c.fatal("ended (%v) without %q", c.cmd.ProcessState, prefix)
			}
			if rest, found := strings.CutPrefix(line, prefix); found {
				return strings.TrimSpace(rest)
			}
		case <-timeout:
			c.fatal("no %q within %v", prefix, limit)
		}
	}
}

// AskOrFault sends a line to the process and waits until the process sends the same line. It returns
// false if the process died of a SIGSEGV or SIGBUS.
func (c *Process) AskOrFault(line string) bool {
	c.t.Helper()
	_, _ = c.stdin.WriteString(line + "\n") // fails if the process has died
	timeout := time.After(limit)
	for {
		select {
		case said, ok := <-c.lines:
			if ok && said == line {
				return true
			}
			if ok {
				continue
			}
			<-c.ended
			if s := c.stderr.String(); !strings.Contains(s, "SIGSEGV") && !strings.Contains(s, "SIGBUS") {
				c.fatal("ended (%v) without %q", c.cmd.ProcessState, line)
			}
			c.waited = true
			return false
		case <-timeout:
			c.fatal("no %q within %v", line, limit)
		}
	}
}

// Wait closes the process's input and waits for its end. The exit status must be 0. Wait
// returns the lines since the last [Process.Expect].
func (c *Process) Wait() []string {
	c.t.Helper()
	lines := c.end()
	if !c.cmd.ProcessState.Success() {
		c.fatal("%v", c.cmd.ProcessState)
	}
	return lines
}

// Fail closes the process's input and waits for its end. The exit status must be 1, as of a role with
// an error. Fail returns the standard error of the process.
func (c *Process) Fail() string {
	c.t.Helper()
	c.end()
	if c.cmd.ProcessState.ExitCode() != 1 {
		c.fatal("%v, want exit status 1", c.cmd.ProcessState)
	}
	return c.stderr.String()
}

// End waits for any end of the process. It returns the lines since the last [Process.Expect], the
// state, and the standard error.
func (c *Process) End() (lines []string, state *os.ProcessState, stderr string) {
	c.t.Helper()
	lines = c.end()
	return lines, c.cmd.ProcessState, c.stderr.String()
}

// Stderr returns the standard error of the process so far.
func (c *Process) Stderr() string { return c.stderr.String() }

// Kill ends the process with SIGKILL, as a crash would, and waits for its end.
func (c *Process) Kill() {
	c.t.Helper()
	_ = c.cmd.Process.Kill()
	c.Killed()
}

// Killed waits for the end of a process that kills itself with SIGKILL.
func (c *Process) Killed() {
	c.t.Helper()
	c.end()
	if c.cmd.ProcessState.String() != "signal: killed" {
		c.fatal("%v, want killed", c.cmd.ProcessState)
	}
}

// Signal sends the process a signal.
func (c *Process) Signal(sig os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		c.fatal("signal %v: %v", sig, err)
	}
}

// Stop sends SIGSTOP to the process and waits until all its threads have stopped; kill(2) does not
// wait for that.
func (c *Process) Stop() {
	c.t.Helper()
	c.Signal(sigstop)
	for deadline := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", c.Pid()))
		still := len(stats) > 0
		for _, stat := range stats {
			text, _ := os.ReadFile(stat)
			_, state, _ := bytes.Cut(text, []byte(") "))
			still = still && bytes.HasPrefix(state, []byte("T"))
		}
		if still {
			return
		}
		if time.Now().After(deadline) {
			c.fatal("does not stop")
		}
	}
}

// end closes the process's input and collects its last lines until it has ended.
func (c *Process) end() (lines []string) {
	c.t.Helper()
	c.waited = true
	c.stdin.Close()
	timeout := time.After(limit)
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				<-c.ended
				return lines
			}
			lines = append(lines, line)
		case <-timeout:
			c.fatal("still running after %v", limit)
		}
	}
}

func (c *Process) fatal(format string, args ...any) {
	c.t.Helper()
	c.waited = true
	c.t.Fatalf("%s (pid %d): %s\nstderr:\n%s", c.name, c.Pid(), fmt.Sprintf(format, args...), c.stderr.String())
}

// cleanup ends a process that a failed test has left, and fails a test that did not wait for it.
func (c *Process) cleanup() {
	c.stdin.Close()
	if !c.waited && !c.t.Failed() {
		c.t.Errorf("%s (pid %d): the test did not wait for its end", c.name, c.Pid())
	}
	_ = c.cmd.Process.Kill()
	for range c.lines {
	}
	<-c.ended
}

// lockedBuffer is a buffer that os/exec fills while the test may read it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
