/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FLOWFAKE_FAKE_H
#define FLOWFAKE_FAKE_H

#include <stdint.h>

/* What the cause of an error points to. */
enum { FAKE_NONE, FAKE_ATTR, FAKE_ITEM, FAKE_SPEC, FAKE_MASK, FAKE_ACTION, FAKE_CONF, FAKE_OTHER };

struct fake {
	int port; /* -1: none */

	/* The next call fails, if err is not 0. silent: without a struct rte_flow_error. */
	int err;
	int type;
	int cause;
	int index;
	int silent;
	char message[128];

	char text[1 << 16]; /* the last rule */
	int live; /* rules */
	int indirect; /* actions */
	int directions; /* of the last one: 1 ingress, 2 egress, 4 transfer */
	int destroyed;
	int flushed;
	int isolated;
	int wrong; /* calls with wrong arguments */
	uint32_t identifier;
	uint64_t hits;
	uint32_t idle;
};
extern struct fake fake;

/* The metadata of a struct rte_mbuf, as a driver accesses it. */
void fake_set_metadata(void *m, uint32_t value);
uint32_t fake_metadata(void *m);

#endif
