package flow

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
)

// place is the place of a value in a C struct.
type place struct {
	off, size   int // bytes
	shift, bits int // of a number in these bytes; bits 0 is all of them
	little      bool
	signed      bool
}

// network is a value in network order.
func network(off, size int) place { return place{off: off, size: size} }

// host is a number in the order of the CPU, which is little-endian on all CPUs that DPDK and Go share.
func host(off, size int) place { return place{off: off, size: size, little: true} }

// part is some bits of a number in network order. shift is the number of bits below them.
func part(off, size, shift, bits int) place {
	return place{off: off, size: size, shift: shift, bits: bits}
}

// bitField is a bit-field of C that begins at a bit of the struct.
func bitField(bit, bits int) place {
	return place{off: bit / 8, size: (bit%8 + bits + 7) / 8, shift: bit % 8, bits: bits, little: true}
}

// width returns the number of bits of the value.
func (p place) width() int {
	if p.bits != 0 {
		return p.bits
	}
	return 8 * p.size
}

// put writes a value into the struct b: an int, bool, netip.Addr or header.MAC.
func (p place) put(b []byte, v any) error {
	switch v := v.(type) {
	case int:
		return p.putInt(b, v)
	case bool:
		if v {
			return p.putInt(b, 1)
		}
		return p.putInt(b, 0)
	case netip.Addr:
		return p.putAddr(b, v)
	case header.MAC:
		copy(b[p.off:p.off+p.size], v[:])
	}
	return nil
}

func (p place) putInt(b []byte, v int) error {
	width := p.width()
	switch {
	case p.signed && (v < -1<<(width-1) || v >= 1<<(width-1)):
		return fmt.Errorf("%d is not a number of %d bits with a sign", v, width)
	case !p.signed && v < 0:
		return fmt.Errorf("%d is negative", v)
	case !p.signed && width < 63 && v >= 1<<width:
		return fmt.Errorf("%d is more than %d, the largest number of %d bits", v, 1<<width-1, width)
	}
	p.or(b, uint64(v)&(1<<width-1)<<p.shift)
	return nil
}

// or sets bits of the number, which other values may share.
func (p place) or(b []byte, n uint64) {
	for i := range p.size {
		at := p.off + p.size - 1 - i
		if p.little {
			at = p.off + i
		}
		b[at] |= byte(n >> (8 * i))
	}
}

func (p place) putAddr(b []byte, v netip.Addr) error {
	switch {
	case !v.IsValid():
		return errors.New("the address is not valid")
	case v.Zone() != "":
		return fmt.Errorf("the address %v has a zone", v)
	case v.BitLen() != 8*p.size:
		return fmt.Errorf("%v is not an address of %d bytes", v, p.size)
	}
	copy(b[p.off:p.off+p.size], v.AsSlice())
	return nil
}

// ones sets all bits of the value.
func (p place) ones(b []byte) {
	if p.size > 8 || p.bits == 0 {
		for i := range p.size {
			b[p.off+i] = 0xff
		}
		return
	}
	p.or(b, (1<<p.bits-1)<<p.shift)
}
