//go:build linux

// Package find finds the DPDK processes of a machine from their files and from /proc. It changes nothing: it takes no
// lock, and sends nothing.
package find

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// Target is a primary, with the secondaries that share its memory.
type Target struct {
	Name, Prefix, Path string
	Socket             string           // of telemetry; "" if the primary has none
	Shares             bool             // a primary holds the lock on EAL's configuration: secondaries can attach
	Processes          []sample.Process // the primary, if it locks its configuration, and the secondaries
}

// secondary matches the socket of a secondary's messages: its PID and a time.
var secondary = regexp.MustCompile(`^mp_socket_(\d+)_[0-9a-f]+$`)

// Targets lists what runs, and what left a telemetry socket, in these folders or else in all that DPDK uses. The error
// names the folders that this user cannot read; the others are listed nevertheless.
func Targets(dirs ...string) ([]Target, error) {
	if len(dirs) == 0 {
		dirs = telemetry.Dirs()
	}
	sockets, err := telemetry.List(dirs...)
	var all []Target
	for _, dir := range dirs {
		prefixes, _ := os.ReadDir(dir) // List has reported the error
		for _, p := range prefixes {
			if !p.IsDir() {
				continue
			}
			path := filepath.Join(dir, p.Name())
			t := Target{Name: p.Name(), Prefix: p.Name(), Path: path}
			var pid int
			pid, t.Shares = primary(filepath.Join(path, "config"))
			switch {
			case pid > 0:
				t.Processes = append(t.Processes, describe(pid, "primary", true))
			case t.Shares:
				t.Processes = append(t.Processes, sample.Process{Role: "primary", State: sample.Unknown, Foreign: true})
			}
			t.Processes = append(t.Processes, secondaries(path)...)
			own := slices.DeleteFunc(slices.Clone(sockets), func(s telemetry.Socket) bool { return filepath.Dir(s.Path) != path })
			for _, s := range own {
				if s.Instance == 0 {
					t.Socket = s.Path
					continue
				}
				all = append(all, Target{Name: fmt.Sprintf("%s:%d", s.Prefix, s.Instance), Prefix: s.Prefix, Path: path, Socket: s.Path})
			}
			if t.Socket != "" || t.Shares || slices.ContainsFunc(t.Processes, func(p sample.Process) bool { return p.State != sample.Dead }) {
				all = append(all, t)
			}
		}
	}
	slices.SortFunc(all, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Path, b.Path))
	})
	return all, err
}

// primary reports whether a process has EAL's lock on its configuration, and its PID, 0 for one in another PID namespace.
// It asks for the owner of the lock without taking it.
func primary(config string) (pid int, alive bool) {
	f, err := os.OpenFile(config, os.O_RDONLY|unix.O_NONBLOCK, 0) // it would wait for the writer of a FIFO
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: 0}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return 0, false
	}
	return int(max(lock.Pid, 0)), true
}

func secondaries(path string) []sample.Process {
	var all []sample.Process
	files, _ := os.ReadDir(path)
	for _, f := range files {
		m := secondary.FindStringSubmatch(f.Name())
		if m == nil || f.Type() != fs.ModeSocket {
			continue
		}
		pid, err := strconv.Atoi(m[1])
		if err == nil {
			all = append(all, describe(pid, "secondary", bound(filepath.Join(path, f.Name()))))
		}
	}
	return all
}

// bound reports whether a process has the socket open. The connection of a datagram socket sends nothing.
func bound(path string) bool {
	c, err := net.Dial("unixgram", path)
	if err == nil {
		c.Close()
	}
	return !errors.Is(err, syscall.ECONNREFUSED)
}

// describe describes a process from /proc. One that is not there is in another container.
func describe(pid int, role string, alive bool) sample.Process {
	p := sample.Process{PID: pid, Role: role, State: sample.Dead}
	if alive {
		p.State = sample.Unknown
		Refresh(&p)
	}
	return p
}
