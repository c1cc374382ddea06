//go:build linux

// Package stops tests that the Go runtime always gets its way: whatever DPDK waits
// for, a garbage collection stops the process soon, timers fire and signals are
// handled.
package stops

import (
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
