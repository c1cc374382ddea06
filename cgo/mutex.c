//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "godpdk_mutex.h"

int
godpdk_mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err != 0)
		return err;
	err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (err == 0)
		err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (err == 0)
		err = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	if (err == 0)
		err = pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
	return err;
}

int
godpdk_mutex_timedlock(pthread_mutex_t *m, uint64_t ns)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 30)
	const clockid_t clock = CLOCK_MONOTONIC;
#else
	const clockid_t clock = CLOCK_REALTIME;
#endif
	struct timespec t;

	clock_gettime(clock, &t);
	ns += t.tv_nsec;
	t.tv_sec += ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 30)
	return pthread_mutex_clocklock(m, clock, &t);
#else
	return pthread_mutex_timedlock(m, &t);
#endif
}

int32_t
godpdk_mutex_owner(pthread_mutex_t *m)
{
#ifdef __GLIBC__
	return __atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK;
#else
	(void)m;
	return 0;
#endif
}

int32_t
godpdk_mutex_trylock(void *arg)
{
	pthread_mutex_t *m = arg;
	int err = pthread_mutex_trylock(m);

#ifdef __GLIBC__
	/* glibc keeps the lock of a mutex that is not recoverable, unlike in pthread_mutex_lock:
	 * the next caller would hang in there. */
	if (err == ENOTRECOVERABLE &&
	    (__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK) == syscall(SYS_gettid)) {
		__atomic_store_n(&m->__data.__lock, 0, __ATOMIC_RELEASE);
		syscall(SYS_futex, &m->__data.__lock, FUTEX_WAKE, 1);
	}
#endif
	return err;
}
