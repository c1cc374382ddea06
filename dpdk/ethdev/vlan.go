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

// MaxVLAN is the highest number of a VLAN.
const MaxVLAN = cgo.EthVLANMaxID

// RxVLAN are the offloads that SetVLANOffloads changes.
const RxVLAN = RxVLANStrip | RxVLANFilter | RxVLANExtend | RxQinQStrip

// vlanBits are the same offloads in the words of rte_eth_dev_set_vlan_offload.
var vlanBits = []struct {
	offload RxOffload
	bit     int
}{
	{RxVLANStrip, cgo.EthVLANStrip}, {RxVLANFilter, cgo.EthVLANFilter}, {RxVLANExtend, cgo.EthVLANExtend}, {RxQinQStrip, cgo.EthVLANQinQ},
}

// SetVLANFilter lets frames of VLAN id in, or no more (rte_eth_dev_vlan_filter), at a
// port with RxVLANFilter among its offloads. Errors: dpdk.ErrInvalid for a port
// without it, or an id above MaxVLAN; dpdk.ErrUnsupported, dpdk.ErrSecondary,
// dpdk.ErrNoDevice.
func (p *Port) SetVLANFilter(id int, on bool) error {
	return p.vlan(opVLANFilter, id, func() error {
		if p.cfg.RxOffloads&RxVLANFilter == 0 {
			return p.invalid(opVLANFilter, "the port does not filter VLANs: ask for RxVLANFilter in Config.RxOffloads, or by SetVLANOffloads")
		}
		return driverError(cgo.EthVLANFilterSet(p.id, uint16(id), on))
	})
}

// SetPVID makes the port put VLAN id into frames that it sends without one, or
// leave them alone (rte_eth_dev_set_vlan_pvid). Errors: dpdk.ErrInvalid for an id
// above MaxVLAN; dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetPVID(id int, on bool) error {
	return p.vlan(opPVID, id, func() error { return driverError(cgo.EthVLANPVIDSet(p.id, uint16(id), on)) })
}

func (p *Port) vlan(op string, id int, f func() error) error {
	if id < 0 || id > MaxVLAN {
		return p.invalid(op, "there is no VLAN %d: use 0 to %d", id, MaxVLAN)
	}
	return p.owned(op, f)
}

// VLANOffloads are those of RxVLAN that the port does now
// (rte_eth_dev_get_vlan_offload). It works in all processes.
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

// SetVLANOffloads makes the port do these of RxVLAN and no others, also while it is
// started (rte_eth_dev_set_vlan_offload). Errors: dpdk.ErrInvalid for other offloads,
// those that the port does not have, or a port that is not configured;
// dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetVLANOffloads(o RxOffload) error {
	if extra := o &^ RxVLAN; extra != 0 {
		return p.invalid(opSetVLAN, "%v are no VLAN offloads", extra)
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
			return p.invalid(opSetVLAN, "%s cannot do %v", i.Driver, extra)
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

// SetVLANStrip makes this queue take the VLAN tag out of frames, or leave it there
// (rte_eth_dev_set_vlan_strip_on_queue). Errors: dpdk.ErrInvalid for a queue that
// there is not, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (q RxQueue) SetVLANStrip(on bool) error {
	if q.q == nil {
		return q.Err()
	}
	p := q.q.port
	return p.owned(opVLANStrip, func() error {
		if int(q.q.id) >= p.cfg.RxQueues {
			return p.invalid(opVLANStrip, "there is no queue %d: the Config asked for %d", q.q.id, p.cfg.RxQueues)
		}
		return driverError(cgo.EthVLANStripSet(p.id, q.q.id, on))
	})
}
