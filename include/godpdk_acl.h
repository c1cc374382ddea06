/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_acl: control calls for sets of rules, and the classification of keys. */
#ifndef GODPDK_ACL_H
#define GODPDK_ACL_H

#include "godpdk.h"
#include "godpdk_named.h"

#include <rte_acl.h>

enum {
	GODPDK_ACL_NAMESIZE = RTE_ACL_NAMESIZE,
	GODPDK_ACL_MAX_CATEGORIES = RTE_ACL_MAX_CATEGORIES,
	GODPDK_ACL_MULTIPLIER = (int)RTE_ACL_RESULTS_MULTIPLIER, /* of categories, unless there is one */
	GODPDK_ACL_MAX_FIELDS = RTE_ACL_MAX_FIELDS,
	GODPDK_ACL_MAX_PRIORITY = RTE_ACL_MAX_PRIORITY,
	/* Layout of a rule. */
	GODPDK_ACL_CATEGORIES = offsetof(struct rte_acl_rule, data.category_mask),
	GODPDK_ACL_PRIORITY = offsetof(struct rte_acl_rule, data.priority),
	GODPDK_ACL_USERDATA = offsetof(struct rte_acl_rule, data.userdata),
	GODPDK_ACL_RULE = sizeof(struct rte_acl_rule), /* without its fields, which follow */
	GODPDK_ACL_FIELD = sizeof(struct rte_acl_field),
	GODPDK_ACL_MASK_RANGE = offsetof(struct rte_acl_field, mask_range),
	/* Types of fields. */
	GODPDK_ACL_MASK = RTE_ACL_FIELD_TYPE_MASK,
	GODPDK_ACL_RANGE = RTE_ACL_FIELD_TYPE_RANGE,
	GODPDK_ACL_BITMASK = RTE_ACL_FIELD_TYPE_BITMASK,
	/* Algorithms. */
	GODPDK_ACL_DEFAULT = RTE_ACL_CLASSIFY_DEFAULT,
	GODPDK_ACL_SCALAR = RTE_ACL_CLASSIFY_SCALAR,
	GODPDK_ACL_SSE = RTE_ACL_CLASSIFY_SSE,
	GODPDK_ACL_AVX2 = RTE_ACL_CLASSIFY_AVX2,
	GODPDK_ACL_NEON = RTE_ACL_CLASSIFY_NEON,
	GODPDK_ACL_ALTIVEC = RTE_ACL_CLASSIFY_ALTIVEC,
	GODPDK_ACL_AVX512X16 = RTE_ACL_CLASSIFY_AVX512X16,
	GODPDK_ACL_AVX512X32 = RTE_ACL_CLASSIFY_AVX512X32,
};

_Static_assert(sizeof(struct rte_acl_rule) == offsetof(struct rte_acl_rule, field), "fields follow the data of a rule");
_Static_assert(offsetof(struct rte_acl_field, value) == 0, "the value of a field is at its beginning");
_Static_assert(sizeof(struct rte_acl_field_def) == 8, "a definition has no padding");
_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "a value of 32 bits is also one of 8 and 16 bits");

/* rte_acl_create for rules of n fields. rte_acl_create returns the old context if the name is taken, of whatever size. */
static inline struct godpdk_ptr
godpdk_acl_create(const char *name, int socket, uint32_t fields, uint32_t rules)
{
	const struct rte_acl_param p = { .name = name, .socket_id = socket, .rule_size = RTE_ACL_RULE_SZ(fields), .max_rule_num = rules };
	struct godpdk_ptr r = { NULL, EEXIST };

	godpdk_free_begin();
	if (rte_acl_find_existing(name) == NULL) {
		rte_errno = 0;
		r.ptr = rte_acl_create(&p);
		r.err = r.ptr != NULL ? 0 : rte_errno > 0 ? rte_errno : ENOMEM;
	}
	godpdk_free_end();
	return r;
}

/* rte_acl_add_rules: 0 or a positive errno. */
static inline int
godpdk_acl_add(void *ctx, const void *rules, uint32_t n)
{
	return godpdk_neg(rte_acl_add_rules(ctx, rules, n));
}

/* rte_acl_build: 0 or a positive errno. */
static inline int
godpdk_acl_build(void *ctx, const void *defs, uint32_t fields, uint32_t categories, size_t max_size)
{
	struct rte_acl_config c = { .num_categories = categories, .num_fields = fields, .max_size = max_size };

	memcpy(c.defs, defs, fields * sizeof(c.defs[0]));
	return godpdk_neg(rte_acl_build(ctx, &c));
}

/* rte_acl_set_ctx_classify: 0 or a positive errno. */
static inline int
godpdk_acl_algorithm(void *ctx, int alg)
{
	return godpdk_neg(rte_acl_set_ctx_classify(ctx, (enum rte_acl_classify_alg)alg));
}

/* rte_acl_free of the context that the name still means: 0 or ENOENT. */
static inline int
godpdk_acl_free(const char *name, void *ctx)
{
	int err = ENOENT;

	godpdk_free_begin();
	if (ctx != NULL && rte_acl_find_existing(name) == ctx) {
		rte_acl_free(ctx);
		err = 0;
	}
	godpdk_free_end();
	return err;
}

/* A context in a list. */
struct godpdk_acl_entry {
	void *at;
	char name[RTE_ACL_NAMESIZE];
};

/* The number of contexts, of which the first max are described. librte_acl has no function that lists contexts, and the
 * place of the name is private: the caller compares it with rte_acl_find_existing. */
static inline uint32_t
godpdk_acl_list(struct godpdk_acl_entry *all, uint32_t max)
{
	uint32_t n = 0;

	rte_mcfg_tailq_read_lock();
	GODPDK_TAILQ_FOREACH(e, "RTE_ACL") {
		if (n < max) {
			all[n].at = e->data;
			memcpy(all[n].name, e->data, RTE_ACL_NAMESIZE);
		}
		n++;
	}
	rte_mcfg_tailq_read_unlock();
	return n;
}

/* Keys to classify: n structs of stride bytes. results has n * categories words. */
struct godpdk_acl_bulk {
	const void *ctx;
	const void *keys;
	uint32_t *results;
	uint64_t n;
	uint32_t stride;
	uint32_t categories;
};

/* rte_acl_classify of a struct godpdk_acl_bulk: 0 or a positive errno. */
int32_t godpdk_acl_classify(void *bulk);

#endif
