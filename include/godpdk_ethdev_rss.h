/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: receive side scaling. */
#ifndef GODPDK_ETHDEV_RSS_H
#define GODPDK_ETHDEV_RSS_H

#include "godpdk_ethdev.h"

/* More bytes than any key has. */
#define GODPDK_ETH_RSS_KEY 256

/* rte_eth_dev_rss_hash_conf_get with room for *len bytes of the key: 0 or a positive errno.
 * Some drivers ignore *len and store their own number of bytes. */
static inline int
godpdk_eth_rss_hash(uint16_t port, uint64_t *types, uint8_t key[GODPDK_ETH_RSS_KEY], uint8_t *len)
{
	struct rte_eth_rss_conf c;
	int ret;

	memset(&c, 0, sizeof(c));
	c.rss_key = key;
	c.rss_key_len = *len;
	ret = rte_eth_dev_rss_hash_conf_get(port, &c);
	*types = c.rss_hf;
	*len = RTE_MIN(*len, c.rss_key_len);
	return godpdk_neg(ret);
}

/* rte_eth_dev_rss_hash_update: 0 or a positive errno. A len of 0 keeps the key. */
static inline int
godpdk_eth_rss_hash_update(uint16_t port, uint64_t types, uint8_t key[GODPDK_ETH_RSS_KEY], uint8_t len)
{
	struct rte_eth_rss_conf c;

	memset(&c, 0, sizeof(c));
	c.rss_hf = types;
	if (len != 0) {
		c.rss_key = key;
		c.rss_key_len = len;
	}
	return godpdk_neg(rte_eth_dev_rss_hash_update(port, &c));
}

#endif
