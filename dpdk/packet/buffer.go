package packet

import (
	"fmt"

	"github.com/google/gopacket"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
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
//
// The mbuf's lengths follow at PushLayer, which those functions call after each layer,
// and at Clear: after a layer that failed they are those before it.
type Buffer struct {
	m      *mbuf.Mbuf
	room   []byte // the mbuf's buffer
	layers []gopacket.LayerType
	// The packet is room[start:end]; what was before anchor, or is behind it, was
	// prepended or appended. start is negative before an empty packet is placed, so
	// that every call finds no room and comes to place.
	start, anchor, end int
	// need is what was asked for, before and behind the anchor, at the call that found
	// no room, and short its error.
	need  struct{ before, behind int }
	short error
}

// NewBuffer makes a Buffer of m: see Reset.
func NewBuffer(m *mbuf.Mbuf) (*Buffer, error) {
	b := new(Buffer)
	if err := b.Reset(m); err != nil {
		return nil, err
	}
	return b, nil
}

// Reset makes b write into m, around the bytes that it holds. m stays the caller's,
// who must not change its lengths in between; b must not be used after m is freed or
// passed on. The error is dpdk.ErrInvalid if m is nil, has several segments, or others
// hold its buffer (mbuf.Mbuf.Shared), and b is as it was.
func (b *Buffer) Reset(m *mbuf.Mbuf) error {
	switch {
	case m == nil:
		return check.Invalid(opPrepend, "", "the mbuf is nil")
	case !m.Contiguous():
		return check.Invalid(opPrepend, "", "the packet has %d segments, and layers need one: call its Linearize", m.NumSegments())
	case m.Shared():
		return check.Invalid(opPrepend, "", "others hold the mbuf's buffer: use its Copy")
	}
	b.m, b.room = m, m.Buffer()
	b.begin()
	return nil
}

// begin starts from the bytes that the mbuf holds.
func (b *Buffer) begin() {
	b.layers, b.short = b.layers[:0], nil
	if n := b.m.DataLen(); n == 0 {
		b.start, b.anchor, b.end = unplaced, unplaced, unplaced
	} else {
		b.start = b.m.Headroom()
		b.end = b.start + n
		b.anchor = b.end
	}
}

const unplaced = -1

// place makes an empty packet begin at a place in the mbuf's buffer.
func (b *Buffer) place(at int) { b.start, b.anchor, b.end = at, at, at }

// Bytes are the packet's bytes, in the mbuf.
func (b *Buffer) Bytes() []byte {
	if b.start < 0 {
		return nil
	}
	return b.room[b.start:b.end:b.end]
}

// PrependBytes adds num bytes before the packet's. They are zero, so that what a layer
// leaves unwritten, as gopacket's IPv4 does the padding of its options, is not what an
// earlier packet had there, maybe another process's. The error is syscall.EMSGSIZE if the
// mbuf has no room for them, dpdk.ErrInvalid for a negative num. Nothing has changed
// then.
func (b *Buffer) PrependBytes(num int) ([]byte, error) {
	if num < 0 || num > b.start {
		if err := b.prepend(num); err != nil {
			return nil, err
		}
	}
	p := b.room[b.start-num : b.start : b.start]
	b.start -= num
	clear(p)
	return p, nil
}

// payload prepends p, without clearing the room for it first.
func (b *Buffer) payload(p []byte) error {
	if len(p) > b.start {
		if err := b.prepend(len(p)); err != nil {
			return err
		}
	}
	b.start -= copy(b.room[b.start-len(p):b.start], p)
	return nil
}

// prepend places an empty packet for PrependBytes, or says why there is no room.
func (b *Buffer) prepend(num int) error {
	if err := b.check(opPrepend, num); err != nil {
		return err
	}
	if b.start == unplaced {
		if at := len(b.room) - trailer; num <= at {
			b.place(at)
		} else {
			b.place(len(b.room))
		}
	}
	if num > b.start {
		b.need.before, b.need.behind = b.anchor-b.start+num, b.end-b.anchor
		return b.noRoom(opPrepend, num, b.start, "before")
	}
	return nil
}

// AppendBytes adds num bytes behind the packet's, as PrependBytes does before them.
func (b *Buffer) AppendBytes(num int) ([]byte, error) {
	if num < 0 || b.start < 0 || num > len(b.room)-b.end {
		if err := b.append(num); err != nil {
			return nil, err
		}
	}
	p := b.room[b.end : b.end+num : b.end+num]
	b.end += num
	clear(p)
	return p, nil
}

// append places an empty packet for AppendBytes, or says why there is no room.
func (b *Buffer) append(num int) error {
	if err := b.check(opAppend, num); err != nil {
		return err
	}
	if b.start == unplaced {
		b.place(max(0, min(mbuf.DefaultHeadroom, len(b.room)-num)))
	}
	if room := len(b.room) - b.end; num > room {
		b.need.before, b.need.behind = b.anchor-b.start, b.end-b.anchor+num
		return b.noRoom(opAppend, num, room, "behind")
	}
	return nil
}

func (b *Buffer) check(op string, num int) error {
	switch {
	case b.m == nil:
		return check.Invalid(op, "", "the Buffer has no mbuf: use NewBuffer or Reset")
	case num < 0:
		return check.Invalid(op, "", "%d bytes", num)
	}
	return nil
}

func (b *Buffer) noRoom(op string, num, room int, where string) error {
	b.short = &dpdk.Error{Op: op, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf(
		"%d bytes %s %d, where the mbuf has room for %d: use a pool with a larger DataRoom", num, where, b.end-b.start, room)}
	return b.short
}

// Clear makes the packet empty. It returns nil.
func (b *Buffer) Clear() error {
	if b.m != nil {
		b.m.Trim(b.m.DataLen())
		b.begin()
	}
	return nil
}

// Layers are the types of the layers that were written, the innermost first. The
// slice ends with the next Clear or Reset.
func (b *Buffer) Layers() []gopacket.LayerType { return b.layers }

// PushLayer adds to Layers, and makes the mbuf's lengths those of Bytes.
func (b *Buffer) PushLayer(t gopacket.LayerType) {
	b.layers = append(b.layers, t)
	b.commit()
}

// commit makes the mbuf's data the Buffer's: first larger, then smaller.
func (b *Buffer) commit() {
	if b.start < 0 {
		return
	}
	start := b.m.Headroom()
	end := start + b.m.DataLen()
	if b.end > end {
		b.m.Append(b.end - end)
	}
	if b.start < start {
		b.m.Prepend(start - b.start)
	} else {
		b.m.Adj(b.start - start)
	}
	if b.end < end {
		b.m.Trim(end - b.end)
	}
}
