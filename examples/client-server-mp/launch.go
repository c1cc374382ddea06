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
	"time"

	"github.com/godpdk/godpdk/examples/internal/child"
)

const clients = 2

// launch starts a server and its clients as processes of their own, kills one client
// and starts it again, and ends them all.
func launch(ctx context.Context) (err error) {
	prefix := fmt.Sprintf("clientserver%d", os.Getpid())
	server, err := spawn(0, "server: ready", "--proc-type=primary", "--file-prefix="+prefix, "-m", "64",
		"--vdev=net_null0", "--vdev=net_null1", "--", "-p=3", fmt.Sprint("-n=", clients))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.end()) }()
	start := func(n int) (*process, error) {
		return spawn(n+1, fmt.Sprintf("client %d: handles", n), "--proc-type=secondary", "--file-prefix="+prefix, "--", fmt.Sprint("-n=", n))
	}
	var running [clients]*process
	for n := range running {
		if running[n], err = start(n); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, running[n].end()) }()
	}
	if !pause(ctx) {
		return nil
	}
	running[0].kill()
	running[0] = nil
	fmt.Println("client 0 has been killed")
	if !pause(ctx) {
		return nil
	}
	if running[0], err = start(0); err == nil {
		pause(ctx)
	}
	return err
}

// pause says whether to go on.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(1500 * time.Millisecond):
		return true
	}
}

// process is this program again, in another role. A nil one has ended.
type process struct {
	cmd   *exec.Cmd
	ended chan error
}

// spawn starts this program on lcore n, for processes need disjoint lcores, and waits
// until it says that it is ready.
func spawn(n int, ready string, args ...string) (*process, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{fmt.Sprintf("--lcores=%d@%d", n, child.CPU(n)), "--no-pci"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p, is := &process{cmd, make(chan error, 1)}, make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Println(lines.Text())
			if strings.HasPrefix(lines.Text(), ready) {
				close(is)
			}
		}
		p.ended <- cmd.Wait()
	}()
	select {
	case err := <-p.ended:
		return nil, fmt.Errorf("no %q: %w", ready, errors.Join(err))
	case <-is:
		return p, nil
	}
}

// end asks the process to end, and waits; Ctrl-C has asked it already.
func (p *process) end() error {
	if p == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	return <-p.ended
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}
