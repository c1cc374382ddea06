//go:build linux

package cgo

/*
#include "godpdk_ethdev_event.h"
*/
import "C"

// Types of events.
const (
	EthEventUnknown         = C.RTE_ETH_EVENT_UNKNOWN
	EthEventLSC             = C.RTE_ETH_EVENT_INTR_LSC
	EthEventQueueState      = C.RTE_ETH_EVENT_QUEUE_STATE
	EthEventReset           = C.RTE_ETH_EVENT_INTR_RESET
	EthEventVFMbox          = C.RTE_ETH_EVENT_VF_MBOX
	EthEventMACsec          = C.RTE_ETH_EVENT_MACSEC
	EthEventRMV             = C.RTE_ETH_EVENT_INTR_RMV
	EthEventNew             = C.RTE_ETH_EVENT_NEW
	EthEventDestroy         = C.RTE_ETH_EVENT_DESTROY
	EthEventIPsec           = C.RTE_ETH_EVENT_IPSEC
	EthEventFlowAged        = C.RTE_ETH_EVENT_FLOW_AGED
	EthEventRxAvailThresh   = C.RTE_ETH_EVENT_RX_AVAIL_THRESH
	EthEventErrRecovering   = C.RTE_ETH_EVENT_ERR_RECOVERING
	EthEventRecoverySuccess = C.RTE_ETH_EVENT_RECOVERY_SUCCESS
	EthEventRecoveryFailed  = C.RTE_ETH_EVENT_RECOVERY_FAILED
	EthEventMax             = C.RTE_ETH_EVENT_MAX
)

// EthEvent is one call of an event callback.
type EthEvent struct {
	Port uint16
	Type uint32
}

// EthEventOpen returns a pipe that becomes readable when there are events.
func EthEventOpen() (fd, errno int) { return valueOrErrno(C.godpdk_eth_event_open()) }

// EthEventRegister registers the callback for all ports.
//
// Implements: rte_eth_dev_callback_register
func EthEventRegister(eventType int) int {
	return int(C.godpdk_eth_event_register(C.uint32_t(eventType)))
}

// EthEventUnregister unregisters the callback for all ports.
//
// Implements: rte_eth_dev_callback_unregister
func EthEventUnregister(eventType int) { C.godpdk_eth_event_unregister(C.uint32_t(eventType)) }

// EthEvents takes all events in FIFO order.
func EthEvents() (events []EthEvent) {
	for e := C.godpdk_eth_event_take(); e != nil; {
		events = append(events, EthEvent{uint16(e.port), uint32(e._type)})
		e = C.godpdk_eth_event_drop(e)
	}
	return events
}
