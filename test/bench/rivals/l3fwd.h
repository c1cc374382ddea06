/* SPDX-License-Identifier: BSD-3-Clause */
/* Included before each file of DPDK's sample l3fwd, so that it runs on net_pcap with a million of routes. Its loop does not change. */
#include <rte_ethdev.h>
#include <rte_fib.h>

/* It asks for this offload even if the port does not have it. */
#undef RTE_ETH_RX_OFFLOAD_CHECKSUM
#define RTE_ETH_RX_OFFLOAD_CHECKSUM 0

/* Its tables have room for 65,536 routes. */
#define rte_fib_create(name, socket, conf) ((conf)->max_routes = 1 << 20, rte_fib_create(name, socket, conf))
