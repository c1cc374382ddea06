//go:build linux

package harness

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// used matches the files of the drivers that the tests use.
var used = regexp.MustCompile(`^librte_(bus_(pci|vdev)|mempool_(bucket|ring|stack)|net_(af_packet|af_xdp|bond|failsafe|memif|null|pcap|ring|tap|vhost|virtio))\.so`)

// hideDrivers hides all other drivers from EAL in the sandbox, unless GODPDK_DRIVERS is "all".
// EAL loads all installed drivers at each start, which takes most of the start's CPU time.
func hideDrivers() error {
	dir := filepath.Dir(HugeDir())
	few, all := filepath.Join(dir, "drivers"), filepath.Join(dir, "all-drivers")
	if os.Getenv("GODPDK_DRIVERS") == "all" || os.Geteuid() != 0 || dir == "/dev" {
		return nil
	}
	if _, err := os.Stat(few); err == nil { // this process is in the sandbox of another test process
		return nil
	}
	libdir, err := exec.Command("pkg-config", "--variable=libdir", "libdpdk").Output()
	if err != nil {
		return nil // DPDK is linked statically, or was installed by hand
	}
	installed, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(libdir)), "dpdk", "pmds-*"))
	if err != nil || len(installed) != 1 {
		return err
	}
	if err := errors.Join(os.Mkdir(few, 0o755), os.Mkdir(all, 0o755), unix.Mount(installed[0], all, "", unix.MS_BIND, "")); err != nil {
		return err
	}
	files, err := os.ReadDir(installed[0])
	for _, f := range files {
		if name := f.Name(); used.MatchString(name) {
			err = errors.Join(err, show(filepath.Join(installed[0], name), filepath.Join(few, name)))
		} else if soname.MatchString(name) {
			err = errors.Join(err, os.Symlink(filepath.Join(all, name), filepath.Join(few, name)))
		}
	}
	return errors.Join(err, unix.Mount(few, installed[0], "", unix.MS_BIND|unix.MS_REC, ""))
}

// soname matches the names by which programs such as dpdk-testpmd load drivers. EAL ignores
// these names, and loads librte_x.so and librte_x.so.23.0.
var soname = regexp.MustCompile(`\.so\.[0-9]+$`)

// show makes file visible at another path. EAL refuses a driver at a real path in /tmp, and a
// copy would be loaded beside the original, so it is a mount.
func show(file, at string) error {
	if link, err := os.Readlink(file); err == nil {
		return os.Symlink(link, at)
	}
	return errors.Join(os.WriteFile(at, nil, 0o644), unix.Mount(file, at, "", unix.MS_BIND, ""))
}
