/* SPDX-License-Identifier: BSD-3-Clause */
/* POSIX threads: a robust mutex that processes share. */
#ifndef GODPDK_MUTEX_H
#define GODPDK_MUTEX_H

#include "godpdk.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(pthread_mutex_t) % 8 == 0 && _Alignof(pthread_mutex_t) <= 8, "a pthread_mutex_t is words");

/* The word that says what a mutex is, and that only initialising one writes. */
enum {
	GODPDK_MUTEX_SIZEOF = sizeof(pthread_mutex_t),
#ifdef __GLIBC__
	GODPDK_MUTEX_KIND = offsetof(pthread_mutex_t, __data.__kind),
#else
	GODPDK_MUTEX_KIND = 0, /* musl's first */
#endif
};

/* pthread_mutex_init: shared by processes, robust, and an error for its owner
 * who locks it again. */
static inline int
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

/* pthread_mutex_clocklock that waits for ns nanoseconds; where libc has none
 * yet, pthread_mutex_timedlock, which a change of the time of day disturbs. */
static inline int
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

/* pthread_mutex_trylock. glibc's keeps the lock of a mutex that is not recoverable,
 * where pthread_mutex_lock gives it up, so that the next one would hang in there. */
static int32_t
godpdk_mutex_trylock(void *arg)
{
	pthread_mutex_t *m = arg;
	int err = pthread_mutex_trylock(m);

#ifdef __GLIBC__
	if (err == ENOTRECOVERABLE &&
	    (__atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK) == syscall(SYS_gettid)) {
		__atomic_store_n(&m->__data.__lock, 0, __ATOMIC_RELEASE);
		syscall(SYS_futex, &m->__data.__lock, FUTEX_WAKE, 1);
	}
#endif
	return err;
}

/* Where they are, for fastcall. */
static inline void *godpdk_mutex_trylock_address(void) { return (void *)godpdk_mutex_trylock; }
static inline void *godpdk_mutex_unlock_address(void) { return (void *)pthread_mutex_unlock; }

#endif
