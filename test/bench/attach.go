package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/eal"
)

// attachEnv makes this program a secondary: "go" or "c".
const attachEnv = "GODPDK_BENCH_ATTACH"

const attachRounds = 11

// attaches measures the start of a secondary while others run: eal.Init, and only rte_eal_init,
// which a C program would call.
func attaches(prefix string) (rows []Row, err error) {
	fmt.Printf("%-7s %-26s %5s %8s %8s %8s   %s\n", "group", "ms to attach, others run", "n", "C", "Go", "", "Go ÷ C: median, best")
	var there []*secondary
	defer func() {
		for _, s := range there {
			err = errors.Join(err, s.end())
		}
	}()
	for _, n := range []int{1, 8, 32} {
		for len(there) < n {
			s, _, err := attach("go", prefix)
			if err != nil {
				return rows, err
			}
			there = append(there, s)
		}
		var cs, gos, ratios []float64
		for range attachRounds {
			var took [2]float64
			for i, language := range []string{"c", "go"} {
				s, ns, err := attach(language, prefix)
				if err == nil {
					err = s.end()
				}
				if err != nil {
					return rows, err
				}
				took[i] = ns
			}
			cs, gos, ratios = append(cs, took[0]), append(gos, took[1]), append(ratios, took[1]/took[0])
		}
		slices.Sort(ratios)
		r := Row{Group: "attach", Name: "start of a secondary", Burst: n, CNs: slices.Min(cs), GoNs: slices.Min(gos),
			RatioMedian: ratios[len(ratios)/2], RatioBest: slices.Min(gos) / slices.Min(cs)}
		rows = append(rows, r)
		fmt.Printf("%-7s %-26s %5d %8.2f %8.2f %8s   %.2f  %.2f\n", r.Group, r.Name, r.Burst, r.CNs/1e6, r.GoNs/1e6, "", r.RatioMedian, r.RatioBest)
	}
	return rows, nil
}

// secondary is another process.
type secondary struct {
	cmd *exec.Cmd
	in  io.Closer
}

// attach starts a secondary and returns the ns that its start took, by its own clock.
func attach(language, prefix string) (*secondary, float64, error) {
	cmd := exec.Command("/proc/self/exe", prefix)
	cmd.Env = append(os.Environ(), attachEnv+"="+language)
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
	s := &secondary{cmd, in}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("secondary in %s: %w", language, err), s.end())
	}
	ns, err := strconv.ParseFloat(line[:len(line)-1], 64)
	return s, ns, err
}

func (s *secondary) end() error {
	s.in.Close()
	return s.cmd.Wait()
}

// attached is the secondary's side. It runs until its input ends.
func attached(language, prefix string) error {
	begin := time.Now()
	switch language {
	case "go":
		rt, err := eal.Init(eal.Config{ProcessType: eal.Secondary, FilePrefix: prefix, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			return err
		}
		defer rt.Close()
	default:
		lcore := fmt.Sprintf("--lcores=%d@0", cgo.MaxLcore-1)
		if parsed, errno := cgo.EALInit([]string{"c", "--proc-type=secondary", "--file-prefix=" + prefix, "--no-pci", lcore}); parsed < 0 {
			return fmt.Errorf("rte_eal_init: errno %d", errno)
		}
	}
	fmt.Println(time.Since(begin).Nanoseconds())
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
