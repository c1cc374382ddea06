//go:build linux && cgo

/* SPDX-License-Identifier: BSD-3-Clause */
#include "_cgo_export.h"
#include "godpdk_lcore.h"
#include "godpdk_timer.h"

static void
timer_fire(struct rte_timer *timer)
{
	godpdkTimer(rte_lcore_id(), (uintptr_t)timer->arg);
}

void
godpdk_timer_manage(uint32_t lists)
{
	rte_timer_alt_manage(lists, NULL, 0, timer_fire);
}

static void
alarm_fire(void *arg)
{
	godpdk_enter();
	godpdkAlarm((uintptr_t)arg);
}

int
godpdk_alarm_set(uint64_t us, uintptr_t id)
{
	return godpdk_neg(rte_eal_alarm_set(us, alarm_fire, (void *)id));
}

int
godpdk_alarm_cancel(uintptr_t id)
{
	int n;

	rte_errno = 0;
	n = rte_eal_alarm_cancel(alarm_fire, (void *)id);
	return n > 0 ? 0 : godpdk_errno();
}
