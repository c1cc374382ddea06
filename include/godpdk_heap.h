/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_malloc: blocks of shared memory without names. */
#ifndef GODPDK_HEAP_H
#define GODPDK_HEAP_H

#include "godpdk.h"

#include <rte_malloc.h>

/* rte_zmalloc_socket: NULL and a positive errno. */
static inline struct godpdk_ptr
godpdk_heap_alloc(size_t size, uint32_t align, int socket)
{
	struct godpdk_ptr r = { NULL, 0 };

	rte_errno = 0;
	r.ptr = rte_zmalloc_socket("godpdk", size, align, socket);
	if (r.ptr == NULL)
		r.err = rte_errno > 0 ? rte_errno : ENOMEM;
	return r;
}

/* rte_malloc_validate: 0 or EINVAL. */
static inline int
godpdk_heap_validate(const void *block, size_t *size)
{
	return rte_malloc_validate(block, size) < 0 ? EINVAL : 0;
}

#endif
