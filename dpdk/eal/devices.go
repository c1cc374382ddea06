package eal

import (
	"fmt"
	"slices"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// devices returns the devices in the options that must exist after EAL's start. A secondary adopts
// its primary's choice of PCI devices, and need not have their drivers.
func (o *options) devices(role ProcessType) []string {
	if role != Primary {
		return slices.Clone(o.values["vdev"])
	}
	return slices.Concat(o.values["allow"], o.values["vdev"])
}

// missing returns an error for the first device that EAL has skipped, as it does if a device fails.
// lines is EAL's log.
func missing(devices, lines []string) error {
	for _, d := range devices {
		if !cgo.DevProbed(d) {
			return &dpdk.Error{Op: opInit, Name: d, Errno: dpdk.ErrNoDevice, Log: lines, Detail: fmt.Sprintf(
				"EAL has started without the device %s: it does not exist, or its driver failed or is not linked; EAL starts once per process, so try again in a new one", d)}
		}
	}
	return nil
}
