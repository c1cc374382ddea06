package vdev

import (
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/newport"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const op = "rte_dev_probe"

// Device is a virtual device of this package.
type Device interface {
	// Devargs returns the device's name and arguments in DPDK's syntax, for
	// eal.Config.Vdevs and ethdev.Open: "net_null0,size=64". If Name is empty, the name is
	// the driver's name and a number. No port has that name, and no other call returns it.
	//
	// Errors name the field: dpdk.ErrInvalid, dpdk.ErrNameTooLong, dpdk.ErrNoDevice for a
	// network interface that does not exist, dpdk.ErrNotFound or another error of the system
	// for a file, dpdk.ErrExist for a socket that exists already, and dpdk.ErrUnsupported
	// for a field that this release of DPDK does not have.
	Devargs() (string, error)
	// driver returns DPDK's name of the driver, and name returns the field Name.
	driver() string
	name() string
}

// checker is a device with conditions that Devargs cannot check, because they need EAL.
type checker interface {
	check(name string, cfg ethdev.Config) error
}

// attacher is a device that needs more work than the function attach.
type attacher interface {
	attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error)
}

// Args returns the Devargs of several devices, for eal.Config.Vdevs.
func Args(devices ...Device) ([]string, error) {
	all := make([]string, len(devices))
	for i, d := range devices {
		var err error
		if d == nil {
			err = check.Invalid(op, "", "device %d is nil: use a device of this package", i)
		} else {
			all[i], err = d.Devargs()
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Open attaches the device, configures its port with cfg and starts it; see ethdev.Open. If a
// step fails, the earlier steps are undone.
//
// Errors are those of Devargs, ethdev.Attach, Configure and Start; dpdk.ErrUnsupported if this
// DPDK does not have the driver; dpdk.ErrExist if a port has that name; dpdk.ErrSecondary. The
// log lines in the error have the driver's reason.
//
// Implements: rte_dev_probe
func Open(d Device, cfg ethdev.Config) (*ethdev.Port, error) {
	if d == nil {
		return nil, check.Invalid(op, "", "the device is nil: use a device of this package")
	}
	devargs, err := d.Devargs()
	if err != nil {
		return nil, err
	}
	return open(d, devargs, cfg)
}

func open(d Device, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	name, _, _ := strings.Cut(devargs, ",")
	if err := newport.Ready(op, d.driver(), name); err != nil {
		return nil, err
	}
	if d, ok := d.(checker); ok {
		if err := d.check(name, cfg); err != nil {
			return nil, err
		}
	}
	if d, ok := d.(attacher); ok {
		return d.attach(name, devargs, cfg)
	}
	return attach(devargs, cfg)
}

// attach attaches a device, configures its port and starts it.
func attach(devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := ethdev.Attach(devargs)
	if err != nil {
		return nil, err
	}
	return newport.Start(p, cfg)
}

// smallestBuffer returns the smallest size of the buffers that cfg receives into. It returns false
// without a pool, which Configure refuses.
func smallestBuffer(cfg ethdev.Config) (bytes int, ok bool) {
	pools := []*mbuf.Pool{cfg.Pool, cfg.Rx.Pool}
	for _, q := range cfg.RxEach {
		pools = append(pools, q.Pool)
	}
	for _, p := range pools {
		if n, live := bufferSize(p); live && (!ok || n < bytes) {
			bytes, ok = n, true
		}
	}
	return bytes, ok
}

// bufferSize returns the size of a pool's buffers without the headroom. It returns false for a pool
// that does not exist.
func bufferSize(p *mbuf.Pool) (bytes int, live bool) {
	if p.Pointer() == nil {
		return 0, false
	}
	return p.DataRoom() - mbuf.DefaultHeadroom, true
}

func number(n int) string { return fmt.Sprint(n) }
