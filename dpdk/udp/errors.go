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

// opAddr returns a as an Addr: nil for nil.
func opAddr(a *net.UDPAddr) net.Addr {
	if a == nil {
		return nil
	}
	return a
}
