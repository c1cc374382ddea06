//go:build linux

package main

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/net/ipv4"

	"github.com/godpdk/godpdk/dpdk/udp"
)

// socket is a *udp.Conn for quic-go. A *udp.Conn alone is a net.PacketConn, which is enough for QUIC. With this type quic-go does
// more, as with a *net.UDPConn: it marks and reads ECN, finds the path MTU, hands over up to 14 packets with one call, and answers from the address
// that a client has sent to.
type socket struct {
	*udp.Conn
	from netip.AddrPort // the sender of the last datagram,
	addr *net.UDPAddr   // and the same address, so that it is not allocated again
}

// newSocket sets what quic-go sets by socket options.
func newSocket(c *udp.Conn) (*socket, error) {
	// quic-go also reads the size of the receive buffer by an option, and would print that it is too small.
	return &socket{Conn: c}, errors.Join(c.SetControl(udp.ControlTOS|udp.ControlDestination), c.SetDontFragment(true),
		os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true"))
}

// ReadBatch reads one datagram: several would save quic-go nothing.
func (s *socket) ReadBatch(ms []ipv4.Message, _ int) (int, error) {
	m := &ms[0]
	var from netip.AddrPort
	var err error
	m.N, m.NN, m.Flags, from, err = s.ReadMsgUDPAddrPort(m.Buffers[0], m.OOB)
	if err != nil {
		return 0, err
	}
	if s.addr == nil || from != s.from {
		s.from, s.addr = from, net.UDPAddrFromAddrPort(from)
	}
	m.Addr = s.addr
	return 1, nil
}

// SyscallConn returns a connection for socket options only. A host has no file descriptors: newSocket has set all options.
func (s *socket) SyscallConn() (syscall.RawConn, error) { return noFile{}, nil }

type noFile struct{}

// Control does not call f. quic-go takes that as success of the options, also of UDP_SEGMENT, which a *udp.Conn supports.
func (noFile) Control(func(fd uintptr)) error    { return nil }
func (noFile) Read(func(fd uintptr) bool) error  { return syscall.ENOTSUP }
func (noFile) Write(func(fd uintptr) bool) error { return syscall.ENOTSUP }
