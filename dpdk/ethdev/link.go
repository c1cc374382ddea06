package ethdev

import (
	"context"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/cgo"
)

// UnknownSpeed is the Speed of a link that has one which is not known.
const UnknownSpeed = -1

// Link is the state of a port's link.
type Link struct {
	Up         bool
	Speed      int // in Mb/s; 0 is none, or UnknownSpeed
	FullDuplex bool
	Autoneg    bool
}

// String is a line such as "up at 10000 Mb/s, full duplex, autoneg".
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

// Link is the link as it is now (rte_eth_link_get_nowait): some drivers need a
// second after Start, see WaitLink. It works in all processes. Errors:
// dpdk.ErrUnsupported, dpdk.ErrNoDevice.
func (p *Port) Link() (Link, error) {
	l, err := read(p, "rte_eth_link_get_nowait", cgo.EthLinkGet)
	speed := int(l.Speed)
	if l.Speed == cgo.EthSpeedUnknown {
		speed = UnknownSpeed
	}
	return Link{Up: l.Up, Speed: speed, FullDuplex: l.Full, Autoneg: l.Autoneg}, err
}

// linkPoll is how often WaitLink looks; few drivers tell of their links.
const linkPoll = 10 * time.Millisecond

// WaitLink waits until the link is up, or down for false, and returns it then. It
// looks every 10 ms, and at once when an EventLink tells of a change. Errors are those
// of Link, and the context's, with the link as it was last.
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

// SetLinkUp turns the link on (rte_eth_dev_set_link_up), as Start does. Errors:
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetLinkUp() error { return p.setLink("rte_eth_dev_set_link_up", true) }

// SetLinkDown turns the link off (rte_eth_dev_set_link_down): the peer sees it. Errors
// are those of SetLinkUp.
func (p *Port) SetLinkDown() error { return p.setLink("rte_eth_dev_set_link_down", false) }

func (p *Port) setLink(op string, up bool) error {
	return p.owned(op, func() error { return driverError(cgo.EthLinkSet(p.id, up)) })
}

// Promiscuous says whether the port receives frames for other addresses than its own
// (rte_eth_promiscuous_get). It works in all processes.
func (p *Port) Promiscuous() (bool, error) {
	return p.flag("rte_eth_promiscuous_get", cgo.EthPromiscuous)
}

// SetPromiscuous makes the port receive frames for other addresses too, or no more
// (rte_eth_promiscuous_enable, rte_eth_promiscuous_disable). Errors:
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetPromiscuous(on bool) error {
	op := "rte_eth_promiscuous_disable"
	if on {
		op = "rte_eth_promiscuous_enable"
	}
	return p.owned(op, func() error { return driverError(cgo.EthPromiscuousSet(p.id, on)) })
}

// AllMulticast says whether the port receives all multicast frames
// (rte_eth_allmulticast_get). It works in all processes.
func (p *Port) AllMulticast() (bool, error) {
	return p.flag("rte_eth_allmulticast_get", cgo.EthAllMulticast)
}

// SetAllMulticast makes the port receive all multicast frames, or only those of
// SetMulticast (rte_eth_allmulticast_enable, rte_eth_allmulticast_disable). Errors:
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetAllMulticast(on bool) error {
	op := "rte_eth_allmulticast_disable"
	if on {
		op = "rte_eth_allmulticast_enable"
	}
	return p.owned(op, func() error { return driverError(cgo.EthAllMulticastSet(p.id, on)) })
}

// flag asks get, which gives 1 or 0, or a negative errno.
func (p *Port) flag(op string, get func(port uint16) int) (bool, error) {
	return read(p, op, func(id uint16) (bool, int) {
		ret := get(id)
		return ret > 0, max(0, -ret)
	})
}

// MTU is the most bytes of a frame behind its Ethernet header (rte_eth_dev_get_mtu).
// It works in all processes.
func (p *Port) MTU() (int, error) {
	mtu, err := read(p, "rte_eth_dev_get_mtu", cgo.EthMTU)
	return int(mtu), err
}

// SetMTU changes the MTU, in bytes (rte_eth_dev_set_mtu), of a port that is
// configured; many drivers want it stopped. Errors: dpdk.ErrInvalid for an MTU outside
// Info.MinMTU and MaxMTU or a port that is not configured, dpdk.ErrBusy if the driver
// wants the port stopped, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
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
			return p.invalid(op, "the MTU is %d: %s takes %d to %d", mtu, i.Driver, i.MinMTU, i.MaxMTU)
		}
		if err := driverError(cgo.EthMTUSet(p.id, uint16(mtu))); err != nil {
			return err
		}
		p.cfg.MTU = mtu // for Reset
		return nil
	})
}
