//go:build linux

package harness

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/godpdk/godpdk/test/wire"
)

var wires atomic.Int32

// Wire makes a veth pair between the sandbox and a host of its own, and removes it when the test
// ends. A DPDK port uses the near end, the kernel's network stack is at the far end.
func Wire(t testing.TB) *wire.Wire {
	t.Helper()
	Need(t, Root)
	w, err := wire.FromHere(fmt.Sprintf("w%d", wires.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}
