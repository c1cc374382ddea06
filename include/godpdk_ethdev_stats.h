/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: statistics. */
#ifndef GODPDK_ETHDEV_STATS_H
#define GODPDK_ETHDEV_STATS_H

#include "godpdk_ethdev.h"

/* The fields of struct rte_eth_stats in all releases: 25.11 has no counters per queue. */
struct godpdk_eth_stats {
	uint64_t ipackets, opackets, ibytes, obytes, imissed, ierrors, oerrors, rx_nombuf;
};

/* rte_eth_stats_get: 0 or a positive errno. */
static inline int
godpdk_eth_stats(uint16_t port, struct godpdk_eth_stats *out)
{
	struct rte_eth_stats s;
	int ret = rte_eth_stats_get(port, &s);

	if (ret != 0)
		return godpdk_neg(ret);
	*out = (struct godpdk_eth_stats){ s.ipackets, s.opackets, s.ibytes, s.obytes,
		s.imissed, s.ierrors, s.oerrors, s.rx_nombuf };
	return 0;
}

/* rte_eth_xstats_get_names: the number of statistics or a negative errno. It stores n names. */
static inline int
godpdk_eth_xstats_names(uint16_t port, struct rte_eth_xstat_name *names, uint32_t n)
{
	return rte_eth_xstats_get_names(port, n != 0 ? names : NULL, n);
}

/* rte_eth_xstats_get: the number of statistics or a negative errno. If that is n, it stores
 * each value at its id. */
static inline int
godpdk_eth_xstats(uint16_t port, struct rte_eth_xstat *buf, uint64_t *values, uint32_t n)
{
	int ret = rte_eth_xstats_get(port, buf, n);

	if (ret < 0 || (uint32_t)ret != n)
		return ret;
	for (uint32_t i = 0; i < n; i++)
		if (likely(buf[i].id < n))
			values[buf[i].id] = buf[i].value;
	return ret;
}

/* rte_eth_xstats_get_by_id: 0 or a positive errno. Some failures return -1. */
static inline int
godpdk_eth_xstats_by_id(uint16_t port, const uint64_t *ids, uint64_t *values, uint32_t n)
{
	int ret = rte_eth_xstats_get_by_id(port, ids, values, n);

	if (ret == -1 || (ret >= 0 && (uint32_t)ret != n))
		return EINVAL;
	return godpdk_neg(ret);
}

#endif
