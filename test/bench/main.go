// Command bench compares godpdk's data path with the same loops in C, in one process, on one core,
// with one ring or pool. Machines differ and are shared, so the result is the ratio Go ÷ C of
// alternating measurements.
//
// BENCH_GROUP=GROUP,… measures only these groups. BENCH_JSON=FILE also writes a [Report].
// BENCH_ROUNDS=N replaces the number of rounds; with 1 everything only runs once.
// BENCH_INSTRUCTIONS=1 counts the instructions of an operation instead of its time.
package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
)

// roles are what this program does in other processes, by the environment variable that selects the
// role and holds its argument.
var roles = map[string]func(arg string) error{
	aloneEnv:  func(string) error { return bench(true) },
	ipcPeer:   answerIPC,
	attachEnv: attached,
	pollerEnv: poller,
	stepsEnv:  counts,
	udpEnv:    runUDP,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	for env, role := range roles {
		if arg := os.Getenv(env); arg != "" {
			return role(arg)
		}
	}
	if os.Getenv("BENCH_INSTRUCTIONS") != "" {
		return instructions(os.Stdout)
	}
	return bench(false)
}

// aloneEnv is set in the process that shares no memory, and so uses fast calls.
const aloneEnv = "GODPDK_BENCH_ALONE"

func bench(alone bool) error {
	file := os.Getenv("BENCH_JSON")
	if file != "" { // an error now, not after some minutes
		f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		f.Close()
	}
	rt, err := start(alone)
	if err != nil {
		return err
	}
	defer rt.Close()
	groups := []func() ([]contest, error){rings, mempools, mbufs, lcores, locks, robust, quiescents, hashes, tables, headers, lpms, fibs, acls, doorbells, sizes}
	if alone {
		groups = []func() ([]contest, error){ethdevs, ports}
	}
	contests, err := all(groups...)
	if err != nil {
		return err
	}
	if !alone {
		messages, end, err := ipcs(rt.FilePrefix())
		if err != nil {
			return err
		}
		defer end()
		contests = append(contests, messages...)
	}
	pin()

	report := newReport()
	if !alone {
		fmt.Printf("%s, %s, %s/%s; the best of %d alternating rounds\n", dpdk.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, rounds)
		heading("ns per operation, and burst")
	}
	for _, c := range contests {
		if wanted(c.group) {
			r := c.run()
			r.print()
			report.Rows = append(report.Rows, r)
		}
	}
	if !alone {
		// The last ones take CPUs from others, or need no EAL of this process.
		for _, group := range []func(*eal.Runtime) ([]Row, error){benchAlone, attaches, pairs, places, idles, udps, quics, secondaries, gaps} {
			rows, err := group(rt)
			if err != nil {
				return err
			}
			report.Rows = append(report.Rows, rows...)
		}
	}
	if file != "" {
		return report.write(file)
	}
	return nil
}

func start(alone bool) (*eal.Runtime, error) {
	return eal.Init(eal.Config{
		FilePrefix: fmt.Sprintf("bench%d", os.Getpid()),
		InMemory:   alone,
		MemoryMB:   64,
		NoPCI:      true,
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

// all returns the contests of the groups.
func all(groups ...func() ([]contest, error)) (contests []contest, err error) {
	for _, group := range groups {
		c, err := group()
		if err != nil {
			return nil, err
		}
		contests = append(contests, named(c)...)
	}
	return contests, nil
}

// wanted reports whether one of the groups is to be measured.
func wanted(groups ...string) bool {
	only := os.Getenv("BENCH_GROUP")
	return only == "" || slices.ContainsFunc(strings.Split(only, ","), func(g string) bool { return slices.Contains(groups, g) })
}

// benchAlone runs the contests that need a process without shared memory, in such a process.
func benchAlone(*eal.Runtime) ([]Row, error) {
	if !wanted("ethdev", "scale") {
		return nil, nil
	}
	file, err := os.CreateTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), aloneEnv+"=1", "BENCH_JSON="+file.Name())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	// It has all CPUs: with one, Go's other threads would share it with the loops.
	if unlocked(func() { err = cmd.Run() }); err != nil {
		return nil, err
	}
	r, err := readReport(file.Name())
	return r.Rows, err
}
