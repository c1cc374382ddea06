package hostcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/hostfs"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// initial are the inode numbers of the namespaces in which the kernel starts (linux/proc_ns.h). A namespace of a container
// has another one.
var initial = map[string]string{"user": "user:[4026531837]", "pid": linux.InitialPIDs, "ipc": "ipc:[4026531839]", "uts": "uts:[4026531838]"}

// container returns the engine of the container that this process is in, or "".
func (h Host) container() string {
	if h.namespaces() == "" { // the file system of a virtual machine may be that of an image
		return ""
	}
	for _, sign := range [][2]string{
		{"/var/run/secrets/kubernetes.io", "Kubernetes"}, {"/.dockerenv", "Docker"}, {"/run/.containerenv", "Podman"},
	} {
		if h.root().Exists(sign[0]) {
			return sign[1]
		}
	}
	if h.env("KUBERNETES_SERVICE_HOST") != "" {
		return "Kubernetes"
	}
	if name := h.env("container"); name != "" { // systemd-nspawn, LXC
		return name
	}
	if strings.Contains(h.namespaces(), "pid") {
		return "an unknown engine"
	}
	return ""
}

func (h Host) inContainer() bool { return h.container() != "" }

// namespaces returns the names of this process's own namespaces.
func (h Host) namespaces() string {
	var own []string
	for _, name := range []string{"pid", "ipc", "uts"} {
		if ns := h.root().Link("/proc/self/ns", name); ns != "" && ns != initial[name] {
			own = append(own, name)
		}
	}
	return strings.Join(own, ", ")
}

// userNamespace reports whether this process is in a user namespace of its own, where its capabilities do not apply to the
// host's limits.
func (h Host) userNamespace() bool {
	ns := h.root().Link("/proc/self/ns/user")
	return ns != "" && ns != initial["user"]
}

// env returns a variable of this process's environment.
func (h Host) env(name string) string {
	if h.root().Live() {
		return os.Getenv(name)
	}
	for _, v := range strings.Split(h.root().Text("/proc/self/environ"), "\x00") {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// Container returns the findings about the container that this process is in, and the runtime directory.
func (h Host) Container() []Finding {
	f := Finding{Check: "container", Source: "/proc/self/ns", Why: "the host's settings, and the files that processes share, can be changed only outside of a container", Found: "this process is not in a container"}
	if engine := h.container(); engine != "" {
		f.Found = fmt.Sprintf("this process is in a container (%s), with its own namespaces: %s", engine, h.namespaces())
	}
	return []Finding{f, h.runtimeDir()}
}

// base returns the folder of the runtime directories of this user, as rundir.Path chooses it.
func (h Host) base() string {
	for _, dir := range []string{h.env("RUNTIME_DIRECTORY"), map[bool]string{true: "/var/run"}[h.uid() == 0], h.env("XDG_RUNTIME_DIR")} {
		if dir != "" {
			return filepath.Join(dir, "dpdk")
		}
	}
	return "/tmp/dpdk"
}

func (h Host) runtimeDir() Finding {
	dir := h.base()
	f := Finding{Check: "runtime-directory", Source: dir, Why: "the processes of a file prefix find each other in the runtime directory, and share its files", Found: "the runtime directories of this user are in " + dir}
	if h.root().Live() {
		err := rundir.CheckEnv()
		if err == nil {
			err = usable(dir)
		}
		var e *dpdk.Error
		if errors.As(err, &e) {
			f.Level, f.Errno, f.Found = Error, e.Errno, e.Detail
			own := fmt.Sprintf("/run/user/%d", h.uid())
			fix := Fix{Where: inShell, Commands: []string{"export RUNTIME_DIRECTORY=" + own}}
			if !h.root().Exists(own) {
				fix.Commands = []string{"mkdir -m 700 -p ~/.dpdk", "export RUNTIME_DIRECTORY=~/.dpdk"}
			}
			f.Fixes = []Fix{fix}
			return f
		}
	}
	if !h.inContainer() {
		return f
	}
	if h.mounted(dir) {
		f.Found += ", which is a mount: containers that have it too can share a file prefix"
		return f
	}
	f.Level = Warning
	f.Found += ", which is inside this container: processes of other containers cannot attach, and a primary there with the same file prefix and hugetlbfs would use the same hugepages"
	f.Fixes = []Fix{
		{Where: "docker run", Commands: []string{"-v /run/dpdk:" + strings.Replace(dir, "/var/run", "/run", 1)}},
		{Where: "in the program", Commands: []string{"a Config.FilePrefix that no other container uses, or Config.InMemory"}},
	}
	return f
}

// usable returns the error with which eal.Init would refuse a runtime directory below dir.
func usable(dir string) error {
	d, err := rundir.Open(filepath.Join(dir, "rte"), false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		d.Close()
	}
	return err
}

// mounted reports whether a folder, or one above it other than the root, is a mount.
func (h Host) mounted(dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil && h.root().Live() {
		dir = real
	}
	dir = strings.Replace(dir, "/var/run", "/run", 1)
	for line := range strings.Lines(h.root().Text("/proc/self/mountinfo")) {
		f := strings.Fields(line)
		if len(f) > 4 && f[4] != "/" && (hostfs.Unescape(f[4]) == dir || strings.HasPrefix(dir, hostfs.Unescape(f[4])+"/")) {
			return true
		}
	}
	return false
}
