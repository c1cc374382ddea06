/* SPDX-License-Identifier: BSD-3-Clause */
/* Text of the structs of a flow rule, with all their bytes. */
#ifndef FLOWFAKE_DUMP_H
#define FLOWFAKE_DUMP_H

#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_flow.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static inline void
dump_bytes(FILE *f, const char *name, const void *p, size_t n)
{
	const uint8_t *b = p;

	fprintf(f, " %s=", name);
	if (b == NULL)
		fputc('-', f);
	for (size_t i = 0; b != NULL && i < n; i++)
		fprintf(f, "%02x", b[i]);
}

/* The size of the struct of an item, as DPDK itself copies it. */
static inline size_t
dump_item_size(const struct rte_flow_item *item)
{
	const struct rte_flow_item one = { .type = item->type, .spec = item->spec };
	struct rte_flow_error e;
	int n = rte_flow_conv(RTE_FLOW_CONV_OP_ITEM, NULL, 0, &one, &e);

	return n > (int)sizeof(one) ? n - sizeof(one) : 0;
}

static inline size_t
dump_action_size(const struct rte_flow_action *action)
{
	struct rte_flow_error e;
	int n = rte_flow_conv(RTE_FLOW_CONV_OP_ACTION, NULL, 0, action, &e);

	return n > (int)sizeof(*action) ? n - sizeof(*action) : 0;
}

static inline void
dump_raw(FILE *f, const char *name, const struct rte_flow_item_raw *r, size_t n)
{
	if (r == NULL)
		return;
	fprintf(f, " %s: relative=%u search=%u offset=%d limit=%u length=%u", name, r->relative, r->search, r->offset, r->limit, r->length);
	dump_bytes(f, "pattern", r->pattern, n);
}

static inline void
dump_items(FILE *f, const struct rte_flow_item *item)
{
	for (; item->type != RTE_FLOW_ITEM_TYPE_END; item++) {
		size_t n;

		if (item->type == RTE_FLOW_ITEM_TYPE_VOID)
			continue;
		fprintf(f, "item %d", item->type);
		if (item->type == RTE_FLOW_ITEM_TYPE_RAW) {
			const struct rte_flow_item_raw *spec = item->spec;

			n = spec != NULL ? spec->length : 0;
			dump_raw(f, "spec", spec, n);
			dump_raw(f, "mask", item->mask, n);
		} else {
			n = dump_item_size(item);
			dump_bytes(f, "spec", item->spec, n);
			dump_bytes(f, "last", item->last, n);
			dump_bytes(f, "mask", item->mask, n);
		}
		fputc('\n', f);
	}
}

static inline void
dump_actions(FILE *f, const struct rte_flow_action *action)
{
	for (; action->type != RTE_FLOW_ACTION_TYPE_END; action++) {
		fprintf(f, "action %d", action->type);
		switch (action->type) {
		case RTE_FLOW_ACTION_TYPE_RSS: {
			const struct rte_flow_action_rss *r = action->conf;

			fprintf(f, " func=%d level=%u types=%#jx key_len=%u queue_num=%u", r->func, r->level, (uintmax_t)r->types, r->key_len, r->queue_num);
			dump_bytes(f, "key", r->key, r->key_len);
			dump_bytes(f, "queue", r->queue, 2 * r->queue_num);
			break;
		}
		case RTE_FLOW_ACTION_TYPE_RAW_ENCAP: {
			const struct rte_flow_action_raw_encap *r = action->conf;

			dump_bytes(f, "data", r->data, r->size);
			dump_bytes(f, "preserve", r->preserve, r->size);
			break;
		}
		case RTE_FLOW_ACTION_TYPE_RAW_DECAP: {
			const struct rte_flow_action_raw_decap *r = action->conf;

			dump_bytes(f, "data", r->data, r->size);
			break;
		}
		case RTE_FLOW_ACTION_TYPE_VXLAN_ENCAP: {
			const struct rte_flow_action_vxlan_encap *e = action->conf;

			fputs(" {\n", f);
			dump_items(f, e->definition);
			fputs("}", f);
			break;
		}
		case RTE_FLOW_ACTION_TYPE_AGE: {
			const struct rte_flow_action_age *a = action->conf;

			fprintf(f, " timeout=%u context=%p", a->timeout, a->context);
			break;
		}
		default:
			dump_bytes(f, "conf", action->conf, dump_action_size(action));
		}
		fputc('\n', f);
	}
}

static inline void
dump_rule(FILE *f, const struct rte_flow_attr *attr, const struct rte_flow_item *items, const struct rte_flow_action *actions)
{
	fprintf(f, "rule group=%u priority=%u ingress=%u egress=%u transfer=%u reserved=%u\n", attr->group, attr->priority, attr->ingress,
		attr->egress, attr->transfer, attr->reserved);
	dump_items(f, items);
	dump_actions(f, actions);
}

#endif
