package packet

import (
	"fmt"
	"sync"

	"github.com/google/gopacket"

	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// buffers spares Serialize an allocation: the layers make a Buffer escape.
var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// Serialize writes the layers into m, the outermost first in the arguments, around
// the bytes that m holds: of an empty mbuf the layers make a packet, and around a
// received one they make a tunnel's. Lengths and checksums are filled in as opts say;
// m's lengths are right afterwards. It does not copy, and does not allocate unless
// the layers do: a gopacket.Payload is best made a gopacket.SerializableLayer once.
//
// m needs headroom for what goes before the bytes that it holds and tailroom for what
// goes behind, such as the padding of a short frame. In an empty mbuf all of its
// buffer is room, and the packet is placed where the layers fit, near its end, so that
// the headroom is what is left over.
//
// Errors: syscall.EMSGSIZE if there is no room, dpdk.ErrInvalid as of Buffer.Reset or for
// a nil layer, and those of the layers. m is as it was then. It may be called from any
// goroutine; m is the caller's. A loop keeps a Buffer and calls its Serialize.
func Serialize(m *mbuf.Mbuf, opts gopacket.SerializeOptions, layers ...gopacket.SerializableLayer) error {
	b := buffers.Get().(*Buffer)
	err := b.Serialize(m, opts, layers...)
	b.m, b.room, b.short = nil, nil, nil
	buffers.Put(b)
	return err
}

// Serialize is the function Serialize with a Buffer of the caller's, a zero one to start
// with: a loop that keeps it spares a seventh of the time of a small packet. b is one of
// m afterwards.
func (b *Buffer) Serialize(m *mbuf.Mbuf, opts gopacket.SerializeOptions, layers ...gopacket.SerializableLayer) error {
	if err := b.Reset(m); err != nil {
		return err
	}
	empty := b.start == unplaced
	// How much layers append is known only when they have, and where an empty packet
	// is to be placed only then. Each failure teaches more of it, so this ends. m
	// changes only at success.
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
			return check.Invalid(opPrepend, "", "layer %d is nil", i)
		}
		var err error
		if p, ok := l.(gopacket.Payload); ok {
			err = b.payload(p)
		} else {
			err = l.SerializeTo(b, opts)
		}
		if err == nil {
			err = b.short // which some layers do not look at
		}
		if err != nil {
			return fmt.Errorf("packet: layer %d, %v: %w", i, l.LayerType(), err)
		}
		b.layers = append(b.layers, l.LayerType())
	}
	return nil
}
