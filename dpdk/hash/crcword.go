package hash

// words[k][b] is the CRC of the byte b with k zero bytes after it.
var words = func() (t [4][256]uint32) {
	t[0] = *castagnoli
	for k := 1; k < len(t); k++ {
		for b, crc := range t[k-1] {
			t[k][b] = t[0][byte(crc)] ^ crc>>8
		}
	}
	return t
}()

// CRC32CUint32 returns the CRC-32C of the 4 little-endian bytes of n, as [CRC32C] does. It uses a table instead of the processor's
// instruction for CRCs, and is small enough that the compiler inlines it. For longer keys the instruction is faster.
//
// Implements: rte_hash_crc_4byte
func CRC32CUint32(n, init uint32) uint32 {
	n ^= init
	return words[3][byte(n)] ^ words[2][byte(n>>8)] ^ words[1][byte(n>>16)] ^ words[0][n>>24]
}
