// Package guard stands before DPDK's control calls: DPDK crashes on calls
// before EAL's start, and on names and types it does not expect.
package guard

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
)

// eal is held for reading during control calls and for writing while EAL
// stops, so that no call runs over memory that is being unmapped.
var eal struct {
	sync.RWMutex
	running atomic.Bool
	primary atomic.Pointer[func() bool]
	atStop  []func()
}

// SetRunning says whether control calls may run; it waits for those that do.
func SetRunning(running bool) {
	eal.running.Store(running)
	lock()
	defer eal.Unlock()
	if !running {
		for _, f := range eal.atStop {
			f()
		}
	}
}

// lock is eal.Lock without its queue: a writer that waits there keeps new readers
// out, and a call under way may be in a callback that makes another one.
func lock() {
	for !eal.TryLock() {
		time.Sleep(100 * time.Microsecond)
	}
}

// AtStop has f called when EAL stops, before any memory is unmapped: it ends what
// goes on without control calls, and must make no control calls.
func AtStop(f func()) {
	lock()
	defer eal.Unlock()
	eal.atStop = append(eal.atStop, f)
}

// SetPrimary has control calls refused as soon as alive is false: in a secondary
// whose primary has gone they would take locks in memory that is nobody's, or the
// next primary's. alive may be called by several goroutines at once.
func SetPrimary(alive func() bool) { eal.primary.Store(&alive) }

// Running says whether EAL runs, as of now.
func Running() bool { return eal.running.Load() }

// Control runs f, a call of the rte_ function op on the object name, if EAL
// runs, and turns the errno it returns into an error.
func Control(op, name string, f func() (errno int)) error {
	eal.RLock()
	defer eal.RUnlock()
	if !eal.running.Load() {
		if dpdk.CheckVersion() == dpdk.ErrNoDPDK { // eal.Init would not help
			return &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(syscall.ENOTSUP), Cause: dpdk.ErrNoDPDK}
		}
		return &dpdk.Error{Op: op, Name: name, Cause: dpdk.ErrNotRunning}
	}
	if alive := eal.primary.Load(); alive != nil && !(*alive)() {
		return &dpdk.Error{Op: op, Name: name, Cause: dpdk.ErrPrimaryGone}
	}
	if errno := f(); errno != 0 {
		return &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(errno)}
	}
	return nil
}

// Name refuses what DPDK cannot store as a name; size counts its final NUL.
func Name(op, name string, size int) error {
	switch {
	case name == "":
		return Invalid(op, "", "the name is empty")
	case strings.IndexByte(name, 0) >= 0:
		return Invalid(op, strings.ReplaceAll(name, "\x00", "\\0"), "the name holds a NUL byte")
	case len(name) >= size:
		return &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(syscall.ENAMETOOLONG),
			Detail: fmt.Sprintf("%d bytes: use at most %d", len(name), size-1)}
	}
	return nil
}

// Socket refuses socket ids that do not exist as numbers.
func Socket(op, name string, s dpdk.SocketID) error {
	if !s.Valid() {
		return Invalid(op, name, "the socket is negative: use dpdk.AnySocket for any")
	}
	if s.Int() > math.MaxInt32 { // C's int would make another socket of it
		return Invalid(op, name, "there is no socket %v", s)
	}
	return nil
}

// Invalid is an EINVAL with its reason.
func Invalid(op, name, format string, args ...any) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.Errno(syscall.EINVAL), Detail: fmt.Sprintf(format, args...)}
}
