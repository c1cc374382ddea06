//go:build linux

package twin

/*
#cgo !godpdk_static LDFLAGS: -lrte_hash
#include <rte_hash.h>
#include <rte_hash_crc.h>

// The hash is a number, and keys are bytes: then the runtime does not search them for Go pointers.
struct twin_hash_data {
	uintptr_t data;
	int found;
};

static inline struct twin_hash_data
twin_hash_lookup(uintptr_t h, const uint8_t *key, uint32_t size, uint32_t seed)
{
	void *data = NULL;
	int pos = rte_hash_lookup_with_hash_data((const struct rte_hash *)h, key, rte_hash_crc(key, size, seed), &data);

	return (struct twin_hash_data){ (uintptr_t)data, pos >= 0 };
}

static inline uint64_t
twin_hash_lookup_bulk(uintptr_t h, const uint8_t *keys, uint32_t size, uintptr_t *data, uint32_t n)
{
	const void *k[32];
	uint64_t hits = 0;

	for (uint32_t i = 0; i < n && i < 32; i++)
		k[i] = keys + i * size;
	rte_hash_lookup_bulk_data((const struct rte_hash *)h, k, n, &hits, (void **)data);
	return hits;
}

static inline int
twin_hash_add(uintptr_t h, const uint8_t *key, uintptr_t data)
{
	return rte_hash_add_key_data((const struct rte_hash *)h, key, (void *)data);
}

#cgo noescape twin_hash_lookup
#cgo nocallback twin_hash_lookup
#cgo noescape twin_hash_lookup_bulk
#cgo nocallback twin_hash_lookup_bulk
#cgo noescape twin_hash_add
#cgo nocallback twin_hash_add
*/
import "C"

import "unsafe"

// HashLookup looks up a key of size bytes in a struct rte_hash with CRC32C, and returns its data.
func HashLookup(h, key unsafe.Pointer, size int, seed uint32) (data uintptr, ok bool) {
	r := C.twin_hash_lookup(C.uintptr_t(uintptr(h)), (*C.uint8_t)(key), C.uint32_t(size), C.uint32_t(seed))
	return uintptr(r.data), r.found != 0
}

// HashLookupBulk looks up n keys, at most 32, and returns which were found.
func HashLookupBulk(h, keys unsafe.Pointer, size int, data unsafe.Pointer, n int) (hits uint64) {
	return uint64(C.twin_hash_lookup_bulk(C.uintptr_t(uintptr(h)), (*C.uint8_t)(keys), C.uint32_t(size), (*C.uintptr_t)(data), C.uint32_t(n)))
}

// HashAdd adds a key. Only the process that made the hash may call it.
func HashAdd(h, key unsafe.Pointer, data uintptr) int {
	return int(C.twin_hash_add(C.uintptr_t(uintptr(h)), (*C.uint8_t)(key), C.uintptr_t(data)))
}
