/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_eal's cycles and alarms, and librte_timer. */
#ifndef GODPDK_TIMER_H
#define GODPDK_TIMER_H

#include "godpdk.h"

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_eal_memconfig.h>
#include <rte_lcore.h>
#include <rte_timer.h>

/* rte_timer_data_alloc, with the lock that it needs but does not take. */
static inline int
godpdk_timer_data_alloc(uint32_t *lists)
{
	int ret;

	rte_mcfg_timer_lock();
	ret = rte_timer_data_alloc(lists);
	rte_mcfg_timer_unlock();
	return godpdk_neg(ret);
}

/* rte_timer_init of a new timer, NULL without enough memory. */
static inline struct rte_timer *
godpdk_timer_new(void)
{
	struct rte_timer *timer = calloc(1, sizeof(*timer));

	if (timer != NULL)
		rte_timer_init(timer);
	return timer;
}

/* rte_timer_alt_reset: EBUSY while the timer runs on another lcore. */
static inline int
godpdk_timer_reset(uint32_t lists, struct rte_timer *timer, uint64_t ticks, int periodic, uint32_t lcore, uintptr_t id)
{
	int ret = rte_timer_alt_reset(lists, timer, ticks, periodic ? PERIODICAL : SINGLE, lcore, NULL, (void *)id);

	return ret == -1 ? EBUSY : godpdk_neg(ret);
}

/* rte_timer_alt_stop: EBUSY while the timer runs on another lcore. */
static inline int
godpdk_timer_stop(uint32_t lists, struct rte_timer *timer)
{
	int ret = rte_timer_alt_stop(lists, timer);

	return ret == -1 ? EBUSY : godpdk_neg(ret);
}

/* rte_timer_alt_manage of the calling lcore's list: the timers call godpdkTimer. */
void godpdk_timer_manage(uint32_t lists);

/* rte_eal_alarm_set of godpdkAlarm: 0 or a positive errno. */
int godpdk_alarm_set(uint64_t us, uintptr_t id);

/* rte_eal_alarm_cancel: ENOENT if the alarm has fired. */
int godpdk_alarm_cancel(uintptr_t id);

#endif
