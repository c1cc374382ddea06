package device

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
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
	seen, denied := false, false
	for _, name := range h.names("/proc") {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		seen = true
		counted := map[string]bool{}
		fds, err := os.ReadDir(h.path("/proc", name, "fd"))
		denied = denied || errors.Is(err, fs.ErrPermission)
		for _, fd := range fds {
			file, err := os.Readlink(h.path("/proc", name, "fd", fd.Name()))
			denied = denied || errors.Is(err, fs.ErrPermission)
			for _, i := range files[file] {
				if !counted[file] {
					i.Processes = append(i.Processes, Process{PID: pid, Command: h.text("/proc", name, "comm"), File: file})
				}
			}
			counted[file] = true
		}
	}
	why := ""
	switch ns, _ := os.Readlink(h.path("/proc/1/ns/pid")); {
	case !seen:
		why = h.path("/proc") + " has none"
	case ns != "" && ns != linux.InitialPIDs:
		why = h.path("/proc") + " has only those of a container"
	case denied:
		why = "this process may not read the descriptors of all in " + h.path("/proc")
	default:
		return
	}
	for i := range infos {
		if len(h.files(&infos[i])) > 0 {
			infos[i].Unknown = append(infos[i].Unknown, "its processes are unknown: "+why)
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
