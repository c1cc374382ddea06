package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

// stepsEnv is set in the process whose instructions are counted.
const stepsEnv = "GODPDK_BENCH_STEPS"

func init() {
	if os.Getenv(stepsEnv) != "" {
		runtime.LockOSThread() // the thread of main is the one that is traced
	}
}

// instructions runs this program again and counts the instructions of its main thread between each two
// signals that it sends to itself. The counts go back through a pipe. The table goes to a file.
func instructions(table *os.File) error {
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	defer out.Close()
	runtime.LockOSThread() // only this thread may trace
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), stepsEnv+"=1", "GOGC=off")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = table, os.Stderr, []*os.File{in}
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	for {
		s, err := wait(pid)
		if err != nil || s.Exited() && s.ExitStatus() == 0 {
			return err
		}
		if !s.Stopped() {
			return fmt.Errorf("the process that is traced: %v", s)
		}
		signal := int(s.StopSignal())
		switch s.StopSignal() {
		case syscall.SIGTRAP: // after exec
			signal = 0
		case syscall.SIGSTOP:
			signal = 0
			steps, err := steps(pid)
			if err == nil {
				err = binary.Write(out, binary.LittleEndian, steps)
			}
			if err != nil {
				return err
			}
		}
		if err := syscall.PtraceCont(pid, signal); err != nil {
			return err
		}
	}
}

func wait(thread int) (s syscall.WaitStatus, err error) {
	_, err = syscall.Wait4(thread, &s, syscall.WALL, nil)
	return s, err
}

// steps returns the number of instructions until the next signal. The other threads stand still: the
// runtime cannot interrupt the loop.
func steps(pid int) (n uint64, err error) {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return 0, err
	}
	for _, t := range threads {
		id, _ := strconv.Atoi(t.Name())
		if id == pid || syscall.PtraceAttach(id) != nil {
			continue // it has ended
		}
		defer syscall.PtraceDetach(id)
		if _, err := wait(id); err != nil {
			return 0, err
		}
	}
	f, _ := os.OpenFile("/tmp/fast/pcs", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	defer f.Close()
	fmt.Fprintln(f, "BEGIN")
	maps, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	os.WriteFile("/tmp/fast/maps", maps, 0o644)
	var pcs []byte
	defer func() { f.Write(pcs) }()
	for ; ; n++ {
		var r syscall.PtraceRegs
		syscall.PtraceGetRegs(pid, &r)
		pcs = append(pcs, fmt.Sprintf("%x\n", r.Rip)...)
		if err := syscall.PtraceSingleStep(pid); err != nil {
			return 0, err
		}
		s, err := wait(pid)
		if err != nil || !s.Stopped() {
			return 0, fmt.Errorf("the process that is traced: %v, %w", s, err)
		}
		if s.StopSignal() == syscall.SIGSTOP {
			return n, nil
		}
	}
}

// counts prints a table of the contests with bursts of up to 32.
func counts(string) error {
	rt, err := start(true)
	if err != nil {
		return err
	}
	defer rt.Close()
	contests, err := all(rings, locks, robust, quiescents, ethdevs, ports)
	if err != nil {
		return err
	}
	fmt.Print("| operation | burst | C | Go |\n| --- | --- | --- | --- |\n")
	for _, c := range contests {
		if wanted(c.group) && c.burst <= bulk {
			name := c.group + ": " + c.name
			if c.axis != "" {
				name += fmt.Sprintf(", %s %d", c.axis, c.x)
			}
			fmt.Printf("| %s | %d | %d | %d |\n", name, c.burst, count(c.c), count(c.goNative))
		}
	}
	return nil
}

// count returns the number of instructions of one iteration of the loop.
func count(l loop) uint64 {
	l(100)
	return stepped(l, 3) - stepped(l, 2)
}

// stepped returns the number of instructions of a loop.
func stepped(l loop, iters int) uint64 {
	var steps [8]byte
	runtime.Gosched() // the runtime has no reason to interrupt the loop now
	stop()
	l(iters)
	stop()
	if n, err := syscall.Read(3, steps[:]); n != len(steps) {
		panic(err)
	}
	return binary.LittleEndian.Uint64(steps[:])
}

// stop ends or begins a count.
func stop() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(syscall.Gettid()), uintptr(syscall.SIGSTOP))
}
