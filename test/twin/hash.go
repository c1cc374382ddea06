//go:build linux

package twin

/*
#include <rte_hash_crc.h>
#include <rte_jhash.h>
#include <rte_thash.h>
*/
import "C"

import "unsafe"

func HashCRC(key unsafe.Pointer, n int, init uint32) uint32 {
	return uint32(C.rte_hash_crc(key, C.uint32_t(n), C.uint32_t(init)))
}

func Jhash(key unsafe.Pointer, n int, init uint32) uint32 {
	return uint32(C.rte_jhash(key, C.uint32_t(n), C.uint32_t(init)))
}

func Jhash2(key unsafe.Pointer, n int, init, init2 uint32) (uint32, uint32) {
	c, b := C.uint32_t(init), C.uint32_t(init2)
	C.rte_jhash_2hashes(key, C.uint32_t(n), &c, &b)
	return uint32(c), uint32(b)
}

// JhashWords calls rte_jhash_1word, _2words or _3words for 1 to 3 words, and rte_jhash_32b for others.
func JhashWords(init uint32, w ...uint32) uint32 {
	x := make([]C.uint32_t, len(w), len(w)+1)
	for i := range w {
		x[i] = C.uint32_t(w[i])
	}
	switch len(w) {
	case 1:
		return uint32(C.rte_jhash_1word(x[0], C.uint32_t(init)))
	case 2:
		return uint32(C.rte_jhash_2words(x[0], x[1], C.uint32_t(init)))
	case 3:
		return uint32(C.rte_jhash_3words(x[0], x[1], x[2], C.uint32_t(init)))
	}
	return uint32(C.rte_jhash_32b(unsafe.SliceData(x), C.uint32_t(len(w)), C.uint32_t(init)))
}

func JhashWords2(init, init2 uint32, w ...uint32) (uint32, uint32) {
	c, b := C.uint32_t(init), C.uint32_t(init2)
	x := make([]C.uint32_t, len(w), len(w)+1)
	for i := range w {
		x[i] = C.uint32_t(w[i])
	}
	C.rte_jhash_32b_2hashes(unsafe.SliceData(x), C.uint32_t(len(w)), &c, &b)
	return uint32(c), uint32(b)
}

// SoftRSS hashes words in the byte order of this machine.
func SoftRSS(words []uint32, key []byte) uint32 {
	return uint32(C.rte_softrss((*C.uint32_t)(&words[0]), C.uint32_t(len(words)), (*C.uint8_t)(&key[0])))
}
