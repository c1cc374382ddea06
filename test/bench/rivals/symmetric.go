package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// symmetric compares examples/symmetric-mp with DPDK's sample symmetric_mp in C: processes that share two
// net_null ports, and forward between their queues of them.
type symmetric struct {
	dir string // with the programs, EAL's files and a mount of hugepages
}

const (
	symmetricRounds = 5
	symmetricTime   = 300 * time.Millisecond
)

// version is one of the two programs.
type version struct {
	name               string
	command            []string
	primary, secondary string         // arguments after EAL's, of process I of N
	polls              *regexp.Regexp // it begins to poll
	sent               *regexp.Regexp // frames, in its output
}

func (s *symmetric) versions() []version {
	return []version{
		{"symmetric_mp in C", []string{"stdbuf", "-oL", filepath.Join(s.dir, "c")},
			"-p 3 --num-procs=N --proc-id=I", "-p 3 --num-procs=N --proc-id=I",
			regexp.MustCompile(`using queue`), regexp.MustCompile(`TX - (\d+)`)},
		{"examples/symmetric-mp", []string{filepath.Join(s.dir, "go")},
			"-processes=N -seconds=0", "-process=I",
			regexp.MustCompile(`ready|polls queue`), regexp.MustCompile(`total +\d+ +(\d+)`)},
	}
}

func newSymmetric() (s *symmetric, err error) {
	s = &symmetric{}
	if s.dir, err = os.MkdirTemp("", "rivals"); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

func (s *symmetric) prepare() error {
	const compile = `cc -O3 -march=native -w -o "$0" "$(pkg-config --variable=prefix libdpdk)"/share/dpdk/examples/multi_process/symmetric_mp/main.c \
		-DALLOW_EXPERIMENTAL_API $(pkg-config --cflags --libs libdpdk)`
	for _, build := range [][]string{
		{"sh", "-c", compile, filepath.Join(s.dir, "c")},
		{"go", "build", "-C", "../../..", "-o", filepath.Join(s.dir, "go"), "./examples/symmetric-mp"},
	} {
		if out, err := exec.Command(build[0], build[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(build, " "), err, out)
		}
	}
	if err := os.Mkdir(s.huge(), 0o700); err != nil {
		return err
	}
	return unix.Mount("nodev", s.huge(), "hugetlbfs", 0, "pagesize=2M")
}

func (s *symmetric) huge() string { return filepath.Join(s.dir, "huge") }

func (s *symmetric) close() error {
	return errors.Join(unix.Unmount(s.huge(), 0), os.RemoveAll(s.dir))
}

// symmetrics returns the rows of both versions.
func symmetrics(c cpus) []Row {
	s, err := newSymmetric()
	if err != nil {
		return []Row{{Group: group, Contender: "symmetric-mp", Error: err.Error()}}
	}
	rows := s.measure(c)
	if err := s.close(); err != nil {
		rows = append(rows, Row{Group: group, Contender: "symmetric-mp", Error: err.Error()})
	}
	return rows
}

// measure returns the row of each version with one and with two processes.
func (s *symmetric) measure(c cpus) (rows []Row) {
	for i, work := range []string{"forward, 1 process", "forward, 2 processes"} {
		versions := s.versions()
		costs := make([]cost, len(versions))
		for range symmetricRounds {
			for j, v := range versions {
				ns, err := s.run(v, i+1, c)
				costs[j].own = append(costs[j].own, ns)
				costs[j].cpu = append(costs[j].cpu, ns)
				costs[j].err = errors.Join(costs[j].err, err)
			}
		}
		for j, v := range versions {
			r := Row{Group: group, Contender: v.name, Work: work, Frame: 64}
			r.fill(&costs[j])
			rows = append(rows, r)
		}
	}
	return rows
}

// run starts the processes of a version, and returns their CPU time in ns for each frame.
func (s *symmetric) run(v version, processes int, c cpus) (cost float64, err error) {
	defer func() { // the program in C leaves its files
		files, _ := filepath.Glob(filepath.Join(s.huge(), "*"))
		for _, f := range append(files, filepath.Join(s.dir, "dpdk")) {
			err = errors.Join(err, os.RemoveAll(f))
		}
	}()
	var running []*peer
	defer func() {
		for _, p := range running {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	}()
	for i := range processes {
		role, args, cpu := "primary", v.primary, c.contender
		if i > 0 {
			role, args, cpu = "secondary", v.secondary, c.generator
		}
		eal := fmt.Sprintf("--proc-type=%s --file-prefix=symmetric --no-pci --huge-dir=%s --lcores=%d@%d", role, s.huge(), i, cpu)
		if i == 0 {
			eal += " --vdev=net_null0 --vdev=net_null1"
		}
		p, err := startPeer(s.dir, v, strings.Fields(eal+" -- "+strings.NewReplacer("N", fmt.Sprint(processes), "I", fmt.Sprint(i)).Replace(args)), patience)
		if err != nil {
			return 0, err
		}
		running = append(running, p)
	}
	time.Sleep(symmetricTime)
	var spent, frames float64
	for _, p := range running {
		t, err := p.cpuTime()
		if err != nil {
			return 0, err
		}
		spent += t - p.before
	}
	for _, p := range running {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return 0, err
		}
	}
	for _, p := range running {
		out, err := io.ReadAll(p.out)
		if err != nil {
			return 0, err
		}
		for _, m := range v.sent.FindAllStringSubmatch(string(out), -1) {
			n, _ := strconv.ParseFloat(m[1], 64)
			frames += n
		}
		if err := p.cmd.Wait(); err != nil {
			return 0, fmt.Errorf("%s: %w\n%s", v.name, err, out)
		}
	}
	if frames == 0 {
		return 0, fmt.Errorf("%s forwarded nothing", v.name)
	}
	return spent / frames, nil
}

// peer is a process that forwards.
type peer struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	before float64 // its CPU time when it began to poll
}

// startPeer starts a program, and returns when it polls. dir is for EAL's files. A program that does not poll in time is killed.
func startPeer(dir string, v version, args []string, limit time.Duration) (*peer, error) {
	cmd := exec.Command(v.command[0], append(v.command[1:], args...)...)
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer time.AfterFunc(limit, func() { cmd.Process.Kill() }).Stop()
	p := &peer{cmd: cmd, out: bufio.NewReader(out)}
	var last []string // lines
	for line := ""; !v.polls.MatchString(line); {
		if line, err = p.out.ReadString('\n'); err != nil {
			cmd.Wait()
			return nil, fmt.Errorf("%s does not poll: %w\n%s%s", v.name, err, strings.Join(last, ""), line)
		}
		last = append(last[max(0, len(last)-20):], line)
	}
	p.before, err = p.cpuTime()
	return p, err
}

// cpuTime returns the CPU time that the process has used, in ns.
func (p *peer) cpuTime() (float64, error) {
	const sched = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|sched), &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", p.cmd.Process.Pid, err)
	}
	return float64(t.Nano()), nil
}
