//go:build linux

package channel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Bind binds a PCI device to vfio-pci.
func Bind(address string) error {
	dir := filepath.Join("/sys/bus/pci/devices", address)
	if err := os.WriteFile(filepath.Join(dir, "driver_override"), []byte("vfio-pci"), 0); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "driver", "unbind"), []byte(address), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.WriteFile("/sys/bus/pci/drivers_probe", []byte(address), 0); err != nil {
		return err
	}
	driver, err := os.Readlink(filepath.Join(dir, "driver"))
	if err != nil || filepath.Base(driver) != "vfio-pci" {
		return fmt.Errorf("%s is not bound to vfio-pci but to %q: %w", address, driver, err)
	}
	return nil
}
