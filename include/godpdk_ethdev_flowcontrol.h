/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: flow control. */
#ifndef GODPDK_ETHDEV_FLOWCONTROL_H
#define GODPDK_ETHDEV_FLOWCONTROL_H

#include "godpdk_ethdev.h"

/* struct rte_eth_fc_conf. */
struct godpdk_eth_fc {
	uint32_t high_water, low_water;
	uint16_t pause_time;
	uint8_t send_xon, mode, forward, autoneg;
};

/* rte_eth_dev_flow_ctrl_get: 0 or a positive errno. */
static inline int
godpdk_eth_flow_control(uint16_t port, struct godpdk_eth_fc *out)
{
	struct rte_eth_fc_conf c;
	int ret;

	memset(&c, 0, sizeof(c));
	ret = rte_eth_dev_flow_ctrl_get(port, &c);
	*out = (struct godpdk_eth_fc){ c.high_water, c.low_water, c.pause_time,
		c.send_xon != 0, c.mode, c.mac_ctrl_frame_fwd != 0, c.autoneg != 0 };
	return godpdk_neg(ret);
}

/* rte_eth_dev_flow_ctrl_set: 0 or a positive errno. */
static inline int
godpdk_eth_flow_control_set(uint16_t port, const struct godpdk_eth_fc *in)
{
	struct rte_eth_fc_conf c;

	memset(&c, 0, sizeof(c));
	c.high_water = in->high_water;
	c.low_water = in->low_water;
	c.pause_time = in->pause_time;
	c.send_xon = in->send_xon;
	c.mode = (enum rte_eth_fc_mode)in->mode;
	c.mac_ctrl_frame_fwd = in->forward;
	c.autoneg = in->autoneg;
	return godpdk_neg(rte_eth_dev_flow_ctrl_set(port, &c));
}

#endif
