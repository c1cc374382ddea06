package hash

// words[k][b] is the CRC of the byte b with k zero bytes after it.
var words = func() (t [8][256]uint32) {
	t[0] = *castagnoli
	for k := 1; k < len(t); k++ {
		for b, crc := range t[k-1] {
			t[k][b] = t[0][byte(crc)] ^ crc>>8
		}
	}
	return t
}()

// CRC32CUint32 returns the CRC-32C of the 4 little-endian bytes of n, as [CRC32C] does. It uses a table instead of the processor's
// instruction for CRCs, and is small enough that the compiler inlines it.
//
// Implements: rte_hash_crc_4byte
func CRC32CUint32(n, init uint32) uint32 {
	n ^= init
	return words[3][byte(n)] ^ words[2][byte(n>>8)] ^ words[1][byte(n>>16)] ^ words[0][n>>24]
}

// CRC32CUint64 returns the CRC-32C of the 8 little-endian bytes of n, as [CRC32C] does. It uses a table instead of the processor's
// instruction for CRCs, and is small enough that the compiler inlines it.
//
// Implements: rte_hash_crc_8byte
func CRC32CUint64(n uint64, init uint32) uint32 {
	n ^= uint64(init)
	return words[7][byte(n)] ^ words[6][byte(n>>8)] ^ words[5][byte(n>>16)] ^ words[4][byte(n>>24)] ^
		words[3][byte(n>>32)] ^ words[2][byte(n>>40)] ^ words[1][byte(n>>48)] ^ words[0][n>>56]
}
