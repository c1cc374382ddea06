//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_acl.h"

/* The dynamic linker sets it when the program starts. A direct call may run the linker, which
 * needs much stack, at the first call. */
static __typeof__(rte_acl_classify) *volatile classify = rte_acl_classify;

int32_t
godpdk_acl_classify(void *bulk)
{
	const struct godpdk_acl_bulk *b = bulk;
	const uint8_t *data[32];
	const uint8_t *key = b->keys;
	uint32_t *results = b->results;

	for (uint64_t left = b->n; left > 0;) {
		uint32_t n = RTE_MIN(left, RTE_DIM(data));
		int ret;

		for (uint32_t i = 0; i < n; i++, key += b->stride)
			data[i] = key;
		ret = classify(b->ctx, data, results, n, b->categories);
		if (ret < 0)
			return -ret;
		results += (size_t)n * b->categories;
		left -= n;
	}
	return 0;
}
