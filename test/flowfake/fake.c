/* SPDX-License-Identifier: BSD-3-Clause */
/* A driver of flow rules for one port. The linker makes calls of rte_flow_… end here. Calls for other ports go on to DPDK. */
#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>

#include "dump.h"
#include "fake.h"

struct fake fake = { .port = -1 };

/* Its address is the handle of a rule. */
struct rte_flow {
	struct rte_flow *next;
	struct rte_flow_action_handle *indirect; /* one of its actions, or NULL */
};
static struct rte_flow *flows;

/* Its address is the handle of an indirect action. */
struct rte_flow_action_handle {
	struct rte_flow_action_handle *next;
	enum rte_flow_action_type type;
	void *context; /* of AGE */
	int rules; /* that have it */
};
static struct rte_flow_action_handle *handles;

static struct rte_flow_action_handle **
find_handle(const struct rte_flow_action_handle *handle)
{
	for (struct rte_flow_action_handle **h = &handles; *h != NULL; h = &(*h)->next)
		if (*h == handle)
			return h;
	fake.wrong++;
	return NULL;
}

static void
end(struct rte_flow *f)
{
	if (f->indirect != NULL)
		f->indirect->rules--;
	free(f);
	fake.live--;
}

static int
mine(uint16_t port)
{
	return fake.port == port;
}

static const void *
cause(const struct rte_flow_attr *attr, const struct rte_flow_item *items, const struct rte_flow_action *actions)
{
	switch (fake.cause) {
	case FAKE_ATTR:
		return attr;
	case FAKE_ITEM:
		return &items[fake.index];
	case FAKE_SPEC:
		return (const char *)items[fake.index].spec + 1;
	case FAKE_MASK:
		return items[fake.index].mask;
	case FAKE_ACTION:
		return &actions[fake.index];
	case FAKE_CONF:
		return actions[fake.index].conf;
	case FAKE_OTHER:
		return &fake;
	}
	return NULL;
}

/* Fails once as the test has asked for. */
static int
fail(struct rte_flow_error *error, const void *cause)
{
	int err = fake.err;

	fake.err = 0;
	if (err != 0 && fake.silent) {
		rte_errno = err;
		return -err;
	}
	return err == 0 ? 0 : rte_flow_error_set(error, err, fake.type, cause, fake.message);
}

static void
record(const struct rte_flow_attr *attr, const struct rte_flow_item *items, const struct rte_flow_action *actions)
{
	FILE *f = fmemopen(fake.text, sizeof(fake.text), "w");

	dump_rule(f, attr, items, actions);
	fclose(f);
}

int __real_rte_flow_validate(uint16_t, const struct rte_flow_attr *, const struct rte_flow_item *, const struct rte_flow_action *, struct rte_flow_error *);
int
__wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *items, const struct rte_flow_action *actions, struct rte_flow_error *e)
{
	if (!mine(port))
		return __real_rte_flow_validate(port, attr, items, actions, e);
	record(attr, items, actions);
	return fail(e, cause(attr, items, actions));
}

struct rte_flow *__real_rte_flow_create(uint16_t, const struct rte_flow_attr *, const struct rte_flow_item *, const struct rte_flow_action *, struct rte_flow_error *);
struct rte_flow *
__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *items, const struct rte_flow_action *actions, struct rte_flow_error *e)
{
	struct rte_flow *f;

	if (!mine(port))
		return __real_rte_flow_create(port, attr, items, actions, e);
	record(attr, items, actions);
	if (fail(e, cause(attr, items, actions)) != 0)
		return NULL;
	f = calloc(1, sizeof(*f));
	for (; actions->type != RTE_FLOW_ACTION_TYPE_END; actions++)
		if (actions->type == RTE_FLOW_ACTION_TYPE_INDIRECT && find_handle(actions->conf) != NULL) {
			f->indirect = *find_handle(actions->conf);
			f->indirect->rules++;
		}
	f->next = flows;
	flows = f;
	fake.live++;
	return f;
}

static struct rte_flow **
find(struct rte_flow *flow)
{
	for (struct rte_flow **f = &flows; *f != NULL; f = &(*f)->next)
		if (*f == flow)
			return f;
	fake.wrong++;
	return NULL;
}

int __real_rte_flow_destroy(uint16_t, struct rte_flow *, struct rte_flow_error *);
int
__wrap_rte_flow_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *e)
{
	struct rte_flow **f;

	if (!mine(port))
		return __real_rte_flow_destroy(port, flow, e);
	f = find(flow);
	if (f == NULL || fail(e, NULL) != 0)
		return -rte_errno;
	*f = flow->next;
	end(flow);
	fake.destroyed++;
	return 0;
}

int __real_rte_flow_flush(uint16_t, struct rte_flow_error *);
int
__wrap_rte_flow_flush(uint16_t port, struct rte_flow_error *e)
{
	if (!mine(port))
		return __real_rte_flow_flush(port, e);
	while (flows != NULL) {
		struct rte_flow *f = flows;

		flows = f->next;
		end(f);
	}
	fake.flushed++;
	return fail(e, NULL);
}

int __real_rte_flow_isolate(uint16_t, int, struct rte_flow_error *);
int
__wrap_rte_flow_isolate(uint16_t port, int set, struct rte_flow_error *e)
{
	if (!mine(port))
		return __real_rte_flow_isolate(port, set, e);
	fake.isolated = set;
	return fail(e, NULL);
}

/* The part of rte_flow_query and rte_flow_action_handle_query for both. */
static int
query(enum rte_flow_action_type type, void *data)
{
	struct rte_flow_query_count *c = data;
	struct rte_flow_query_age *a = data;

	switch (type) {
	case RTE_FLOW_ACTION_TYPE_COUNT:
		c->hits = fake.hits;
		c->hits_set = 1;
		if (c->reset)
			fake.hits = 0;
		return 0;
	case RTE_FLOW_ACTION_TYPE_AGE:
		a->aged = 1;
		a->sec_since_last_hit_valid = 1;
		a->sec_since_last_hit = fake.idle;
		return 0;
	default:
		fake.wrong++;
		return -EINVAL;
	}
}

int __real_rte_flow_query(uint16_t, struct rte_flow *, const struct rte_flow_action *, void *, struct rte_flow_error *);
int
__wrap_rte_flow_query(uint16_t port, struct rte_flow *flow, const struct rte_flow_action *action, void *data, struct rte_flow_error *e)
{
	if (!mine(port))
		return __real_rte_flow_query(port, flow, action, data, e);
	find(flow);
	if (fail(e, action) != 0)
		return -rte_errno;
	if (action->type == RTE_FLOW_ACTION_TYPE_COUNT)
		fake.identifier = ((const struct rte_flow_action_count *)action->conf)->id;
	return query(action->type, data);
}

static void
record_action(const struct rte_flow_action *action)
{
	const struct rte_flow_action all[] = { *action, { .type = RTE_FLOW_ACTION_TYPE_END } };
	FILE *f = fmemopen(fake.text, sizeof(fake.text), "w");

	dump_actions(f, all);
	fclose(f);
}

struct rte_flow_action_handle *__real_rte_flow_action_handle_create(uint16_t, const struct rte_flow_indir_action_conf *, const struct rte_flow_action *, struct rte_flow_error *);
struct rte_flow_action_handle *
__wrap_rte_flow_action_handle_create(uint16_t port, const struct rte_flow_indir_action_conf *conf, const struct rte_flow_action *action, struct rte_flow_error *e)
{
	struct rte_flow_action_handle *h;

	if (!mine(port))
		return __real_rte_flow_action_handle_create(port, conf, action, e);
	record_action(action);
	fake.directions = conf->ingress | conf->egress << 1 | conf->transfer << 2;
	if (fail(e, fake.cause == FAKE_CONF ? action->conf : action) != 0)
		return NULL;
	h = calloc(1, sizeof(*h));
	h->type = action->type;
	if (h->type == RTE_FLOW_ACTION_TYPE_AGE)
		h->context = ((const struct rte_flow_action_age *)action->conf)->context;
	h->next = handles;
	handles = h;
	fake.indirect++;
	return h;
}

int __real_rte_flow_action_handle_update(uint16_t, struct rte_flow_action_handle *, const void *, struct rte_flow_error *);
int
__wrap_rte_flow_action_handle_update(uint16_t port, struct rte_flow_action_handle *handle, const void *update, struct rte_flow_error *e)
{
	const struct rte_flow_update_age *age = update;
	struct rte_flow_action_age conf = { 0 };
	struct rte_flow_action action = { RTE_FLOW_ACTION_TYPE_AGE, &conf };
	struct rte_flow_action_handle **h;

	if (!mine(port))
		return __real_rte_flow_action_handle_update(port, handle, update, e);
	h = find_handle(handle);
	if (h != NULL && (*h)->type == RTE_FLOW_ACTION_TYPE_AGE) {
		if (age->reserved == 0 && age->timeout_valid)
			conf.timeout = age->timeout;
		record_action(&action);
		return fail(e, NULL);
	}
	record_action(update);
	return fail(e, update);
}

int __real_rte_flow_action_handle_query(uint16_t, const struct rte_flow_action_handle *, void *, struct rte_flow_error *);
int
__wrap_rte_flow_action_handle_query(uint16_t port, const struct rte_flow_action_handle *handle, void *data, struct rte_flow_error *e)
{
	struct rte_flow_action_handle **h;

	if (!mine(port))
		return __real_rte_flow_action_handle_query(port, handle, data, e);
	h = find_handle(handle);
	if (fail(e, NULL) != 0)
		return -rte_errno;
	return h == NULL ? -EINVAL : query((*h)->type, data);
}

int __real_rte_flow_action_handle_destroy(uint16_t, struct rte_flow_action_handle *, struct rte_flow_error *);
int
__wrap_rte_flow_action_handle_destroy(uint16_t port, struct rte_flow_action_handle *handle, struct rte_flow_error *e)
{
	struct rte_flow_action_handle **h;

	if (!mine(port))
		return __real_rte_flow_action_handle_destroy(port, handle, e);
	h = find_handle(handle);
	if (h == NULL || fail(e, NULL) != 0)
		return -rte_errno;
	if (handle->rules != 0)
		return rte_flow_error_set(e, EBUSY, RTE_FLOW_ERROR_TYPE_ACTION, NULL, "rules have it");
	*h = handle->next;
	free(handle);
	fake.indirect--;
	return 0;
}

/* Reports a context if there is room. Without an array there is. */
static uint32_t
report(void **contexts, uint32_t n, uint32_t i, void *context)
{
	if (n != 0 && i == n)
		return i;
	if (n != 0)
		contexts[i] = context;
	return i + 1;
}

/* All rules without an indirect action have aged, and all indirect actions AGE, the last one first. A driver reports an action without a context by its own
 * number of it. */
int __real_rte_flow_get_aged_flows(uint16_t, void **, uint32_t, struct rte_flow_error *);
int
__wrap_rte_flow_get_aged_flows(uint16_t port, void **contexts, uint32_t n, struct rte_flow_error *e)
{
	uint32_t i = 0;

	if (!mine(port))
		return __real_rte_flow_get_aged_flows(port, contexts, n, e);
	if (fail(e, NULL) != 0)
		return -rte_errno;
	for (struct rte_flow *f = flows; f != NULL; f = f->next)
		if (f->indirect == NULL)
			i = report(contexts, n, i, f);
	for (struct rte_flow_action_handle *h = handles; h != NULL; h = h->next)
		if (h->type == RTE_FLOW_ACTION_TYPE_AGE)
			i = report(contexts, n, i, h->context != NULL ? h->context : (void *)1);
	return i;
}

int __real_rte_flow_dev_dump(uint16_t, struct rte_flow *, FILE *, struct rte_flow_error *);
int
__wrap_rte_flow_dev_dump(uint16_t port, struct rte_flow *flow, FILE *f, struct rte_flow_error *e)
{
	if (!mine(port))
		return __real_rte_flow_dev_dump(port, flow, f, e);
	fprintf(f, "%d rules", fake.live);
	return fail(e, NULL);
}

void
fake_set_metadata(void *m, uint32_t value)
{
	rte_flow_dynf_metadata_set(m, value);
	((struct rte_mbuf *)m)->ol_flags |= RTE_MBUF_DYNFLAG_RX_METADATA;
}

uint32_t
fake_metadata(void *m)
{
	return rte_flow_dynf_metadata_get(m);
}
