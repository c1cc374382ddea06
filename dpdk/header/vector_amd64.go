//go:build !purego

package header

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

// vectorMin is the number of bytes from which on sumAVX2 is faster than words of 8 bytes. It must be
// from 32 to 128: RawChecksum is straight code below it.
const vectorMin = 128

// vectorMax is the largest number of bytes of a call of sumAVX2: a lane then has 2048 sums, each of
// at most 2^16.
const vectorMax = 1 << 16

var useVector = cpu.X86.HasAVX2

// sumAVX2 returns the sum of the n/2 little-endian 16-bit words at p, each minus 0x8000. n is
// even, and from 32 to vectorMax.
//
//go:noescape
func sumAVX2(p *byte, n int) int64

// rawVector is RawChecksum with AVX2.
func rawVector(b []byte) uint16 {
	var s uint64
	for len(b) > vectorMax {
		s += sumWords(b[:vectorMax])
		b = b[vectorMax:]
	}
	if len(b) < vectorMin {
		return addSums(bits.ReverseBytes16(fold64(s)), RawChecksum(b))
	}
	n := len(b) &^ 1
	s += sumWords(b[:n])
	if n < len(b) {
		s += uint64(b[n])
	}
	return bits.ReverseBytes16(fold64(s))
}

// sumWords returns the sum of the words of b.
func sumWords(b []byte) uint64 { return uint64(sumAVX2(&b[0], len(b)) + int64(len(b))<<14) }
