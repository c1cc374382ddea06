//go:build linux

package read

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	child   *child
	err     error // of the last attempt to attach
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
	if s.child == nil {
		return nil
	}
	return s.child.in.Close()
}

// Read never kills the child: a secondary that is killed while it has a lock of DPDK would leave it locked.
func (s *asSecondary) Read(ctx context.Context, t *sample.Target) error {
	if s.child == nil {
		if s.err != nil && time.Since(s.started) < retry {
			return s.err
		}
		s.started = time.Now()
		if s.child, s.err = s.start(t.PID()); s.err != nil {
			return s.err
		}
		s.child.waits = true // until it has attached
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), s.patience)
		defer cancel()
	}
	got, err := s.child.next(ctx)
	if err == nil && got.Error == "" && got.Target == nil {
		got, err = s.child.next(ctx)
	}
	if err == nil && got.Error != "" {
		err = errors.New(got.Error)
	}
	if errors.Is(err, io.EOF) || got.Error != "" {
		s.child.in.Close()
		s.child = nil
	}
	if err != nil {
		s.err = fmt.Errorf("the secondary of top: %w", err)
		return s.err
	}
	fill(t, got.Target)
	return nil
}

func (s *asSecondary) start(primary int) (*child, error) {
	cmdline, _ := os.ReadFile(filepath.Join("/proc", fmt.Sprint(primary), "cmdline"))
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
	t.Notes = nil
}
