//go:build linux

package read

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// retry is the time between two attempts to attach: each one makes files in the runtime directory.
const retry = 5 * time.Second

// asSecondary reads a primary through a process of its own, because a process can be a secondary only once.
type asSecondary struct {
	prefix, path string
	command      []string
	patience     time.Duration

	started time.Time
	err     error // of the child, or of the attempt to start it

	mu     sync.Mutex // for the fields below: Close may be called during Read
	child  *child
	closed bool
}

// Secondary returns the source of a secondary. The command is started with two more arguments, the prefix and the command
// line of the primary, and must call Serve. The path is the runtime directory. The first Read waits for patience instead
// of its context, because it takes seconds to attach on a busy machine.
func Secondary(prefix, path string, patience time.Duration, command ...string) Source {
	return &asSecondary{prefix: prefix, path: path, patience: patience, command: command}
}

// child is a process that runs Serve.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan answer // closed at the end of the process
	waits   bool        // for an answer
}

func (s *asSecondary) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.child == nil {
		return nil
	}
	return s.child.in.Close()
}

// Read never kills the child: a secondary that is killed while it has a lock of DPDK would leave it locked.
func (s *asSecondary) Read(ctx context.Context, t *sample.Target) error {
	c, err := s.current()
	if err != nil {
		return err
	}
	if c == nil {
		if s.err != nil && time.Since(s.started) < retry {
			return s.err
		}
		s.started = time.Now()
		if c, s.err = s.start(t.Primary()); s.err != nil {
			return s.err
		}
		c.waits = true // until it has attached
		if err := s.keep(c); err != nil {
			c.in.Close()
			return err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), s.patience)
		defer cancel()
	}
	got, err := c.next(ctx)
	if err == nil && got.Error == "" && got.Target == nil {
		got, err = c.next(ctx)
	}
	switch {
	case errors.Is(err, io.EOF):
		c.in.Close()
		if err := s.keep(nil); err != nil {
			return err
		}
		if s.err == nil { // else it has reported why it ends
			s.err = errors.New("the secondary of top has ended")
		}
		return s.err
	case err != nil:
		return fmt.Errorf("the secondary of top: %w", err)
	case got.Error != "":
		s.err = errors.New("the secondary of top: " + got.Error)
		return s.err
	}
	s.err = nil
	fill(t, got.Target)
	return nil
}

// current returns the child, nil if there is none.
func (s *asSecondary) current() (*child, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	return s.child, nil
}

// keep makes c the child, unless Close was called.
func (s *asSecondary) keep(c *child) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.child = c
	return nil
}

func (s *asSecondary) start(primary *sample.Process) (*child, error) {
	var cmdline []byte
	if !primary.Foreign {
		cmdline, _ = os.ReadFile(filepath.Join("/proc", fmt.Sprint(primary.PID), "cmdline"))
	}
	encoded, err := json.Marshal(string(cmdline)) // it has zero bytes
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(s.command[0], append(s.command[1:], s.prefix, string(encoded))...), answers: make(chan answer, 1)}
	// Folder "dpdk" of the runtime directory is below this one.
	c.cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+filepath.Dir(filepath.Dir(s.path)))
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must not kill it
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.answers)
		lines := bufio.NewReader(out)
		for {
			text, err := lines.ReadBytes('\n')
			var a answer
			if err == nil {
				err = json.Unmarshal(text, &a)
			}
			if err != nil {
				break
			}
			c.answers <- a
		}
		c.in.Close() // it ends, also if it has written something else than answers
		out.Close()
		_ = c.cmd.Wait()
	}()
	return c, nil
}

// next asks, unless an answer is still to come, and returns the answer.
func (c *child) next(ctx context.Context) (answer, error) {
	if !c.waits {
		if _, err := c.in.Write([]byte("\n")); err != nil {
			return answer{}, io.EOF
		}
		c.waits = true
	}
	select {
	case a, open := <-c.answers:
		c.waits = false
		if !open {
			return a, io.EOF
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, &dpdk.Error{Op: "top", Errno: dpdk.ErrTimeout, Detail: "the secondary of top still attaches, or waits for a lock"}
	}
}

// fill adds what telemetry did not give.
func fill(t, s *sample.Target) {
	if t.Via == "" {
		t.Version, t.Ports, t.Pools, t.Via = s.Version, s.Ports, s.Pools, "secondary"
	} else {
		t.Via += " and secondary"
	}
	if t.Rings == nil {
		t.Rings = s.Rings
	}
	for i := range t.Pools {
		for _, p := range s.Pools {
			if p.Name == t.Pools[i].Name && t.Pools[i].InUse == nil {
				t.Pools[i].InUse = p.InUse
			}
		}
	}
	t.Notes = slices.DeleteFunc(t.Notes, func(n string) bool { return strings.HasSuffix(n, hint(t)) })
}
