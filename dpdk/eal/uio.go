package eal

import (
	"path/filepath"
	"slices"
	"strings"
)

// uioDriver has an entry for each device that the kernel's uio_pci_generic drives.
var uioDriver = "/sys/bus/pci/drivers/uio_pci_generic"

// uio returns the addresses of the devices that EAL opens through uio_pci_generic.
func (o *options) uio() (devices []string) {
	if o.has("no-pci") {
		return nil
	}
	entries, _ := filepath.Glob(filepath.Join(uioDriver, "*:*:*.*")) // the pattern is valid
	for _, e := range entries {
		address := filepath.Base(e)
		names := func(devargs string) bool { // DPDK allows an address without its domain
			name, _, _ := strings.Cut(devargs, ",")
			return name == address || "0000:"+name == address
		}
		if allow := o.values["allow"]; (len(allow) == 0 || slices.ContainsFunc(allow, names)) && !slices.ContainsFunc(o.values["block"], names) {
			devices = append(devices, address)
		}
	}
	return devices
}
