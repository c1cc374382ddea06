//go:build linux

package cgo

/*
#include "godpdk_devevent.h"
*/
import "C"

// Types of device events.
const (
	DevEventAdd    = C.RTE_DEV_EVENT_ADD
	DevEventRemove = C.RTE_DEV_EVENT_REMOVE
)

// DevEvent is one call of the callback of devices.
type DevEvent struct {
	Device string
	Type   uint32
}

// DevEventOpen returns a pipe that becomes readable when there are events.
func DevEventOpen() (fd, errno int) { return valueOrErrno(C.godpdk_dev_event_open()) }

// DevEventStart registers the callback for all devices and starts the monitor.
//
// Implements: rte_dev_event_callback_register, rte_dev_event_monitor_start
func DevEventStart() int { return int(C.godpdk_dev_event_start()) }

// DevEventStop undoes DevEventStart.
//
// Implements: rte_dev_event_callback_unregister, rte_dev_event_monitor_stop
func DevEventStop() { C.godpdk_dev_event_stop() }

// DevEvents takes all events in FIFO order.
func DevEvents() (events []DevEvent) {
	for e := C.godpdk_dev_event_take(); e != nil; {
		events = append(events, DevEvent{C.GoString(C.godpdk_dev_event_device(e)), uint32(e._type)})
		e = C.godpdk_dev_event_drop(e)
	}
	return events
}
