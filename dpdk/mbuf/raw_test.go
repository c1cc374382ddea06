package mbuf_test

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Access to fields of an mbuf that the package does not export.

func raw(m *mbuf.Mbuf) unsafe.Pointer { return unsafe.Pointer(m) }

func pointer[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

func field(m *mbuf.Mbuf, offset uintptr) unsafe.Pointer { return unsafe.Add(raw(m), offset) }

// bits returns a copy of the whole struct.
func bits(m *mbuf.Mbuf) [cgo.MbufSizeof]byte { return *(*[cgo.MbufSizeof]byte)(raw(m)) }

func restore(m *mbuf.Mbuf, b [cgo.MbufSizeof]byte) { *(*[cgo.MbufSizeof]byte)(raw(m)) = b }

func set(m *mbuf.Mbuf, offset uintptr, size int, value uint64) {
	for i := range size {
		*(*byte)(field(m, offset+uintptr(i))) = byte(value >> (8 * i))
	}
}
