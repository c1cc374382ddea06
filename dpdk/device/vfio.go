package device

import (
	"encoding/binary"
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
	Firmware bool     `json:"firmware"` // the ACPI tables describe an IOMMU, which the kernel may turn on. Arm's are only seen by root

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

// smmu reports whether an ACPI table IORT, which Arm hosts have for their interrupts too, describes an IOMMU.
func (h Host) smmu(file string) bool {
	const (
		header           = 36 // of each ACPI table; the offset of the first node is at 40
		smmuV1V2, smmuV3 = 3, 4
	)
	table, _ := os.ReadFile(h.path(file)) // root's
	if len(table) < header+8 {
		return false
	}
	for at := uint64(binary.LittleEndian.Uint32(table[header+4:])); at+3 <= uint64(len(table)); {
		if table[at] == smmuV1V2 || table[at] == smmuV3 {
			return true
		}
		size := uint64(binary.LittleEndian.Uint16(table[at+1:]))
		if size == 0 {
			return false
		}
		at += size
	}
	return false
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
	const tables = "/sys/firmware/acpi/tables"
	v.Firmware = h.exists(tables, "DMAR") || h.exists(tables, "IVRS") || h.smmu(tables+"/IORT") // Intel, AMD, Arm
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
