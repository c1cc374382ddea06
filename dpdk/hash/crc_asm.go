//go:build (amd64 || arm64) && !purego

package hash

// crc32c is [CRC32C].
//
//go:noescape
func crc32c(key []byte, init uint32) uint32

// crc32cEach is [CRC32CEach] with len(out) keys.
//
//go:noescape
func crc32cEach(out []uint32, keys []byte, size int, init uint32)
