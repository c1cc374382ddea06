package acl_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/acl"
	"github.com/godpdk/godpdk/dpdk/header"
)

// linear finds the values of a key by trying all rules. hit reports whether a rule matches the key.
func linear(values []uint32, categories int, rules []acl.Rule, hit func(r *acl.Rule) bool) {
	clear(values)
	best := make([]int, categories)
	for i := range rules {
		r := &rules[i]
		if !hit(r) {
			continue
		}
		priority, mask := r.Priority, r.Categories
		if priority == 0 {
			priority = len(rules) - i
		}
		if mask == 0 {
			mask = ^uint32(0)
		}
		for c := range categories {
			if mask>>c&1 != 0 && priority > best[c] {
				best[c], values[c] = priority, r.Value
			}
		}
	}
}

// matches reports whether a rule over fields matches a key.
func matches(fields []acl.Field, r *acl.Rule, key []byte) bool {
	for i, f := range fields {
		b := make([]byte, 4)
		copy(b[4-f.Size:], key[f.Offset:f.Offset+f.Size])
		v, m := binary.BigEndian.Uint32(b), r.Fields[i]
		ok := false
		switch f.Type {
		case acl.Prefix:
			shift := uint32(f.Size*8) - m.MaskRange
			ok = uint64(v)>>shift == uint64(m.Value)>>shift
		case acl.Range:
			ok = m.Value <= v && v <= m.MaskRange
		case acl.Bits:
			ok = v&m.MaskRange == m.Value&m.MaskRange
		}
		if !ok {
			return false
		}
	}
	return true
}

// covers reports whether a tuple matches a packet.
func covers(t *acl.Tuple, low, high [2]uint16, any [2]bool, source, destination netip.AddrPort, p header.Protocol) bool {
	mask := t.ProtocolMask
	if mask == 0 && t.Protocol != 0 {
		mask = 0xff
	}
	in := func(prefix netip.Prefix, a netip.Addr) bool { return !prefix.IsValid() || prefix.Contains(a) }
	port := func(i int, p uint16) bool { return any[i] || low[i] <= p && p <= high[i] }
	return uint8(p)&mask == uint8(t.Protocol)&mask && in(t.Source, source.Addr()) && in(t.Destination, destination.Addr()) &&
		port(0, source.Port()) && port(1, destination.Port())
}

// tuple is a random rule, and what its ranges of ports are.
type tuple struct {
	acl.Tuple
	low, high [2]uint16
	any       [2]bool
}

func (t *tuple) covers(source, destination netip.AddrPort, p header.Protocol) bool {
	return covers(&t.Tuple, t.low, t.high, t.any, source, destination, p)
}

// few are addresses in few networks, so that random rules and packets meet.
func few(r *rand.Rand, six bool) netip.Addr {
	if !six {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	a := [16]byte{0x20, 0x01, 0x0d, 0xb8, byte(r.IntN(4)), byte(r.IntN(256)), 15: byte(r.IntN(256))}
	a[7+r.IntN(8)] = byte(r.IntN(2))
	return netip.AddrFrom16(a)
}

func port(r *rand.Rand) uint16 { return []uint16{0, 22, 53, 80, 443, uint16(r.Uint32())}[r.IntN(6)] }

func randomTuple(r *rand.Rand, six bool) (t tuple) {
	bits := func() int {
		if six {
			return []int{0, 1, 32, 33, 40, 48, 63, 64, 65, 100, 127, 128}[r.IntN(12)]
		}
		return []int{0, 1, 8, 14, 16, 20, 24, 31, 32}[r.IntN(9)]
	}
	prefix := func() netip.Prefix {
		if r.IntN(4) == 0 {
			return netip.Prefix{}
		}
		return netip.PrefixFrom(few(r, six), bits())
	}
	t.Source, t.Destination = prefix(), prefix()
	ports := [2]acl.Ports{}
	for i := range ports {
		switch r.IntN(3) {
		case 0:
			t.any[i] = true
		case 1:
			t.low[i] = port(r)
			t.high[i] = t.low[i]
			ports[i] = acl.Port(t.low[i])
		default:
			a, b := port(r), port(r)
			t.low[i], t.high[i] = min(a, b), max(a, b)
			ports[i] = acl.PortRange(t.low[i], t.high[i])
		}
	}
	t.SourcePorts, t.DestinationPorts = ports[0], ports[1]
	switch r.IntN(3) {
	case 0:
		t.Protocol = []header.Protocol{header.ProtocolTCP, header.ProtocolUDP}[r.IntN(2)]
	case 1:
		t.Protocol, t.ProtocolMask = header.Protocol(r.IntN(256)), uint8(r.IntN(256))
	}
	return t
}

// bytesOf returns the bytes of a key.
func bytesOf[K any](k *K) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(k)), unsafe.Sizeof(*k))
}
