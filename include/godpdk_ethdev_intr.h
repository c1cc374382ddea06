/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_ethdev: receive interrupts. */
#ifndef GODPDK_ETHDEV_INTR_H
#define GODPDK_ETHDEV_INTR_H

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "godpdk_ethdev.h"

/* The interrupt of a receive queue. Drivers have one of two kinds. The first is armed, and
 * its descriptor is an eventfd that DPDK clears. The second is never armed, and its
 * descriptor is the device itself, readable as long as there is a packet. Each interrupt
 * has its own epoll, and Go's poller waits for it. */
struct godpdk_eth_intr {
	uint16_t port, queue;
	int epfd;
	int level; /* whether it is of the second kind */
};

/* rte_eth_dev_rx_intr_enable or …_disable: 0 or a positive errno. */
static inline int
godpdk_eth_intr_arm(const struct godpdk_eth_intr *i, int on)
{
	if (i->level)
		return 0;
	return godpdk_neg(on ? rte_eth_dev_rx_intr_enable(i->port, i->queue)
			     : rte_eth_dev_rx_intr_disable(i->port, i->queue));
}

/* Creates the epoll of a queue's interrupt: 0 or a positive errno. Go closes the epoll. */
static inline int
godpdk_eth_intr_open(struct godpdk_eth_intr *i)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd, ret = rte_eth_dev_rx_intr_enable(i->port, i->queue);

	i->level = ret == -ENOTSUP;
	if (ret != 0 && !i->level)
		return -ret;
	i->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (i->epfd < 0 || fcntl(i->epfd, F_SETFL, O_NONBLOCK) < 0) {
		ret = -errno;
	} else if (i->level) {
		fd = rte_eth_dev_rx_intr_ctl_q_get_fd(i->port, i->queue);
		ret = fd < 0 ? -ENOTSUP : epoll_ctl(i->epfd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
	} else {
		ret = rte_eth_dev_rx_intr_ctl_q(i->port, i->queue, i->epfd, RTE_INTR_EVENT_ADD, NULL);
		ret = ret == -EPERM ? -ENOTSUP : ret; /* the queue has no vector */
	}
	godpdk_eth_intr_arm(i, 0);
	if (ret != 0 && i->epfd >= 0)
		close(i->epfd);
	return -ret;
}

/* Returns and clears whether the interrupt is pending. */
static inline int
godpdk_eth_intr_take(const struct godpdk_eth_intr *i)
{
	struct rte_epoll_event dpdk;
	struct epoll_event ev;

	if (i->level)
		return epoll_wait(i->epfd, &ev, 1, 0) > 0;
	return rte_epoll_wait(i->epfd, &dpdk, 1, 0) > 0;
}

/* Undoes godpdk_eth_intr_open, except that the epoll stays open. */
static inline void
godpdk_eth_intr_close(const struct godpdk_eth_intr *i)
{
	if (!i->level)
		rte_eth_dev_rx_intr_ctl_q(i->port, i->queue, i->epfd, RTE_INTR_EVENT_DEL, NULL);
}

#endif
