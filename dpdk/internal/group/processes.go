package group

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Processes lists the living processes of the group, and processes that died a moment ago.
func (m *Member) Processes() (all []Process, err error) {
	self := Process{Pid: os.Getpid(), Start: startTime(processStart()), Primary: m.role == Primary, State: Attached, Lcores: ealLcores().list(), Go: true}
	if m.table == nil && m.role == Primary {
		return []Process{self}, nil
	}
	var strangers []string
	if m.table == nil {
		strangers, err = m.strangers()
		all = append(all, Process{Primary: true, State: Attached}, self)
	} else if e := m.table.look(func() {
		strangers, err = m.strangers()
		all = m.table.processes()
	}); e != nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	for _, name := range strangers {
		if mpsocket.Answers(filepath.Join(m.dir, name)) {
			all = append(all, stranger(name, Attached))
		}
	}
	return all, nil
}

// hasDead reports whether a process has died that the primary has not yet cleaned up after.
func (m *Member) hasDead() (found bool) {
	var strangers []string
	_ = m.table.look(func() {
		found = slices.ContainsFunc(m.table.processes(), func(p Process) bool { return p.State == Died })
		strangers, _ = m.strangers()
	})
	return found || slices.ContainsFunc(strangers, func(name string) bool { return !mpsocket.Answers(filepath.Join(m.dir, name)) })
}

// stranger describes a process known only by its socket.
func stranger(socket string, state uint32) Process {
	pid, _, _ := strings.Cut(strings.TrimPrefix(socket, mpsocket.Secondary), "_")
	n, _ := strconv.Atoi(pid)
	return Process{Pid: n, State: state}
}

// strangers returns the sockets of secondaries that have no slot in the table: C programs. It reads
// the folder first, because a process in Go has its slot before its socket.
func (m *Member) strangers() (names []string, err error) {
	f, err := rundir.Open(m.dir, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	there, err := f.Names(rundir.Made)
	if err != nil {
		return nil, err
	}
	known, attaching := map[string]bool{}, map[string]bool{}
	if m.table == nil {
		own, _, err := mpsocket.Own(filepath.Join(m.dir, mpsocket.Secondary))
		if err != nil {
			return nil, err
		}
		for _, path := range own {
			known[filepath.Base(path)] = true
		}
	} else {
		for i := range m.table.slots {
			switch s := &m.table.slots[i]; s.state.Load() {
			case free:
			case Attaching:
				attaching[strconv.FormatInt(s.pid, 10)] = true
			default:
				known[s.socketName()] = true
			}
		}
	}
	for _, name := range there {
		rest, found := strings.CutPrefix(name, mpsocket.Secondary)
		pid, _, _ := strings.Cut(rest, "_")
		if found && !known[name] && !attaching[pid] {
			names = append(names, name)
		}
	}
	return names, nil
}
