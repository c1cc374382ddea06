//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk.h"

#include <rte_hash.h>

/* The dynamic linker sets them when the program starts. A direct call may run the linker, which
 * needs much stack, at the first call. */
static __typeof__(rte_hash_lookup_with_hash_bulk_data) *volatile lookup_bulk = rte_hash_lookup_with_hash_bulk_data;
#ifndef GODPDK_TABLE_H /* a C program may have included it: it has enough stack */
static __typeof__(rte_hash_lookup_with_hash_data) *volatile lookup_one = rte_hash_lookup_with_hash_data;
#define GODPDK_TABLE_SEARCH lookup_one
#endif
#include "godpdk_table.h"
#include "godpdk_named.h"

int32_t
godpdk_table_get_one(void *one)
{
	const struct godpdk_table_one *o = one;

	return godpdk_table_get(o->table, o->key, o->value);
}

int32_t
godpdk_table_get_bulk(void *bulk)
{
	struct godpdk_table_bulk *b = bulk;
	const struct godpdk_table *t = b->table;
	const void *keys[GODPDK_TABLE_BULK];
	hash_sig_t hashes[GODPDK_TABLE_BULK];
	void *data[GODPDK_TABLE_BULK];
	const uint32_t n = RTE_MIN(b->n, (uint32_t)GODPDK_TABLE_BULK), begun = godpdk_table_begin(t);
	char *value = b->values;
	uint64_t hits = 0;
	uint32_t steps = GODPDK_TABLE_STEPS, done;

	b->hits = 0;
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		keys[i] = (const char *)b->keys + (size_t)i * t->key_size;
		hashes[i] = godpdk_table_hash(t, keys[i]);
	}
	lookup_bulk(t->hash, keys, hashes, n, &hits, data);
	for (done = 0; done < n; done++, value += t->value_size) {
		int32_t pos = hits >> done & 1 ? 0 : -ENOENT;

		if (pos < 0 && __atomic_load_n(&t->overflow, __ATOMIC_ACQUIRE) != 0)
			pos = godpdk_table_overflowed(t, keys[done], hashes[done], begun, &data[done], &steps);
		if (pos == -EAGAIN)
			break;
		b->found[done] = pos >= 0;
		b->hits += pos >= 0;
		if (pos >= 0)
			godpdk_table_value(t, data[done], value);
		else
			memset(value, 0, t->value_size);
	}
	if (godpdk_table_same(t, begun))
		return done;

	/* One by one: writers rarely reuse a place during one lookup. */
	b->hits = 0;
	value = b->values;
	for (done = 0; done < n; done++, value += t->value_size) {
		int32_t r = godpdk_table_get_within(t, keys[done], value, &steps);

		if (r == GODPDK_TABLE_AGAIN)
			break;
		b->found[done] = r;
		b->hits += r;
	}
	return done;
}

/* The steps after which a call that is not one of the short lookups does not begin with another key. */
#define LONG (1u << 16)

static char *
key_at(const struct godpdk_table *t, uint32_t pos)
{
	return t->keys + pos * t->key_stride;
}

static int
is_large(const struct godpdk_table *t)
{
	return t->value_size > 8;
}

/* Takes the lock, without waiting: 0, EBUSY, or ESTALE if no thread can ever take it again. */
static int
hold(struct godpdk_table *t)
{
	int err = pthread_mutex_trylock(&t->lock);

	if (err == EOWNERDEAD)
		err = pthread_mutex_consistent(&t->lock);
	return err == ENOTRECOVERABLE ? ESTALE : err;
}

static void
leave(struct godpdk_table *t)
{
	pthread_mutex_unlock(&t->lock);
}

/* godpdk_table_try of the key, or of the one at a place, which it copies to key. There may be a deleted key, also one that has another place now. */
static int32_t
try_at(const struct godpdk_table *t, int32_t place, char *key, void *value, uint32_t *steps)
{
	uint32_t begun;
	void *data;
	int32_t pos;

	if (place == GODPDK_TABLE_NOWHERE)
		return godpdk_table_try(t, key, godpdk_table_hash(t, key), value, steps);
	begun = godpdk_table_begin(t);
	memcpy(key, key_at(t, place), t->key_size);
	pos = godpdk_table_position(t, key, godpdk_table_hash(t, key), begun, &data, steps);
	if (pos == place)
		godpdk_table_value(t, data, value);
	return pos != -EAGAIN && godpdk_table_same(t, begun) ? pos == place : GODPDK_TABLE_AGAIN;
}

/* try_at with as many steps as it needs, which it adds to *steps. If changes are in the way, the later attempts take the lock if they can, and the
 * next change waits. If another thread has the lock but makes no change, because it is stopped, they do not need the lock. */
static int32_t
try_long(struct godpdk_table *t, int32_t place, char *key, void *value, uint32_t *steps)
{
	int32_t r = GODPDK_TABLE_AGAIN;

	for (int i = 0; i < 64 && r == GODPDK_TABLE_AGAIN; i++) {
		const int held = i >= 4 && hold(t) == 0;
		uint32_t rest = UINT32_MAX;

		r = try_at(t, place, key, value, &rest);
		*steps += UINT32_MAX - rest + GODPDK_TABLE_TRY;
		if (held)
			leave(t);
		if (i >= 3)
			__atomic_store_n(&t->waiting, r == GODPDK_TABLE_AGAIN, __ATOMIC_RELAXED);
	}
	return r;
}

int32_t
godpdk_table_get_long(struct godpdk_table *t, const void *key, void *value)
{
	uint32_t steps = 0;

	return try_long(t, GODPDK_TABLE_NOWHERE, (char *)(uintptr_t)key, value, &steps);
}

uint32_t
godpdk_table_scan(struct godpdk_table *t, uint32_t *next, void *keys, void *values, uint32_t n)
{
	uint32_t got = 0, p = *next, steps = 0;
	const uint32_t end = __atomic_load_n(&t->used, __ATOMIC_ACQUIRE);

	for (; p < end && got < n && steps < LONG; p++) {
		int32_t r = try_long(t, p, (char *)keys + (size_t)got * t->key_size, (char *)values + (size_t)got * t->value_size, &steps);

		if (r == GODPDK_TABLE_AGAIN)
			break;
		got += r;
	}
	*next = p < end ? p : GODPDK_TABLE_END;
	return got;
}

/* Makes readers look up again that may be in a place that is written next. */
static void
bump(struct godpdk_table *t)
{
	__atomic_store_n(&t->reuse, t->reuse + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Records a change before its first step. If the process dies in the middle, the next owner of the lock sees it. */
static void
start(struct godpdk_table *t, uint32_t op, hash_sig_t hash, int32_t pos)
{
	t->op_hash = hash;
	t->op_pos = pos;
	__atomic_store_n(&t->op, op, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void
finish(struct godpdk_table *t)
{
	__atomic_store_n(&t->op, GODPDK_TABLE_IDLE, __ATOMIC_RELEASE);
}

/* Keeps the place of a deleted key until its readers have been quiescent. */
static void
push_pending(struct godpdk_table *t, int32_t pos)
{
	t->pending[t->pending_tail % t->slots] = (struct godpdk_table_pending){ rte_rcu_qsbr_start(t->rcu), pos };
	__atomic_store_n(&t->pending_tail, t->pending_tail + 1, __ATOMIC_RELEASE);
}

/* Before a place is taken from the ring, which gives the positions in order until all were used once. A scan must find the key even if
 * this process dies after its next step. */
static void
take_place(struct godpdk_table *t)
{
	if (t->used < t->slots)
		__atomic_store_n(&t->used, t->used + 1, __ATOMIC_RELEASE);
}

/* Frees up to max places of deleted keys. */
static void
reclaim(struct godpdk_table *t, uint32_t max)
{
	while (max-- > 0 && t->pending_head != t->pending_tail) {
		const struct godpdk_table_pending *p = &t->pending[t->pending_head % t->slots];

		if (!rte_rcu_qsbr_check(t->rcu, p->token, false))
			return;
		rte_hash_free_key_with_position(t->hash, p->pos);
		__atomic_store_n(&t->pending_head, t->pending_head + 1, __ATOMIC_RELEASE);
	}
}

/* The position of a key and its data, for the owner of the lock. Adds what the search takes to *steps. */
static int32_t
find(const struct godpdk_table *t, const void *key, hash_sig_t hash, void **data, uint32_t *steps)
{
	uint32_t rest = UINT32_MAX;
	int32_t pos = godpdk_table_position(t, key, hash, t->reuse, data, &rest);

	*steps += UINT32_MAX - rest;
	return pos;
}

/* Adds a key to a list, because its buckets are full. */
static int
add_overflow(struct godpdk_table *t, const void *key, hash_sig_t hash, void *data)
{
	uint32_t *list = godpdk_table_list(t, hash), index;

	take_place(t);
	if (rte_ring_sc_dequeue_elem(t->free_slots, &index, sizeof(index)) != 0) /* rte_hash counts from 1, as the lists do */
		return ENOSPC;
	memcpy(key_at(t, index - 1), key, t->key_size);
	*godpdk_table_data(t, index - 1) = data;
	t->links[index - 1] = *list;
	__atomic_store_n(&t->overflow, t->overflow + 1, __ATOMIC_RELEASE);
	__atomic_store_n(list, index, __ATOMIC_RELEASE);
	return 0;
}

/* Removes the key at a position from its list. Readers at the position find the rest of the list. */
static void
delete_overflow(struct godpdk_table *t, hash_sig_t hash, int32_t pos)
{
	uint32_t *link = godpdk_table_list(t, hash);

	while (*link != (uint32_t)pos + 1)
		link = &t->links[*link - 1];
	__atomic_store_n(link, t->links[pos], __ATOMIC_RELEASE);
	__atomic_store_n(&t->overflow, t->overflow - 1, __ATOMIC_RELEASE);
}

enum { FREE = 0, FOUND = 1, TWICE = 2, LIVE, PENDING, STUCK };

/* Removes an entry of a bucket that has the place of the key but not its signature. Only a change that was not completed leaves one. The
 * signature in the entry is 0, or that of a key for which cuckoo hashing was about to move this one: rte_hash removes an entry with the
 * key and a hash with that signature. Lookups of the key do not see the entry before or after. */
static int
remove_stray(struct godpdk_table *t, const uint8_t *state, const char *key)
{
	const hash_sig_t own = godpdk_table_hash(t, key);

	for (uint64_t i = 0; i <= 0x10000 + (uint64_t)t->slots; i++) {
		hash_sig_t other;

		if (i == 0)
			other = t->op_hash;
		else if (i <= 0x10000)
			other = i - 1;
		else if (state[i - 0x10001] != FREE)
			other = godpdk_table_hash(t, key_at(t, i - 0x10001));
		else
			continue;
		if (other >> 16 != own >> 16 && rte_hash_del_key_with_hash(t->hash, key, other) >= 0)
			return 1;
	}
	return 0;
}

/* Makes each key have one entry, and finds out what each place is. Lookups find all keys meanwhile. */
static void
repair_keys(struct godpdk_table *t, uint8_t *state)
{
	uint32_t next = 0;
	const void *key;
	void *data;
	int32_t pos;

	while ((pos = rte_hash_iterate(t->hash, &key, &data, &next)) >= 0)
		state[pos] = state[pos] == FREE ? FOUND : TWICE;
	for (uint32_t p = 0; p < t->slots; p++) {
		/* Cuckoo hashing stores a key in its other bucket first. If both entries are good, lookups that miss the first one find the second. */
		if (state[p] == TWICE && !remove_stray(t, state, key_at(t, p)))
			rte_hash_del_key_with_hash(t->hash, key_at(t, p), godpdk_table_hash(t, key_at(t, p)));
	}
	for (uint32_t p = 0; p < t->slots; p++) {
		if (state[p] == FREE)
			continue;
		if (rte_hash_lookup_with_hash(t->hash, key_at(t, p), godpdk_table_hash(t, key_at(t, p))) == (int32_t)p)
			state[p] = LIVE;
		else /* half deleted. In a table with more than 2^16 buckets no hash may have this bucket and the signature 0: one of the spare places is lost. */
			state[p] = remove_stray(t, state, key_at(t, p)) ? FREE : STUCK;
	}
}

/* Counts the keys that have overflowed. A list has each key before the one store that adds it, or after it. */
static void
repair_lists(struct godpdk_table *t, uint8_t *state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 1u << t->list_bits; i++) {
		for (uint32_t p = t->lists[i]; p != 0; p = t->links[p - 1]) {
			state[p - 1] = LIVE;
			n++;
		}
	}
	__atomic_store_n(&t->overflow, n, __ATOMIC_RELEASE);
}

/* Finds out which values are used. */
static void
repair_values(struct godpdk_table *t, const uint8_t *state, uint8_t *used)
{
	for (uint32_t p = 0; p < t->slots; p++) {
		if (state[p] == LIVE)
			used[(uintptr_t)*godpdk_table_data(t, p)] = 1;
	}
	t->num_free_values = 0;
	for (uint32_t i = t->capacity + 1; i-- > 0;)
		if (!used[i])
			t->free_values[t->num_free_values++] = i;
}

/* Repairs a table after a change that stopped at any instruction. All steps may be repeated, because the repair may stop, too. */
static int
repair(struct godpdk_table *t)
{
	uint8_t *state = calloc(t->slots, 1), *used = calloc((size_t)t->capacity + 1, 1);
	uint32_t len = 0;

	if (state == NULL || used == NULL) {
		free(state);
		free(used);
		return ENOMEM;
	}
	bump(t);
	repair_keys(t, state);
	repair_lists(t, state);
	if (is_large(t))
		repair_values(t, state, used);
	for (uint64_t i = t->pending_head; i != t->pending_tail; i++)
		if (state[t->pending[i % t->slots].pos] == FREE)
			state[t->pending[i % t->slots].pos] = PENDING;
	if (t->rcu != NULL && t->op == GODPDK_TABLE_DELETE && t->op_pos >= 0 && state[t->op_pos] == FREE) {
		push_pending(t, t->op_pos);
		state[t->op_pos] = PENDING;
	}
	rte_ring_reset(t->free_slots);
	for (uint32_t p = 0; p < t->slots; p++) {
		uint32_t index = p + 1; /* rte_hash counts from 1 */

		if (state[p] == FREE)
			rte_ring_sp_enqueue_elem(t->free_slots, &index, sizeof(index));
		len += state[p] == LIVE;
	}
	__atomic_store_n(&t->len, len, __ATOMIC_RELAXED);
	__atomic_store_n(&t->used, t->slots, __ATOMIC_RELEASE);
	finish(t);
	free(state);
	free(used);
	return 0;
}

/* Takes the lock, without waiting, and repairs the table if the last change was not completed. */
static int
enter(struct godpdk_table *t)
{
	int err;

	if (__atomic_load_n(&t->magic, __ATOMIC_ACQUIRE) != GODPDK_TABLE_MAGIC)
		return ESTALE;
	if (__atomic_load_n(&t->waiting, __ATOMIC_RELAXED)) {
		__atomic_store_n(&t->waiting, 0, __ATOMIC_RELAXED);
		return EBUSY;
	}
	err = hold(t);
	if (err != 0)
		return err;
	if (t->magic != GODPDK_TABLE_MAGIC)
		err = ESTALE;
	else if (t->op != GODPDK_TABLE_IDLE && (err = repair(t)) == 0)
		t->repairs++;
	if (err != 0)
		leave(t);
	return err;
}

/* Adds a key, or replaces its value. If keep is set and the table has the key, copies its value instead. */
static int
add_one(struct godpdk_table *t, const void *key, void *value, int keep, int *present, uint32_t *steps)
{
	const hash_sig_t hash = godpdk_table_hash(t, key);
	void *data = NULL, *old = NULL;
	uint32_t slot = 0;
	int32_t pos;
	int err = 0;

	pos = find(t, key, hash, &old, steps);
	*present = pos >= 0;
	if (*present && keep) {
		godpdk_table_value(t, old, value);
		return 0;
	}
	if (!*present && t->len >= t->capacity)
		return ENOSPC;
	start(t, GODPDK_TABLE_ADD, hash, GODPDK_TABLE_NOWHERE);
	if (!*present) {
		reclaim(t, rte_ring_empty(t->free_slots) ? UINT32_MAX : 2);
		if (rte_ring_empty(t->free_slots)) {
			finish(t);
			return t->pending_head != t->pending_tail ? EAGAIN : ENOSPC;
		}
	}
	if (!*present || is_large(t))
		bump(t);
	if (is_large(t)) {
		slot = t->free_values[t->num_free_values - 1];
		memcpy(t->values + (uint64_t)slot * t->value_stride, value, t->value_size);
		data = (void *)(uintptr_t)slot;
	} else {
		memcpy(&data, value, t->value_size);
	}
	if (*present) {
		__atomic_store_n(godpdk_table_data(t, pos), data, __ATOMIC_RELEASE);
	} else {
		take_place(t);
		err = godpdk_neg(rte_hash_add_key_with_hash_data(t->hash, key, hash, data));
		if (err == ENOSPC) /* its buckets are full, and rte_hash has moved its place to the end of the ring */
			err = add_overflow(t, key, hash, data);
	}
	if (err == 0 && is_large(t)) {
		if (*present)
			t->free_values[t->num_free_values - 1] = (uintptr_t)old;
		else
			t->num_free_values--;
	}
	if (err == 0 && !*present)
		__atomic_store_n(&t->len, t->len + 1, __ATOMIC_RELAXED);
	finish(t);
	return err;
}

static int
delete_one(struct godpdk_table *t, const void *key, uint32_t *steps)
{
	const hash_sig_t hash = godpdk_table_hash(t, key);
	void *data;
	int32_t pos = find(t, key, hash, &data, steps);

	if (pos < 0)
		return ENOENT;
	start(t, GODPDK_TABLE_DELETE, hash, pos);
	if (rte_hash_del_key_with_hash(t->hash, key, hash) < 0)
		delete_overflow(t, hash, pos);
	__atomic_store_n(&t->len, t->len - 1, __ATOMIC_RELAXED);
	if (is_large(t))
		t->free_values[t->num_free_values++] = (uintptr_t)data;
	if (t->rcu != NULL) {
		push_pending(t, pos);
		reclaim(t, 2);
	} else {
		rte_hash_free_key_with_position(t->hash, pos);
	}
	finish(t);
	return 0;
}

int
godpdk_table_add(struct godpdk_table *t, const void *keys, const void *values, uint32_t n, uint32_t *done)
{
	int present, err = enter(t);
	uint32_t steps = 0;

	*done = 0;
	if (err != 0)
		return err;
	for (; err == 0 && *done < n && steps < LONG; *done += err == 0)
		err = add_one(t, (const char *)keys + (size_t)*done * t->key_size, (char *)(uintptr_t)values + (size_t)*done * t->value_size, 0, &present,
			      &steps);
	leave(t);
	return err;
}

int
godpdk_table_get_or_add(struct godpdk_table *t, const void *key, void *value, int *loaded)
{
	int err = enter(t);
	uint32_t steps = 0;

	*loaded = 0;
	if (err != 0)
		return err;
	err = add_one(t, key, value, 1, loaded, &steps);
	leave(t);
	return err;
}

int
godpdk_table_delete(struct godpdk_table *t, const void *keys, uint32_t n, uint32_t *done)
{
	int err = enter(t);
	uint32_t steps = 0;

	*done = 0;
	if (err != 0)
		return err;
	for (; err == 0 && *done < n && steps < LONG; *done += err == 0)
		err = delete_one(t, (const char *)keys + (size_t)*done * t->key_size, &steps);
	leave(t);
	return err;
}

int
godpdk_table_clear(struct godpdk_table *t, uint32_t *next)
{
	int err = enter(t);
	uint32_t p = *next, changes = 0, steps = 0;

	if (err != 0)
		return err;
	for (; p < t->used && changes < GODPDK_TABLE_CHANGES && steps < LONG; p++, steps += GODPDK_TABLE_TRY) {
		const char *key = key_at(t, p);
		void *data;

		if (find(t, key, godpdk_table_hash(t, key), &data, &steps) == (int32_t)p) {
			delete_one(t, key, &steps);
			changes++;
		}
	}
	*next = p < t->used ? p : GODPDK_TABLE_END;
	leave(t);
	return 0;
}

int32_t
godpdk_table_owner(struct godpdk_table *t)
{
#ifdef __GLIBC__
	return __atomic_load_n(&t->lock.__data.__lock, __ATOMIC_RELAXED) & 0x3fffffff; /* FUTEX_TID_MASK */
#else
	(void)t;
	return 0;
#endif
}

static void
zone_name(char zone[RTE_MEMZONE_NAMESIZE], const char *name)
{
	snprintf(zone, RTE_MEMZONE_NAMESIZE, GODPDK_TABLE_ZONE "%s", name);
}

static int
init_lock(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err != 0)
		return err;
	err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (err == 0)
		err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (err == 0)
		err = pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
	return err;
}

/* Finds out where the rte_hash, which is private, stores its keys, by means of two, and checks that the data of each is in front of it. */
static int
find_keys(struct godpdk_table *t)
{
	char key[2][GODPDK_TABLE_MAX_SIZE];
	char *place[2] = { NULL, NULL };
	int32_t pos[2], p;
	uint32_t next = 0;
	const void *k;
	void *data;

	for (int i = 0; i < 2; i++) {
		memset(key[i], 0x5a + i, t->key_size);
		pos[i] = rte_hash_add_key_with_hash(t->hash, key[i], godpdk_table_hash(t, key[i]));
		if (pos[i] < 0 || rte_hash_add_key_with_hash_data(t->hash, key[i], godpdk_table_hash(t, key[i]), key[i]) != 0)
			return ENOTSUP;
	}
	while ((p = rte_hash_iterate(t->hash, &k, &data, &next)) >= 0)
		for (int i = 0; i < 2; i++)
			if (p == pos[i] && *(void **)((uintptr_t)k - sizeof(data)) == key[i])
				place[i] = (char *)(uintptr_t)k;
	if (place[0] == NULL || place[1] == NULL || pos[1] != pos[0] + 1 || place[1] <= place[0])
		return ENOTSUP;
	t->key_stride = place[1] - place[0];
	t->keys = place[0] - pos[0] * t->key_stride;
	for (int i = 0; i < 2; i++)
		if (rte_hash_del_key_with_hash(t->hash, key[i], godpdk_table_hash(t, key[i])) != pos[i])
			return ENOTSUP;
	return 0;
}

/* As many lists as the rte_hash has buckets, 1 at least. */
static uint32_t
list_bits(uint32_t slots)
{
	return RTE_MAX(rte_log2_u32(slots), 3u) - 3;
}

/* Fills a new zone. */
static int
init(struct godpdk_table *t, const struct godpdk_table_config *c, struct rte_hash *h, struct rte_ring *r, uint32_t slots, uint32_t stride)
{
	char *at = (char *)(t + 1);
	int err;

	memset(t, 0, sizeof(*t));
	t->layout = sizeof(*t);
	t->capacity = c->entries;
	t->slots = slots;
	t->function = c->function;
	t->seed = c->seed;
	t->key_size = c->key_size;
	t->value_size = c->value_size;
	t->key_type = c->key_type;
	t->value_type = c->value_type;
	t->hash = h;
	t->free_slots = r;
	if (c->rcu != NULL) {
		t->rcu = c->rcu;
		snprintf(t->rcu_name, sizeof(t->rcu_name), "%s", c->rcu_name);
		t->pending = (void *)at;
		at += (size_t)slots * sizeof(*t->pending);
	}
	if (is_large(t)) {
		t->value_stride = stride;
		t->values = at;
		at += ((size_t)c->entries + 1) * stride;
		t->free_values = (void *)at;
		at += ((size_t)c->entries + 1) * sizeof(uint32_t);
	}
	t->list_bits = list_bits(slots);
	t->links = (void *)at;
	t->lists = t->links + slots;
	memset(t->lists, 0, sizeof(uint32_t) << t->list_bits);
	err = init_lock(&t->lock);
	if (err == 0)
		err = find_keys(t);
	if (err == 0)
		err = repair(t); /* it fills all lists */
	t->used = 0;
	return err;
}

static int
valid(const char *name, const struct godpdk_table_config *c)
{
	return strlen(name) < GODPDK_TABLE_NAMESIZE && c->key_size >= 1 && c->key_size <= GODPDK_TABLE_MAX_SIZE &&
	       c->value_size <= GODPDK_TABLE_MAX_SIZE && c->entries >= 1 && c->entries <= GODPDK_TABLE_MAX_ENTRIES &&
	       c->function <= GODPDK_TABLE_JENKINS;
}

struct godpdk_ptr
godpdk_table_create(const char *name, const struct godpdk_table_config *c)
{
	struct rte_hash_parameters p = {
		.name = name,
		.key_len = c->key_size,
		.hash_func = c->function == GODPDK_TABLE_CRC ? rte_hash_crc : rte_jhash, /* only this process may call it */
		.hash_func_init_val = c->seed,
		.socket_id = c->socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};
	/* Spare places are for deleted keys that readers may use, and for those that repairs lose: see repair_keys. */
	const uint32_t spare = (c->rcu != NULL ? c->entries / 8 + 64 : 0) + (c->entries > 1 << 19 ? 64 : 0);
	const uint32_t slots = RTE_MAX(c->entries + spare, 8u), stride = RTE_ALIGN(c->value_size, 8);
	const uint32_t power = rte_align32pow2(slots);
	char zone[RTE_MEMZONE_NAMESIZE], ring[RTE_RING_NAMESIZE];
	const struct rte_memzone *mz = NULL;
	struct rte_hash *h;
	struct rte_ring *r;
	size_t size = sizeof(struct godpdk_table);
	int err;

	if (!valid(name, c))
		return (struct godpdk_ptr){ NULL, EINVAL };
	/* rte_hash has 8 entries a bucket and as many entries as the next power of two. At more than 7/8 of them, many keys may
	 * overflow: twice as many, then. */
	p.entries = (uint64_t)slots * 8 > (uint64_t)power * 7 ? power + 1 : slots;
	if (((uint64_t)p.entries + 1) * RTE_ALIGN(c->key_size + sizeof(void *), 16) > UINT32_MAX) /* rte_hash computes offsets in 32 bits */
		return (struct godpdk_ptr){ NULL, EINVAL };
	size += (p.entries + ((size_t)1 << list_bits(p.entries))) * sizeof(uint32_t);
	if (c->rcu != NULL)
		size += (size_t)p.entries * sizeof(struct godpdk_table_pending);
	if (c->value_size > 8)
		size += ((size_t)c->entries + 1) * (stride + sizeof(uint32_t));

	rte_errno = 0;
	h = rte_hash_create(&p);
	if (h == NULL) /* rte_errno is of something else if a part of it found no memory */
		return (struct godpdk_ptr){ NULL, rte_errno == EEXIST || rte_errno == ENOSPC ? rte_errno : ENOMEM };
	snprintf(ring, sizeof(ring), "HT_%s", name);
	r = rte_ring_lookup(ring);
	err = ENOTSUP;
	if (r != NULL) {
		zone_name(zone, name);
		rte_errno = 0;
		mz = rte_memzone_reserve(zone, size, c->socket, 0);
		err = mz == NULL ? godpdk_errno() : init(mz->addr, c, h, r, p.entries, stride);
	}
	if (err != 0) {
		rte_memzone_free(mz);
		rte_hash_free(h);
		return (struct godpdk_ptr){ NULL, err };
	}
	__atomic_store_n(&((struct godpdk_table *)mz->addr)->magic, GODPDK_TABLE_MAGIC, __ATOMIC_RELEASE);
	return godpdk_result(mz->addr);
}

struct search {
	const char *zone;
	struct godpdk_table_info *info;
	int err;
};

/* rte_memzone_walk calls this under the lock of the memzones, which keeps the zone's memory. */
static void
match(const struct rte_memzone *mz, void *arg)
{
	struct search *s = arg;
	struct godpdk_table *t = mz->addr;
	uint64_t magic;

	if (strncmp(s->zone, mz->name, RTE_MEMZONE_NAMESIZE) != 0)
		return;
	magic = mz->len < sizeof(magic) ? UINT64_MAX : __atomic_load_n(&t->magic, __ATOMIC_ACQUIRE);
	s->err = magic == 0 ? EAGAIN : ENOTSUP;
	if (magic != GODPDK_TABLE_MAGIC || t->layout != sizeof(*t))
		return;
	*s->info = (struct godpdk_table_info){
		.table = t,
		.key_type = t->key_type,
		.value_type = t->value_type,
		.key_size = t->key_size,
		.value_size = t->value_size,
		.capacity = t->capacity,
		.len = __atomic_load_n(&t->len, __ATOMIC_RELAXED),
		.overflow = __atomic_load_n(&t->overflow, __ATOMIC_RELAXED),
		.function = t->function,
		.seed = t->seed,
		.repairs = __atomic_load_n(&t->repairs, __ATOMIC_RELAXED),
	};
	memcpy(s->info->rcu_name, t->rcu_name, sizeof(t->rcu_name));
	s->err = 0;
}

int
godpdk_table_describe(const char *name, struct godpdk_table_info *info)
{
	char zone[RTE_MEMZONE_NAMESIZE];
	struct search s = { zone, info, ENOENT };

	zone_name(zone, name);
	rte_memzone_walk(match, &s);
	return s.err;
}

struct godpdk_ptr
godpdk_table_find(const char *name)
{
	struct godpdk_table_info info = { NULL };
	int err = godpdk_table_describe(name, &info);

	return (struct godpdk_ptr){ info.table, err };
}

int
godpdk_table_free(const char *name, struct godpdk_table *t)
{
	int err = ENOENT;

	godpdk_free_begin();
	if (t != NULL && godpdk_table_find(name).ptr == t) {
		char zone[RTE_MEMZONE_NAMESIZE];

		err = hold(t);
		if (err == 0 || err == ESTALE) {
			struct rte_hash *h = t->hash;

			__atomic_store_n(&t->magic, 0, __ATOMIC_RELEASE);
			if (err == 0)
				leave(t);
			zone_name(zone, name);
			rte_hash_free(h);
			rte_memzone_free(rte_memzone_lookup(zone));
			err = 0;
		}
	}
	godpdk_free_end();
	return err;
}

struct names {
	char (*names)[RTE_MEMZONE_NAMESIZE];
	uint32_t max, n;
};

static void
add_name(const struct rte_memzone *mz, void *arg)
{
	struct names *all = arg;
	const size_t prefix = sizeof(GODPDK_TABLE_ZONE) - 1;

	if (strncmp(mz->name, GODPDK_TABLE_ZONE, prefix) == 0 && mz->len >= sizeof(struct godpdk_table) &&
	    __atomic_load_n(&((struct godpdk_table *)mz->addr)->magic, __ATOMIC_ACQUIRE) == GODPDK_TABLE_MAGIC) {
		if (all->n < all->max)
			snprintf(all->names[all->n], RTE_MEMZONE_NAMESIZE, "%s", mz->name + prefix);
		all->n++;
	}
}

uint32_t
godpdk_table_names(char (*names)[RTE_MEMZONE_NAMESIZE], uint32_t max)
{
	struct names all = { names, max, 0 };

	rte_memzone_walk(add_name, &all);
	return all.n;
}
