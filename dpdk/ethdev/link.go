package ethdev

import (
	"context"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/cgo"
)

// UnknownSpeed is the Speed of a link if the driver does not know it.
const UnknownSpeed = -1

// Link is the state of a port's link.
type Link struct {
	Up         bool
	Speed      int // in Mb/s; 0 is none; or UnknownSpeed
	FullDuplex bool
	Autoneg    bool
}

// String returns a line such as "up at 10000 Mb/s, full duplex, autoneg".
func (l Link) String() string {
	if !l.Up {
		return "down"
	}
	s := "up"
	switch {
	case l.Speed == UnknownSpeed:
		s += " at unknown speed"
	case l.Speed > 0:
		s += fmt.Sprintf(" at %d Mb/s", l.Speed)
	}
	if l.FullDuplex {
		s += ", full duplex"
	} else {
		s += ", half duplex"
	}
	if l.Autoneg {
		return s + ", autoneg"
	}
	return s + ", fixed"
}

// Link returns the present state of the link. With some drivers the link comes up a second after
// Start: see [Port.WaitLink]. With Config.LinkEvents it is the state of the last [EventLink], which
// the driver keeps: without interrupts a driver then reports no change. Link works in all processes. Errors: dpdk.ErrUnsupported,
// dpdk.ErrNoDevice.
//
// Implements: rte_eth_link_get_nowait
func (p *Port) Link() (Link, error) {
	l, err := read(p, "rte_eth_link_get_nowait", cgo.EthLinkGet)
	speed := int(l.Speed)
	if l.Speed == cgo.EthSpeedUnknown {
		speed = UnknownSpeed
	}
	return Link{Up: l.Up, Speed: speed, FullDuplex: l.Full, Autoneg: l.Autoneg}, err
}

// linkPoll is the interval of WaitLink's checks: few drivers report changes of the link.
const linkPoll = 10 * time.Millisecond

// WaitLink waits until the link is up, or down if up is false, and returns its state. It checks
// the link every 10 ms and after each [EventLink]. Errors are those of [Port.Link] and the
// context's. With the context's error it returns the last state.
func (p *Port) WaitLink(ctx context.Context, up bool) (Link, error) {
	changes, err := p.Subscribe(EventLink)
	if err != nil {
		return Link{}, err
	}
	defer changes.Close()
	tick := time.NewTicker(linkPoll)
	defer tick.Stop()
	for {
		l, err := p.Link()
		if err != nil || l.Up == up {
			return l, err
		}
		select {
		case <-changes.C:
		case <-tick.C:
		case <-ctx.Done():
			return l, ctx.Err()
		}
	}
}

// SetLinkUp turns the link on, as Start does. Errors: dpdk.ErrUnsupported, dpdk.ErrSecondary,
// dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_link_up
func (p *Port) SetLinkUp() error { return p.setLink("rte_eth_dev_set_link_up", true) }

// SetLinkDown turns the link off, and the peer sees it. Errors are those of [Port.SetLinkUp].
//
// Implements: rte_eth_dev_set_link_down
func (p *Port) SetLinkDown() error { return p.setLink("rte_eth_dev_set_link_down", false) }

func (p *Port) setLink(op string, up bool) error {
	return p.owned(op, func() error { return driverError(cgo.EthLinkSet(p.id, up)) })
}

// Promiscuous reports whether the port receives frames for other addresses than its own. It works
// in all processes.
//
// Implements: rte_eth_promiscuous_get
func (p *Port) Promiscuous() (bool, error) {
	return p.flag("rte_eth_promiscuous_get", cgo.EthPromiscuous)
}

// SetPromiscuous sets whether the port receives frames for other addresses than its own. Errors:
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_promiscuous_enable, rte_eth_promiscuous_disable
func (p *Port) SetPromiscuous(on bool) error {
	op := "rte_eth_promiscuous_disable"
	if on {
		op = "rte_eth_promiscuous_enable"
	}
	return p.owned(op, func() error { return driverError(cgo.EthPromiscuousSet(p.id, on)) })
}

// AllMulticast reports whether the port receives all multicast frames. It works in all processes.
//
// Implements: rte_eth_allmulticast_get
func (p *Port) AllMulticast() (bool, error) {
	return p.flag("rte_eth_allmulticast_get", cgo.EthAllMulticast)
}

// SetAllMulticast sets whether the port receives all multicast frames, or only those of
// [Port.SetMulticast]. Errors: dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_allmulticast_enable, rte_eth_allmulticast_disable
func (p *Port) SetAllMulticast(on bool) error {
	op := "rte_eth_allmulticast_disable"
	if on {
		op = "rte_eth_allmulticast_enable"
	}
	return p.owned(op, func() error { return driverError(cgo.EthAllMulticastSet(p.id, on)) })
}

// flag returns the result of get: 1, 0, or a negative errno.
func (p *Port) flag(op string, get func(port uint16) int) (bool, error) {
	return read(p, op, func(id uint16) (bool, int) {
		ret := get(id)
		return ret > 0, max(0, -ret)
	})
}

// MTU returns the largest payload of a frame, without the Ethernet header, in bytes. It works in
// all processes.
//
// Implements: rte_eth_dev_get_mtu
func (p *Port) MTU() (int, error) {
	mtu, err := read(p, "rte_eth_dev_get_mtu", cgo.EthMTU)
	return int(mtu), err
}

// SetMTU changes the MTU, in bytes, of a configured port. Many drivers require a stopped port.
// Errors: dpdk.ErrInvalid for an MTU outside Info.MinMTU and MaxMTU or a port that is not
// configured, dpdk.ErrBusy if the driver requires a stopped port, dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_mtu
func (p *Port) SetMTU(mtu int) error {
	const op = "rte_eth_dev_set_mtu"
	return p.owned(op, func() error {
		if p.state == attached {
			return p.invalid(op, "the port is not configured: use Config.MTU")
		}
		i, err := p.info()
		if err != nil {
			return err
		}
		if mtu < i.MinMTU || mtu > i.MaxMTU {
			return p.invalid(op, "the MTU is %d: %s supports %d to %d", mtu, i.Driver, i.MinMTU, i.MaxMTU)
		}
		if err := driverError(cgo.EthMTUSet(p.id, uint16(mtu))); err != nil {
			return err
		}
		p.cfg.MTU = mtu // for Reset
		return nil
	})
}
