package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/eal"
)

// attachEnv makes this program a secondary: "c" or what it does after its start, and the file prefix.
const attachEnv = "GODPDK_BENCH_ATTACH"

// after is what a secondary in Go does after its start, until its input ends.
var after = map[string]func(context.Context) error{"go": work, "sender": sender, "receiver": receiver, "successor": successor, "asker": asker, "answerer": answerer}

// attaches measures the start of a secondary while others run: eal.Init, and only rte_eal_init,
// which a C program would call.
func attaches(rt *eal.Runtime) (rows []Row, err error) {
	if !wanted("attach") {
		return nil, nil
	}
	heading("µs to attach, and secondaries that run")
	var there []*secondary
	defer func() { err = errors.Join(err, endAll(there)) }()
	for _, n := range shorter([]int{1, 8, 32}, []int{1}) {
		if there, err = attachUpTo(n, there, rt.FilePrefix()); err != nil {
			return rows, err
		}
		took := map[string][]float64{}
		for range shorter(21, 1) {
			for _, language := range []string{"c", "go"} {
				s, ns, err := attach(language, rt.FilePrefix())
				if err == nil {
					err = s.end()
				}
				if err != nil {
					return rows, err
				}
				took[language] = append(took[language], ns/1e3)
			}
		}
		r := Row{Group: "attach", Name: "start of a secondary", Axis: "secondaries that run", X: float64(n), Unit: "µs"}.measured(took["c"], took["go"], nil)
		r.print()
		rows = append(rows, r)
	}
	return rows, nil
}

// attachUpTo starts secondaries until there are n.
func attachUpTo(n int, there []*secondary, prefix string) ([]*secondary, error) {
	for len(there) < n {
		s, _, err := attach("go", prefix)
		if err != nil {
			return there, err
		}
		there = append(there, s)
	}
	return there, nil
}

func endAll(all []*secondary) (err error) {
	for _, s := range all {
		err = errors.Join(err, s.end())
	}
	return err
}

// secondary is another process.
type secondary struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// attach starts a secondary and returns the ns that its start took, by its own clock.
func attach(language, prefix string) (*secondary, float64, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), attachEnv+"="+language+" "+prefix)
	if language != "c" { // EAL writes its log there in C
		cmd.Stderr = os.Stderr
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	s := &secondary{cmd, in, bufio.NewReader(out)}
	ns, err := s.number()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("secondary in %s: %w", language, err), s.end())
	}
	return s, ns, nil
}

// number reads a line of the secondary.
func (s *secondary) number() (n float64, err error) {
	_, err = fmt.Fscanln(s.out, &n)
	return n, err
}

func (s *secondary) end() error {
	s.in.Close()
	return s.cmd.Wait()
}

func (s *secondary) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.end()
}

// attached is the secondary's side. It prints the ns that its start took, and runs until its input ends.
func attached(arg string) error {
	language, prefix, _ := strings.Cut(arg, " ")
	begin := time.Now()
	if language == "c" {
		lcore := fmt.Sprintf("--lcores=%d@0", cgo.MaxLcore-1)
		if parsed, errno := cgo.EALInit([]string{"c", "--proc-type=secondary", "--file-prefix=" + prefix, "--no-pci", lcore}); parsed < 0 {
			return fmt.Errorf("rte_eal_init: errno %d", errno)
		}
		fmt.Println(time.Since(begin).Nanoseconds())
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	rt, err := eal.Init(eal.Config{ProcessType: eal.Secondary, FilePrefix: prefix, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return err
	}
	defer rt.Close()
	fmt.Println(time.Since(begin).Nanoseconds())
	return after[language](rt.Context())
}
