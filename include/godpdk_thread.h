/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GODPDK_THREAD_H
#define GODPDK_THREAD_H

#include "godpdk.h"

/* The ID of the calling thread. */
int32_t godpdk_thread_id(void);

/* Where a thread finds its ID: the address of an int32_t minus the thread pointer. It is 0
 * there before the thread's first godpdk_thread_id. */
intptr_t godpdk_thread_id_offset(void);

#endif
