package ethdev

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
)

const (
	opAttach = "rte_dev_probe"
	opDetach = "rte_dev_remove"
	opMatch  = "rte_eth_iterator_init"
)

// Attach makes the device that devargs describe available to this process and all
// others of its prefix (rte_dev_probe), such as "net_null0,size=64" or
// "0000:03:00.0", and returns its port, the first if it has several: Match finds the
// others. With Config.NoPCI of package eal there are no PCI devices to attach.
//
// In a secondary the primary is asked, and attaches the device too. Errors:
// dpdk.ErrExist for a device that is attached, dpdk.ErrNoDevice for one that there is
// not or that is no Ethernet device, dpdk.ErrInvalid for arguments that its driver
// does not take, syscall.E2BIG for devargs of more than 127 bytes in 24.11.8, 25.11.4 and later.
// The driver's reason is in the log.
func Attach(devargs string) (*Port, error) {
	if err := guard.Name(opAttach, devargs, maxDevargs); err != nil {
		return nil, err
	}
	guard.Hotplug.Lock()
	defer guard.Hotplug.Unlock()
	var p *Port
	var failed error
	err := guard.Control(opAttach, devargs, func() int {
		forget()
		if ids, _ := matching(devargs); len(ids) > 0 { // to rte_dev_probe that is no error
			return int(syscall.EEXIST)
		}
		if errno := cgo.DevProbe(devargs); errno != 0 {
			if errno == int(syscall.E2BIG) {
				failed = &dpdk.Error{Op: opAttach, Name: devargs, Errno: dpdk.Errno(errno), Detail: fmt.Sprintf(
					"%d bytes are more than this DPDK passes to other processes: use shorter paths, or name the device in eal.Config.Vdevs", len(devargs))}
				return 0
			}
			return errno
		}
		ids, errno := matching(devargs)
		switch {
		case errno != 0:
		case len(ids) == 0:
			failed = &dpdk.Error{Op: opAttach, Name: devargs, Errno: dpdk.Errno(syscall.ENODEV),
				Detail: "the device is there without a port: it was closed and not detached, or is no Ethernet device"}
		default:
			p, errno = port(ids[0])
		}
		return errno
	})
	if err == nil {
		err = failed
	}
	return p, err
}

// matching are the ports of a device. DPDK's match takes mac=… among a driver's
// arguments for the address that the port has already: then the name has to do.
func matching(devargs string) (ids []uint16, errno int) {
	if ids, errno = cgo.EthMatch(devargs); errno == 0 && len(ids) > 0 {
		return ids, 0
	}
	name, _, _ := strings.Cut(devargs, ",")
	return cgo.EthMatch(name)
}

// maxDevargs is more than any device needs; C takes any length.
const maxDevargs = 1 << 16

// Match finds the ports that devargs describe (rte_eth_iterator_init): those of a
// device, "0000:03:00.0", or of all devices of a kind, "class=eth,mac=…". No such port
// is no error.
func Match(devargs string) ([]*Port, error) {
	if err := guard.Name(opMatch, devargs, maxDevargs); err != nil {
		return nil, err
	}
	var all []*Port
	err := guard.Control(opMatch, devargs, func() int {
		ids, errno := cgo.EthMatch(devargs)
		for _, id := range ids {
			if p, e := port(id); e == 0 {
				all = append(all, p)
			}
		}
		return errno
	})
	return all, err
}

// Detach stops the port and takes its device away from this process and all others
// of its prefix (rte_dev_remove), and with it the device's other ports. Secondaries
// must have stopped polling it. A secondary can detach a port whose queues have
// not been set up, which nobody polls. Errors: dpdk.ErrBusy if a burst does not end,
// dpdk.ErrSecondary in a secondary for a port with queues, dpdk.ErrNoDevice for
// a port that was closed or detached, dpdk.ErrUnsupported for a device that cannot be
// taken away.
func (p *Port) Detach() error {
	guard.Hotplug.Lock()
	defer guard.Hotplug.Unlock()
	siblings, err := p.siblings()
	for _, s := range siblings {
		if err == nil {
			err = s.do(opDetach, s.leave)
		}
	}
	if err != nil {
		return err
	}
	err = p.do(opDetach, func() error {
		if err := p.unbonded(opDetach); err != nil {
			return err
		}
		if err := p.leave(); err != nil {
			return err
		}
		return p.result(opDetach, cgo.EthDetach(p.id))
	})
	if err != nil {
		return err
	}
	return guard.Control(opDetach, p.name, func() int {
		forget()
		return 0
	})
}

// leave sees to it that nobody polls the port: the primary stops it, a secondary must
// find no queue that the primary has set up. The caller holds mu.
func (p *Port) leave() error {
	if primary() {
		return p.stop()
	}
	i, err := p.info()
	if err != nil {
		return err
	}
	for n := range max(i.RxQueues, i.TxQueues) {
		_, rx := setUp(p.id, uint16(n), false)
		_, tx := setUp(p.id, uint16(n), true)
		if rx || tx {
			return &dpdk.Error{Op: opDetach, Name: p.name, Errno: dpdk.ESECONDARY,
				Detail: "the port has queues, which other processes may poll: only the primary may take it away"}
		}
	}
	return p.shut()
}

// siblings are the other ports of the port's device. It asks all ports for their Info.
func (p *Port) siblings() ([]*Port, error) {
	own, err := p.Info()
	if err != nil {
		return nil, err
	}
	all, err := Ports()
	if err != nil {
		return nil, err
	}
	var siblings []*Port
	for _, s := range all {
		if i, err := s.Info(); err == nil && s != p && i.Device == own.Device {
			siblings = append(siblings, s)
		}
	}
	return siblings, nil
}
