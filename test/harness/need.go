//go:build linux

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/ealtest"
)

// Thing is a part of the platform that a test can need.
type Thing string

// Things that not every platform has.
const (
	Root      Thing = "root"
	Hugepages Thing = "hugepages"
	Compiler  Thing = "a C compiler and DPDK's headers"
	ProcInfo  Thing = "dpdk-proc-info"
	Testpmd   Thing = "dpdk-testpmd"
	Dumpcap   Thing = "dpdk-dumpcap"
	Pdump     Thing = "dpdk-pdump"
	Tcpdump   Thing = "tcpdump"
	Ping      Thing = "ping"
	Dig       Thing = "dig"
	XDP       Thing = "AF_XDP"
	Samples   Thing = "DPDK's sample programs"

	TelemetryScript Thing = "dpdk-telemetry.py"
)

// Need skips the test if the platform does not have these things. With GODPDK_REQUIRE in the
// environment, as in CI, the test fails instead.
func Need(t testing.TB, things ...Thing) {
	t.Helper()
	for _, thing := range things {
		switch thing {
		case Root:
			ealtest.NeedRoot(t)
			continue
		case Hugepages:
			ealtest.NeedRoot(t) // for a private mount
			ealtest.NeedHugepages(t)
			continue
		}
		why := missing(thing)
		if why == "" {
			continue
		}
		if os.Getenv(ealtest.Require) != "" {
			t.Fatalf("needs %s: %s", thing, why)
		}
		t.Skipf("needs %s: %s", thing, why)
	}
}

// Container reports whether the tests run in a container, with a pid namespace of its own. Fixes of the host do not work there.
func Container() bool {
	const first = "pid:[4026531836]" // of the kernel (linux/proc_ns.h)
	ns, err := os.Readlink("/proc/self/ns/pid")
	return err == nil && ns != first
}

// missing returns the reason why a thing is missing, or "".
func missing(thing Thing) string {
	switch thing {
	case Compiler:
		if err := exec.Command("pkg-config", "--exists", "libdpdk").Run(); err != nil {
			return "pkg-config does not find libdpdk: run 'make deps'"
		}
		if _, err := exec.LookPath("cc"); err != nil {
			return err.Error()
		}
	case ProcInfo, Testpmd, TelemetryScript, Dumpcap, Pdump, Tcpdump, Ping, Dig:
		if _, err := exec.LookPath(string(thing)); err != nil {
			return err.Error() + ": run 'make deps'"
		}
	case Samples:
		dir := samples()
		if !exists(filepath.Join(dir, "multi_process")) {
			return fmt.Sprintf("%s/multi_process does not exist (Debian has it in dpdk-doc): run 'make deps'", dir)
		}
		if exists(filepath.Join(dir, "multi_process", "simple_mp", "commands.list")) {
			if _, err := exec.LookPath(generator); err != nil {
				return err.Error() + ": run 'make deps'"
			}
		}
	case XDP:
		if err := xskMap(); err != nil {
			return fmt.Sprintf("the kernel does not make a map of XDP sockets: %v", err)
		}
	}
	return ""
}

// xskMap makes a map of XDP sockets, as an AF_XDP driver does: it needs a kernel
// with BPF and AF_XDP, and a process that may use them.
func xskMap() error {
	attr := struct{ kind, keySize, valueSize, entries, flags uint32 }{unix.BPF_MAP_TYPE_XSKMAP, 4, 4, 1, 0}
	fd, _, e := unix.Syscall(unix.SYS_BPF, unix.BPF_MAP_CREATE, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if e != 0 {
		return e
	}
	return unix.Close(int(fd))
}
