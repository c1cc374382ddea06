/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_hash: tables in shared memory that several processes change and read, also C programs.
 *
 * A table is an rte_hash with lock-free readers, and a memzone with the struct below. Readers take no lock, unless writers are in their way
 * again and again. A change takes a robust lock; the first change after the death of its owner repairs the rte_hash. No pointer to a function in the shared
 * struct rte_hash is used: the hash is computed here, and keys are compared by number of bytes.
 *
 * A key can be in two buckets of the rte_hash. If they are full, and so are those of the keys in them, the key overflows: it has a place
 * among the others, but a list of this table refers to the place instead of a bucket. Only the functions below find such keys.
 *
 * A C program that changes tables compiles cgo/hash/table.c into itself. Lookups are inline. A C program may also use
 * rte_hash_find_existing and rte_hash_lookup_with_hash_data with godpdk_table_hash, in tables with values of at most 8 bytes
 * that have an RCU variable or from which nothing is deleted, for keys that have not overflowed. */
#ifndef GODPDK_TABLE_H
#define GODPDK_TABLE_H

#include "godpdk.h"

#include <pthread.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_jhash.h>
#include <rte_memzone.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#define GODPDK_TABLE_MAGIC 0x33656c6261546f47ull /* with the layout of this version */
#define GODPDK_TABLE_ZONE "GDT_" /* + name: the memzone of a table */

enum {
	/* Of a name with its final NUL: rte_hash names its ring "HT_" + name. */
	GODPDK_TABLE_NAMESIZE = RTE_RING_NAMESIZE - (int)sizeof("HT_") + 1,
	GODPDK_TABLE_MAX_ENTRIES = 1 << 28,
	GODPDK_TABLE_MAX_SIZE = 4096, /* of a key, and of a value */
	GODPDK_TABLE_BULK = 32,	      /* keys of one bulk. With 64, rte_hash may miss keys that move meanwhile. */
	GODPDK_TABLE_CHANGES = 64,    /* keys that are changed with the lock taken once */
	/* The work of a lookup is counted in cache lines of keys in lists. */
	GODPDK_TABLE_STEPS = 1024, /* of one call of godpdk_table_get or godpdk_table_get_bulk */
	GODPDK_TABLE_TRY = 16,	   /* what a search costs that is repeated because of writers, beside that of its list */
	/* Hash functions. */
	GODPDK_TABLE_CRC = 0,
	GODPDK_TABLE_JENKINS = 1,
	/* Changes. */
	GODPDK_TABLE_IDLE = 0,
	GODPDK_TABLE_ADD,
	GODPDK_TABLE_DELETE,
	/* Results of godpdk_table_get other than 0 and 1. */
	GODPDK_TABLE_AGAIN = -1,
	/* A position that does not exist. */
	GODPDK_TABLE_NOWHERE = -1,
};
#define GODPDK_TABLE_END UINT32_MAX

/* A position of a deleted key, and the grace period that its readers must pass. */
struct godpdk_table_pending {
	uint64_t token;
	int32_t pos;
};

struct godpdk_table {
	uint64_t magic; /* 0 until the table is complete, and after its free */
	uint32_t layout; /* sizeof(struct godpdk_table) */
	uint32_t capacity;
	uint32_t slots; /* places for keys: capacity, and more for those that readers may use after their deletion */
	uint32_t function;
	uint32_t seed;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t value_stride;
	uint64_t key_type; /* numbers for the layouts of the types, 0 if unknown */
	uint64_t value_type;
	struct rte_hash *hash;
	char *keys; /* key at position p is at keys + p * key_stride */
	uint64_t key_stride;
	char *values; /* value i of more than 8 bytes is at values + i * value_stride. The rte_hash has i as data. */
	uint32_t *free_values;
	struct rte_ring *free_slots; /* of the rte_hash */
	struct rte_rcu_qsbr *rcu;    /* or NULL */
	struct godpdk_table_pending *pending;
	uint32_t *lists; /* 1 << list_bits lists of keys that have overflowed: the position of the first one plus 1, 0 at the end */
	uint32_t *links; /* the next one of each position, likewise */
	uint32_t list_bits;
	char rcu_name[RTE_MEMZONE_NAMESIZE];

	/* Counts how often a place of a key or a value is written that a reader may still be in. A lookup that
	 * began and ended with two numbers is repeated. */
	uint32_t reuse __rte_cache_aligned;
	uint32_t overflow; /* the number of keys in lists, or one more during a change */

	/* Of the owner of the lock. */
	pthread_mutex_t lock __rte_cache_aligned;
	uint32_t op; /* the change under way */
	uint32_t op_hash;
	int32_t op_pos;
	uint32_t len;
	uint32_t used; /* positions below this may have been used */
	uint32_t num_free_values;
	uint32_t repairs;
	uint32_t waiting; /* set by a lookup that writers are in the way of: the next change lets it go first */
	uint64_t pending_head, pending_tail; /* they count without end */
} __rte_cache_aligned;

_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "the data of a key has a small value in its low bytes");
_Static_assert(sizeof(void *) == 8, "the data of a key has room for 8 bytes");
_Static_assert(sizeof(((struct rte_rcu_qsbr *)0)->token) == 8, "tokens have 64 bits");

/* The hash of a key, for the _with_hash functions of rte_hash. */
static inline hash_sig_t
godpdk_table_hash(const struct godpdk_table *t, const void *key)
{
	return t->function == GODPDK_TABLE_CRC ? rte_hash_crc(key, t->key_size, t->seed) : rte_jhash(key, t->key_size, t->seed);
}

/* Copies the value that the rte_hash has for a key. */
static inline void
godpdk_table_value(const struct godpdk_table *t, void *data, void *value)
{
	uint64_t word = (uintptr_t)data;

	switch (t->value_size) {
	case 8:
		memcpy(value, &word, 8);
		return;
	case 4:
		memcpy(value, &word, 4);
		return;
	}
	if (t->value_size < 8)
		memcpy(value, &word, t->value_size);
	else /* An atomic load: otherwise a compiler that sees a variable of 8 bytes warns of more. */
		memcpy(value, t->values + word * t->value_stride, __atomic_load_n(&t->value_size, __ATOMIC_RELAXED));
}

/* Begins a read, and returns a number for godpdk_table_same. */
static inline uint32_t
godpdk_table_begin(const struct godpdk_table *t)
{
	return __atomic_load_n(&t->reuse, __ATOMIC_ACQUIRE);
}

/* Whether nothing that the read since godpdk_table_begin may have used was used again. */
static inline int
godpdk_table_same(const struct godpdk_table *t, uint32_t begun)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&t->reuse, __ATOMIC_RELAXED) == begun;
}

/* The list in which a key is if it has overflowed. Keys of the same buckets have hashes with the same low bits. */
static inline uint32_t *
godpdk_table_list(const struct godpdk_table *t, hash_sig_t hash)
{
	return &t->lists[(uint64_t)(uint32_t)(hash * 0x9e3779b1u) >> (32 - t->list_bits)];
}

/* The data of the key at a position. It is in front of the key, as godpdk_table_create has checked. */
static inline void **
godpdk_table_data(const struct godpdk_table *t, uint32_t pos)
{
	return (void **)(t->keys + pos * t->key_stride - sizeof(void *));
}

/* Takes n of the steps that remain, or returns 0. */
static inline int
godpdk_table_step(uint32_t *steps, uint32_t n)
{
	if (*steps < n)
		return 0;
	*steps -= n;
	return 1;
}

/* The position of a key that has overflowed, and its data, or -ENOENT. It is -EAGAIN if the steps do not suffice, or if a place was used
 * again: the list may have another end then. */
static inline int32_t
godpdk_table_overflowed(const struct godpdk_table *t, const void *key, hash_sig_t hash, uint32_t begun, void **data, uint32_t *steps)
{
	uint32_t p = __atomic_load_n(godpdk_table_list(t, hash), __ATOMIC_ACQUIRE);

	for (; p != 0; p = __atomic_load_n(&t->links[p - 1], __ATOMIC_ACQUIRE)) {
		if (!godpdk_table_step(steps, 1 + t->key_size / 64) || !godpdk_table_same(t, begun))
			return -EAGAIN;
		if (memcmp(t->keys + (p - 1) * t->key_stride, key, t->key_size) == 0) {
			*data = __atomic_load_n(godpdk_table_data(t, p - 1), __ATOMIC_ACQUIRE);
			return p - 1;
		}
	}
	return -ENOENT;
}

#ifndef GODPDK_TABLE_SEARCH /* table.c has a pointer to the function */
#define GODPDK_TABLE_SEARCH rte_hash_lookup_with_hash_data
#endif

/* The position of a key, and its data, or a negative number. The result counts only if it is not -EAGAIN, and godpdk_table_same(t, begun) is
 * true after it. */
static inline int32_t
godpdk_table_position(const struct godpdk_table *t, const void *key, hash_sig_t hash, uint32_t begun, void **data, uint32_t *steps)
{
	int32_t pos = GODPDK_TABLE_SEARCH(t->hash, key, hash, data);

	if (pos >= 0 || __atomic_load_n(&t->overflow, __ATOMIC_ACQUIRE) == 0)
		return pos;
	return godpdk_table_overflowed(t, key, hash, begun, data, steps);
}

/* Searches for a key once: 1 and its value, 0 and a value of zeros, or GODPDK_TABLE_AGAIN. */
static inline int32_t
godpdk_table_try(const struct godpdk_table *t, const void *key, hash_sig_t hash, void *value, uint32_t *steps)
{
	const uint32_t begun = godpdk_table_begin(t);
	void *data;
	int32_t pos = godpdk_table_position(t, key, hash, begun, &data, steps);

	if (pos >= 0)
		godpdk_table_value(t, data, value);
	else
		memset(value, 0, t->value_size);
	return pos != -EAGAIN && godpdk_table_same(t, begun) ? pos >= 0 : GODPDK_TABLE_AGAIN;
}

/* Looks up a key, as godpdk_table_get does, and subtracts what the lookup takes from *steps. */
static inline int32_t
godpdk_table_get_within(const struct godpdk_table *t, const void *key, void *value, uint32_t *steps)
{
	const hash_sig_t hash = godpdk_table_hash(t, key);

	while (godpdk_table_step(steps, GODPDK_TABLE_TRY)) {
		int32_t r = godpdk_table_try(t, key, hash, value, steps);

		if (r != GODPDK_TABLE_AGAIN)
			return r;
	}
	return GODPDK_TABLE_AGAIN;
}

/* Looks up a key: 1 and its value, or 0 and a value of zeros. It is GODPDK_TABLE_AGAIN if writers were in the way many times in a row, or if very
 * many keys are in the list of the key: then use godpdk_table_get_long, or godpdk_table_get_within with more steps. */
static inline int32_t
godpdk_table_get(const struct godpdk_table *t, const void *key, void *value)
{
	uint32_t steps = GODPDK_TABLE_STEPS;

	return godpdk_table_get_within(t, key, value, &steps);
}

/* A bulk of lookups. keys and values are arrays of n. found has n bytes, which become 0 or 1. The value of a key that was not found becomes 0. */
struct godpdk_table_bulk {
	const struct godpdk_table *table;
	const void *keys;
	void *values;
	uint8_t *found;
	uint32_t n;    /* at most GODPDK_TABLE_BULK */
	uint32_t hits; /* a result: the number of keys found */
};

/* Looks up a bulk, and returns the number of keys that were looked up: less than n if writers were in the way, or if lists are long. If it is 0,
 * use godpdk_table_get_long for the first key. */
int32_t godpdk_table_get_bulk(void *bulk);

/* The arguments of godpdk_table_get. */
struct godpdk_table_one {
	const struct godpdk_table *table;
	const void *key;
	void *value;
};

/* godpdk_table_get of a struct godpdk_table_one, for fastcall. */
int32_t godpdk_table_get_one(void *one);

/* godpdk_table_get, however long the list of the key is. It takes the lock if writers are in the way, but repairs nothing. It is
 * GODPDK_TABLE_AGAIN if other threads had the lock many times in a row: call it again after a pause. */
int32_t godpdk_table_get_long(struct godpdk_table *t, const void *key, void *value);

/* Copies up to n keys and values from position *next on, which becomes the position after them, or GODPDK_TABLE_END. Returns
 * their number, which may be 0 before the end. If *next remains the same, other threads had the lock many times in a row: call it again after
 * a pause. */
uint32_t godpdk_table_scan(struct godpdk_table *t, uint32_t *next, void *keys, void *values, uint32_t n);

struct godpdk_table_config {
	uint64_t key_type, value_type;
	uint32_t key_size, value_size;
	uint32_t entries;
	uint32_t function, seed;
	int socket;
	struct rte_rcu_qsbr *rcu;
	const char *rcu_name;
};

/* rte_hash_create of a table. Also EINVAL for what is beyond the limits above, or for keys of 4 GiB in total. If the process is killed in this call, the name may be taken until all processes end: let the primary
 * create tables. */
struct godpdk_ptr godpdk_table_create(const char *name, const struct godpdk_table_config *c);

/* What godpdk_table_describe copies. */
struct godpdk_table_info {
	struct godpdk_table *table;
	uint64_t key_type, value_type;
	uint32_t key_size, value_size;
	uint32_t capacity, len, overflow;
	uint32_t function, seed;
	uint32_t repairs;
	char rcu_name[RTE_MEMZONE_NAMESIZE];
};

/* Describes the table of that name: 0, or an error of godpdk_table_find. Other threads may free the table meanwhile. */
int godpdk_table_describe(const char *name, struct godpdk_table_info *info);

/* The table of that name, or ENOENT, EAGAIN if it is not complete, or ENOTSUP if its layout is another one. */
struct godpdk_ptr godpdk_table_find(const char *name);

/* rte_hash_free of the table that the name still means: 0, ENOENT, or EBUSY if another thread owns the lock. */
int godpdk_table_free(const char *name, struct godpdk_table *t);

/* The functions below change a table. They return 0; EBUSY if another thread owns the lock or a lookup waits for it: call them again after a pause; ESTALE if the table was
 * freed; ENOMEM if it needs a repair and the process has no memory for it. n is at most GODPDK_TABLE_CHANGES. *done becomes the number of
 * keys that were changed. It is at least 1 without an error, but may be less than n if lists are long: call them again for the other keys. */

/* Adds keys, or replaces their values. Also ENOSPC if the table has as many keys as its capacity, and EAGAIN if readers may still use deleted keys. */
int godpdk_table_add(struct godpdk_table *t, const void *keys, const void *values, uint32_t n, uint32_t *done);

/* Adds a key, or stores the value that it has in *value and sets *loaded. */
int godpdk_table_get_or_add(struct godpdk_table *t, const void *key, void *value, int *loaded);

/* Deletes keys. Also ENOENT. */
int godpdk_table_delete(struct godpdk_table *t, const void *keys, uint32_t n, uint32_t *done);

/* Deletes the keys at some positions from *next on, which becomes the position after them, or GODPDK_TABLE_END. */
int godpdk_table_clear(struct godpdk_table *t, uint32_t *next);

/* The thread that owns the lock, 0 if libc does not show it. */
int32_t godpdk_table_owner(struct godpdk_table *t);

/* The names of tables, up to max of them. Returns their number. */
uint32_t godpdk_table_names(char (*names)[RTE_MEMZONE_NAMESIZE], uint32_t max);

#endif
