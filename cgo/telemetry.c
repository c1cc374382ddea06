//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <time.h>

#include "godpdk_telemetry.h"

static struct godpdk_inbox inbox = GODPDK_INBOX;
static int stopped;

/* States of a request. The side that moves it out of WAITS leaves it to the other side. */
enum { WAITS, ANSWERED, ABANDONED };

static const char *
text(const char **at)
{
	const char *s = *at;

	*at += strlen(s) + 1;
	return s;
}

static uint64_t
number(const char **at)
{
	uint64_t n;

	memcpy(&n, *at, sizeof(n));
	*at += sizeof(n);
	return n;
}

static int
add_uint(struct rte_tel_data *d, const char *name, uint64_t n)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return name != NULL ? rte_tel_data_add_dict_uint(d, name, n) : rte_tel_data_add_array_uint(d, n);
#else
	return name != NULL ? rte_tel_data_add_dict_u64(d, name, n) : rte_tel_data_add_array_u64(d, n);
#endif
}

static int
start(struct rte_tel_data *d, char kind)
{
	switch (kind) {
	case GODPDK_TEL_DICT:
		return rte_tel_data_start_dict(d);
	case GODPDK_TEL_TEXTS:
		return rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	case GODPDK_TEL_INTS:
		return rte_tel_data_start_array(d, RTE_TEL_INT_VAL);
	case GODPDK_TEL_UINTS:
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
		return rte_tel_data_start_array(d, RTE_TEL_UINT_VAL);
#else
		return rte_tel_data_start_array(d, RTE_TEL_U64_VAL);
#endif
	case GODPDK_TEL_CONTAINERS:
		return rte_tel_data_start_array(d, RTE_TEL_CONTAINER);
	}
	return -EINVAL;
}

static int fill(struct rte_tel_data *d, char kind, const char **at);

static int
add_container(struct rte_tel_data *d, const char *name, char kind, const char **at)
{
	struct rte_tel_data *c = rte_tel_data_alloc();
	int err;

	if (c == NULL)
		return -ENOMEM;
	err = fill(c, kind, at);
	if (err == 0)
		err = name != NULL ? rte_tel_data_add_dict_container(d, name, c, 0) : rte_tel_data_add_array_container(d, c, 0);
	if (err != 0)
		rte_tel_data_free(c);
	return err;
}

/* Fills a container with the elements up to the end. */
static int
fill(struct rte_tel_data *d, char kind, const char **at)
{
	bool dict = kind == GODPDK_TEL_DICT;
	int err = start(d, kind);

	while (err == 0) {
		const char *name;

		kind = *(*at)++;
		if (kind == GODPDK_TEL_END)
			break;
		name = dict ? text(at) : NULL;
		if (kind == GODPDK_TEL_TEXT)
			err = name != NULL ? rte_tel_data_add_dict_string(d, name, text(at)) : rte_tel_data_add_array_string(d, text(at));
		else if (kind == GODPDK_TEL_INT)
			err = name != NULL ? rte_tel_data_add_dict_int(d, name, number(at)) : rte_tel_data_add_array_int(d, number(at));
		else if (kind == GODPDK_TEL_UINT)
			err = add_uint(d, name, number(at));
		else
			err = add_container(d, name, kind, at);
	}
	return err;
}

static int
fill_top(struct rte_tel_data *d, const char *at)
{
	char kind = *at++;

	return kind == GODPDK_TEL_TEXT ? rte_tel_data_string(d, at) : fill(d, kind, &at);
}

/* Waits for the answer. If there is none in time, Go frees the request. */
static bool
answered(struct godpdk_tel_request *r)
{
	struct timespec end, now, left;
	uint32_t waits = WAITS;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += GODPDK_TEL_WAIT_MS / 1000;
	while (__atomic_load_n(&r->state, __ATOMIC_ACQUIRE) == WAITS) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		left.tv_sec = end.tv_sec - now.tv_sec;
		left.tv_nsec = end.tv_nsec - now.tv_nsec;
		if (left.tv_nsec < 0) {
			left.tv_nsec += 1000000000;
			left.tv_sec--;
		}
		if (left.tv_sec < 0)
			return !__atomic_compare_exchange_n(&r->state, &waits, ABANDONED, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		syscall(SYS_futex, &r->state, FUTEX_WAIT_PRIVATE, WAITS, &left, NULL, 0);
	}
	return true;
}

/* The callback of all commands, on a thread of DPDK that serves one connection. It calls no Go. */
static int
handle(const char *command, const char *params, struct rte_tel_data *d)
{
	struct godpdk_tel_request *r;
	int err = -1;

	if (__atomic_load_n(&stopped, __ATOMIC_ACQUIRE))
		return -1;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -1;
	snprintf(r->command, sizeof(r->command), "%s", command);
	snprintf(r->params, sizeof(r->params), "%s", params != NULL ? params : "");
	godpdk_inbox_put(&inbox, &r->node);
	if (!answered(r))
		return -1;
	if (r->answer != NULL)
		err = fill_top(d, r->answer);
	free(r->answer);
	free(r);
	return err == 0 ? 0 : -1;
}

int
godpdk_tel_open(void)
{
	return godpdk_inbox_open(&inbox);
}

struct godpdk_tel_request *
godpdk_tel_take(void)
{
	return (struct godpdk_tel_request *)godpdk_inbox_take(&inbox);
}

int
godpdk_tel_waits(const struct godpdk_tel_request *r)
{
	return __atomic_load_n(&r->state, __ATOMIC_ACQUIRE) == WAITS;
}

void
godpdk_tel_answer(struct godpdk_tel_request *r, char *value)
{
	uint32_t waits = WAITS;

	r->answer = value;
	if (!__atomic_compare_exchange_n(&r->state, &waits, ANSWERED, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		free(value);
		free(r);
		return;
	}
	/* The request may be freed by now. A wake-up at an unused address has no effect. */
	syscall(SYS_futex, &r->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int
godpdk_tel_register(const char *command)
{
	return godpdk_neg(rte_telemetry_register_cmd(command, handle, "Returns a value of this Go program"));
}

void
godpdk_tel_stop(void)
{
	__atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
}
