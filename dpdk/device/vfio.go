package device

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// VFIO is the state of the kernel's VFIO and IOMMU, which DPDK needs for devices on vfio-pci.
type VFIO struct {
	Loaded    bool `json:"loaded"`    // the kernel has the driver vfio-pci
	Available bool `json:"available"` // it has, or modprobe vfio-pci finds the module

	IOMMUs   []string `json:"iommus"`   // IOMMUs that are on: "dmar0"
	Groups   int      `json:"groups"`   // IOMMU groups; without any, vfio-pci works only with NoIOMMU
	Firmware bool     `json:"firmware"` // the ACPI tables describe an IOMMU, which the kernel's command line may turn on

	// NoIOMMU is vfio's parameter enable_unsafe_noiommu_mode: processes may use devices without
	// an IOMMU, and these can then overwrite all memory of the host.
	NoIOMMU bool `json:"noIOMMU"`
	// CanNoIOMMU is set if vfio is loaded, and the kernel has that parameter.
	CanNoIOMMU bool `json:"canNoIOMMU"`

	Files []File `json:"files"` // in /dev/vfio
}

// File is a file in /dev/vfio: "vfio", which all users of vfio open, and one for each group with a
// device on a vfio driver.
type File struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"` // permission bits
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
	// Usable is set if this process has the permission to open it. A device cgroup, as
	// containers have it, may refuse nevertheless.
	Usable bool `json:"usable"`
}

// VFIO returns the state of VFIO and the IOMMU. A file that cannot be read counts as absent.
func (h Host) VFIO() VFIO {
	const parameter = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
	v := VFIO{
		Loaded: h.exists(pciDrivers, "vfio-pci"),
		IOMMUs: h.names("/sys/class/iommu"), Groups: len(h.names("/sys/kernel/iommu_groups")),
		NoIOMMU: h.text(parameter) == "Y", CanNoIOMMU: h.exists(parameter),
	}
	v.Available = v.Loaded || strings.Contains(h.text(h.modules(), "modules.dep"), "/vfio-pci.ko")
	for _, table := range []string{"DMAR", "IVRS", "IORT"} { // Intel, AMD, Arm
		v.Firmware = v.Firmware || h.exists("/sys/firmware/acpi/tables", table)
	}
	dir := h.path("/dev/vfio")
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil // it has just gone
		}
		uid, gid := linux.Owner(info)
		rel, _ := filepath.Rel(dir, path)
		v.Files = append(v.Files, File{Path: filepath.Join("/dev/vfio", rel), Mode: info.Mode().Perm(), UID: uid, GID: gid,
			Usable: linux.MayOpen(path) == nil})
		return nil
	})
	return v
}
