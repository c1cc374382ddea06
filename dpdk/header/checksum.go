package header

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"net/netip"
)

// RawChecksum returns the one's complement sum of the 16-bit words of b in network byte order
// (RFC 1071), not complemented. A last odd byte counts as the first half of a word. The sum is 0
// only if all bytes are 0.
//
// Implements: rte_raw_cksum
func RawChecksum(b []byte) uint16 {
	if len(b) >= vectorMin {
		return rawLong(b)
	}
	// 8 bytes at a time. The byte order of the words does not matter for the sum, but for swapping its two bytes at the end.
	le := binary.LittleEndian
	var s, c uint64
	if len(b) >= 64 {
		s, c = bits.Add64(le.Uint64(b[0:8]), le.Uint64(b[8:16]), 0)
		s, c = bits.Add64(s, le.Uint64(b[16:24]), c)
		s, c = bits.Add64(s, le.Uint64(b[24:32]), c)
		s, c = bits.Add64(s, le.Uint64(b[32:40]), c)
		s, c = bits.Add64(s, le.Uint64(b[40:48]), c)
		s, c = bits.Add64(s, le.Uint64(b[48:56]), c)
		s, c = bits.Add64(s, le.Uint64(b[56:64]), c)
		s, _ = bits.Add64(s, 0, c) // no carry: two of them in a row would need a word above 2^64 - 1
		if len(b) == 64 {
			return bits.ReverseBytes16(fold64(s))
		}
		b = b[64:]
	}
	if len(b) >= 32 {
		s, c = bits.Add64(s, le.Uint64(b[0:8]), 0)
		s, c = bits.Add64(s, le.Uint64(b[8:16]), c)
		s, c = bits.Add64(s, le.Uint64(b[16:24]), c)
		s, c = bits.Add64(s, le.Uint64(b[24:32]), c)
		s, _ = bits.Add64(s, 0, c)
		b = b[32:]
	}
	if len(b) >= 16 {
		s, c = bits.Add64(s, le.Uint64(b[0:8]), 0)
		s, c = bits.Add64(s, le.Uint64(b[8:16]), c)
		s, _ = bits.Add64(s, 0, c)
		b = b[16:]
	}
	if len(b) >= 8 {
		s, c = bits.Add64(s, le.Uint64(b), 0)
		s, _ = bits.Add64(s, 0, c)
		b = b[8:]
	}
	if len(b) > 0 {
		var v uint64
		if len(b) >= 4 {
			v = uint64(le.Uint32(b))
			b = b[4:]
		}
		if len(b) >= 2 {
			v += uint64(le.Uint16(b))
			b = b[2:]
		}
		if len(b) > 0 {
			v += uint64(b[0])
		}
		s, c = bits.Add64(s, v, 0)
		s, _ = bits.Add64(s, 0, c)
	}
	return bits.ReverseBytes16(fold64(s))
}

// rawLong is RawChecksum for vectorMin bytes and more.
func rawLong(b []byte) uint16 {
	if useVector {
		return rawVector(b)
	}
	le := binary.LittleEndian
	var s, c uint64
	for len(b) >= 64 {
		s, c = bits.Add64(s, le.Uint64(b[0:8]), 0)
		s, c = bits.Add64(s, le.Uint64(b[8:16]), c)
		s, c = bits.Add64(s, le.Uint64(b[16:24]), c)
		s, c = bits.Add64(s, le.Uint64(b[24:32]), c)
		s, c = bits.Add64(s, le.Uint64(b[32:40]), c)
		s, c = bits.Add64(s, le.Uint64(b[40:48]), c)
		s, c = bits.Add64(s, le.Uint64(b[48:56]), c)
		s, c = bits.Add64(s, le.Uint64(b[56:64]), c)
		s, _ = bits.Add64(s, 0, c)
		b = b[64:]
	}
	return addSums(bits.ReverseBytes16(fold64(s)), RawChecksum(b))
}

// fold64 adds the four 16-bit words of s, with their carries.
func fold64(s uint64) uint16 {
	s += bits.RotateLeft64(s, 32)
	w := uint32(s >> 32)
	w += bits.RotateLeft32(w, 16)
	return uint16(w >> 16)
}

// foldSum returns the sum of numbers in network byte order as a 16-bit sum.
func foldSum(s uint64) uint16 { return fold64(s) }

// addSums adds two sums.
func addSums(a, b uint16) uint16 {
	s := uint32(a) + uint32(b)
	return uint16(s + s>>16)
}

// Checksum returns the Internet checksum of b: the complement of [RawChecksum]. It is 0 if b
// contains a right checksum.
func Checksum(b []byte) uint16 { return ^RawChecksum(b) }

// CombineChecksums returns the raw sum of two parts from the raw sum of each. n is the length of
// the first part in bytes.
func CombineChecksums(a uint16, n int, b uint16) uint16 {
	if n&1 != 0 {
		b = bits.ReverseBytes16(b)
	}
	return addSums(a, b)
}

// PseudoChecksum returns the sum of the pseudo header for an L4 packet of n bytes between two
// addresses of one IP version, not complemented.
func PseudoChecksum(source, destination netip.Addr, p Protocol, n int) uint16 {
	s := uint64(p) + uint64(uint32(n))
	if source.Is4() && destination.Is4() {
		a, b := source.As4(), destination.As4()
		return foldSum(s + uint64(be.Uint32(a[:])) + uint64(be.Uint32(b[:])))
	}
	a, b := source.As16(), destination.As16()
	return foldSum(s + uint64(RawChecksum(a[:])) + uint64(RawChecksum(b[:])))
}

// UpdateChecksum16 returns the checksum after a word of the data has changed from before to after
// (RFC 1624, equation 3). The word must start at an even offset. A checksum that was wrong stays
// wrong. A UDP checksum of 0, which means that there is none, must not be updated, and a result of
// 0 for UDP must be written as 0xffff.
func UpdateChecksum16(sum, before, after uint16) uint16 {
	return ^addSums(addSums(^sum, ^before), after)
}

// UpdateChecksum32 does the same as [UpdateChecksum16] for 4 bytes at an even offset, such as an IPv4 address.
func UpdateChecksum32(sum uint16, before, after uint32) uint16 {
	return ^foldSum(uint64(^sum) + uint64(^before) + uint64(after))
}

// UpdateChecksumBytes does the same as [UpdateChecksum16] for several bytes at an even offset, such as an IPv6
// address. The two slices may differ in length, as after a translation from IPv4 to IPv6.
func UpdateChecksumBytes(sum uint16, before, after []byte) uint16 {
	return ^addSums(addSums(^sum, ^RawChecksum(before)), RawChecksum(after))
}

// castagnoli is the table of SCTP's CRC.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SCTPChecksum computes the checksum of an SCTP packet with its chunks, as if the checksum field
// were 0 (RFC 9260, a CRC-32C). [SCTP.SetChecksum] writes it.
func SCTPChecksum(packet []byte) uint32 {
	s := crc32.Update(0, castagnoli, packet[:8])
	s = crc32.Update(s, castagnoli, zero[:])
	return bits.ReverseBytes32(crc32.Update(s, castagnoli, packet[SCTPLen:]))
}

var zero [4]byte
