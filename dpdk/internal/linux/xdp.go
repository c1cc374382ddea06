//go:build linux

package linux

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
)

// XDP reports whether the network interface with that index has an XDP program. known is false for an
// interface that is not in the network namespace of the calling thread.
func XDP(index int) (attached, known bool) {
	links, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return false, false
	}
	messages, err := syscall.ParseNetlinkMessage(links)
	if err != nil {
		return false, false
	}
	for _, m := range messages {
		// The index is behind the family, a byte of padding and the type.
		if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg || int(binary.NativeEndian.Uint32(m.Data[4:])) != index {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return false, false
		}
		for _, a := range attributes {
			if a.Attr.Type&^unix.NLA_F_NESTED == unix.IFLA_XDP {
				return xdpAttached(a.Value), true
			}
		}
		return false, true
	}
	return false, false
}

// xdpAttached finds IFLA_XDP_ATTACHED, the byte with the kind of attachment, among attributes.
func xdpAttached(b []byte) bool {
	for len(b) >= unix.SizeofNlAttr {
		n := int(binary.NativeEndian.Uint16(b))
		if kind := binary.NativeEndian.Uint16(b[2:]); kind == unix.IFLA_XDP_ATTACHED && n > unix.SizeofNlAttr && n <= len(b) {
			return b[unix.SizeofNlAttr] != 0
		}
		n = (n + unix.NLA_ALIGNTO - 1) &^ (unix.NLA_ALIGNTO - 1)
		if n < unix.SizeofNlAttr || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return false
}
