//go:build linux

// Command agent is the first process of the guest. It mounts what DPDK needs, loads modules, binds the
// NICs to vfio-pci, and then runs the commands that the lab sends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/test/nic/channel"
)

func main() {
	fmt.Println("agent:", run())
	time.Sleep(100 * time.Millisecond)             // the console is slow
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // QEMU ends
}

// run serves requests until an error, such as the end of the channel.
func run() error {
	if err := mount(); err != nil {
		return err
	}
	if err := load("/lib/modules/list"); err != nil {
		return err
	}
	port, err := open()
	if err != nil {
		return err
	}
	nics, err := bind()
	if err != nil {
		return err
	}
	a := &agent{out: json.NewEncoder(port), commands: map[int]*os.Process{}, questions: map[int]net.Conn{}}
	if err := a.listen(); err != nil {
		return err
	}
	a.report(channel.Report{NICs: nics})
	for in := json.NewDecoder(port); ; {
		var r channel.Request
		if err := in.Decode(&r); err != nil {
			return err
		}
		a.do(r)
	}
}

func mount() error {
	for _, m := range []struct{ fs, dir string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"}, {"hugetlbfs", "/dev/hugepages"},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.fs, m.dir, m.fs, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	return os.Setenv("HOME", "/tmp")
}

// load loads the modules of a list, which is in the order of their dependencies.
func load(list string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(text)) {
		f, err := os.Open(filepath.Join(filepath.Dir(list), name))
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("module %s: %w", name, err)
		}
	}
	return nil
}

// open opens the serial port, when the kernel has found it.
func open() (*os.File, error) {
	for start := time.Now(); time.Since(start) < 30*time.Second; time.Sleep(5 * time.Millisecond) {
		names, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
		for _, name := range names {
			if text, _ := os.ReadFile(name); strings.TrimSpace(string(text)) == channel.Port {
				return os.OpenFile(filepath.Join("/dev", filepath.Base(filepath.Dir(name))), os.O_RDWR, 0)
			}
		}
	}
	return nil, errors.New("the kernel finds no serial port")
}

// bind binds all PCI NICs to vfio-pci, and returns their addresses.
func bind() (nics []string, err error) {
	host := device.Host{}
	devices, err := host.List()
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		nics = append(nics, d.Address)
	}
	return nics, host.Bind(context.Background(), "vfio-pci", device.Config{}, nics...)
}

type agent struct {
	mu        sync.Mutex
	out       *json.Encoder
	commands  map[int]*os.Process
	questions map[int]net.Conn
	last      int // question
}

func (a *agent) report(r channel.Report) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.out.Encode(r); err != nil {
		fmt.Println("agent:", err)
	}
}

func (a *agent) do(r channel.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.Run != nil:
		go a.command(r.ID, *r.Run)
	case r.Signal != 0:
		if p := a.commands[r.ID]; p != nil {
			_ = p.Signal(syscall.Signal(r.Signal)) // it may have ended
		}
	case r.Answer != nil:
		if c := a.questions[r.ID]; c != nil {
			_, _ = io.WriteString(c, *r.Answer) // a killed test does not read it
			c.Close()
			delete(a.questions, r.ID)
		}
	}
}

// command runs a command to its end.
func (a *agent) command(id int, c channel.Command) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGABRT) }
	cmd.WaitDelay = 5 * time.Second
	w := &output{a, id}
	cmd.Stdout, cmd.Stderr = w, w
	start := time.Now()
	err := cmd.Start()
	if err == nil {
		a.mu.Lock()
		a.commands[id] = cmd.Process
		a.mu.Unlock()
		err = cmd.Wait()
	}
	a.mu.Lock()
	delete(a.commands, id)
	a.mu.Unlock()
	end := channel.End{State: "exit status 0", OK: err == nil, Expired: ctx.Err() != nil, Took: time.Since(start)}
	if err != nil {
		end.State = err.Error()
	}
	a.report(channel.Report{ID: id, End: &end})
}

// output reports the output of a command.
type output struct {
	*agent
	id int
}

func (o *output) Write(p []byte) (int, error) {
	o.report(channel.Report{ID: o.id, Output: p})
	return len(p), nil
}

// listen takes the questions of tests: each is a connection.
func (a *agent) listen() error {
	l, err := net.Listen("unix", channel.Monitor)
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				fmt.Println("agent:", err)
				return
			}
			go a.ask(c)
		}
	}()
	return nil
}

// ask passes a question to the lab. do writes the answer.
func (a *agent) ask(c net.Conn) {
	text := make([]byte, 4096)
	n, err := c.Read(text)
	if err != nil {
		c.Close()
		return
	}
	a.mu.Lock()
	a.last++
	id := a.last
	a.questions[id] = c
	a.mu.Unlock()
	a.report(channel.Report{ID: id, Question: string(text[:n])})
}
