//go:build linux

package nic

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/nic/channel"
)

// Limits of time. The machine may be busy, and QEMU then emulates each instruction slowly.
const (
	bootLimit = 120 * time.Second
	kvmLimit  = 10 * time.Second // KVM of a nested machine may start a kernel and get nowhere
	testLimit = 60 * time.Second // of a test in the guest
)

// guest is a QEMU machine with four NICs of a kind.
type guest struct {
	nics    []string // PCI addresses
	console harness.Buffer
	monitor *monitor
	port    net.Conn

	mu       sync.Mutex
	out      *json.Encoder
	last     int
	commands map[int]*command
	ended    chan struct{} // QEMU has ended
}

// boot starts a guest and waits until its agent reports. The guest ends with the test.
func boot(t *testing.T, k kind) *guest {
	t.Helper()
	if g := bootKVM(t, k); g != nil {
		return g
	}
	g, err := start(t, k, "tcg,thread=multi", bootLimit)
	require.NoError(t, err)
	return g
}

var kvm struct {
	sync.Mutex
	failed bool
}

// bootKVM returns nil if a guest does not start with KVM, and does not try again then.
func bootKVM(t *testing.T, k kind) *guest {
	kvm.Lock()
	defer kvm.Unlock()
	if kvm.failed || syscall.Access("/dev/kvm", 6) != nil {
		return nil
	}
	g, err := start(t, k, "kvm", kvmLimit)
	if err != nil {
		kvm.failed = true
		first, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Println("nic: KVM does not work here, QEMU emulates:", first)
	}
	return g
}

// start starts QEMU.
func start(t *testing.T, k kind, accelerator string, limit time.Duration) (g *guest, err error) {
	dir := t.TempDir()
	begin := time.Now()
	ports, err := net.Listen("unix", filepath.Join(dir, "port"))
	if err != nil {
		return nil, err
	}
	defer ports.Close()
	monitors, err := net.Listen("unix", filepath.Join(dir, "qmp"))
	if err != nil {
		return nil, err
	}
	defer monitors.Close()
	g = &guest{commands: map[int]*command{}, ended: make(chan struct{})}
	cmd := exec.Command("qemu-system-x86_64", k.machine(accelerator, dir)...)
	cmd.Stdout, cmd.Stderr = &g.console, &g.console // -serial stdio
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig is about the thread that starts the process
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(g.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	stop := func() {
		_ = cmd.Process.Kill()
		<-g.ended
	}
	hello := make(chan error, 1)
	go func() { hello <- g.hello(ports, monitors) }()
	select {
	case err = <-hello:
	case <-g.ended:
		err = errors.New("QEMU ended")
	case <-time.After(limit):
		err = fmt.Errorf("the guest is not up after %v", limit)
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("%w\n%s", err, g.console.String())
	}
	t.Cleanup(func() {
		stop()
		used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		t.Logf("%.0f s of CPU time in %.0f s", used.Seconds(), time.Since(begin).Seconds())
	})
	t.Logf("up after %.1f s with %s", time.Since(begin).Seconds(), accelerator)
	return g, nil
}

// hello waits for QEMU's connections and the agent's first report.
func (g *guest) hello(ports, monitors net.Listener) error {
	var err error
	if g.port, err = ports.Accept(); err != nil {
		return err
	}
	c, err := monitors.Accept()
	if err != nil {
		return err
	}
	if g.monitor, err = newMonitor(c); err != nil {
		return err
	}
	g.out = json.NewEncoder(g.port)
	in := json.NewDecoder(g.port)
	var r channel.Report
	if err := in.Decode(&r); err != nil {
		return err
	}
	if len(r.NICs) != 4 {
		return fmt.Errorf("the guest has the NICs %v, not 4", r.NICs)
	}
	g.nics = r.NICs
	go g.read(in)
	return nil
}

// read handles the reports of the agent.
func (g *guest) read(in *json.Decoder) {
	for {
		var r channel.Report
		if err := in.Decode(&r); err != nil {
			return // QEMU has ended
		}
		switch g.mu.Lock(); {
		case r.Question != "":
			answer := g.monitor.execute(r.Question)
			_ = g.out.Encode(channel.Request{ID: r.ID, Answer: &answer})
		case g.commands[r.ID] == nil:
		case r.End != nil:
			g.commands[r.ID].end <- *r.End
			g.commands[r.ID].w.Close()
			delete(g.commands, r.ID)
		default:
			_, _ = g.commands[r.ID].output.Write(r.Output)
			_, _ = g.commands[r.ID].w.Write(r.Output)
		}
		g.mu.Unlock()
	}
}

// command is a program in the guest.
type command struct {
	t      testing.TB
	g      *guest
	id     int
	args   []string
	limit  time.Duration
	output harness.Buffer
	end    chan channel.End
	r, w   *os.File // output, a line at a time
	lines  *bufio.Scanner
}

// start starts a program in the guest.
func (g *guest) start(t testing.TB, limit time.Duration, env []string, args ...string) *command {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	c := &command{t: t, g: g, args: args, limit: limit, end: make(chan channel.End, 1), r: r, w: w, lines: bufio.NewScanner(r)}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last++
	c.id = g.last
	g.commands[c.id] = c
	require.NoError(t, g.out.Encode(channel.Request{ID: c.id, Run: &channel.Command{Args: args, Env: env, Timeout: limit}}))
	t.Cleanup(c.close)
	return c
}

// close ends a program that a failed test has left: it would keep the NICs.
func (c *command) close() {
	c.g.mu.Lock()
	running := c.g.commands[c.id] != nil
	c.g.mu.Unlock()
	if running {
		c.signal(syscall.SIGKILL)
		c.wait()
	}
	c.r.Close()
}

// signal sends the program a signal.
func (c *command) signal(s syscall.Signal) {
	c.t.Helper()
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	require.NoError(c.t, c.g.out.Encode(channel.Request{ID: c.id, Signal: int(s)}))
}

// expect waits for a line that contains the text.
func (c *command) expect(text string) string {
	c.t.Helper()
	_ = c.r.SetReadDeadline(time.Now().Add(c.limit))
	for c.lines.Scan() {
		if strings.Contains(c.lines.Text(), text) {
			return c.lines.Text()
		}
	}
	c.t.Fatalf("%v did not print %q: %v\n%s", c.args, text, c.lines.Err(), c.output.String())
	return ""
}

// wait waits for the end of the program. If the guest hangs, the test fails with the console's text.
func (c *command) wait() channel.End {
	c.t.Helper()
	_ = c.r.SetReadDeadline(time.Time{})
	go func() { _, _ = io.Copy(io.Discard, c.r) }() // the pipe must not fill up
	select {
	case end := <-c.end:
		return end
	case <-c.g.ended:
		c.t.Fatalf("QEMU ended during %v\n%s\n%s", c.args, c.output.String(), c.g.console.String())
	case <-time.After(c.limit + 30*time.Second):
		c.t.Fatalf("the guest hangs in %v\n%s\n%s", c.args, c.output.String(), c.g.console.String())
	}
	return channel.End{}
}
