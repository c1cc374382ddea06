/* SPDX-License-Identifier: BSD-3-Clause */
/* Growth of DPDK's memory beside processes that do not answer. The primary asks all secondaries
 * to map new memory, and waits 5 s for each answer, twice. If one is missing, DPDK's functions
 * try again with less memory, and wait again: CreatePool can take minutes. These functions make
 * the first failure the last one of a call. */
#ifndef GODPDK_GROWTH_H
#define GODPDK_GROWTH_H

#include <stdint.h>

/* Begins to watch the growth of this primary. 0 or a positive errno. */
int godpdk_growth_guard(void);

/* Sets the pid of a process that is stopped: memory does not grow beside it. 0 is none. */
void godpdk_growth_stopped(int pid);

/* Begins and ends a control call of this thread. begin returns the argument of end: calls nest. */
uint64_t godpdk_growth_begin(void);
void godpdk_growth_end(uint64_t outer);

/* The reason why this thread's call was refused memory: the pid of a stopped process, -1 after
 * another growth that some process did not confirm in time, or 0 if it was not refused. */
int godpdk_growth_refused(void);

#endif
