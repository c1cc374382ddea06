package device

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Host is a Linux host. The zero value is the host of this process.
type Host struct {
	// Root is the folder that holds sys, proc, dev and lib/modules: a recorded tree, or "/host"
	// in a container that has the file system of its host there. "" is "/". Under another root,
	// interfaces are those of process 1, and they have no IPv4 addresses. Without its proc/1/net the devices
	// count as in use ([Info.Unknown]).
	Root string

	write func(path, text string) error // os.WriteFile, except in tests
}

// PCI device classes.
const (
	classNetwork = "02"
	classBridge  = "0604" // PCI to PCI
)

const (
	pciDevices = "/sys/bus/pci/devices"
	pciDrivers = "/sys/bus/pci/drivers"
)

// path returns where a file of the host is.
func (h Host) path(parts ...string) string {
	return filepath.Join("/", h.Root, filepath.Join(parts...))
}

// text returns the content of a small file without space around it, "" if it cannot be read.
func (h Host) text(parts ...string) string {
	b, _ := os.ReadFile(h.path(parts...))
	return strings.TrimSpace(string(b))
}

// number returns the number in a file, or otherwise.
func (h Host) number(otherwise int, parts ...string) int {
	n, err := strconv.Atoi(h.text(parts...))
	if err != nil {
		return otherwise
	}
	return n
}

// link returns the last element of the target of a link, "" for another file.
func (h Host) link(parts ...string) string {
	target, err := os.Readlink(h.path(parts...))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// names returns the sorted names in a folder.
func (h Host) names(parts ...string) []string {
	var names []string
	entries, _ := os.ReadDir(h.path(parts...))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// exists reports whether a file is there.
func (h Host) exists(parts ...string) bool {
	_, err := os.Lstat(h.path(parts...))
	return err == nil
}

// List returns the PCI network devices of the host, sorted by address.
func (h Host) List() ([]Info, error) {
	entries, err := os.ReadDir(h.path(pciDevices))
	if err != nil {
		return nil, &dpdk.Error{Op: "device.List", Errno: dpdk.Errno(linux.Errno(err)),
			Detail: "cannot read " + h.path(pciDevices) + ": mount sysfs there"}
	}
	var network []string
	for _, e := range entries {
		if strings.HasPrefix(h.class(e.Name()), classNetwork) {
			network = append(network, e.Name())
		}
	}
	return h.infos(network), nil
}

// Lookup describes the PCI device with an address such as "0000:03:00.0" or "03:00.0", or with a
// network interface of that name. The device need not be a network device. It returns
// dpdk.ErrNoDevice if there is none.
func (h Host) Lookup(name string) (Info, error) {
	address, err := h.find("device.Lookup", name)
	if err != nil {
		return Info{}, err
	}
	return h.infos([]string{address})[0], nil
}

var addresses = regexp.MustCompile(`^([0-9a-f]{4,}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$`)

// find returns the address of a device.
func (h Host) find(op, name string) (string, error) {
	address := strings.ToLower(name)
	switch m := addresses.FindStringSubmatch(address); {
	case m != nil && m[1] == "":
		address = "0000:" + address
	case m == nil && !slices.Contains(h.names("/sys/class/net"), name):
		return "", check.Invalid(op, name, `no interface has that name, and it is not a PCI address such as "0000:03:00.0"`)
	case m == nil:
		target, _ := os.Readlink(h.path("/sys/class/net", name))
		address = ""
		for _, part := range strings.Split(target, "/") { // the last one, below bridges
			if addresses.MatchString(part) {
				address = part
			}
		}
	}
	if address == "" || !h.exists(pciDevices, address) {
		return "", &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrNoDevice,
			Detail: "it is not a PCI device of this host: List returns those"}
	}
	return address, nil
}

// override returns the driver_override of a device, "" if it has none. ok is false if the kernel does not
// answer: some kernels lock the device while they bind or unbind it, which can take for ever.
func (h Host) override(address string) (driver string, ok bool) {
	read := make(chan string, 1)
	go func() { read <- h.text(pciDevices, address, "driver_override") }()
	select {
	case driver = <-read:
	case <-time.After(grace):
		return "", false
	}
	if driver == "(null)" {
		driver = ""
	}
	return driver, true
}

// class returns the class and subclass of a device.
func (h Host) class(address string) string {
	class := strings.TrimPrefix(h.text(pciDevices, address, "class"), "0x")
	return class[:min(4, len(class))]
}

// infos describes devices.
func (h Host) infos(addresses []string) []Info {
	infos := make([]Info, len(addresses))
	_, unreadable := os.ReadFile(h.path(h.net("route")))
	routes, prefixes, aliases := h.routes(), h.addresses(), h.aliases()
	for i, a := range addresses {
		infos[i] = h.info(a, aliases)
		for k, f := range infos[i].Interfaces {
			infos[i].Interfaces[k].Routes, infos[i].Interfaces[k].Addresses = routes[f.Name], prefixes[f.Name]
		}
		if unreadable != nil && len(infos[i].Interfaces) > 0 {
			infos[i].Unknown = append(infos[i].Unknown, fmt.Sprintf("its routes and addresses are unknown: %v", unreadable))
		}
	}
	h.addNames(infos)
	h.addProcesses(infos)
	return infos
}

// info reads what the folder of a device in sysfs has.
func (h Host) info(address string, aliases []alias) Info {
	dir := filepath.Join(pciDevices, address)
	hex := func(file string) string { return strings.TrimPrefix(h.text(dir, file), "0x") }
	i := Info{
		Address: address, ID: hex("vendor") + ":" + hex("device"), Class: h.class(address),
		Driver: h.link(dir, "driver"), Modules: match(aliases, h.text(dir, "modalias")),
		Group: h.group(address), PF: h.link(dir, "physfn"), TotalVFs: h.number(0, dir, "sriov_totalvfs"),
	}
	if n := h.number(-1, dir, "numa_node"); n >= 0 {
		i.Socket = dpdk.Socket(n)
	}
	for n := 0; h.exists(dir, "virtfn"+strconv.Itoa(n)); n++ {
		i.VFs = append(i.VFs, h.link(dir, "virtfn"+strconv.Itoa(n)))
	}
	override, answered := h.override(address)
	i.Override, i.Changing = override, !answered
	i.Interfaces, i.Elsewhere = h.interfaces(dir)
	return i
}

// group returns the IOMMU group of a device, nil if it has none.
func (h Host) group(address string) *Group {
	const groups = "/sys/kernel/iommu_groups"
	number := h.link(pciDevices, address, "iommu_group")
	id, err := strconv.Atoi(number)
	if err != nil {
		return nil
	}
	g := &Group{ID: id, NoIOMMU: h.text(groups, number, "name") == "vfio-noiommu"}
	for _, other := range h.names(groups, number, "devices") {
		if other == address {
			continue
		}
		driver := h.link(pciDevices, other, "driver")
		// The kernel accepts bridges and drivers that do no DMA of their own.
		free := driver == "" || vfio(driver) || driver == "pci-stub" || h.class(other) == classBridge
		g.Members = append(g.Members, Member{Address: other, Driver: driver, Blocks: !free})
	}
	return g
}
