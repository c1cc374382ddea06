package lpm_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/lpm"
)

// trie is the plain model: a binary tree with a bit of the prefix at each level.
type trie []struct {
	child [2]int32
	hop   int32 // plus 1; 0 if the prefix has no route
}

func newTrie() *trie { t := make(trie, 1); return &t }

func bit(b []byte, i int) byte { return b[i/8] >> (7 - i%8) & 1 }

// set adds a route, or deletes it if hop is -1.
func (t *trie) set(p netip.Prefix, hop int) {
	at, b := int32(0), p.Addr().AsSlice()
	for i := range p.Bits() {
		next := (*t)[at].child[bit(b, i)]
		if next == 0 {
			next = int32(len(*t))
			*t = append(*t, trie{{}}...)
			(*t)[at].child[bit(b, i)] = next
		}
		at = next
	}
	(*t)[at].hop = int32(hop + 1)
}

func (t *trie) lookup(b []byte) (hop uint32, ok bool) {
	best, at := int32(0), int32(0)
	for i := 0; ; i++ {
		n := &(*t)[at]
		if n.hop != 0 {
			best = n.hop
		}
		if i == len(b)*8 {
			break
		}
		if at = n.child[bit(b, i)]; at == 0 {
			break
		}
	}
	return uint32(best - 1), best != 0
}

// Routes of a full BGP table, in thousands by the length of the prefix, and some longer ones as inside a network.
var (
	spread4 = map[int]float64{8: .02, 9: .01, 10: .04, 11: .1, 12: .3, 13: .6, 14: 1.2, 15: 2.1, 16: 13.5, 17: 8.3, 18: 14, 19: 25, 20: 45,
		21: 52, 22: 115, 23: 104, 24: 610, 25: .5, 26: .7, 27: .8, 28: 1, 29: 1.5, 30: 2, 31: .5, 32: 3}
	spread6 = map[int]float64{19: .01, 20: .05, 24: .1, 28: .5, 29: 5, 32: 24, 33: 3, 34: 2.5, 35: 1.5, 36: 10, 38: 2.5, 40: 15, 42: 3, 44: 20,
		45: 2, 46: 6, 47: 6, 48: 100, 56: .5, 64: 1, 127: .1, 128: .5}
)

// routes returns n different routes with this spread, in random order, with next hops up to the largest.
func routes(r *rand.Rand, six bool, n int) []lpm.Route {
	spread, maxHop := spread4, lpm.MaxNextHop4
	if six {
		spread, maxHop = spread6, lpm.MaxNextHop6
	}
	var lengths []int // each 100th of a thousand once
	for bits := range 129 {
		for range int(spread[bits] * 100) {
			lengths = append(lengths, bits)
		}
	}
	seen := map[netip.Prefix]bool{}
	var all []lpm.Route
	for len(all) < n {
		p, _ := random(r, six).Prefix(lengths[r.IntN(len(lengths))])
		if !seen[p] {
			seen[p] = true
			all = append(all, lpm.Route{Prefix: p, NextHop: r.Uint32N(uint32(maxHop) + 1)})
		}
	}
	return all
}

// random returns an address. IPv6 addresses are in 2000::/12, where prefixes have bits in common.
func random(r *rand.Rand, six bool) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.Uint64())
	binary.BigEndian.PutUint64(b[8:], r.Uint64())
	if six {
		b[0], b[1] = 0x20, b[1]&0xf
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte(b[:]))
}

// near returns an address that a route is likely to contain: one in the prefix, its last one, or the one after it.
func near(r *rand.Rand, p netip.Prefix) netip.Addr {
	b, other := p.Addr().AsSlice(), random(r, p.Addr().Is6()).AsSlice()
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
