//go:build linux

package cloop

/*
#define ALLOW_EXPERIMENTAL_API
#include <string.h>
#include <rte_mcslock.h>
#include <rte_pflock.h>
#include <rte_rwlock.h>
#include <rte_seqlock.h>
#include <rte_spinlock.h>
#include <rte_ticketlock.h>

#define LOOP(name, type, lock, unlock) \
	static __rte_noinline void name(void *p, unsigned int iters) \
	{ \
		type *l = p; \
		while (iters--) { \
			lock(l); \
			unlock(l); \
		} \
	}

LOOP(lock_spin, rte_spinlock_t, rte_spinlock_lock, rte_spinlock_unlock)
LOOP(lock_ticket, rte_ticketlock_t, rte_ticketlock_lock, rte_ticketlock_unlock)
LOOP(lock_rw_read, rte_rwlock_t, rte_rwlock_read_lock, rte_rwlock_read_unlock)
LOOP(lock_rw_write, rte_rwlock_t, rte_rwlock_write_lock, rte_rwlock_write_unlock)
LOOP(lock_pf_read, rte_pflock_t, rte_pflock_read_lock, rte_pflock_read_unlock)
LOOP(lock_pf_write, rte_pflock_t, rte_pflock_write_lock, rte_pflock_write_unlock)
LOOP(lock_seqcount, rte_seqcount_t, rte_seqcount_write_begin, rte_seqcount_write_end)
LOOP(lock_seq, rte_seqlock_t, rte_seqlock_write_lock, rte_seqlock_write_unlock)

static __rte_noinline void
lock_mcs(void *lock, void *node, unsigned int iters)
{
	while (iters--) {
		rte_mcslock_lock(lock, node);
		rte_mcslock_unlock(lock, node);
	}
}

struct seq_value {
	rte_seqlock_t lock;
	uint64_t value[8];
};

static __rte_noinline void
seq_store(void *p, unsigned int iters)
{
	uint64_t value[8] = { 0 };
	struct seq_value *v = p;

	while (iters--) {
		value[0]++;
		rte_seqlock_write_lock(&v->lock);
		memcpy(v->value, value, sizeof(value));
		rte_seqlock_write_unlock(&v->lock);
	}
}

static __rte_noinline uint64_t
seq_load(void *p, unsigned int iters)
{
	struct seq_value *v = p;
	uint64_t sum = 0;

	while (iters--) {
		uint64_t value[8];
		uint32_t sn;

		do {
			sn = rte_seqlock_read_begin(&v->lock);
			memcpy(value, v->value, sizeof(value));
			// The compiler must read the complete value, as in Go, where the function returns it.
			__asm__ volatile("" : "+m"(value));
		} while (rte_seqlock_read_retry(&v->lock, sn));
		sum += value[7];
	}
	return sum;
}
*/
import "C"

import "unsafe"

// Lock is a loop over lock and unlock of a lock.
type Lock func(lock unsafe.Pointer, iters int)

// These loops lock and unlock the locks of DPDK.
var (
	Spin       Lock = func(p unsafe.Pointer, n int) { C.lock_spin(p, C.uint(n)) }
	Ticket     Lock = func(p unsafe.Pointer, n int) { C.lock_ticket(p, C.uint(n)) }
	RWRead     Lock = func(p unsafe.Pointer, n int) { C.lock_rw_read(p, C.uint(n)) }
	RWWrite    Lock = func(p unsafe.Pointer, n int) { C.lock_rw_write(p, C.uint(n)) }
	PFRead     Lock = func(p unsafe.Pointer, n int) { C.lock_pf_read(p, C.uint(n)) }
	PFWrite    Lock = func(p unsafe.Pointer, n int) { C.lock_pf_write(p, C.uint(n)) }
	SeqCount   Lock = func(p unsafe.Pointer, n int) { C.lock_seqcount(p, C.uint(n)) }
	Seq        Lock = func(p unsafe.Pointer, n int) { C.lock_seq(p, C.uint(n)) }
	SeqStore64 Lock = func(p unsafe.Pointer, n int) { C.seq_store(p, C.uint(n)) } // of 64 bytes
	SeqLoad64  Lock = func(p unsafe.Pointer, n int) { C.seq_load(p, C.uint(n)) }
)

// MCS locks and unlocks an MCS lock with a node, iters times.
func MCS(lock, node unsafe.Pointer, iters int) { C.lock_mcs(lock, node, C.uint(iters)) }
