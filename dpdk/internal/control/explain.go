package control

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// Details of errors that all named objects have.
const (
	Taken   = "the name is taken: use Lookup, or another name"
	Unknown = "no process of this file prefix has created it"
	Freed   = "freed before, in this process or another"
)

// Errno returns the error of a C function that returned this error number, nil for 0.
func Errno(errno int) error {
	if errno == 0 {
		return nil
	}
	return dpdk.Errno(errno)
}

// CallOn does what [Call] does for the object of a handle, which is nil after the handle was
// freed. A dpdk.ErrNotFound gets its detail.
func CallOn(op, name string, object unsafe.Pointer, f func() error) error {
	err := Call(op, name, func() error {
		if object == nil {
			return dpdk.ErrNotFound
		}
		return f()
	})
	return Explain(err, dpdk.ErrNotFound, Freed)
}

// Explain adds a detail to an error with this number, if the error has none.
func Explain(err, errno error, detail string) error {
	if e, ok := err.(*dpdk.Error); ok && e.Detail == "" && e.Errno == errno {
		e.Detail = detail
	}
	return err
}

// ExplainCreate adds a detail to the error of creating a named object on this socket.
func ExplainCreate(err error, s dpdk.SocketID) error {
	if e, ok := err.(*dpdk.Error); ok && e.Detail == "" && e.Errno == dpdk.ErrNoMemory {
		e.Detail = noMemory(s)
	}
	return Explain(err, dpdk.ErrExist, Taken)
}

// heapStats returns the statistics of a heap. Package objects registers it.
var heapStats = func(socket int) (cgo.MallocStats, error) { return cgo.MallocStats{}, dpdk.ErrUnsupported }

// RegisterHeap registers the function for the statistics of a heap. Call it in an init function.
func RegisterHeap(f func(socket int) (cgo.MallocStats, error)) { heapStats = f }

// noMemory explains why the socket has no memory left.
func noMemory(s dpdk.SocketID) string {
	var heaps []string
	exists := s == dpdk.AnySocket
	for _, id := range cgo.Sockets() {
		exists = exists || id == s.Int()
		heap := fmt.Sprint(id)
		if stats, err := heapStats(id); err == nil {
			heap += fmt.Sprintf(" with %d KiB free, in blocks of at most %d KiB", stats.Free>>10, stats.GreatestFree>>10)
		}
		heaps = append(heaps, heap)
	}
	if !exists {
		return fmt.Sprintf("socket %v does not exist: use dpdk.AnySocket or socket %s", s, strings.Join(heaps, ", "))
	}
	return fmt.Sprintf("no memory on socket %v: there is socket %s, and no free hugepages to add to it: ask for less, or reserve more hugepages", s, strings.Join(heaps, ", "))
}
