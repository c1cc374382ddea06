//go:build linux

package harness

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// CC compiles a C program against the installed DPDK, with DPDK's own flags,
// and returns its path.
func CC(t testing.TB, source string) string {
	t.Helper()
	Need(t, Compiler)
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libdpdk").Output()
	if err != nil {
		t.Fatalf("pkg-config libdpdk: %v", err)
	}
	bin := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c"))
	args := append([]string{"-O2", "-Wall", "-Werror", "-o", bin, source}, strings.Fields(string(flags))...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("cc %s: %v\n%s", source, err, out)
	}
	return bin
}
