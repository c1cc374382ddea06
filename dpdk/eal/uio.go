package eal

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/godpdk/godpdk/dpdk/internal/devargs"
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
		names := func(devargs string) bool { return pciAddress(devargs) == address }
		if allow := o.values["allow"]; (len(allow) == 0 || slices.ContainsFunc(allow, names)) && !slices.ContainsFunc(o.values["block"], names) {
			devices = append(devices, address)
		}
	}
	return devices
}

var pciAddresses = regexp.MustCompile(`^(?:([[:xdigit:]]+):)?([[:xdigit:]]+):([[:xdigit:]]+)\.([[:xdigit:]]+)$`)

// pciAddress returns the address in the devargs of a PCI device, as sysfs writes it. DPDK also accepts addresses without a
// domain, without leading zeros, and in upper case.
func pciAddress(args string) string {
	d, err := devargs.Parse(opInit, args)
	m := pciAddresses.FindStringSubmatch(d.Name)
	if err != nil || m == nil {
		return ""
	}
	var n [4]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(m[i+1], 16, 32) // "" is 0
	}
	return fmt.Sprintf("%04x:%02x:%02x.%x", n[0], n[1], n[2], n[3])
}
