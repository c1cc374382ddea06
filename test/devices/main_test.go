// Package devices tests virtual devices that connect two processes, each a primary
// of its own. One is the test binary in the role "device" (device_test.go); the other
// is that too, or dpdk-testpmd.
package devices

import (
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
