package fastcall

import (
	"slices"
	"sync/atomic"
)

// Measured are the drivers that use little stack in bursts, do not wait there, and make no system
// calls. STACK.md has the measurements and the conditions for a driver to be in the list.
var Measured = []string{
	"net_null", "net_ring",
	"net_e1000_em", "net_e1000_igb", "net_e1000_igb_vf", "net_ena", "net_i40e", "net_iavf", "net_igc", "net_vmxnet3",
}

// own are the drivers of SetDrivers.
var own atomic.Pointer[[]string]

// SetDrivers replaces the drivers that the user allows in addition (eal.Config.FastDrivers).
// Package eal calls it before ports are looked up.
func SetDrivers(names []string) {
	names = slices.Clone(names)
	own.Store(&names)
}

// Driver reports whether bursts of the driver may use Call.
func Driver(name string) bool {
	names := own.Load()
	return slices.Contains(Measured, name) || names != nil && slices.Contains(*names, name)
}
