//go:build linux

package harness

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

// limit is how long a child may take for any one answer, and to end.
const limit = 60 * time.Second

var roles = map[string]func(args []string) error{}

// Role gives the test binary something to be in another process: Start runs f
// there. Call it from a package-level var or init, so that the child knows it.
// The role talks with Say and Hear; an error makes the child exit with 1.
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

// Say sends the test a line from a role.
func Say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var stdin = bufio.NewScanner(os.Stdin)

// Hear waits in a role for the test's next line; "" when the test has gone.
func Hear() string {
	if !stdin.Scan() {
		return ""
	}
	return stdin.Text()
}

// Child is another process of a test.
type Child struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	stdin  *os.File
	lines  chan string // of stdout
	stderr lockedBuffer
	ended  chan struct{}
	waited bool
}

// Start runs the test binary in a role. The test must see it end, with Wait,
// Fail or Kill.
func Start(t testing.TB, role string, args ...string) *Child {
	t.Helper()
	return StartWith(t, nil, role, args...)
}

// StartWith is Start in other namespaces.
func StartWith(t testing.TB, attr *syscall.SysProcAttr, role string, args ...string) *Child {
	t.Helper()
	packed, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.SysProcAttr = attr
	cmd.Env = append(os.Environ(), envRole+"="+role, envRole+"_ARGS="+string(packed),
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE")) // with -race each exit would take a second
	return start(t, role, cmd)
}

// Command runs another program.
func Command(t testing.TB, path string, args ...string) *Child {
	t.Helper()
	return start(t, filepath.Base(path), exec.Command(path, args...))
}

func start(t testing.TB, name string, cmd *exec.Cmd) *Child {
	t.Helper()
	c := &Child{t: t, name: name, cmd: cmd, lines: make(chan string, 1024), ended: make(chan struct{})}
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, c.stdin, cmd.Stderr = in, w, &c.stderr
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

// Pid is the child's process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Send writes a line to the child.
func (c *Child) Send(line string) {
	c.t.Helper()
	if _, err := c.stdin.WriteString(line + "\n"); err != nil {
		c.fatal("send %q: %v", line, err)
	}
}

// Expect waits for the line that starts with prefix and returns what follows it.
// Lines before it are dropped; the end of the child is a failure.
func (c *Child) Expect(prefix string) string {
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

// Wait waits for the child's end, which must be exit 0, and returns the lines
// it wrote since the last Expect.
func (c *Child) Wait() []string {
	c.t.Helper()
	lines := c.end()
	if !c.cmd.ProcessState.Success() {
		c.fatal("%v", c.cmd.ProcessState)
	}
	return lines
}

// Fail waits for the child's end, which must be exit 1, and returns what it
// wrote to standard error.
func (c *Child) Fail() string {
	c.t.Helper()
	c.end()
	if c.cmd.ProcessState.ExitCode() != 1 {
		c.fatal("%v, want exit status 1", c.cmd.ProcessState)
	}
	return c.stderr.String()
}

// Stderr is what the child has written to standard error.
func (c *Child) Stderr() string { return c.stderr.String() }

// Kill ends the child with SIGKILL and reaps it.
func (c *Child) Kill() {
	c.t.Helper()
	_ = c.cmd.Process.Kill()
	c.end()
	if s, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		c.fatal("%v, want killed", c.cmd.ProcessState)
	}
}

// Signal sends the child a signal.
func (c *Child) Signal(sig os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		c.fatal("signal %v: %v", sig, err)
	}
}

// Stop sends the child SIGSTOP and waits until all its threads stand still, for which
// kill(2) does not wait.
func (c *Child) Stop() {
	c.t.Helper()
	c.Signal(syscall.SIGSTOP)
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

// end closes the child's input and collects its last lines until it has ended.
func (c *Child) end() (lines []string) {
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

func (c *Child) fatal(format string, args ...any) {
	c.t.Helper()
	c.waited = true
	c.t.Fatalf("%s (pid %d): %s\nstderr:\n%s", c.name, c.Pid(), fmt.Sprintf(format, args...), c.stderr.String())
}

// cleanup ends a child that a failed test left, and fails one that forgot it.
func (c *Child) cleanup() {
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
