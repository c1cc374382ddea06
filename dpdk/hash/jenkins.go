package hash

import (
	"encoding/binary"
	"math/bits"
)

const golden = 0xdeadbeef // RTE_JHASH_GOLDEN_RATIO

// Jenkins returns Bob Jenkins' hash of key, from the value init.
//
// Implements: rte_jhash
func Jenkins(key []byte, init uint32) uint32 {
	h, _ := Jenkins2(key, init, 0)
	return h
}

// Jenkins2 returns two hashes of key at once. The first is that of [Jenkins] if init2 is 0.
//
// Implements: rte_jhash_2hashes
func Jenkins2(key []byte, init, init2 uint32) (uint32, uint32) {
	a := golden + uint32(len(key)) + init
	b, c := a, a+init2
	if len(key) == 0 {
		return c, b
	}
	for ; len(key) > 12; key = key[12:] {
		a += binary.LittleEndian.Uint32(key)
		b += binary.LittleEndian.Uint32(key[4:])
		c += binary.LittleEndian.Uint32(key[8:])
		a, b, c = stir(a, b, c, 4, 6, 8)
		a, b, c = stir(a, b, c, 16, 19, 4)
	}
	if len(key) >= 8 {
		a += binary.LittleEndian.Uint32(key)
		b += binary.LittleEndian.Uint32(key[4:])
		return final(a, b, c+upTo4(key[8:]))
	}
	if len(key) >= 4 {
		a += binary.LittleEndian.Uint32(key)
		return final(a, b+upTo4(key[4:]), c)
	}
	return final(a+upTo4(key), b, c)
}

// JenkinsWords returns the hash of words, which is that of their bytes on a little-endian machine.
//
// Implements: rte_jhash_32b
func JenkinsWords(init uint32, words ...uint32) uint32 {
	h, _ := JenkinsWords2(init, 0, words...)
	return h
}

// JenkinsWord returns what [JenkinsWords] does for one word. It is small enough that the compiler inlines it.
//
// Implements: rte_jhash_1word
func JenkinsWord(init, a uint32) uint32 {
	b := golden + 4 + init
	a += b
	c := -bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	return (c ^ b) - bits.RotateLeft32(b, 24)
}

// JenkinsTwoWords returns what [JenkinsWords] does for two words. It is small enough that the compiler inlines it.
//
// Implements: rte_jhash_2words
func JenkinsTwoWords(init, a, b uint32) uint32 {
	init += golden + 8
	a += init
	b += init
	c := (init ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	return (c ^ b) - bits.RotateLeft32(b, 24)
}

// JenkinsThreeWords returns what [JenkinsWords] does for three words. It is small enough that the compiler inlines it.
//
// Implements: rte_jhash_3words
func JenkinsThreeWords(init, a, b, c uint32) uint32 {
	init += golden + 12
	a += init
	b += init
	c = (c + init ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	return (c ^ b) - bits.RotateLeft32(b, 24)
}

// JenkinsWords2 returns two hashes of words at once. The first is that of [JenkinsWords] if init2 is 0.
//
// Implements: rte_jhash_32b_2hashes
func JenkinsWords2(init, init2 uint32, words ...uint32) (uint32, uint32) {
	a := golden + uint32(len(words))<<2 + init
	b, c := a, a+init2
	for ; len(words) > 3; words = words[3:] {
		a, b, c = stir(a+words[0], b+words[1], c+words[2], 4, 6, 8)
		a, b, c = stir(a, b, c, 16, 19, 4)
	}
	switch len(words) {
	case 0:
		return c, b
	case 1:
		return final(a+words[0], b, c)
	case 2:
		return final(a+words[0], b+words[1], c)
	}
	return final(a+words[0], b+words[1], c+words[2])
}

// upTo4 returns the little-endian number of at most 4 bytes.
func upTo4(b []byte) (n uint32) {
	switch len(b) {
	case 4:
		return binary.LittleEndian.Uint32(b)
	case 3:
		return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	case 2:
		return uint32(binary.LittleEndian.Uint16(b))
	case 1:
		return uint32(b[0])
	}
	return 0
}

// stir and final are the rounds of the hash, which Bob Jenkins calls lookup3. His mix is two calls of stir,
// each small enough to be inlined. The functions of one to three words contain final: with a call of it, they would be too large.

func stir(a, b, c uint32, x, y, z int) (uint32, uint32, uint32) {
	a, c = (a-c)^bits.RotateLeft32(c, x), c+b
	b, a = (b-a)^bits.RotateLeft32(a, y), a+c
	c, b = (c-b)^bits.RotateLeft32(b, z), b+a
	return a, b, c
}

func final(a, b, c uint32) (h, h2 uint32) {
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return c, b
}
