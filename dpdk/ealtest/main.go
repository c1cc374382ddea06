package ealtest

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

const (
	envRole    = "GODPDK_ROLE"    // this process is one in that role
	envTest    = "GODPDK_TEST"    // name of the test that has started this process
	envSandbox = "GODPDK_SANDBOX" // this process is in the sandbox of that folder
	ended      = "ended"          // file of the sandbox: all tests have run
)

// Options are the options of [Main]. The zero value is EAL with lcore 0 and 32 MiB.
type Options struct {
	// NoEAL starts no EAL in the test process. It is for tests that start EAL in other processes only.
	NoEAL  bool
	Lcores int // the number of lcores, from lcore 0 on; 0 is 1
	// Configure changes the configuration of EAL before it starts, or is nil.
	Configure func(*eal.Config)
	// Network gives the tests, as root, a network namespace with only lo, for tests that make
	// interfaces.
	Network bool
	// Checks run after the tests and before EAL stops: for example, a check that all packets are
	// back in their pools. An error fails the test binary.
	Checks []func() error
}

var runtime *eal.Runtime

// Runtime returns the EAL that [Main] has started; nil with Options.NoEAL.
func Runtime() *eal.Runtime { return runtime }

// Main starts EAL, runs the tests, closes EAL, checks that EAL has left no files, and exits. Call it in
// TestMain. In a process that [Start] has started it runs the role instead.
func Main(m *testing.M, o Options) { os.Exit(run(o, m.Run)) }

func run(o Options, tests func() int) int {
	if role := os.Getenv(envRole); role != "" {
		return runRole(role)
	}
	if !o.NoEAL {
		tests = withEAL(o, tests)
	}
	code, err := sandboxed(o, tests)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ealtest:", err)
		return 1
	}
	return code
}

// private gives the process its own runtime directory, in dir.
func private(dir string) error {
	run := filepath.Join(dir, "run")
	return errors.Join(os.MkdirAll(run, 0o700), os.Setenv("RUNTIME_DIRECTORY", run))
}

// withEAL runs the tests between the start and the end of EAL.
func withEAL(o Options, tests func() int) func() int {
	return func() int {
		cfg := Config(0)
		cfg.Lcores = Lcores(0, max(o.Lcores, 1))
		if why := noHugepages(); why != "" {
			if required() {
				fmt.Fprintln(os.Stderr, "ealtest: needs hugepages:", why)
				return 1
			}
			cfg.NoHuge = true
		}
		if o.Configure != nil {
			o.Configure(&cfg)
		}
		rt, err := eal.Init(cfg)
		if err != nil {
			fmt.Fprintln(os.Stderr, "ealtest:", err)
			return 1
		}
		runtime = rt
		code := tests()
		for _, check := range o.Checks {
			err = errors.Join(err, check())
		}
		err = errors.Join(err, rt.Close())
		left, e := Left(rt.FilePrefix())
		if err = errors.Join(err, e); len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("left: %s", strings.Join(left, ", ")))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "ealtest:", err)
			return 1
		}
		return code
	}
}

// Config returns a configuration for a primary in tests: one lcore, 32 MiB, a file prefix for this
// process, no PCI devices, and no log, because an error of Init contains it.
func Config(lcore int) eal.Config {
	return eal.Config{
		FilePrefix: fmt.Sprintf("t%d", os.Getpid()),
		Lcores:     Lcores(lcore, 1),
		MemoryMB:   32,
		NoPCI:      true,
		Logger:     slog.New(slog.DiscardHandler),
	}
}

// Secondary returns the configuration of a secondary of the primary with a file prefix.
func Secondary(prefix string, lcore int) eal.Config {
	cfg := Config(lcore)
	cfg.ProcessType, cfg.FilePrefix, cfg.MemoryMB, cfg.NoPCI = eal.Secondary, prefix, 0, false
	return cfg
}

// Lcores returns n lcores from first on, for eal.Config.Lcores, on the CPUs that this process may
// use. Processes need disjoint lcores, and can share the CPUs of a small machine.
func Lcores(first, n int) string {
	cpus, err := cpulist.OfThread()
	lcores := make([]string, n)
	for i := range lcores {
		if lcores[i] = fmt.Sprint(first + i); err == nil && len(cpus) > 0 {
			lcores[i] += fmt.Sprint("@", cpus[(first+i)%len(cpus)])
		}
	}
	return strings.Join(lcores, ",")
}

// HugeDir returns the folder with the tests' files in hugepages.
func HugeDir() string {
	if dir := os.Getenv(envSandbox); dir != "" {
		return filepath.Join(dir, "huge")
	}
	return "/dev/hugepages"
}
