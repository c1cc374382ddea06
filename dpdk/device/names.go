package device

import (
	"bufio"
	"os"
	"path"
	"slices"
	"strings"
)

// alias is a pattern of devices, and the kernel module for them.
type alias struct{ pattern, module string }

// aliases returns the PCI devices that the modules of the running kernel support: of modules that can
// be loaded, and of those that are built in.
func (h Host) aliases() []alias {
	var all []alias
	dir := h.modules()
	for line := range strings.Lines(h.text(dir, "modules.alias")) {
		if f := strings.Fields(line); len(f) == 3 && strings.HasPrefix(f[1], "pci:") {
			all = append(all, alias{f[1], f[2]})
		}
	}
	for entry := range strings.SplitSeq(h.text(dir, "modules.builtin.modinfo"), "\x00") {
		key, pattern, _ := strings.Cut(entry, "=")
		if module, ok := strings.CutSuffix(key, ".alias"); ok && strings.HasPrefix(pattern, "pci:") {
			all = append(all, alias{pattern, module})
		}
	}
	return all
}

// modules returns the folder of the running kernel's modules.
func (h Host) modules() string {
	return path.Join("/lib/modules", h.text("/proc/sys/kernel/osrelease"))
}

// match returns the modules for a device, each once.
func match(aliases []alias, device string) []string {
	var modules []string
	for _, a := range aliases {
		if ok, _ := path.Match(a.pattern, device); ok && !slices.Contains(modules, a.module) {
			modules = append(modules, a.module)
		}
	}
	return modules
}

// addNames adds names of the file pci.ids, if the host has one.
func (h Host) addNames(infos []Info) {
	var f *os.File
	var err error
	for _, dir := range []string{"/usr/share/misc", "/usr/share/hwdata"} {
		if f, err = os.Open(h.path(dir, "pci.ids")); err == nil {
			break
		}
	}
	if err != nil {
		return
	}
	defer f.Close()
	names := map[string]string{}
	var vendor, company string
	for s := bufio.NewScanner(f); s.Scan() && !strings.HasPrefix(s.Text(), "C "); { // classes follow
		line := s.Text()
		id, name, ok := strings.Cut(strings.TrimLeft(line, "\t"), "  ")
		switch depth := len(line) - len(strings.TrimLeft(line, "\t")); {
		case !ok || strings.HasPrefix(line, "#"):
		case depth == 0:
			vendor, company = id, name
		case depth == 1:
			names[vendor+":"+id] = company + " " + name
		}
	}
	for i := range infos {
		infos[i].Name = names[infos[i].ID]
	}
}
