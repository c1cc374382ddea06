package vdev

import (
	"fmt"
	"strings"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/device"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const op = "rte_dev_probe"

// Device is a virtual device of this package.
type Device interface {
	// Devargs is the device's name and arguments as DPDK writes them, for
	// eal.Config.Vdevs and ethdev.Open: "net_null0,size=64". A device without a
	// Name gets its driver's and a number that no port has and no other call
	// got. The error is dpdk.ErrInvalid, dpdk.ErrNotFound or what the system says
	// of a file, or dpdk.ErrUnsupported for what this DPDK does not know; it names
	// the field.
	Devargs() (string, error)
	// driver is the DPDK name of the driver, and name the Name.
	driver() string
	name() string
}

// checker is a device with conditions that Open checks while EAL runs.
type checker interface {
	check(name string, cfg ethdev.Config) error
}

// attacher is a device that needs more than attach.
type attacher interface {
	attach(name, devargs string, cfg ethdev.Config) (*ethdev.Port, error)
}

// Args are the Devargs of several devices, for eal.Config.Vdevs.
func Args(devices ...Device) ([]string, error) {
	all := make([]string, len(devices))
	for i, d := range devices {
		var err error
		if d == nil {
			err = check.Invalid(op, "", "device %d is nil", i)
		} else {
			all[i], err = d.Devargs()
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Open attaches the device, configures its port with cfg and starts it; see
// ethdev.Open. If a step fails, those before it are undone. Errors are those of
// Devargs, ethdev.Attach, Configure and Start, and dpdk.ErrUnsupported if this DPDK
// has no such driver, dpdk.ErrExist if there is a port of that name,
// dpdk.ErrSecondary. The driver's own reason is in the log.
func Open(d Device, cfg ethdev.Config) (*ethdev.Port, error) {
	if d == nil {
		return nil, check.Invalid(op, "", "the device is nil")
	}
	devargs, err := d.Devargs()
	if err != nil {
		return nil, err
	}
	return open(d, devargs, cfg)
}

func open(d Device, devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	name, _, _ := strings.Cut(devargs, ",")
	if err := device.Ready(op, d.driver(), name); err != nil {
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
	return device.Start(p, cfg)
}

// smallestBuffer is the smallest buffer behind the headroom that cfg receives into; false
// if there is no pool, which Configure refuses.
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

// bufferSize is the size of a pool's buffers behind the headroom; false if the pool does not exist.
func bufferSize(p *mbuf.Pool) (bytes int, live bool) {
	if p == nil || p.Pool == nil || p.Pointer() == nil {
		return 0, false
	}
	return p.DataRoom() - mbuf.DefaultHeadroom, true
}

func number(n int) string { return fmt.Sprint(n) }
