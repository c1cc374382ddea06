/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_telemetry: commands that Go answers. */
#ifndef GODPDK_TELEMETRY_H
#define GODPDK_TELEMETRY_H

#include <rte_telemetry.h>

#include "godpdk.h"
#include "godpdk_inbox.h"

/* The form of a value that Go writes: a kind, in an object the name, and the content. Names and texts end with a
 * NUL, numbers have 8 bytes, and the elements of a container end with GODPDK_TEL_END. */
enum {
	GODPDK_TEL_END,
	GODPDK_TEL_TEXT,
	GODPDK_TEL_INT,
	GODPDK_TEL_UINT,
	GODPDK_TEL_DICT,
	GODPDK_TEL_TEXTS, /* an array of each */
	GODPDK_TEL_INTS,
	GODPDK_TEL_UINTS,
	GODPDK_TEL_CONTAINERS,

	GODPDK_TEL_MAX_STRING = RTE_TEL_MAX_STRING_LEN,
	GODPDK_TEL_MAX_SINGLE_STRING = RTE_TEL_MAX_SINGLE_STRING_LEN,
	GODPDK_TEL_MAX_DICT = RTE_TEL_MAX_DICT_ENTRIES,
	GODPDK_TEL_MAX_ARRAY = RTE_TEL_MAX_ARRAY_ENTRIES,
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	GODPDK_TEL_INT_BITS = 64,
#else
	GODPDK_TEL_INT_BITS = 32,
#endif
	/* Others refuse a dict in an array. */
	GODPDK_TEL_ARRAY_OF_DICTS = RTE_VERSION >= RTE_VERSION_NUM(25, 11, 1, 0) ||
		(RTE_VERSION >= RTE_VERSION_NUM(24, 11, 5, 0) && RTE_VERSION < RTE_VERSION_NUM(25, 3, 0, 0)) ||
		(RTE_VERSION >= RTE_VERSION_NUM(23, 11, 7, 0) && RTE_VERSION < RTE_VERSION_NUM(24, 3, 0, 0)),
	GODPDK_TEL_WAIT_MS = 1000, /* how long a thread of DPDK waits for the answer */
};

/* A request that waits for its answer. */
struct godpdk_tel_request {
	struct godpdk_inbox_node node;
	uint32_t state;
	char *answer; /* NULL: the command failed */
	char command[64];
	char params[1024];
};

/* godpdk_inbox_open of the requests. */
int godpdk_tel_open(void);

/* Takes all requests in FIFO order. Each must be answered, once. */
struct godpdk_tel_request *godpdk_tel_take(void);

/* Whether DPDK still waits for the answer. */
int godpdk_tel_waits(const struct godpdk_tel_request *r);

/* Answers a request with a value that free() accepts, or NULL. */
void godpdk_tel_answer(struct godpdk_tel_request *r, char *value);

/* rte_telemetry_register_cmd: 0 or a positive errno. */
int godpdk_tel_register(const char *command);

/* Later requests fail at once. */
void godpdk_tel_stop(void);

#endif
