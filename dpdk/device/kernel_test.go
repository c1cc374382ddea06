//go:build linux

package device

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/hosttest"
)

// kernel does in a recorded tree what Linux does when files of sysfs are written.
type kernel struct {
	t      *testing.T
	host   Host
	native map[string]string             // the driver that the kernel would choose, by device ID
	broken string                        // a driver that returns EINVAL
	before func(file, text string) error // called before a write, which it may refuse
	writes []string                      // "0000:01:00.0/driver_override=vfio-pci"
}

// booted returns the host of a recorded tree, and its kernel.
func booted(t *testing.T, tree string) (Host, *kernel) {
	t.Helper()
	k := &kernel{t: t, native: map[string]string{
		"8086:15b8": "e1000e", "8086:1521": "igb", "8086:1572": "i40e", "8086:154c": "iavf", "15b3:1017": "mlx5_core", "1af4:1041": "virtio-pci"}}
	k.host = Host{Root: t.TempDir(), write: k.write}
	require.NoError(t, hosttest.Unpack(k.host.Root, filepath.Join("testdata", tree)))
	return k.host, k
}

func (k *kernel) write(path, text string) error {
	dir, file := filepath.Split(path)
	text = strings.TrimSuffix(text, "\n")
	k.writes = append(k.writes, filepath.Base(dir)+"/"+file+"="+text)
	err := error(nil)
	if k.before != nil {
		err = k.before(file, text)
	}
	if err == nil {
		err = k.act(filepath.Base(dir), file, text)
	}
	if err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// act changes the tree. The argument of is a device or a driver.
func (k *kernel) act(of, file, text string) error {
	link := k.host.path(pciDevices, text, "driver")
	switch file {
	case "driver_override":
		if text == "" {
			text = "(null)"
		}
		return os.WriteFile(k.host.path(pciDevices, of, file), []byte(text+"\n"), 0o644)
	case "unbind":
		if k.driver(text) != of {
			return syscall.ENODEV
		}
		return os.Remove(link)
	case "bind":
		return k.bind(of, text)
	case "drivers_probe":
		driver := k.native[k.id(text)]
		if o := k.override(text); o != "(null)" {
			driver = o
		}
		_ = k.bind(driver, text) // the writer of drivers_probe does not learn of it
		return nil
	case "sriov_numvfs":
		return k.vfs(of, text)
	}
	k.t.Errorf("unexpected write of %q to %s/%s", text, of, file)
	return syscall.ENOENT
}

func (k *kernel) driver(address string) string { return k.host.link(pciDevices, address, "driver") }
func (k *kernel) override(address string) string {
	return k.host.text(pciDevices, address, "driver_override")
}

func (k *kernel) id(address string) string {
	return strings.ReplaceAll(k.host.text(pciDevices, address, "vendor")+":"+k.host.text(pciDevices, address, "device"), "0x", "")
}

func (k *kernel) bind(driver, address string) error {
	o := k.override(address)
	switch {
	case !k.host.exists(pciDrivers, driver), o != driver && (o != "(null)" || k.native[k.id(address)] != driver), k.driver(address) != "":
		return syscall.ENODEV
	case driver == k.broken:
		return syscall.EINVAL
	}
	return os.Symlink("drivers/"+driver, k.host.path(pciDevices, address, "driver"))
}

// vfs makes or removes VFs.
func (k *kernel) vfs(pf, text string) error {
	n, err := strconv.Atoi(text)
	was := k.host.number(0, pciDevices, pf, "sriov_numvfs")
	switch {
	case err != nil:
		return syscall.EINVAL
	case n > 0 && was > 0:
		return syscall.EBUSY
	}
	for i := range was {
		assert.NoError(k.t, os.Remove(k.host.path(pciDevices, pf, "virtfn"+strconv.Itoa(i))))
	}
	for i := range n {
		assert.NoError(k.t, os.Symlink("../0000:03:02."+strconv.Itoa(i), k.host.path(pciDevices, pf, "virtfn"+strconv.Itoa(i))))
	}
	return os.WriteFile(k.host.path(pciDevices, pf, "sriov_numvfs"), []byte(text+"\n"), 0o644)
}
