// Package check refuses arguments on which DPDK would crash, or which it would change.
package check

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

// Name refuses a name that DPDK cannot store. The size counts the final NUL.
func Name(op, name string, size int) error {
	switch {
	case name == "":
		return Invalid(op, "", "the name is empty")
	case strings.IndexByte(name, 0) >= 0:
		return Invalid(op, short(strings.ReplaceAll(name, "\x00", "\\0")), "the name holds a NUL byte")
	case len(name) >= size:
		return &dpdk.Error{Op: op, Name: short(name), Errno: dpdk.ErrNameTooLong,
			Detail: fmt.Sprintf("%d bytes: use at most %d", len(name), size-1)}
	}
	return nil
}

// longestName is the number of bytes of a refused name in an error.
const longestName = 64

// short cuts a name to longestName bytes.
func short(name string) string {
	if len(name) <= longestName {
		return name
	}
	return strings.ToValidUTF8(name[:longestName], "") + "…"
}

// Socket refuses a socket ID that C's int cannot hold.
func Socket(op, name string, s dpdk.SocketID) error {
	if !s.Valid() {
		return Invalid(op, name, "the socket is negative: use dpdk.AnySocket for any")
	}
	if s.Int() > math.MaxInt32 { // C's int would name another socket
		return Invalid(op, name, "the socket %v does not exist", s)
	}
	return nil
}

// Invalid returns a dpdk.ErrInvalid with its reason.
func Invalid(op, name, format string, args ...any) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrInvalid, Detail: fmt.Sprintf(format, args...)}
}

// NoPointers refuses a type of which values in shared memory would hold a Go pointer.
func NoPointers(op, name string, t reflect.Type) error {
	if p := shared.GoPointer(t); p != "" {
		return Invalid(op, name, "%v holds a Go pointer (%s), which other processes cannot use: use plain data", t, p)
	}
	return nil
}
