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
	envSandbox = "GODPDK_SANDBOX" // this process is in the sandbox of that folder
	ended      = "ended"          // file of the sandbox: all tests have run
)

// Options are those of Main. The zero value is EAL with lcore 0 and 32 MiB.
type Options struct {
	// NoEAL starts no EAL in the test process: for tests whose other processes start it.
	NoEAL  bool
	Lcores int // how many, from 0 on; 0 is 1
	// Configure changes the configuration of EAL before it starts, or is nil.
	Configure func(*eal.Config)
	// Network gives the tests, as root, an empty network namespace with lo only, for those
	// that make interfaces.
	Network bool
	// Checks run after the tests and before EAL stops, such as one that all packets are back
	// in their pools. An error fails the test binary.
	Checks []func() error
}

var runtime *eal.Runtime

// Runtime is the EAL that Main has started; nil with Options.NoEAL.
func Runtime() *eal.Runtime { return runtime }

// Main is for TestMain: it starts EAL, runs the tests, closes EAL, checks that it has left
// nothing, and exits. In a process that Start has started it runs the role instead.
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

// private gives the process a runtime directory of its own, in dir.
func private(dir string) error {
	run := filepath.Join(dir, "run")
	return errors.Join(os.MkdirAll(run, 0o700), os.Setenv("RUNTIME_DIRECTORY", run))
}

// withEAL are the tests with EAL around them.
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

// Config is a primary's configuration for tests, on one lcore: 32 MiB, a file prefix of this
// process's own, no PCI devices, and no log, as an error of Init has it.
func Config(lcore int) eal.Config {
	return eal.Config{
		FilePrefix: fmt.Sprintf("t%d", os.Getpid()),
		Lcores:     Lcores(lcore, 1),
		MemoryMB:   32,
		NoPCI:      true,
		Logger:     slog.New(slog.DiscardHandler),
	}
}

// Secondary is the configuration of a secondary of the primary with a file prefix.
func Secondary(prefix string, lcore int) eal.Config {
	cfg := Config(lcore)
	cfg.ProcessType, cfg.FilePrefix, cfg.MemoryMB, cfg.NoPCI = eal.Secondary, prefix, 0, false
	return cfg
}

// Lcores are n lcores from first on, for eal.Config.Lcores, spread over the CPUs that this
// process may use: processes need disjoint lcores, and can share the CPUs of a small machine.
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

// HugeDir is where the tests' files in hugepages are.
func HugeDir() string {
	if dir := os.Getenv(envSandbox); dir != "" {
		return filepath.Join(dir, "huge")
	}
	return "/dev/hugepages"
}
