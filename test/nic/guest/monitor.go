//go:build linux

// Package guest has the tests that run inside a guest with emulated NICs: see test/nic/README.md.
package guest

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	dir := filepath.Join("/sys/bus/pci/devices", address)
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "driver_override")); err == nil {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatalf("no device %s", address)
		}
	}
	if err := channel.Bind(address); err != nil {
		t.Fatal(err)
	}
}
