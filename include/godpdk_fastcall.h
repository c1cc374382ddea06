/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of C on the goroutine's own stack (dpdk/internal/fastcall), and a report of faults
 * in them. Go's signal handler takes such a fault for one of Go code and cannot unwind C
 * frames: its report, "traceback: unexpected SPWRITE function", has neither the signal nor
 * the address. */
#ifndef GODPDK_FASTCALL_H
#define GODPDK_FASTCALL_H

#include "godpdk.h"

/* Calls fn on the stack from low to high. */
int32_t godpdk_fast_call(void *arg, int32_t (*fn)(void *), uintptr_t low, uintptr_t high);

/* Installs a signal handler before Go's, with the same flags and mask. After its report
 * the thread continues in abort, a Go function. */
void godpdk_fast_watch(uintptr_t abort);

#endif
