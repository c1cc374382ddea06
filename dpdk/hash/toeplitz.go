package hash

import (
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
)

// Toeplitz computes the hash by which NICs spread packets over receive queues (RSS).
// The zero value hashes everything to 0.
type Toeplitz struct {
	// tables[i][b] is what the byte b adds at place i of a tuple. The hash is linear: that of a tuple is the XOR of what
	// its bytes add.
	tables [][256]uint32
}

// NewToeplitz returns the hash with an RSS key. NICs have keys of 40 or 52 bytes: see
// ethdev.Port.RSSHash.
func NewToeplitz(key []byte) (Toeplitz, error) {
	const least = 40 // IPv6 with ports
	if len(key) < least {
		return Toeplitz{}, fmt.Errorf("hash: the RSS key has %d bytes: use the key of the port, which has at least %d", len(key), least)
	}
	t := Toeplitz{make([][256]uint32, len(key)-4)}
	for i := range t.tables {
		window := uint64(binary.BigEndian.Uint32(key[i:]))<<8 | uint64(key[i+4])
		for b := range 256 {
			for bit := range 8 {
				if b>>(7-bit)&1 == 1 {
					t.tables[i][b] ^= uint32(window >> (8 - bit))
				}
			}
		}
	}
	return t, nil
}

// MaxTuple returns the number of bytes of a tuple that the key is long enough for. It is 36 for a key of
// 40 bytes: IPv6 with ports.
func (t Toeplitz) MaxTuple() int { return len(t.tables) }

// Sum returns the hash of a tuple in network byte order: the source address, the destination address,
// the source port, and the destination port, as far as the NIC includes them. Bytes after the first
// [Toeplitz.MaxTuple] add nothing.
//
// Implements: rte_softrss, rte_softrss_be
func (t Toeplitz) Sum(tuple []byte) (h uint32) {
	tables := t.tables
	for i, b := range tuple[:min(len(tuple), len(tables))] {
		h ^= tables[i][b]
	}
	return h
}

// Flow returns the hash of a packet with these addresses and ports, which is that of types such as
// ethdev.RSSTCP. Both addresses must be of the same family.
func (t Toeplitz) Flow(src, dst netip.AddrPort) uint32 {
	var buf [36]byte
	n := putAddrs(&buf, src.Addr(), dst.Addr())
	binary.BigEndian.PutUint16(buf[n:], src.Port())
	binary.BigEndian.PutUint16(buf[n+2:], dst.Port())
	return t.Sum(buf[:n+4])
}

// Addrs returns the hash of a packet without ports, which is that of types such as ethdev.RSSIPv4.
func (t Toeplitz) Addrs(src, dst netip.Addr) uint32 {
	var buf [36]byte
	return t.Sum(buf[:putAddrs(&buf, src, dst)])
}

// putAddrs writes the addresses to a tuple and returns their length.
func putAddrs(buf *[36]byte, src, dst netip.Addr) int {
	if src, dst := src.Unmap(), dst.Unmap(); src.Is4() && dst.Is4() {
		s, d := src.As4(), dst.As4()
		copy(buf[:], s[:])
		copy(buf[4:], d[:])
		return 8
	}
	s, d := src.As16(), dst.As16()
	copy(buf[:], s[:])
	copy(buf[16:], d[:])
	return 32
}

// SourcePorts returns the ports at which a connection from local to remote gets its replies on the
// given receive queue, in ascending order from 1. reta is the redirection table of the port that
// receives them, from ethdev.Port.RETA. The port must hash ports, as with ethdev.RSSTCP.
//
// It serves the purpose of rte_thash_adjust_tuple: it tries all ports instead of computing some.
func (t Toeplitz) SourcePorts(local netip.Addr, remote netip.AddrPort, reta []int, queue int) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		if len(reta) == 0 {
			return
		}
		for port := 1; port <= 0xffff; port++ {
			h := t.Flow(remote, netip.AddrPortFrom(local, uint16(port)))
			if reta[h%uint32(len(reta))] == queue && !yield(uint16(port)) {
				return
			}
		}
	}
}

// SymmetricKey returns an RSS key of n bytes with which both directions of a connection have the same
// hash, and so arrive on the same queue.
func SymmetricKey(n int) []byte {
	key := make([]byte, max(n, 0))
	for i := range key {
		key[i] = [2]byte{0x6d, 0x5a}[i%2]
	}
	return key
}
