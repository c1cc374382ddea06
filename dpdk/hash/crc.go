package hash

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// long is the length from which package crc32 is faster: it computes three parts of the key at once.
const long = 512

// CRC32C returns the CRC-32C of key, from the value init and without the inversions that checksums of
// files and protocols have.
//
// Implements: rte_hash_crc
func CRC32C(key []byte, init uint32) uint32 {
	if !fast || len(key) >= long {
		return ^crc32.Update(^init, castagnoli, key)
	}
	return crc32c(key, init)
}

// CRC32CEach writes the CRC-32C of each key to out, and returns the number of keys: len(keys) ÷ size,
// at most len(out). The keys have size bytes each and follow each other. The Go scheduler cannot preempt a call: pass a
// burst of keys, not all keys of a table.
func CRC32CEach(out []uint32, keys []byte, size int, init uint32) int {
	if size <= 0 {
		return 0
	}
	n := min(len(out), len(keys)/size)
	if fast {
		crc32cEach(out[:n], keys, size, init)
		return n
	}
	for i := range n {
		out[i] = CRC32C(keys[i*size:][:size], init)
	}
	return n
}
