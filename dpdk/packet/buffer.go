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

// trailer is the room behind the packet for bytes that layers append: Ethernet pads to 60 bytes.
const trailer = 64

// Buffer is a gopacket.SerializeBuffer in an mbuf: layers are written to the memory from which
// the port sends. Use it with gopacket.SerializeLayers and gopacket.SerializePacket, which clear
// it first. [Serialize] is simpler, does not clear the packet, and finds room in more cases.
//
// The first call decides where the bytes of an empty packet are placed. [Buffer.PrependBytes],
// which layers call, places them 64 bytes before the end of the mbuf's buffer.
// [Buffer.AppendBytes] places them behind the usual headroom. They stay there afterwards: a later
// call fails if it finds no room before or behind them. The zero Buffer has no room.
//
// [Buffer.PushLayer], which those functions of gopacket call after each layer, and
// [Buffer.Clear] set the mbuf's lengths. A layer that fails does not change them.
type Buffer struct {
	m      *mbuf.Mbuf
	room   []byte // the mbuf's buffer
	layers []gopacket.LayerType
	// The packet is room[start:end]. The bytes before anchor were prepended, those behind it
	// appended. start is negative before an empty packet is placed, so that every call finds
	// no room and calls place.
	start, anchor, end int
	// need holds the bytes needed before and behind the anchor by the call that found no
	// room, and short is its error.
	need  struct{ before, behind int }
	short error
}

// NewBuffer returns a Buffer that writes into m, as after [Buffer.Reset].
func NewBuffer(m *mbuf.Mbuf) (*Buffer, error) {
	b := new(Buffer)
	if err := b.Reset(m); err != nil {
		return nil, err
	}
	return b, nil
}

// Reset makes b write into m, around the bytes that it holds. The caller keeps m, and must not
// change its lengths while it uses b. Do not use b after m was freed or passed on.
//
// Reset fails with [dpdk.ErrInvalid] if m is nil, has several segments, or shares its buffer
// with other mbufs ([mbuf.Mbuf.Shared]). b is unchanged then.
func (b *Buffer) Reset(m *mbuf.Mbuf) error {
	switch {
	case m == nil:
		return check.Invalid(opPrepend, "", "the mbuf is nil")
	case !m.Contiguous():
		return check.Invalid(opPrepend, "", "the packet has %d segments, and layers need one: call Linearize", m.NumSegments())
	case m.Shared():
		return check.Invalid(opPrepend, "", "other mbufs share the buffer: use Copy")
	}
	b.m, b.room = m, m.Buffer()
	b.begin()
	return nil
}

// begin sets the Buffer to the bytes that the mbuf holds.
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

// place sets the start of an empty packet in the mbuf's buffer.
func (b *Buffer) place(at int) { b.start, b.anchor, b.end = at, at, at }

// Bytes returns the packet's bytes, in the mbuf.
func (b *Buffer) Bytes() []byte {
	if b.start < 0 {
		return nil
	}
	return b.room[b.start:b.end:b.end]
}

// PrependBytes adds num zero bytes before the packet. Layers do not write all of them: gopacket's
// IPv4 skips the padding of its options. Zeroing prevents that bytes of an earlier packet, perhaps
// of another process, are sent.
//
// Errors: [dpdk.ErrMessageSize] if the mbuf has not enough room, [dpdk.ErrInvalid] for a negative
// num or a Buffer without an mbuf. The packet is unchanged then.
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

// payload prepends p, without zeroing the room first.
func (b *Buffer) payload(p []byte) error {
	if len(p) > b.start {
		if err := b.prepend(len(p)); err != nil {
			return err
		}
	}
	b.start -= copy(b.room[b.start-len(p):b.start], p)
	return nil
}

// prepend places an empty packet for PrependBytes, or returns an error for too little room.
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

// AppendBytes adds num zero bytes behind the packet. It fails as [Buffer.PrependBytes] does.
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

// append places an empty packet for AppendBytes, or returns an error for too little room.
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
		return check.Invalid(op, "", "the number of bytes %d is negative: use 0 or more", num)
	}
	return nil
}

func (b *Buffer) noRoom(op string, num, room int, where string) error {
	b.short = &dpdk.Error{Op: op, Errno: dpdk.ErrMessageSize, Detail: fmt.Sprintf(
		"%d bytes %s %d do not fit into the mbuf, which has room for %d: use a pool with a larger DataRoom", num, where, b.end-b.start, room)}
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

// Layers returns the types of the layers that were written, the innermost first. The slice is
// valid until the next Clear or Reset.
func (b *Buffer) Layers() []gopacket.LayerType { return b.layers }

// PushLayer adds a layer to those of [Buffer.Layers], and sets the mbuf's lengths to those of
// [Buffer.Bytes].
func (b *Buffer) PushLayer(t gopacket.LayerType) {
	b.layers = append(b.layers, t)
	b.commit()
}

// commit sets the mbuf's lengths to those of the Buffer. It extends before it shortens.
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
