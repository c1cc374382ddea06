package fastcall_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/test/twin"
)

const envFault = "GODPDK_FAULT"

// faults are ways for C to fault, with the expected report of the process.
var faults = map[string]struct {
	sig     syscall.Signal
	address uintptr
	report  string
	file    string // of the code
}{
	"a nil pointer": {syscall.SIGSEGV, 0, "SIGSEGV (Segmentation fault) at address 0, PC=0x", "fastcall.test"},
	"a bad pointer": {syscall.SIGSEGV, 0xdead000, "SIGSEGV (Segmentation fault) at address 0xdead000, PC=0x", "fastcall.test"},
	"no address":    {syscall.SIGSEGV, 1 << 63, "SIGSEGV (Segmentation fault)", "fastcall.test"},
	"a division":    {syscall.SIGFPE, 0, "SIGFPE (Floating point exception)", "fastcall.test"},
	"a trap":        {syscall.SIGILL, 0, "SIGILL (Illegal instruction)", "fastcall.test"},
	"an abort":      {syscall.SIGABRT, 0, "SIGABRT (Aborted)", "libc.so"},
}

// burst stands for what calls C in the library, poller for a user's goroutine.
//
//go:noinline
func burst(sig syscall.Signal, address uintptr) int32 {
	f := twin.FaultArg{Sig: int32(sig)}
	*(*uintptr)(unsafe.Pointer(&f.Address)) = address
	return fastcall.Call(twin.FaultAddress, unsafe.Pointer(&f))
}

//go:noinline
func poller(done chan int32, sig syscall.Signal, address uintptr) {
	defer func() { fmt.Println("recovered:", recover()) }()
	done <- burst(sig, address)
}

// The process ends, because the state that C left cannot be trusted, and reports the fault and
// its place. Without the report the runtime printed "traceback: unexpected SPWRITE function".
func TestFaultInCIsReportedWithItsGoStack(t *testing.T) {
	if !fastcall.Enabled {
		return // cgo's calls have a report of the runtime's
	}
	if name := os.Getenv(envFault); name != "" {
		done := make(chan int32)
		go poller(done, faults[name].sig, faults[name].address)
		fmt.Println("returned:", <-done)
		return
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self, "-test.run=^TestFaultInCIsReportedWithItsGoStack$")
			cmd.Env = append(os.Environ(), envFault+"="+name)
			text, err := cmd.CombinedOutput()
			out := string(text)
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, out)
			assert.Equal(t, 2, exit.ExitCode(), "as of a fault in a cgo call")
			for _, want := range []string{
				f.report, f.file, "C faulted in a fast call",
				"fastcall_test.burst(", "fastcall_test.poller(", // the Go stack
				"TestFaultInCIsReportedWithItsGoStack(", // the other goroutines
			} {
				assert.True(t, strings.Contains(out, want), want)
			}
			for _, bad := range []string{"SPWRITE", "recovered:", "returned:", "unknown pc", "unexpected return pc"} {
				assert.False(t, strings.Contains(out, bad), bad)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// Faults of Go code are Go's as before, also right after a fast call on the same thread.
func TestFaultInGoIsStillAPanic(t *testing.T) {
	if !fastcall.Enabled {
		return
	}
	q := cgo.NewEthQueue(0, 0, false)
	send(q, []uintptr{1, 2, 3})
	assert.PanicsWithError(t, "runtime error: invalid memory address or nil pointer dereference", func() {
		var p *int
		*p = 1
	})
	assert.Zero(t, send(q, []uintptr{1, 2, 3}))
}
