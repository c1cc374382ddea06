package device

import (
	"os"
	"path/filepath"
	"strconv"
)

// addProcesses adds the processes that have files of the devices open.
func (h Host) addProcesses(infos []Info) {
	files := map[string][]*Info{}
	for i := range infos {
		for _, f := range h.files(&infos[i]) {
			files[f] = append(files[f], &infos[i])
		}
	}
	if len(files) == 0 {
		return
	}
	seen := false
	for _, name := range h.names("/proc") {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		seen = true
		counted := map[string]bool{}
		for _, fd := range h.names("/proc", name, "fd") {
			file, _ := os.Readlink(h.path("/proc", name, "fd", fd))
			for _, i := range files[file] {
				if !counted[file] {
					i.Processes = append(i.Processes, Process{PID: pid, Command: h.text("/proc", name, "comm"), File: file})
				}
			}
			counted[file] = true
		}
	}
	if seen {
		return
	}
	for _, all := range files {
		for _, i := range all {
			i.Unknown = append(i.Unknown, "its processes are unknown: "+h.path("/proc")+" has none")
		}
	}
}

// files returns the files through which processes use a device.
func (h Host) files(i *Info) (files []string) {
	if i.Group != nil && vfio(i.Driver) {
		files = append(files, i.Group.Path())
	}
	for folder, place := range map[string]string{"vfio-dev": "/dev/vfio/devices", "uio": "/dev", "infiniband_verbs": "/dev/infiniband"} {
		for _, name := range h.names(pciDevices, i.Address, folder) {
			files = append(files, filepath.Join(place, name))
		}
	}
	return files
}
