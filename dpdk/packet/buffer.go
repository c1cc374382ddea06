package packet

import (
	"fmt"

	"github.com/google/gopacket"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	opPrepend = "rte_pktmbuf_prepend"
	opAppend  = "rte_pktmbuf_append"
)

// trailer is the room to leave behind the packet for what layers append: Ethernet
// pads to 60 bytes.
const trailer = 64

// Buffer is a gopacket.SerializeBuffer in an mbuf: layers that are written to it are
// written where the port reads them. Use it with gopacket.SerializeLayers and
// SerializePacket, which clear it first; Serialize is simpler, does not, and finds
// room where Buffer does not.
//
// An empty packet's bytes are placed by the first call: at the end of the mbuf's
// buffer, 64 bytes before it, if that is PrependBytes, which layers call, or behind
// the usual headroom if it is AppendBytes. From then on they stay where they are, and
// what has no room before or behind them is an error. The zero Buffer has no room.
type Buffer struct {
	m      *mbuf.Mbuf
	layers []gopacket.LayerType
	placed bool // the packet's bytes stay where they are
	anchor int  // where to place them in the buffer; -1 is by the first call
	// What was asked for since placing, before and behind, the call without room
	// included, and its error.
	before, behind int
	short          error
}

// NewBuffer makes a Buffer of m: see Reset.
func NewBuffer(m *mbuf.Mbuf) (*Buffer, error) {
	b := new(Buffer)
	if err := b.Reset(m); err != nil {
		return nil, err
	}
	return b, nil
}

// Reset makes b write into m, around the bytes that it holds. m stays the caller's;
// b must not be used after m is freed or passed on. The error is dpdk.ErrInvalid if m
// is nil, has several segments, or is a clone or cloned, and b is as it was.
func (b *Buffer) Reset(m *mbuf.Mbuf) error {
	switch {
	case m == nil:
		return guard.Invalid(opPrepend, "", "the mbuf is nil")
	case !m.Contiguous():
		return guard.Invalid(opPrepend, "", "the packet has %d segments, and layers need one: call its Linearize", m.NbSegs())
	case m.Refcount() != 1 || m.Flags()&mbuf.Indirect != 0:
		return guard.Invalid(opPrepend, "", "others hold the mbuf's buffer: use its Copy")
	}
	b.m = m
	b.begin(-1)
	return nil
}

// begin forgets what was written, but for the bytes.
func (b *Buffer) begin(anchor int) {
	b.layers = b.layers[:0]
	b.placed, b.anchor = b.m != nil && b.m.DataLen() != 0, anchor
	b.before, b.behind, b.short = 0, 0, nil
}

// Bytes are the packet's bytes, in the mbuf.
func (b *Buffer) Bytes() []byte {
	if b.m == nil {
		return nil
	}
	return b.m.Data()
}

// PrependBytes adds num bytes before the packet's. They are zero, so that what a layer
// leaves unwritten, as gopacket's IPv4 does the padding of its options, is not what an
// earlier packet had there, maybe another process's. The error is unix.EMSGSIZE if the
// mbuf has no room for them, dpdk.ErrInvalid for a negative num. Nothing has changed
// then.
func (b *Buffer) PrependBytes(num int) ([]byte, error) {
	if err := b.check(opPrepend, num); err != nil {
		return nil, err
	}
	if !b.placed {
		at := b.anchor
		if at < 0 {
			if at = b.m.BufLen() - trailer; at < num {
				at = b.m.BufLen()
			}
		}
		b.place(at)
	}
	b.before += num
	p, ok := b.m.Prepend(num)
	if !ok {
		return nil, b.noRoom(opPrepend, num, b.m.Headroom(), "before")
	}
	clear(p)
	return p, nil
}

// AppendBytes adds num bytes behind the packet's, as PrependBytes does before them.
func (b *Buffer) AppendBytes(num int) ([]byte, error) {
	if err := b.check(opAppend, num); err != nil {
		return nil, err
	}
	if !b.placed {
		at := b.anchor
		if at < 0 {
			at = max(0, min(mbuf.DefaultHeadroom, b.m.BufLen()-num))
		}
		b.place(at)
	}
	b.behind += num
	p, ok := b.m.Append(num)
	if !ok {
		return nil, b.noRoom(opAppend, num, b.m.Tailroom(), "behind")
	}
	clear(p)
	return p, nil
}

// Clear makes the packet empty. It returns nil.
func (b *Buffer) Clear() error {
	if b.m != nil {
		b.m.Trim(b.m.DataLen())
	}
	b.begin(-1)
	return nil
}

// Layers are the types of the layers that were written, the innermost first. The
// slice ends with the next Clear or Reset.
func (b *Buffer) Layers() []gopacket.LayerType { return b.layers }

// PushLayer adds to Layers.
func (b *Buffer) PushLayer(t gopacket.LayerType) { b.layers = append(b.layers, t) }

func (b *Buffer) check(op string, num int) error {
	switch {
	case b.m == nil:
		return guard.Invalid(op, "", "the Buffer has no mbuf: use NewBuffer or Reset")
	case num < 0:
		return guard.Invalid(op, "", "%d bytes", num)
	}
	return nil
}

func (b *Buffer) noRoom(op string, num, room int, where string) error {
	b.short = &dpdk.Error{Op: op, Errno: dpdk.Errno(unix.EMSGSIZE), Detail: fmt.Sprintf(
		"%d bytes %s %d, where the mbuf has room for %d: use a pool with a larger DataRoom", num, where, b.m.DataLen(), room)}
	return b.short
}

// place makes an empty packet begin at a place in the mbuf's buffer.
func (b *Buffer) place(at int) {
	b.placed = true
	if d := at - b.m.Headroom(); d > 0 {
		b.m.Append(d)
		b.m.Adj(d)
	} else {
		b.m.Prepend(-d)
		b.m.Trim(-d)
	}
}
