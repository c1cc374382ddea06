/* SPDX-License-Identifier: BSD-3-Clause */
/* POSIX threads: a robust mutex in shared memory. */
#ifndef GODPDK_MUTEX_H
#define GODPDK_MUTEX_H

#include "godpdk.h"

#include <pthread.h>

_Static_assert(sizeof(pthread_mutex_t) % 8 == 0 && _Alignof(pthread_mutex_t) <= 8, "a pthread_mutex_t is words");

enum {
	GODPDK_MUTEX_SIZEOF = sizeof(pthread_mutex_t),
	/* The word for the kind of the mutex: only its initialization writes it. */
#ifdef __GLIBC__
	GODPDK_MUTEX_KIND = offsetof(pthread_mutex_t, __data.__kind),
#else
	GODPDK_MUTEX_KIND = 0, /* the first word in musl */
#endif
};

/* pthread_mutex_init of a process-shared, robust, error-checking mutex. */
int godpdk_mutex_init(pthread_mutex_t *m);

/* pthread_mutex_clocklock for ns nanoseconds. Before glibc 2.30 it is
 * pthread_mutex_timedlock, which a change of the time of day disturbs. */
int godpdk_mutex_timedlock(pthread_mutex_t *m, uint64_t ns);

/* The ID of the thread that owns the mutex, 0 if there is none or libc does not show it. */
int32_t godpdk_mutex_owner(pthread_mutex_t *m);

/* pthread_mutex_trylock of a pthread_mutex_t, for fastcall. */
int32_t godpdk_mutex_trylock(void *m);

#endif
