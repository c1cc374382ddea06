package udp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// errMissingAddress is the error of package net with the same text, which it does not export.
var errMissingAddress = errors.New("missing address")

// wrap adds the name of the system call to an error number, as package net does.
func wrap(call string, err error) error {
	if _, ok := err.(syscall.Errno); ok {
		return os.NewSyscallError(call, err)
	}
	return err
}

// readError is the error of a call that reads.
func (c *Conn) readError(call string, err error) error {
	return &net.OpError{Op: "read", Net: c.network, Source: c.laddr, Addr: c.raddr, Err: wrap(call, err)}
}

// writeError is the error of a call that writes to an address.
func (c *Conn) writeError(call string, to net.Addr, err error) error {
	return &net.OpError{Op: "write", Net: c.network, Source: c.laddr, Addr: to, Err: wrap(call, err)}
}

// addrPort is an address in an error. It costs nothing before there is one.
type addrPort struct{ netip.AddrPort }

// Network returns "udp".
func (addrPort) Network() string { return "udp" }

// sockaddr returns the address of a for a socket with IPv6, or without it, and the errors of package net. It is the zero AddrPort for nil. No IP is the
// unspecified address.
func sockaddr(a *net.UDPAddr, v6 bool) (netip.AddrPort, error) {
	if a == nil {
		return netip.AddrPort{}, nil
	}
	addr, ok := netip.AddrFromSlice(a.IP)
	switch {
	case v6 && (len(a.IP) == 0 || a.IP.Equal(net.IPv4zero)):
		addr = netip.IPv6Unspecified()
	case len(a.IP) == 0:
		addr = netip.IPv4Unspecified()
	case !ok && v6:
		return netip.AddrPort{}, &net.AddrError{Err: "non-IPv6 address", Addr: a.IP.String()}
	case !ok || !v6 && a.IP.To4() == nil:
		return netip.AddrPort{}, &net.AddrError{Err: "non-IPv4 address", Addr: a.IP.String()}
	}
	if a.Port < 0 || a.Port > 65535 {
		return netip.AddrPort{}, syscall.EINVAL
	}
	if v6 {
		addr = addr.WithZone(a.Zone)
	}
	return netip.AddrPortFrom(addr, uint16(a.Port)), nil
}

// hasIPv6 reports whether package net uses a socket of IPv6 for an address.
func hasIPv6(a *net.UDPAddr) bool { return a != nil && len(a.IP) > net.IPv4len && a.IP.To4() == nil }

// opAddr returns a as an Addr: nil for nil.
func opAddr(a *net.UDPAddr) net.Addr {
	if a == nil {
		return nil
	}
	return a
}
