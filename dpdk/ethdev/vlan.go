package ethdev

import (
	"github.com/godpdk/godpdk/cgo"
)

const (
	opVLANFilter   = "rte_eth_dev_vlan_filter"
	opVLANOffloads = "rte_eth_dev_get_vlan_offload"
	opSetVLAN      = "rte_eth_dev_set_vlan_offload"
	opVLANStrip    = "rte_eth_dev_set_vlan_strip_on_queue"
	opPVID         = "rte_eth_dev_set_vlan_pvid"
)

// MaxVLAN is the largest VLAN ID.
const MaxVLAN = cgo.EthVLANMaxID

// RxVLAN is the set of offloads that [Port.SetVLANOffloads] changes.
const RxVLAN = RxVLANStrip | RxVLANFilter | RxVLANExtend | RxQinQStrip

// vlanBits are the same offloads as bits of rte_eth_dev_set_vlan_offload.
var vlanBits = []struct {
	offload RxOffload
	bit     int
}{
	{RxVLANStrip, cgo.EthVLANStrip}, {RxVLANFilter, cgo.EthVLANFilter}, {RxVLANExtend, cgo.EthVLANExtend}, {RxQinQStrip, cgo.EthVLANQinQ},
}

// SetVLANFilter sets whether the port receives frames of VLAN id. The port needs the offload
// [RxVLANFilter]. Errors: dpdk.ErrInvalid for a port without the offload or an id above
// [MaxVLAN]; dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_vlan_filter
func (p *Port) SetVLANFilter(id int, on bool) error {
	return p.vlan(opVLANFilter, id, func() error {
		if p.cfg.RxOffloads&RxVLANFilter == 0 {
			return p.invalid(opVLANFilter, "the port does not filter VLANs: set RxVLANFilter in Config.RxOffloads or with SetVLANOffloads")
		}
		return driverError(cgo.EthVLANFilterSet(p.id, uint16(id), on))
	})
}

// SetPVID sets whether the port adds a tag of VLAN id to frames that it sends without one.
// Errors: dpdk.ErrInvalid for an id above [MaxVLAN]; dpdk.ErrUnsupported, dpdk.ErrSecondary,
// dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_vlan_pvid
func (p *Port) SetPVID(id int, on bool) error {
	return p.vlan(opPVID, id, func() error { return driverError(cgo.EthVLANPVIDSet(p.id, uint16(id), on)) })
}

func (p *Port) vlan(op string, id int, f func() error) error {
	if id < 0 || id > MaxVLAN {
		return p.invalid(op, "VLAN %d does not exist: use 0 to %d", id, MaxVLAN)
	}
	return p.owned(op, f)
}

// VLANOffloads returns the enabled offloads of [RxVLAN]. It works in all processes.
//
// Implements: rte_eth_dev_get_vlan_offload
func (p *Port) VLANOffloads() (RxOffload, error) {
	set, err := read(p, opVLANOffloads, cgo.EthVLANOffload)
	var o RxOffload
	for _, b := range vlanBits {
		if set&b.bit != 0 {
			o |= b.offload
		}
	}
	return o, err
}

// SetVLANOffloads enables these offloads of [RxVLAN] and disables the others, also while the port
// is started. Errors: dpdk.ErrInvalid for an offload that is not in RxVLAN or that the port does
// not have, or a port that is not configured; dpdk.ErrUnsupported, dpdk.ErrSecondary,
// dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_vlan_offload
func (p *Port) SetVLANOffloads(o RxOffload) error {
	if extra := o &^ RxVLAN; extra != 0 {
		return p.invalid(opSetVLAN, "%v is not in RxVLAN: use Config.RxOffloads", extra)
	}
	return p.owned(opSetVLAN, func() error {
		if p.state == attached {
			return p.invalid(opSetVLAN, "the port is not configured: use Config.RxOffloads")
		}
		i, err := p.info()
		if err != nil {
			return err
		}
		if extra := o &^ i.Rx.Offloads; extra != 0 {
			return p.invalid(opSetVLAN, "%s does not support %v", i.Driver, extra)
		}
		set := 0
		for _, b := range vlanBits {
			if o&b.offload != 0 {
				set |= b.bit
			}
		}
		if err := driverError(cgo.EthVLANOffloadSet(p.id, set)); err != nil {
			return err
		}
		p.cfg.RxOffloads = p.cfg.RxOffloads&^RxVLAN | o // for Reset
		return nil
	})
}

// SetVLANStrip sets whether this queue removes the VLAN tag of received frames. Errors:
// dpdk.ErrInvalid for a queue that does not exist, dpdk.ErrUnsupported, dpdk.ErrSecondary,
// dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_vlan_strip_on_queue
func (q RxQueue) SetVLANStrip(on bool) error {
	if q.q == nil {
		return q.Err()
	}
	p := q.q.port
	return p.owned(opVLANStrip, func() error {
		if int(q.q.id) >= p.cfg.RxQueues {
			return p.invalid(opVLANStrip, "queue %d does not exist: the Config has %d", q.q.id, p.cfg.RxQueues)
		}
		return driverError(cgo.EthVLANStripSet(p.id, q.q.id, on))
	})
}
