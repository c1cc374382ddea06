//go:build linux

// Package guest has the tests that run inside a guest with emulated NICs: see test/nic/README.md.
package guest

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/test/nic/channel"
)

// monitor has QEMU execute a command of its monitor, such as "set_link n0 off", and returns the answer.
// Commands that succeed have an empty answer, except queries.
func monitor(t testing.TB, command string) string {
	t.Helper()
	c, err := net.Dial("unix", channel.Monitor)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, command); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(answer)
}

// bind binds a NIC that was plugged in to vfio-pci, when the kernel has found it.
func bind(t testing.TB, address string) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := device.Host{}.Bind(t.Context(), "vfio-pci", device.Config{}, address)
		if err == nil {
			return
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal(err)
		}
	}
}
