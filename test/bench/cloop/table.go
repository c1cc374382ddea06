//go:build linux

package cloop

/*
#cgo !godpdk_static LDFLAGS: -lrte_hash
#include <rte_hash.h>
#include <rte_hash_crc.h>

// Keys are taken in turn from an array of mask + 1, which is a power of two.
static __rte_noinline uint64_t
table_one(const struct rte_hash *h, const char *keys, uint32_t size, uint32_t mask, unsigned int iters)
{
	static unsigned int at;
	uint64_t sum = 0;

	while (iters--) {
		void *data;

		if (rte_hash_lookup_data(h, keys + (size_t)(at++ & mask) * size, &data) >= 0)
			sum += (uintptr_t)data;
	}
	return sum;
}

// As above, and copies the value that the data has the index of.
static __rte_noinline uint64_t
table_one_large(const struct rte_hash *h, const char *keys, uint32_t size, uint32_t mask, const char *values, uint32_t value_size, void *value,
		unsigned int iters)
{
	static unsigned int at;
	uint64_t sum = 0;

	while (iters--) {
		void *data;

		if (rte_hash_lookup_data(h, keys + (size_t)(at++ & mask) * size, &data) >= 0) {
			memcpy(value, values + (uintptr_t)data * value_size, value_size);
			sum += *(uint64_t *)value;
		}
	}
	return sum;
}

static __rte_noinline uint64_t
table_bulk32(const struct rte_hash *h, const char *keys, uint32_t size, uint32_t mask, unsigned int iters)
{
	static unsigned int at;
	uint64_t sum = 0;

	while (iters--) {
		const void *k[32];
		void *data[32];
		uint64_t hits = 0;

		for (unsigned int i = 0; i < 32; i++)
			k[i] = keys + (size_t)((at + i) & mask) * size;
		rte_hash_lookup_bulk_data(h, k, 32, &hits, data);
		for (unsigned int i = 0; i < 32; i++)
			if (hits >> i & 1)
				sum += (uintptr_t)data[i];
		at += 32;
	}
	return sum;
}

// Deletes a key, and adds it again.
static __rte_noinline void
table_change(const struct rte_hash *h, const char *keys, uint32_t size, uint32_t mask, unsigned int iters)
{
	static unsigned int at;

	while (iters--) {
		const char *key = keys + (size_t)(at & mask) * size;
		int pos = rte_hash_del_key(h, key);

		if (pos >= 0)
			rte_hash_free_key_with_position(h, pos);
		rte_hash_add_key_data(h, key, (void *)(uintptr_t)at++);
	}
}

// Gives 32 keys new data.
static __rte_noinline void
table_replace(const struct rte_hash *h, const char *keys, uint32_t size, uint32_t mask, unsigned int iters)
{
	static unsigned int at;

	while (iters--)
		for (unsigned int i = 0; i < 32; i++, at++)
			rte_hash_add_key_data(h, keys + (size_t)(at & mask) * size, NULL);
}
*/
import "C"

import "unsafe"

// Table looks up keys one by one, iters times, and returns the sum of the data. keys has n keys of size bytes.
func Table(h, keys unsafe.Pointer, size, n, iters int) uint64 {
	return uint64(C.table_one((*C.struct_rte_hash)(h), (*C.char)(keys), C.uint32_t(size), C.uint32_t(n-1), C.uint(iters)))
}

// TableLarge also copies values of size bytes.
func TableLarge(h, keys unsafe.Pointer, size, n int, values unsafe.Pointer, valueSize int, value unsafe.Pointer, iters int) uint64 {
	return uint64(C.table_one_large((*C.struct_rte_hash)(h), (*C.char)(keys), C.uint32_t(size), C.uint32_t(n-1), (*C.char)(values),
		C.uint32_t(valueSize), value, C.uint(iters)))
}

// TableBulk looks up bulks of 32 keys, iters times.
func TableBulk(h, keys unsafe.Pointer, size, n, iters int) uint64 {
	return uint64(C.table_bulk32((*C.struct_rte_hash)(h), (*C.char)(keys), C.uint32_t(size), C.uint32_t(n-1), C.uint(iters)))
}

// TableChange deletes keys and adds them again, iters times.
func TableChange(h, keys unsafe.Pointer, size, n, iters int) {
	C.table_change((*C.struct_rte_hash)(h), (*C.char)(keys), C.uint32_t(size), C.uint32_t(n-1), C.uint(iters))
}

// TableReplace gives 32 keys new data, iters times.
func TableReplace(h, keys unsafe.Pointer, size, n, iters int) {
	C.table_replace((*C.struct_rte_hash)(h), (*C.char)(keys), C.uint32_t(size), C.uint32_t(n-1), C.uint(iters))
}
