//go:build linux

package twin

/*
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

// The function is in package cgo. It is weak because cgo links each package once without the others.
extern int godpdk_eth_event_callback(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
	__attribute__((weak));

extern int godpdk_eth_by_name(const char *name) __attribute__((weak));

static int stage; // 1: the device is attached, 2: its probe may return

static void
probe_slowly(void *devargs)
{
	int i;

	rte_dev_probe(devargs);
	godpdk_eth_by_name(devargs); // on the thread of the probe, which must not wait for its end
	free(devargs);
	__atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 5000 && __atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 1; i++)
		usleep(1000);
}

static int
probe_elsewhere(char *devargs)
{
	int i, ret;

	__atomic_store_n(&stage, 0, __ATOMIC_SEQ_CST);
	ret = rte_eal_alarm_set(1, probe_slowly, devargs);
	for (i = 0; i < 5000 && ret == 0 && __atomic_load_n(&stage, __ATOMIC_SEQ_CST) == 0; i++)
		usleep(1000);
	return i < 5000 ? ret : -ETIMEDOUT;
}

static void
probe_returns(void)
{
	__atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
}
*/
import "C"

// EthProbeElsewhere attaches a device on EAL's interrupt thread, as DPDK does for another process. The probe does not return before returns
// is called, for up to 5 s.
func EthProbeElsewhere(devargs string) (returns func(), errno int) {
	errno = -int(C.probe_elsewhere(C.CString(devargs)))
	return func() { C.probe_returns() }, errno
}

// EthEventFire calls the event callback of package cgo as DPDK does.
func EthEventFire(port uint16, eventType uint32) {
	C.godpdk_eth_event_callback(C.uint16_t(port), eventType, nil, nil)
}
