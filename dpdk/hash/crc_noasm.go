//go:build !(amd64 || arm64) || purego

package hash

const fast = false

func crc32c([]byte, uint32) uint32 { return 0 }

func crc32cEach([]uint32, []byte, int, uint32) {}
