// Package objects has the control calls that take DPDK's locks in shared memory. A process that is
// killed inside such a call keeps the lock, and all others then wait for it without end. In a
// secondary of a Go primary these calls therefore run in the primary (package delegate). In all
// other processes they run directly.
//
// Call the functions in a control call. Their errors are error numbers, or complete errors of the
// primary. Addresses in results are valid in this process: DPDK maps new memory in all processes
// before the call that needed it returns.
//
// Package eal imports this package, so each primary can make the calls.
package objects

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

// none is the argument or result of a call that has none.
type none struct{}

// address converts an address in shared memory, which the other process has sent as a number.
func address(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func number(p unsafe.Pointer) uintptr { return uintptr(p) }

// heap is the result of MallocSocketStats.
type heap struct {
	Stats cgo.MallocStats
	Errno int
}

var mallocSocketStats = delegate.Func("rte_malloc_get_socket_stats",
	func(_ delegate.Owner, _ string, socket int) (h heap, _ error) {
		h.Stats, h.Errno = cgo.MallocSocketStats(socket)
		return h, nil
	})

// MallocSocketStats does what [cgo.MallocSocketStats] does.
func MallocSocketStats(socket int) (cgo.MallocStats, error) {
	h, err := mallocSocketStats("", socket)
	if err == nil {
		err = control.Errno(h.Errno)
	}
	return h.Stats, err
}

func init() { control.RegisterHeap(MallocSocketStats) }
