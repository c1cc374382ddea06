package ethdev

import (
	"bytes"
	"net"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
)

const (
	opMAC       = "rte_eth_macaddr_get"
	opMACs      = "rte_eth_macaddrs_get"
	opSetMAC    = "rte_eth_dev_default_mac_addr_set"
	opAddMAC    = "rte_eth_dev_mac_addr_add"
	opRemoveMAC = "rte_eth_dev_mac_addr_remove"
	opMulticast = "rte_eth_dev_set_mc_addr_list"
)

// ByMAC finds the first port with the MAC address addr. Errors: dpdk.ErrNoDevice if no port has
// it, dpdk.ErrInvalid for an address that does not have 6 bytes.
func ByMAC(addr net.HardwareAddr) (*Port, error) {
	if len(addr) != len(cgo.EthAddr{}) {
		return nil, check.Invalid(opMAC, addr.String(), "a MAC address has 6 bytes, this has %d", len(addr))
	}
	all, err := List()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if mac, err := p.MAC(); err == nil && bytes.Equal(mac, addr) {
			return p, nil
		}
	}
	return nil, &dpdk.Error{Op: opMAC, Name: addr.String(), Errno: dpdk.ErrNoDevice, Detail: "no port has this address"}
}

// MAC returns the port's MAC address. It works in all processes.
//
// Implements: rte_eth_macaddr_get
func (p *Port) MAC() (net.HardwareAddr, error) {
	a, err := read(p, opMAC, cgo.EthMAC)
	return a[:], err
}

// MACs returns all MAC addresses of the port: first the one of [Port.MAC], then those of
// [Port.AddMAC]. It works in all processes.
//
// Implements: rte_eth_macaddrs_get
func (p *Port) MACs() ([]net.HardwareAddr, error) {
	var addrs []net.HardwareAddr
	err := p.do(opMACs, func() error {
		i, err := p.info()
		if err != nil {
			return err
		}
		all := make([]cgo.EthAddr, i.MaxMACs)
		n, errno := cgo.EthMACs(p.id, all)
		for k, a := range all[:n] {
			if k == 0 || a != (cgo.EthAddr{}) {
				addrs = append(addrs, a[:])
			}
		}
		return driverError(errno)
	})
	return addrs, err
}

// SetMAC sets the port's MAC address. A net_virtio port that has addresses of [Port.AddMAC] also receives
// frames for the address before. Errors: dpdk.ErrInvalid for an addr that is not a unicast
// address, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_default_mac_addr_set
func (p *Port) SetMAC(addr net.HardwareAddr) error {
	return p.withMAC(opSetMAC, addr, func(a cgo.EthAddr) int { return cgo.EthMACSet(p.id, a) })
}

// AddMAC makes the port also receive frames for another unicast address. For an address that the
// port has it is a no-op. Errors: dpdk.ErrInvalid for an addr that is not a unicast address,
// dpdk.ErrNoSpace if the port has Info.MaxMACs addresses, dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_mac_addr_add
func (p *Port) AddMAC(addr net.HardwareAddr) error {
	return p.withMAC(opAddMAC, addr, func(a cgo.EthAddr) int { return cgo.EthMACAdd(p.id, a, 0) })
}

// RemoveMAC removes an address of [Port.AddMAC]. For an address that the port does not have it is
// a no-op. Errors: dpdk.ErrAddressInUse for the address of [Port.MAC], which only [Port.SetMAC]
// changes; dpdk.ErrInvalid, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_mac_addr_remove
func (p *Port) RemoveMAC(addr net.HardwareAddr) error {
	return p.withMAC(opRemoveMAC, addr, func(a cgo.EthAddr) int { return cgo.EthMACRemove(p.id, a) })
}

// withMAC is owned for a call about a unicast address.
func (p *Port) withMAC(op string, addr net.HardwareAddr, f func(cgo.EthAddr) int) error {
	var a cgo.EthAddr
	if len(addr) != len(a) {
		return p.invalid(op, "a MAC address has 6 bytes, %q has %d", addr.String(), len(addr))
	}
	copy(a[:], addr)
	if a[0]&multicastBit != 0 || a == (cgo.EthAddr{}) {
		return p.invalid(op, "%v is not a unicast address", addr)
	}
	return p.owned(op, func() error { return driverError(f(a)) })
}

// multicastBit of the first byte is set in multicast addresses.
const multicastBit = 1

// SetMulticast replaces the list of multicast addresses that the port receives. nil is an empty
// list. Errors: dpdk.ErrInvalid for an address that is not a multicast address of 6 bytes,
// dpdk.ErrNoSpace or dpdk.ErrNoMemory for too many addresses, dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
//
// Implements: rte_eth_dev_set_mc_addr_list
func (p *Port) SetMulticast(addrs []net.HardwareAddr) error {
	list := make([]cgo.EthAddr, len(addrs))
	for i, addr := range addrs {
		if len(addr) != len(list[i]) || addr[0]&multicastBit == 0 {
			return p.invalid(opMulticast, "address %d, %q, is not a multicast address of 6 bytes", i, addr.String())
		}
		copy(list[i][:], addr)
	}
	return p.owned(opMulticast, func() error { return driverError(cgo.EthMulticastSet(p.id, list)) })
}
