package group

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// stopped returns the pid of another process of the group that is stopped (SIGSTOP, a debugger), or 0.
// It does not see processes in other pid namespaces, and processes frozen by their cgroup.
func (m *Member) stopped() (pid int) {
	_ = m.table.look(func() {
		for _, s := range m.table.living {
			if p := readProcess(strconv.FormatInt(s.pid, 10)); p.stopped() && p.began(s.start) {
				pid = int(s.pid)
				return
			}
		}
	})
	if pid != 0 || m.watcher == nil {
		return pid
	}
	for _, n := range m.watcher.strangerPids() {
		if p := readProcess(strconv.Itoa(n)); p.stopped() && m.maps(n) {
			return n
		}
	}
	return 0
}

// maps reports whether a process has mapped the configuration of this group. A process that is known
// only by its socket may be in another pid namespace, and its pid then belongs to another process here.
func (m *Member) maps(pid int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	return bytes.Contains(text, []byte("/"+m.prefix+"/config\n"))
}

// strangerPids returns the pids of living processes that are known only by their sockets.
func (w *watcher) strangerPids() (pids []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, p := range w.attached {
		if _, ok := key.(string); ok {
			pids = append(pids, p.Pid)
		}
	}
	return pids
}

// process is a process as the kernel describes it.
type process struct {
	state string // of proc_pid_stat(5); "" if it does not exist
	ticks int64  // its start in ticks of 10 ms since the boot
}

// readProcess reads the stat file of a process.
func readProcess(pid string) (p process) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return p
	}
	if f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(f) >= 20 { // fields 3 to 22
		p.state = f[0]
		p.ticks, _ = strconv.ParseInt(f[19], 10, 64)
	}
	return p
}

func (p process) stopped() bool { return p.state == "T" || p.state == "t" }

// start returns the start of the process in ns since 1970; 0 if it is unknown.
func (p process) start() int64 {
	var boot int64
	all, _ := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(all)) {
		if _, err := fmt.Sscanf(line, "btime %d", &boot); err == nil {
			break
		}
	}
	if p.ticks == 0 || boot == 0 {
		return 0
	}
	return boot*int64(time.Second) + p.ticks*int64(10*time.Millisecond)
}

// began reports whether the process has this start. The kernel corrects the time of the boot with the
// clock.
func (p process) began(ns int64) bool {
	d := time.Duration(p.start() - ns)
	return d.Abs() < 3*time.Second
}

// processStart returns the start of this process in ns since 1970; 0 if it is unknown.
func processStart() int64 { return readProcess("self").start() }
