package packet

import (
	"fmt"
	"sync"

	"github.com/google/gopacket"

	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// buffers saves an allocation in Serialize: the layers make a Buffer escape.
var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// Serialize writes the layers, the outermost first, into m around the bytes that it holds. In an
// empty mbuf the layers become a packet. Around a received packet they become the headers of a
// tunnel. opts select whether lengths and checksums are filled in. Serialize sets the lengths of m.
// It does not copy, and allocates only if the layers do: convert a gopacket.Payload into a
// gopacket.SerializableLayer once.
//
// m needs headroom for the bytes before those that it holds, and tailroom for those behind them,
// such as the padding of a short frame. An empty mbuf can use its whole buffer. There the packet
// is placed where the layers fit, near the end, so that the rest of the buffer is headroom.
//
// The caller keeps m. Serialize may be called from any goroutine. In a loop keep a [Buffer] and
// use [Buffer.Serialize].
//
// Errors: [dpdk.ErrMessageSize] if m has not enough room, [dpdk.ErrInvalid] for a nil layer or
// for the reasons of [Buffer.Reset], and the errors of the layers. m is unchanged then.
func Serialize(m *mbuf.Mbuf, opts gopacket.SerializeOptions, layers ...gopacket.SerializableLayer) error {
	b := buffers.Get().(*Buffer)
	err := b.Serialize(m, opts, layers...)
	b.m, b.room, b.short = nil, nil, nil
	buffers.Put(b)
	return err
}

// Serialize does the same as the function [Serialize], with a Buffer of the caller. It is faster
// in a loop that keeps the Buffer. b may be the zero value. Afterwards b writes into m.
func (b *Buffer) Serialize(m *mbuf.Mbuf, opts gopacket.SerializeOptions, layers ...gopacket.SerializableLayer) error {
	if err := b.Reset(m); err != nil {
		return err
	}
	empty := b.start == unplaced
	// The bytes that layers append are known only after they were written, and only then
	// the place for an empty packet. Each failure leads to a later place, so the loop ends.
	// m changes only on success.
	for {
		err := b.write(opts, layers)
		if err == nil {
			b.commit()
			return nil
		}
		if b.short == nil || !empty || b.need.before+b.need.behind > len(b.room) {
			return err
		}
		b.begin()
		b.place(len(b.room) - b.need.behind)
	}
}

// write writes the layers, the innermost first.
func (b *Buffer) write(opts gopacket.SerializeOptions, layers []gopacket.SerializableLayer) error {
	for i := len(layers) - 1; i >= 0; i-- {
		l := layers[i]
		if l == nil {
			return check.Invalid(opPrepend, "", "layer %d is nil: leave it out", i)
		}
		var err error
		if p, ok := l.(gopacket.Payload); ok {
			err = b.payload(p)
		} else {
			err = l.SerializeTo(b, opts)
		}
		if err == nil {
			err = b.short // some layers ignore it
		}
		if err != nil {
			return fmt.Errorf("packet: layer %d, %v: %w", i, l.LayerType(), err)
		}
		b.layers = append(b.layers, l.LayerType())
	}
	return nil
}
