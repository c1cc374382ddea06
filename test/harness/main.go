//go:build linux

// Package harness extends package ealtest for godpdk's own tests: C programs (CC, Sample), wires
// (Wire), and requirements of a test (Need).
//
// A test package calls Main or MainEAL from its TestMain. As root the tests then run in a
// sandbox of ealtest's, and in an empty network namespace.
package harness

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
)

// Main runs the tests in the sandbox, or this process's role, and exits. TestMain calls it.
func Main(m *testing.M) { run(m, ealtest.Options{NoEAL: true, Network: true}) }

// MainEAL does what Main does for tests that use DPDK inside the test process itself: EAL
// runs as a primary in hugepages, or, if the platform has none, in ordinary
// memory. After the tests the checks must pass, such as mbuftest.Leaks.
func MainEAL(m *testing.M, checks ...func() error) { MainLcores(m, 1, checks...) }

// MainLcores does what MainEAL does with several lcores, from 0 on.
func MainLcores(m *testing.M, lcores int, checks ...func() error) {
	run(m, ealtest.Options{Network: true, Lcores: lcores, Checks: checks})
}

func run(m *testing.M, o ealtest.Options) {
	if err := hideDrivers(); err != nil {
		fmt.Fprintln(os.Stderr, "harness: drivers:", err)
		os.Exit(1)
	}
	ealtest.Main(m, o)
}

// Config does what ealtest.Config does.
func Config(n int) eal.Config { return ealtest.Config(n) }

// Lcore returns lcore n on a CPU that this process may use.
func Lcore(n int) string { return ealtest.Lcores(n, 1) }

// Lcores does what ealtest.Lcores does.
func Lcores(first, n int) string { return ealtest.Lcores(first, n) }

// HugeDir does what ealtest.HugeDir does.
func HugeDir() string { return ealtest.HugeDir() }

// Child is another process of a test.
type Child = ealtest.Process

// Role does what ealtest.Role does.
func Role(name string, f func(args []string) error) struct{} { return ealtest.Role(name, f) }

// Say does what ealtest.Say does.
func Say(format string, args ...any) { ealtest.Say(format, args...) }

// Hear does what ealtest.Hear does.
func Hear() string { return ealtest.Hear() }

// Start does what ealtest.Start does.
func Start(t testing.TB, role string, args ...string) *Child {
	t.Helper()
	return ealtest.Start(t, role, args...)
}

// StartWith does what ealtest.StartWith does.
func StartWith(t testing.TB, attr *syscall.SysProcAttr, role string, args ...string) *Child {
	t.Helper()
	return ealtest.StartWith(t, attr, role, args...)
}

// Command does what ealtest.Command does.
func Command(t testing.TB, path string, args ...string) *Child {
	t.Helper()
	return ealtest.Command(t, path, args...)
}
