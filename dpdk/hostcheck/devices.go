package hostcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/device"
)

const whyVFIO = "VFIO and an IOMMU let DPDK use a PCI device without access to the rest of the host's memory"

// Devices returns the findings about the host's PCI network devices: the driver of each, VFIO, and the IOMMU.
func (h Host) Devices() []Finding {
	if !h.root().Exists("/sys/bus/pci/devices") {
		return []Finding{{Check: "nic", Source: "/sys/bus/pci", Found: "the host has no PCI bus, or /sys is not mounted", Why: "DPDK finds its devices there"}}
	}
	host := device.Host{Root: h.Root}
	nics, err := host.List()
	if err != nil {
		return []Finding{{Check: "nic", Level: Warning, Source: "/sys/bus/pci", Found: err.Error(), Why: "DPDK finds its devices there"}}
	}
	v, bound, free := host.VFIO(), []device.Info(nil), false
	var all []Finding
	for _, nic := range nics {
		all = append(all, h.nic(nic))
		free = free || !nic.Usable() && len(nic.InUse()) == 0
		if strings.Contains(nic.Driver, "vfio") && nic.Group != nil {
			bound = append(bound, nic)
		}
	}
	if len(bound) == 0 && !free {
		return append(all, Finding{Check: "vfio", Source: "/sys/bus/pci", Why: whyVFIO, Found: fmt.Sprintf("none of %d PCI network devices is free for DPDK, or needs VFIO", len(nics))})
	}
	return append(all, h.vfio(v, bound), h.iommu(v))
}

// nic describes a device. It only warns of one that has DPDK's driver and does not work with it.
func (h Host) nic(i device.Info) Finding {
	f := Finding{Check: "nic", Source: "/sys/bus/pci/devices/" + i.Address, Why: "DPDK uses a device through vfio-pci, or beside a kernel driver such as mlx5_core"}
	driver := i.Driver
	if driver == "" {
		driver = "none"
	}
	f.Found = strings.TrimSpace(fmt.Sprintf("%s %s %s", i.Address, i.ID, i.Name)) + ": driver " + driver
	if i.Group != nil {
		f.Found += fmt.Sprintf(", IOMMU group %d", i.Group.ID)
	}
	if i.Socket != dpdk.AnySocket {
		f.Found += fmt.Sprintf(", NUMA node %v", i.Socket)
	}
	for _, n := range i.Interfaces {
		f.Found += fmt.Sprintf(", %s (link %s)", n.Name, map[bool]string{true: "up", false: "down"}[n.Link])
	}
	used := i.InUse()
	switch {
	case len(used) > 0:
		f.Found += "; in use: " + strings.Join(used, ", ")
	case i.Usable():
		f.Found += "; DPDK can use it"
	default:
		f.Found += "; free: 'devbind bind vfio-pci " + i.Address + "' (examples/devbind) gives it to DPDK"
	}
	if i.Group == nil || !strings.Contains(i.Driver, "vfio") {
		return f
	}
	for _, m := range i.Group.Members {
		if m.Blocks {
			f.Level = Warning
			f.Found += fmt.Sprintf("; %s in its IOMMU group has the driver %s, and VFIO gives a group to one process as a whole", m.Address, m.Driver)
			f.Fixes = append(f.Fixes, Fix{Where: "as root", Commands: []string{"devbind bind vfio-pci " + m.Address}, Undo: []string{"devbind restore " + m.Address}})
		}
	}
	return f
}

// vfio checks the driver, and the files of the groups that are bound to it.
func (h Host) vfio(v device.VFIO, bound []device.Info) Finding {
	f := Finding{Check: "vfio", Source: "/sys/bus/pci/drivers/vfio-pci", Why: whyVFIO}
	switch {
	case !v.Available:
		f.Level, f.Found = Warning, "the kernel has no driver vfio-pci"
		f.Fixes = []Fix{{Where: h.asRoot() + ", then reboot", Commands: []string{"apt-get install linux-image-$(dpkg --print-architecture)"}}}
		return f
	case !v.Loaded:
		f.Level, f.Found = Warning, "the driver vfio-pci is not loaded"
		f.Fixes = []Fix{{Where: h.asRoot(), Commands: []string{"modprobe vfio-pci"}, Undo: []string{"modprobe -r vfio-pci"}}}
		return f
	}
	f.Found = fmt.Sprintf("vfio-pci is loaded; %d network devices are bound to it", len(bound))
	for _, nic := range bound {
		file := nic.Group.Path()
		i := slices.IndexFunc(v.Files, func(at device.File) bool { return at.Path == file })
		switch {
		case i < 0 && h.inContainer():
			f.Level, f.Found = Warning, fmt.Sprintf("%s of device %s does not exist in this container", file, nic.Address)
			f.Fixes = []Fix{{Where: "docker run", Commands: []string{"--device /dev/vfio/vfio --device " + file}}}
		case i >= 0 && !v.Files[i].Usable:
			f.Level = Warning
			f.Found = fmt.Sprintf("uid %d cannot open %s of device %s (owner uid %d, mode %04o)", h.uid(), file, nic.Address, v.Files[i].UID, v.Files[i].Mode)
			f.Fixes = []Fix{{Where: h.asRoot(), Commands: []string{fmt.Sprintf("chown %d %s", h.uid(), file)}, Undo: []string{fmt.Sprintf("chown %d %s", v.Files[i].UID, file)}}}
		}
	}
	return f
}

func (h Host) iommu(v device.VFIO) Finding {
	f := Finding{Check: "iommu", Source: "/sys/kernel/iommu_groups", Why: whyVFIO}
	machine := Fix{Where: "in the virtual machine's configuration", Commands: []string{"an IOMMU (QEMU: -device intel-iommu,intremap=on,caching-mode=on)"}}
	const parameter = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
	switch {
	case len(v.IOMMUs) > 0:
		f.Found = fmt.Sprintf("%s on, %d groups", strings.Join(v.IOMMUs, ", "), v.Groups)
	case v.Firmware:
		f.Level, f.Found = Warning, "the host has an IOMMU, and it is off"
		f.Fixes = []Fix{{Where: "on the kernel's command line", Commands: []string{"intel_iommu=on iommu=pt (AMD: amd_iommu=on iommu=pt; Arm: without iommu=off)"}}}
	case v.NoIOMMU:
		f.Level, f.Found = Warning, "the host has no IOMMU, and VFIO's unsafe mode is on: a device can overwrite all memory of the host"
		f.Fixes = []Fix{machine}
	default:
		f.Level, f.Found = Warning, "the host has no IOMMU, and vfio-pci works only in its unsafe mode, in which a device can overwrite all memory of the host"
		f.Fixes = []Fix{machine, {Where: h.asRoot(), Commands: []string{"modprobe vfio enable_unsafe_noiommu_mode=1"}}}
		if v.CanNoIOMMU {
			f.Fixes[1].Commands, f.Fixes[1].Undo = []string{"echo Y > " + parameter}, []string{"echo N > " + parameter}
		}
	}
	return f
}
