//go:build linux

package cloop

/*
#include <rte_hash_crc.h>
#include <rte_jhash.h>
#include <rte_thash.h>

// The loops write each hash, as a table that looks up keys does.

static __rte_noinline void
hash_crc(const uint8_t *keys, unsigned int size, volatile uint32_t *out, unsigned int n, unsigned int iters)
{
	while (iters--)
		for (unsigned int i = 0; i < n; i++)
			out[i] = rte_hash_crc(keys + i * size, size, 0);
}

static __rte_noinline void
hash_jenkins(const uint8_t *keys, unsigned int size, volatile uint32_t *out, unsigned int n, unsigned int iters)
{
	while (iters--)
		for (unsigned int i = 0; i < n; i++)
			out[i] = rte_jhash(keys + i * size, size, 0);
}

static __rte_noinline void
hash_toeplitz(uint32_t *words, unsigned int len, const uint8_t *key, volatile uint32_t *out, unsigned int n, unsigned int iters)
{
	while (iters--)
		for (unsigned int i = 0; i < n; i++)
			out[i] = rte_softrss_be(words + i * len, len, key);
}

static void
hash_each(int way, const void *keys, unsigned int size, void *out, unsigned int n, unsigned int iters)
{
	// A C program knows the size of its keys when it is compiled.
#define EACH(fn) switch (size) { case 4: fn(keys, 4, out, n, iters); break; case 12: fn(keys, 12, out, n, iters); break; \
	case 16: fn(keys, 16, out, n, iters); break; case 64: fn(keys, 64, out, n, iters); break; default: abort(); }
	if (way == 0) {
		EACH(hash_crc)
	} else {
		EACH(hash_jenkins)
	}
}
*/
import "C"

import "unsafe"

// HashCRC hashes n keys of 4, 12, 16 or 64 bytes with rte_hash_crc.
func HashCRC(keys unsafe.Pointer, size int, out unsafe.Pointer, n, iters int) {
	C.hash_each(0, keys, C.uint(size), out, C.uint(n), C.uint(iters))
}

// HashJenkins does so with rte_jhash.
func HashJenkins(keys unsafe.Pointer, size int, out unsafe.Pointer, n, iters int) {
	C.hash_each(1, keys, C.uint(size), out, C.uint(n), C.uint(iters))
}

// HashToeplitz hashes n tuples of size bytes, in words of this machine, with rte_softrss_be and a
// converted key.
func HashToeplitz(tuples unsafe.Pointer, size int, key, out unsafe.Pointer, n, iters int) {
	C.hash_toeplitz((*C.uint32_t)(tuples), C.uint(size/4), (*C.uint8_t)(key), (*C.uint32_t)(out), C.uint(n), C.uint(iters))
}
