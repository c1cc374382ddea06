package ethdev

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// The kernel's uio_pci_generic stops the DMA of a device whenever a process closes it, even if other
// processes use the device. DPDK opens the device in each secondary: when a secondary ends, the ports of the
// primary would neither receive nor send. So the primary checks its started ports, and lets their
// devices do DMA again. igb_uio and vfio-pci stop DMA only when the last process has closed the device.

// masterTick is the interval of the checks: a port loses packets for that long.
const masterTick = 50 * time.Millisecond

// sysPCI has a folder for each PCI device.
var sysPCI = "/sys/bus/pci/devices"

// masters are the ports on uio_pci_generic.
var masters struct {
	sync.Mutex
	configs map[*Port]*master
	stop    chan struct{}
}

// master is the device of a port.
type master struct {
	config string // the file of its PCI configuration
	failed bool   // at the last check, as has been logged
}

func init() { control.AtStop(func() { forgetMaster(nil) }) }

// keepMaster checks a port from now on, if uio_pci_generic drives its device. The caller holds the port's mu.
func (p *Port) keepMaster() {
	i, err := p.info()
	if err != nil {
		return
	}
	dir := filepath.Join(sysPCI, i.Device)
	if driver, err := os.Readlink(filepath.Join(dir, "driver")); err != nil || filepath.Base(driver) != "uio_pci_generic" {
		return
	}
	masters.Lock()
	defer masters.Unlock()
	if masters.configs == nil {
		masters.configs, masters.stop = map[*Port]*master{}, make(chan struct{})
		go checkMasters(masters.stop)
	}
	masters.configs[p] = &master{config: filepath.Join(dir, "config")}
}

// forgetMaster ends the checks of a port, or of all if it is nil.
func forgetMaster(p *Port) {
	masters.Lock()
	defer masters.Unlock()
	delete(masters.configs, p)
	if masters.configs != nil && (p == nil || len(masters.configs) == 0) {
		close(masters.stop)
		masters.configs = nil
	}
}

func checkMasters(stop chan struct{}) {
	tick := time.NewTicker(masterTick)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for device, err := range setMasters() { // without the lock: a log handler may stop the port
			control.Logger().Warn("the DMA of a device could not be enabled again: its port neither receives nor sends. Check it with lspci -vv, and stop and start the port", "config", device, "error", err)
		}
	}
}

// setMasters checks all devices. It returns the errors that are new, by device.
func setMasters() map[string]error {
	errs := map[string]error{}
	masters.Lock()
	defer masters.Unlock()
	for _, m := range masters.configs {
		err := setMaster(m.config)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
			err = nil // the device is on its way out
		}
		if err != nil && !m.failed {
			errs[m.config] = err
		}
		m.failed = err != nil
	}
	return errs
}

// The command register of a PCI device.
const (
	pciCommand   = 4
	pciBusMaster = 1 << 2
)

// setMaster sets the bit of DMA in a device's PCI configuration, if it is not set.
func setMaster(config string) error {
	f, err := os.OpenFile(config, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var command [2]byte
	if _, err := f.ReadAt(command[:], pciCommand); err != nil || command[0]&pciBusMaster != 0 || command == [2]byte{0xff, 0xff} {
		return err // 0xffff: the device is gone
	}
	command[0] |= pciBusMaster
	_, err = f.WriteAt(command[:], pciCommand)
	return err
}
