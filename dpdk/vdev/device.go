package vdev

import (
	"errors"
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
	switch d := d.(type) {
	case Null:
		if err := d.fits(name, cfg); err != nil {
			return nil, err
		}
	case PCAP:
		if err := d.fits(name, cfg); err != nil {
			return nil, err
		}
	case Bond:
		if err := d.free(name); err != nil {
			return nil, err
		}
	case Memif:
		if err := d.shareable(name); err != nil {
			return nil, err
		}
	case VirtioUser:
		if err := d.shareable(name); err != nil {
			return nil, err
		}
		return d.wait(name, func() (*ethdev.Port, error) { return attach(devargs, cfg) })
	}
	p, err := attach(devargs, cfg)
	if d, ok := d.(Memif); ok && err != nil {
		return nil, d.unserved(name, err)
	}
	if err != nil {
		return nil, err
	}
	if d, ok := d.(AFPacket); ok {
		d.warn(name)
	}
	if d, ok := d.(Bond); ok {
		if err := d.joined(name); err != nil {
			return nil, errors.Join(err, p.Detach())
		}
	}
	return p, nil
}

// attach attaches a device, configures its port and starts it.
func attach(devargs string, cfg ethdev.Config) (*ethdev.Port, error) {
	p, err := ethdev.Attach(devargs)
	if err != nil {
		return nil, err
	}
	return device.Start(p, cfg)
}

// room is the smallest buffer behind the headroom that cfg receives into; false
// if there is no pool, which Configure refuses.
func room(cfg ethdev.Config) (bytes int, ok bool) {
	pools := []*mbuf.Pool{cfg.Pool, cfg.Rx.Pool}
	for _, q := range cfg.RxEach {
		pools = append(pools, q.Pool)
	}
	for _, p := range pools {
		if p.Pointer() == nil {
			continue
		}
		if n := p.DataRoom() - mbuf.DefaultHeadroom; !ok || n < bytes {
			bytes, ok = n, true
		}
	}
	return bytes, ok
}

func number(n int) string { return fmt.Sprint(n) }
