//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "godpdk_mbuf.h"

static struct godpdk_inbox freed = GODPDK_INBOX;

/* C calls this on the thread that drops the last reference, maybe inside a driver's burst.
 * So it calls no Go and takes no lock. */
static void
ext_free(void *addr, void *opaque)
{
	struct godpdk_ext *e = opaque;

	(void)addr;
	godpdk_inbox_put(&freed, &e->node);
}

int
godpdk_ext_open(void)
{
	return godpdk_inbox_open(&freed);
}

int
godpdk_ext_attach(struct rte_mbuf *m, void *addr, uint64_t iova, uint16_t len, uint64_t id)
{
	struct godpdk_ext *e = malloc(sizeof(*e));
	struct rte_mbuf_ext_shared_info *s;

	if (e == NULL)
		return ENOMEM;
	s = rte_zmalloc("godpdk_ext", sizeof(*s), 0);
	if (s == NULL) {
		free(e);
		return ENOMEM;
	}
	*e = (struct godpdk_ext){ .shinfo = s, .id = id };
	s->free_cb = ext_free;
	s->fcb_opaque = e;
	rte_mbuf_ext_refcnt_set(s, 1);
	rte_pktmbuf_attach_extbuf(m, addr, iova != 0 ? iova : rte_mem_virt2iova(addr), len, s);
	return 0;
}

struct godpdk_ext *
godpdk_ext_take(void)
{
	return (struct godpdk_ext *)godpdk_inbox_take(&freed);
}

struct godpdk_ext *
godpdk_ext_drop(struct godpdk_ext *e, int running)
{
	struct godpdk_ext *next = (struct godpdk_ext *)e->node.next;

	if (running)
		rte_free(e->shinfo);
	free(e);
	return next;
}
