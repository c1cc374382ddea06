//go:build linux

// Package stops tests that DPDK never blocks the Go runtime: while DPDK waits, garbage collections
// stop the process soon, timers fire, and signals are handled.
package stops

import (
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
