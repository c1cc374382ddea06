// Package devices tests virtual devices that connect two processes, each a primary
// of its own. One is the test binary in the role "device" (device_test.go); the other
// is that too, or dpdk-testpmd.
package devices

import (
	"flag"
	"testing"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) {
	// The tests that call t.Parallel have two or three processes each, which poll.
	if err := flag.Set("test.parallel", "2"); err != nil {
		panic(err)
	}
	harness.Main(m)
}
