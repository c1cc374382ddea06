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

// ByMAC finds the port whose MAC address is addr, the first if several have it.
// Errors: dpdk.ErrNoDevice if there is none, dpdk.ErrInvalid for what is no address of
// 6 bytes.
func ByMAC(addr net.HardwareAddr) (*Port, error) {
	if len(addr) != len(cgo.EthAddr{}) {
		return nil, check.Invalid(opMAC, addr.String(), "a MAC address has 6 bytes, this has %d", len(addr))
	}
	all, err := Ports()
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

// MAC is the port's address (rte_eth_macaddr_get). It works in all processes.
func (p *Port) MAC() (net.HardwareAddr, error) {
	var a cgo.EthAddr
	err := p.control(opMAC, func() (errno int) {
		a, errno = cgo.EthMAC(p.id)
		return errno
	})
	return a[:], err
}

// MACs are all addresses of the port, its MAC first, then those of AddMAC
// (rte_eth_macaddrs_get). It works in all processes.
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
		return p.result(opMACs, errno)
	})
	return addrs, err
}

// SetMAC makes addr, a unicast address, the port's (rte_eth_dev_default_mac_addr_set).
// Errors: dpdk.ErrInvalid for what is no such address, dpdk.ErrUnsupported,
// dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetMAC(addr net.HardwareAddr) error {
	return p.withMAC(opSetMAC, addr, func(a cgo.EthAddr) int { return cgo.EthMACSet(p.id, a) })
}

// AddMAC makes the port receive frames for another unicast address, too
// (rte_eth_dev_mac_addr_add). An address that it has is no error. Errors:
// dpdk.ErrInvalid for what is no such address, dpdk.ErrNoSpace if it has
// Info.MaxMACs, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) AddMAC(addr net.HardwareAddr) error {
	return p.withMAC(opAddMAC, addr, func(a cgo.EthAddr) int { return cgo.EthMACAdd(p.id, a, 0) })
}

// RemoveMAC takes an address of AddMAC away (rte_eth_dev_mac_addr_remove). An
// address that the port does not have is no error. Errors: syscall.EADDRINUSE for the
// port's MAC, which SetMAC changes; else those of AddMAC.
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
		return p.invalid(op, "%v is no unicast address", addr)
	}
	return p.owned(op, func() error { return p.result(op, f(a)) })
}

// multicastBit of the first byte says that an address is one of many receivers.
const multicastBit = 1

// SetMulticast makes addrs the multicast addresses that the port receives, instead of
// those before; none for nil (rte_eth_dev_set_mc_addr_list). Errors: dpdk.ErrInvalid
// for what is no such address, dpdk.ErrNoSpace or dpdk.ErrNoMemory if they are too
// many, dpdk.ErrUnsupported, dpdk.ErrSecondary, dpdk.ErrNoDevice.
func (p *Port) SetMulticast(addrs []net.HardwareAddr) error {
	list := make([]cgo.EthAddr, len(addrs))
	for i, addr := range addrs {
		if len(addr) != len(list[i]) || addr[0]&multicastBit == 0 {
			return p.invalid(opMulticast, "address %d, %q, is no multicast address of 6 bytes", i, addr.String())
		}
		copy(list[i][:], addr)
	}
	return p.owned(opMulticast, func() error { return p.result(opMulticast, cgo.EthMulticastSet(p.id, list)) })
}
