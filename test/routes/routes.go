// Package routes generates routes as routers have them, for tests and benchmarks, and finds them again in a plain way.
package routes

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// Routes of a full BGP table, in thousands by the length of the prefix, and some longer ones as inside a network.
var (
	Spread4 = map[int]float64{8: .02, 9: .01, 10: .04, 11: .1, 12: .3, 13: .6, 14: 1.2, 15: 2.1, 16: 13.5, 17: 8.3, 18: 14, 19: 25, 20: 45,
		21: 52, 22: 115, 23: 104, 24: 610, 25: .5, 26: .7, 27: .8, 28: 1, 29: 1.5, 30: 2, 31: .5, 32: 3}
	Spread6 = map[int]float64{19: .01, 20: .05, 24: .1, 28: .5, 29: 5, 32: 24, 33: 3, 34: 2.5, 35: 1.5, 36: 10, 38: 2.5, 40: 15, 42: 3, 44: 20,
		45: 2, 46: 6, 47: 6, 48: 100, 56: .5, 64: 1, 127: .1, 128: .5}
)

// Prefixes returns n different prefixes with this spread, in random order.
func Prefixes(r *rand.Rand, six bool, n int) []netip.Prefix {
	spread := Spread4
	if six {
		spread = Spread6
	}
	var lengths []int // each 100th of a thousand once
	for bits := range 129 {
		for range int(spread[bits] * 100) {
			lengths = append(lengths, bits)
		}
	}
	seen := make(map[netip.Prefix]bool, n)
	all := make([]netip.Prefix, 0, n)
	for len(all) < n {
		p, _ := Random(r, six).Prefix(lengths[r.IntN(len(lengths))])
		if !seen[p] {
			seen[p] = true
			all = append(all, p)
		}
	}
	return all
}

// Random returns an address. IPv6 addresses are in 2000::/12, where prefixes have bits in common.
func Random(r *rand.Rand, six bool) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.Uint64())
	binary.BigEndian.PutUint64(b[8:], r.Uint64())
	if six {
		b[0], b[1] = 0x20, b[1]&0xf
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte(b[:]))
}

// Near returns an address that a route is likely to contain: one in the prefix, its last one, or the one after it.
func Near(r *rand.Rand, p netip.Prefix) netip.Addr {
	b, other := p.Addr().AsSlice(), Random(r, p.Addr().Is6()).AsSlice()
	last := r.IntN(4)
	for i := p.Bits(); i < len(b)*8; i++ {
		if last == 0 || last > 1 && bit(other, i) != 0 {
			b[i/8] |= 1 << (7 - i%8)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	if next := a.Next(); last == 0 && r.IntN(2) == 0 && next.IsValid() {
		return next
	}
	return a
}

// Trie is the plain model of a table: a binary tree with a bit of the prefix at each level.
type Trie struct {
	nodes []node
}

type node struct {
	child [2]int32
	has   bool
	hop   uint64
}

func bit(b []byte, i int) byte { return b[i/8] >> (7 - i%8) & 1 }

// node returns the node of a prefix, which it makes.
func (t *Trie) node(p netip.Prefix) *node {
	if t.nodes == nil {
		t.nodes = make([]node, 1)
	}
	at, b := int32(0), p.Addr().AsSlice()
	for i := range p.Bits() {
		next := t.nodes[at].child[bit(b, i)]
		if next == 0 {
			next = int32(len(t.nodes))
			t.nodes = append(t.nodes, node{})
			t.nodes[at].child[bit(b, i)] = next
		}
		at = next
	}
	return &t.nodes[at]
}

// Set adds a route, or replaces its next hop.
func (t *Trie) Set(p netip.Prefix, hop uint64) {
	n := t.node(p)
	n.has, n.hop = true, hop
}

// Delete deletes a route.
func (t *Trie) Delete(p netip.Prefix) { *t.node(p) = node{child: t.node(p).child} }

// Lookup returns the next hop of the longest prefix that contains the address, which has 4 or 16 bytes.
func (t *Trie) Lookup(b []byte) (hop uint64, ok bool) {
	at := int32(0)
	for i := 0; len(t.nodes) > 0; i++ {
		n := &t.nodes[at]
		if n.has {
			hop, ok = n.hop, true
		}
		if i == len(b)*8 {
			break
		}
		if at = n.child[bit(b, i)]; at == 0 {
			break
		}
	}
	return hop, ok
}
