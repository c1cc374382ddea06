//go:build linux

package cloop

/*
#include <pthread.h>
#include <rte_rcu_qsbr.h>

static __rte_noinline void
mutex(void *m, unsigned int iters)
{
	while (iters--) {
		pthread_mutex_lock(m);
		pthread_mutex_unlock(m);
	}
}

static __rte_noinline void
quiescent(void *v, unsigned int id, unsigned int every, unsigned int iters)
{
	for (unsigned int i = 0; i < iters; i++) {
		if (i % every == 0)
			rte_rcu_qsbr_start(v);
		rte_rcu_qsbr_quiescent(v, id);
	}
}
*/
import "C"

import "unsafe"

// Mutex locks and unlocks a pthread_mutex_t, iters times.
func Mutex(m unsafe.Pointer, iters int) { C.mutex(m, C.uint(iters)) }

// Quiescent reports a quiescent state of a reader iters times. A grace period starts at each every-th
// report.
func Quiescent(v unsafe.Pointer, id, every, iters int) {
	C.quiescent(v, C.uint(id), C.uint(every), C.uint(iters))
}
