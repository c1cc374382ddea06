package device

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
)

// Info describes a PCI device. Fields that the kernel does not have are zero.
type Info struct {
	Address string `json:"address"` // "0000:03:00.0"
	ID      string `json:"id"`      // vendor and device in hexadecimal: "8086:10d3"
	Class   string `json:"class"`   // base class and subclass in hexadecimal: "0200" is Ethernet
	Name    string `json:"name"`    // of vendor and device, if the host has the file pci.ids

	Driver   string   `json:"driver"`   // the kernel driver that is bound, "" if none is
	Override string   `json:"override"` // driver_override: the only driver that the kernel may bind, "" for any
	Modules  []string `json:"modules"`  // kernel modules with a driver for the device, by modules.alias
	// Changing is set if the kernel does not answer: some kernels do not while they bind or unbind the device. Override is
	// unknown then.
	Changing bool `json:"changing"`

	Interfaces []Interface `json:"interfaces"`
	// Elsewhere is set if an interface of the device is in another network namespace.
	Elsewhere bool `json:"elsewhere"`

	Group     *Group        `json:"group"`  // IOMMU group; nil without IOMMU
	Socket    dpdk.SocketID `json:"socket"` // dpdk.AnySocket if the host has one NUMA node, or does not know
	Processes []Process     `json:"processes"`

	// Unknown are the reasons why this process does not know whether the device is in use: it lacks a part of the
	// host's /proc, or may not read all of it.
	Unknown []string `json:"unknown"`

	PF       string   `json:"pf"`       // of a VF: the address of its physical function
	VFs      []string `json:"vfs"`      // of a physical function: the addresses of its VFs
	TotalVFs int      `json:"totalVFs"` // of a physical function: how many VFs it can have
}

// Interface is a network interface of the kernel.
type Interface struct {
	Name      string         `json:"name"`
	MAC       string         `json:"mac"`
	MTU       int            `json:"mtu"`
	Up        bool           `json:"up"`        // set up by the administrator
	Link      bool           `json:"link"`      // only known while it is up
	SpeedMbps int            `json:"speedMbps"` // 0 if unknown
	Addresses []netip.Prefix `json:"addresses"` // without link-local ones; see [Host]
	Routes    []netip.Prefix `json:"routes"`    // destinations of routes, without link-local and multicast
	Uppers    []string       `json:"uppers"`    // interfaces above it: a bridge, a bond, VLANs
}

// Group is an IOMMU group: the devices that the IOMMU cannot distinguish. vfio gives all of them to
// one process.
type Group struct {
	ID      int  `json:"id"`
	NoIOMMU bool `json:"noIOMMU"` // made by vfio's unsafe mode: no IOMMU protects the memory of the host
	// Members are the other devices of the group.
	Members []Member `json:"members"`
}

// Member is another device of an IOMMU group.
type Member struct {
	Address string `json:"address"`
	Driver  string `json:"driver"`
	// Blocks is set if its driver keeps processes from opening the group.
	Blocks bool `json:"blocks"`
}

// Process is a process that has a file of a device open: a DPDK process, or a virtual machine.
type Process struct {
	PID     int    `json:"pid"`
	Command string `json:"command"` // up to 15 bytes
	File    string `json:"file"`    // "/dev/vfio/12"
}

// Path returns the file that a process must open to use the devices of the group. It exists
// while a device of the group is bound to a vfio driver.
func (g Group) Path() string {
	if g.NoIOMMU {
		return fmt.Sprint("/dev/vfio/noiommu-", g.ID)
	}
	return fmt.Sprint("/dev/vfio/", g.ID)
}

// bifurcated has the drivers beside which DPDK works: they stay bound.
var bifurcated = []string{"mlx4_core", "mlx5_core", "mana"}

// userspace reports whether a driver gives devices to processes.
func userspace(driver string) bool {
	return vfio(driver) || driver == "igb_uio" || driver == "uio_pci_generic"
}

// vfio reports whether a driver is vfio-pci or one of its variants, such as mlx5_vfio_pci.
func vfio(driver string) bool {
	return strings.Contains(strings.ReplaceAll(driver, "_", "-"), "vfio-pci")
}

// Usable reports whether the bound driver lets DPDK use the device: vfio-pci, igb_uio,
// uio_pci_generic, or a driver such as mlx5_core, beside which DPDK works.
func (i Info) Usable() bool { return userspace(i.Driver) || slices.Contains(bifurcated, i.Driver) }

// InUse returns the reasons for which [Host.Bind] refuses the device, one sentence each, with those of Unknown at the end. It
// returns none for a device that is free.
func (i Info) InUse() []string {
	var why []string
	if i.Changing {
		why = append(why, "the kernel is binding or unbinding it, and waits")
	}
	for _, f := range i.Interfaces {
		for _, r := range f.Routes {
			why = append(why, fmt.Sprintf("%s carries the route to %v", f.Name, r))
		}
		for _, a := range f.Addresses {
			why = append(why, fmt.Sprintf("%s has the address %v", f.Name, a))
		}
		for _, u := range f.Uppers {
			why = append(why, fmt.Sprintf("%s is below %s", f.Name, u))
		}
	}
	if i.Elsewhere {
		why = append(why, "its interface is in another network namespace")
	}
	for _, p := range i.Processes {
		why = append(why, fmt.Sprintf("process %d (%s) has %s open", p.PID, p.Command, p.File))
	}
	if n := len(i.VFs); n > 0 {
		why = append(why, fmt.Sprintf("it has %d VFs, which end with its driver", n))
	}
	return append(why, i.Unknown...)
}
