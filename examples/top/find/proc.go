//go:build linux

package find

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/examples/top/sample"
)

// tick is the unit of times in /proc in milliseconds: the kernel's USER_HZ is 100 on all processors that DPDK runs on.
const tick = 10

// worker matches the names of the threads that EAL makes: "lcore-worker-1", "rte-worker-1" or "dpdk-worker1".
var worker = regexp.MustCompile(`^(?:lcore|rte|dpdk)-worker-?(\d+)$`)

// Refresh sets what /proc has about a process: its state, unless it has none there, its command, time and threads.
func Refresh(p *sample.Process) {
	if p.Foreign {
		return
	}
	dir := filepath.Join("/proc", strconv.Itoa(p.PID))
	s, ok := readStat(filepath.Join(dir, "stat"))
	if p.PID <= 0 || !ok {
		return
	}
	p.Command, p.CPU.Total = s.command, s.cpu
	switch s.state {
	case 'T', 't':
		p.State = sample.Stopped
	case 'Z', 'X':
		p.State = sample.Dead
	default:
		p.State = sample.Running
	}
	p.Threads = nil
	tasks, _ := filepath.Glob(filepath.Join(dir, "task", "*", "stat"))
	for _, task := range tasks {
		s, ok := readStat(task)
		m := worker.FindStringSubmatch(s.command)
		if !ok || m == nil {
			continue
		}
		if id, err := strconv.Atoi(m[1]); err == nil {
			p.Threads = append(p.Threads, sample.Thread{Lcore: id, CPU: s.cpu})
		}
	}
	slices.SortFunc(p.Threads, func(a, b sample.Thread) int { return a.Lcore - b.Lcore })
}

type stat struct {
	command string
	state   byte
	cpu     uint64 // milliseconds
}

// readStat reads a file such as /proc/1/stat.
func readStat(path string) (s stat, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return s, false
	}
	return parseStat(string(text))
}

// parseStat parses a line of proc_pid_stat(5). The command may contain any character.
func parseStat(text string) (s stat, ok bool) {
	first, last := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if first < 0 || last < first {
		return s, false
	}
	fields := strings.Fields(text[last+1:])
	if len(fields) < 13 {
		return s, false
	}
	user, err := strconv.ParseUint(fields[11], 10, 64)
	system, err2 := strconv.ParseUint(fields[12], 10, 64)
	if err != nil || err2 != nil {
		return s, false
	}
	return stat{text[first+1 : last], fields[0][0], tick * (user + system)}, true
}
