//go:build linux && cgo

package hash_test

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/test/twin"
)

func TestHashesAreThoseOfC(t *testing.T) {
	r, bytes := random()
	buf := make([]byte, 128)
	for range 20_000 {
		at, n := r.IntN(16), r.IntN(100)
		key, init, init2 := buf[at:at+n], r.Uint32(), r.Uint32()
		bytes.Read(key)
		p := unsafe.Pointer(&buf[at])
		require.Equal(t, twin.HashCRC(p, n, init), hash.CRC32C(key, init), "%d bytes at %d", n, at)
		require.Equal(t, twin.Jhash(p, n, init), hash.Jenkins(key, init), "%d bytes at %d", n, at)
		h, h2 := twin.Jhash2(p, n, init, init2)
		g, g2 := hash.Jenkins2(key, init, init2)
		require.Equal(t, [2]uint32{h, h2}, [2]uint32{g, g2}, "%d bytes at %d", n, at)
	}
	for i := range 2_000 {
		words := make([]uint32, i%10)
		for i := range words {
			words[i] = r.Uint32()
		}
		require.Equal(t, twin.JhashWords(7, words...), hash.JenkinsWords(7, words...), "%d words", len(words))
		h, h2 := twin.JhashWords2(7, 9, words...)
		g, g2 := hash.JenkinsWords2(7, 9, words...)
		require.Equal(t, [2]uint32{h, h2}, [2]uint32{g, g2}, "%d words", len(words))
	}
}

func TestToeplitzIsThatOfC(t *testing.T) {
	_, bytes := random()
	for i := range 5_000 {
		key, tuple := make([]byte, 40+12*(i%2)), make([]byte, 4+4*(i%9))
		bytes.Read(key)
		bytes.Read(tuple)
		words := make([]uint32, len(tuple)/4)
		for i := range words {
			words[i] = binary.BigEndian.Uint32(tuple[4*i:])
		}
		h, err := hash.NewToeplitz(key)
		require.NoError(t, err)
		require.Equal(t, twin.SoftRSS(words, key), h.Sum(tuple), "%d bytes", len(tuple))
	}
}
