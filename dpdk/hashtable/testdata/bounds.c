/* A C primary with a table of which almost all keys are in one list. Changes are made beside lookups: after a search of rte_hash, and before a
 * comparison with a key of the list. It counts the work of lookups, and ends with status 0 if all have a limit. */
#define _GNU_SOURCE
#include "godpdk.h"

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_jhash.h>
#include <rte_memzone.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

static unsigned compared, searches, changes, locks, events;
static unsigned every; /* there is a change at each of so many events, or none at all */
static int contended, in_change;

static void change(void);

static int
compare(const void *a, const void *b, size_t n)
{
	compared++;
	change();
	return memcmp(a, b, n);
}

static int
search(const struct rte_hash *h, const void *key, hash_sig_t hash, void **data)
{
	int r = rte_hash_lookup_with_hash_data(h, key, hash, data);

	searches++;
	change();
	return r;
}

static int
search_bulk(const struct rte_hash *h, const void **keys, hash_sig_t *hashes, uint32_t n, uint64_t *hits, void *data[])
{
	int r = rte_hash_lookup_with_hash_bulk_data(h, keys, hashes, n, hits, data);

	searches += n;
	change();
	return r;
}

/* Another thread may have the lock whenever this one tries. */
static int
trylock(pthread_mutex_t *m)
{
	locks += !in_change;
	return contended ? EBUSY : pthread_mutex_trylock(m);
}

#define memcmp compare
#define rte_hash_lookup_with_hash_data search
#define rte_hash_lookup_with_hash_bulk_data search_bulk
#define pthread_mutex_trylock trylock
#include "table.c"
#undef memcmp

static struct godpdk_table *t;

/* What a change does that reuses a place. Nobody can make one while a lookup has the lock, unless this test pretends that another thread has it. */
static void
change(void)
{
	if (every == 0 || ++events % every != 0)
		return;
	if (contended) {
		bump(t);
		return;
	}
	in_change = 1;
	if (enter(t) == 0) {
		bump(t);
		leave(t);
		changes++;
	}
	in_change = 0;
}

static void
begin(unsigned changing, int with_contention)
{
	compared = searches = changes = locks = events = 0;
	every = changing;
	contended = with_contention;
}

static const unsigned paces[] = { 0, 1, 100 };

#define EACH_PACE(p) (const unsigned *p = paces; p < paces + RTE_DIM(paces); p++)

#define CHECK(x)                                                                                                                  \
	do {                                                                                                                      \
		if (!(x)) {                                                                                                       \
			printf("line %d: %s: %u keys, %u searches, %u changes, %u locks\n", __LINE__, #x, compared, searches, changes, locks); \
			exit(1);                                                                                                  \
		}                                                                                                                 \
	} while (0)

enum { KEYS = 3 * GODPDK_TABLE_STEPS, FIRST = 20 /* a key after those in buckets: the last one of the list */ };

/* The nth of many keys with one CRC. */
static uint64_t
key_of(uint32_t n)
{
	const uint32_t words[2] = { n, rte_hash_crc(&n, 4, 0) ^ 1 };
	uint64_t key;

	memcpy(&key, words, 8);
	return key;
}

/* Short lookups of keys at the end of the list, and of a key that the table does not have. */
static void
short_lookups(void)
{
	const uint32_t first = GODPDK_TABLE_BULK;
	uint64_t keys[GODPDK_TABLE_BULK], values[GODPDK_TABLE_BULK];
	uint8_t found[GODPDK_TABLE_BULK];
	struct godpdk_table_bulk b = { t, keys, values, found, GODPDK_TABLE_BULK, 0 };

	for EACH_PACE (pace) {
		for (uint32_t n = FIRST; n <= KEYS; n += KEYS - FIRST) {
			uint64_t key = key_of(n), value;

			begin(*pace, 0);
			CHECK(godpdk_table_get(t, &key, &value) == GODPDK_TABLE_AGAIN);
			CHECK(compared <= GODPDK_TABLE_STEPS && searches <= GODPDK_TABLE_STEPS / GODPDK_TABLE_TRY);
			CHECK((changes != 0) == (*pace != 0));
		}
		for (uint32_t i = 0; i < first; i++)
			keys[i] = key_of(FIRST + i);
		begin(*pace, 0);
		CHECK(godpdk_table_get_bulk(&b) == 0 && b.hits == 0);
		CHECK(compared <= GODPDK_TABLE_STEPS && searches <= GODPDK_TABLE_BULK + GODPDK_TABLE_STEPS / GODPDK_TABLE_TRY);
	}
	/* Keys in buckets and at the beginning of the list. */
	for (uint32_t i = 0; i < first; i++)
		keys[i] = key_of(i < 16 ? i : KEYS - 1 - i);
	begin(0, 0);
	CHECK(godpdk_table_get_bulk(&b) == (int)first && b.hits == first);
	/* The bulk ends before a key at the end. */
	keys[7] = key_of(FIRST);
	begin(0, 0);
	CHECK(godpdk_table_get_bulk(&b) == 7 && b.hits == 7);
	CHECK(compared <= GODPDK_TABLE_STEPS);
	for (uint32_t i = 0; i < 7; i++)
		CHECK(found[i] == 1 && values[i] == i);
}

/* Lookups of any key find it, and take the lock at most once. */
static void
long_lookups(void)
{
	uint64_t key = key_of(FIRST), value;

	for EACH_PACE (pace) {
		for (uint32_t n = 0; n <= KEYS; n += 7) {
			uint64_t key = key_of(n), value = 1;

			begin(*pace, 0);
			CHECK(godpdk_table_get_long(t, &key, &value) == (n < KEYS) && value == (n < KEYS ? n : 0));
			CHECK(compared <= KEYS + 4 * 100 && searches <= 5 && changes <= 4);
			CHECK(locks == (changes == 4) && t->waiting == 0);
			CHECK(*pace != 1 || locks == 1);
		}
	}
	/* Another thread has the lock at each attempt, and makes changes. */
	begin(1, 1);
	CHECK(godpdk_table_get_long(t, &key, &value) == GODPDK_TABLE_AGAIN);
	CHECK(searches <= 64 && compared <= 64 && locks <= 64 && t->waiting == 1);
	/* The next change lets the lookup go first. One is enough if the lookup has died. */
	begin(0, 0);
	CHECK(enter(t) == EBUSY && t->waiting == 0);
	CHECK(enter(t) == 0);
	leave(t);
	/* A thread that is stopped has the lock. */
	begin(0, 1);
	CHECK(godpdk_table_get_long(t, &key, &value) == 1 && value == FIRST && locks == 0);
}

/* An iteration in small steps yields all keys. */
static void
iterations(void)
{
	static uint8_t seen[KEYS];
	uint64_t keys[64], values[64];
	uint32_t next;

	for EACH_PACE (pace) {
		uint32_t total = 0;

		memset(seen, 0, sizeof(seen));
		for (next = 0; next != GODPDK_TABLE_END;) {
			const uint32_t from = next;
			uint32_t n;

			begin(*pace, 0);
			n = godpdk_table_scan(t, &next, keys, values, 64);
			CHECK(next != from && compared <= LONG + 2 * KEYS && searches <= LONG / GODPDK_TABLE_TRY + 5);
			for (uint32_t i = 0; i < n; i++) {
				CHECK(values[i] < KEYS && keys[i] == key_of(values[i]) && seen[values[i]]++ == 0);
				total++;
			}
		}
		CHECK(total == KEYS);
	}
	next = 100;
	begin(1, 1);
	CHECK(godpdk_table_scan(t, &next, keys, values, 64) == 0 && next == 100);
	CHECK(searches <= 64);
	t->waiting = 0;
}

/* One call does not keep the lock for long. */
static void
changes_of_many_keys(void)
{
	uint64_t keys[GODPDK_TABLE_CHANGES], values[GODPDK_TABLE_CHANGES];
	uint32_t done, next = 0;

	for (uint32_t i = 0; i < GODPDK_TABLE_CHANGES; i++) {
		keys[i] = key_of(FIRST + i);
		values[i] = FIRST + i;
	}
	begin(0, 0);
	CHECK(godpdk_table_add(t, keys, values, GODPDK_TABLE_CHANGES, &done) == 0);
	CHECK(done >= 1 && done < GODPDK_TABLE_CHANGES && compared <= LONG + KEYS);
	begin(0, 0);
	CHECK(godpdk_table_delete(t, keys, GODPDK_TABLE_CHANGES, &done) == 0);
	CHECK(done >= 1 && done < GODPDK_TABLE_CHANGES && compared <= LONG + KEYS);
	while (next != GODPDK_TABLE_END) {
		const uint32_t from = next;

		begin(0, 0);
		CHECK(godpdk_table_clear(t, &next) == 0 && next != from && compared <= LONG + 2 * KEYS);
	}
	CHECK(t->len == 0 && t->overflow == 0);
}

int
main(int argc, char **argv)
{
	const struct godpdk_table_config c = { .key_size = 8, .value_size = 8, .entries = KEYS + 100 };
	struct godpdk_ptr made;

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	made = godpdk_table_create("bounds", &c);
	if (made.err != 0)
		return 2;
	t = made.ptr;
	for (uint64_t n = 0; n < KEYS; n++) {
		uint64_t key = key_of(n);
		uint32_t done;

		if (godpdk_table_add(t, &key, &n, 1, &done) != 0)
			return 3;
	}
	CHECK(t->overflow == KEYS - 16);
	short_lookups();
	long_lookups();
	iterations();
	changes_of_many_keys();
	printf("bounded\n");
	return rte_eal_cleanup();
}
