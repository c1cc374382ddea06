package eal

import (
	"fmt"
	"slices"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// devices are those that the options name and that must exist after EAL's start. A
// secondary takes over its primary's choice of PCI devices, for which it need not have
// the drivers.
func (o *options) devices(role ProcessType) []string {
	if role != Primary {
		return slices.Clone(o.values["vdev"])
	}
	return slices.Concat(o.values["allow"], o.values["vdev"])
}

// missing is the error of the first device that EAL has left out, as it does with
// those that fail; lines are what EAL has logged.
func missing(devices, lines []string) error {
	for _, d := range devices {
		if !cgo.DevProbed(d) {
			return &dpdk.Error{Op: opInit, Name: d, Errno: dpdk.ErrNoDevice, Log: lines, Detail: fmt.Sprintf(
				"EAL has started without the device %s: it does not exist, or its driver failed or is not linked; EAL starts once per process, so try again in a new one", d)}
		}
	}
	return nil
}
