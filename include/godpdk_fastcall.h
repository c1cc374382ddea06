/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of C on the goroutine's own stack (dpdk/internal/fastcall), and a report of faults
 * in them. Go's signal handler takes such a fault for one of Go code and cannot unwind C
 * frames: its report, "traceback: unexpected SPWRITE function", has neither the signal nor
 * the address. */
#ifndef GODPDK_FASTCALL_H
#define GODPDK_FASTCALL_H

#include "godpdk.h"

/* The arguments of the thread's fast call, on Go's stack: first the C function. NULL outside a
 * call. */
extern __thread __attribute__((tls_model("initial-exec"))) void *const volatile *godpdk_fast_args;

/* The arguments of Call: an int32_t f(void *), and its argument. */
struct godpdk_fast_call {
	int32_t (*fn)(void *);
	void *arg;
};

/* Each fast call enters C in a function like this one. It gets Go's own arguments, which are in
 * memory, and sets godpdk_fast_args to them meanwhile. */
int64_t godpdk_fast_call(struct godpdk_fast_call *c);

/* Installs a signal handler before Go's, with the same flags and mask. After its report
 * the thread continues in abort, a Go function. */
void godpdk_fast_watch(uintptr_t abort);

#endif
