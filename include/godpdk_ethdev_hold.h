/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: a port is not freed during a call on it. */
#ifndef GODPDK_ETHDEV_HOLD_H
#define GODPDK_ETHDEV_HOLD_H

#include "godpdk_ethdev.h"

/* Marks the begin and the end of a probe on this thread, one at a time in this process. Other
 * threads wait in godpdk_eth_hold for the end of the probe of a new port. */
void godpdk_eth_probing(int on);

/* Keeps the port until godpdk_eth_release, or returns 0 if it is being freed. */
int godpdk_eth_hold(uint16_t port);

void godpdk_eth_release(uint16_t port);

/* rte_eth_dev_get_port_by_name, which can read the names of ports that are being freed:
 * a port or a negative errno. */
int godpdk_eth_by_name(const char *name);

/* rte_eth_dev_callback_register for all present and future ports: 0 or a positive errno.
 * A second call is a no-op. */
int godpdk_eth_hold_watch(void);

/* Ends godpdk_eth_hold_watch and frees its shared memory. */
void godpdk_eth_hold_end(void);

#endif
