package udp

import (
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// small is the size of the buffers that are lent: those of datagrams over Ethernet.
const small = 2048

// lent is a buffer that a [Datagram] of a kernel socket has.
type lent struct{ data [small]byte }

var lents = sync.Pool{New: func() any { return new(lent) }}

// Read does what [Conn.Read] does.
func (c *KernelConn) Read(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.udp.Read(b)
	if len(b) > 0 { // or else it has read nothing
		c.received(n, err)
	}
	return n, err
}

// ReadFromUDPAddrPort does what [Conn.ReadFromUDPAddrPort] does.
func (c *KernelConn) ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, netip.AddrPort{}, syscall.EINVAL
	}
	n, addr, err = c.udp.ReadFromUDPAddrPort(b)
	c.received(n, err)
	return n, addr, err
}

// ReadFromUDP does the same as ReadFromUDPAddrPort with another type of address.
func (c *KernelConn) ReadFromUDP(b []byte) (int, *net.UDPAddr, error) {
	if !c.ok() {
		return 0, nil, syscall.EINVAL
	}
	n, addr, err := c.udp.ReadFromUDP(b)
	c.received(n, err)
	return n, addr, err
}

// ReadFrom does the same as ReadFromUDP.
func (c *KernelConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDP(b)
	if err != nil {
		return n, nil, err
	}
	return n, from, nil
}

// ReadMsgUDPAddrPort does what [Conn.ReadMsgUDPAddrPort] does. The control messages are those that [KernelConn.SetControl] has chosen, and no
// others that are enabled through [KernelConn.UDPConn].
func (c *KernelConn) ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, 0, 0, netip.AddrPort{}, syscall.EINVAL
	}
	n, oobn, flags, addr, err = c.readMsg(b, oob)
	c.received(n, err)
	return n, oobn, flags, addr, err
}

// ReadMsgUDP does the same as ReadMsgUDPAddrPort with another type of address, which it allocates.
func (c *KernelConn) ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	n, oobn, flags, from, err := c.ReadMsgUDPAddrPort(b, oob)
	if from.IsValid() {
		addr = net.UDPAddrFromAddrPort(from)
	}
	return n, oobn, flags, addr, err
}

// ReadBatch does what [Conn.ReadBatch] does, for up to 32 datagrams a call. It copies the payload of datagrams over 2048 bytes. The
// garbage collector frees the buffers that are not released. A call that waits has no buffers. On other systems than Linux ReadBatch returns one datagram a
// call, with neither To nor TOS nor TTL, and a call that waits has a buffer of 64 KiB.
func (c *KernelConn) ReadBatch(ds []Datagram) (n int, err error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if len(ds) == 0 {
		if err := c.raw.Control(func(uintptr) {}); err != nil { // it is closed
			return 0, c.readError("recvmmsg", innerError(err))
		}
		return 0, nil
	}
	n, err = c.readBatch(ds)
	bytes := 0
	for i := range ds[:n] {
		bytes += len(ds[i].data)
	}
	c.rxDatagrams.Add(uint64(n))
	c.rxBytes.Add(uint64(bytes))
	return n, err
}

// Write does what [Conn.Write] does.
func (c *KernelConn) Write(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.udp.Write(b)
	c.sent(n, err)
	return n, err
}

// WriteToUDPAddrPort does what [Conn.WriteToUDPAddrPort] does.
func (c *KernelConn) WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.udp.WriteToUDPAddrPort(b, addr)
	c.sent(n, err)
	return n, err
}

// WriteToUDP does the same as WriteToUDPAddrPort with another type of address.
func (c *KernelConn) WriteToUDP(b []byte, addr *net.UDPAddr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.udp.WriteToUDP(b, addr)
	c.sent(n, err)
	return n, err
}

// WriteTo does the same as WriteToUDP. addr is a *net.UDPAddr.
func (c *KernelConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	n, err := c.udp.WriteTo(b, addr)
	c.sent(n, err)
	return n, err
}

// WriteMsgUDPAddrPort does what [Conn.WriteMsgUDPAddrPort] does. On other systems than Linux it supports no control messages.
func (c *KernelConn) WriteMsgUDPAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	if len(oob) == 0 {
		n, _, err = c.udp.WriteMsgUDPAddrPort(b, nil, addr)
		c.sent(n, err)
		return n, 0, err
	}
	if err := c.writeMsg(b, oob, addr, nil); err != nil {
		return 0, 0, c.writeError("sendmsg", addrPort{addr}, err)
	}
	return len(b), len(oob), nil
}

// WriteMsgUDP does the same as WriteMsgUDPAddrPort with another type of address.
func (c *KernelConn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	if len(oob) == 0 {
		n, _, err = c.udp.WriteMsgUDP(b, nil, addr)
		c.sent(n, err)
		return n, 0, err
	}
	to, err := sockaddr(addr, c.six)
	if err := c.writeMsg(b, oob, to, err); err != nil {
		return 0, 0, c.writeError("sendmsg", opAddr(addr), err)
	}
	return len(b), len(oob), nil
}

// WriteBatch does what [Conn.WriteBatch] does. On other systems than Linux it supports neither From nor TOS.
func (c *KernelConn) WriteBatch(ms []Message) (n int, err error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	for n < len(ms) {
		k, err := c.writeSome(ms[n:])
		for i := range ms[n : n+k] {
			c.sent(len(ms[n+i].Data), nil)
		}
		n += k
		if err != nil {
			return n, c.writeError("sendmmsg", addrPort{ms[n].To}, err)
		}
	}
	return n, nil
}

// addressee returns where a datagram goes, with the errors of a Conn. bad is that of addr.
func (c *KernelConn) addressee(addr netip.AddrPort, bad error) (netip.AddrPort, error) {
	if bad != nil && c.remote.IsValid() {
		return netip.AddrPort{}, net.ErrWriteToConnected
	}
	if bad != nil {
		return netip.AddrPort{}, c.late(bad)
	}
	to, err := target(c.remote, addr, c.v4, c.v6)
	if err != nil {
		return netip.AddrPort{}, c.late(err)
	}
	return to, nil
}

// late does what [Conn.late] does.
func (c *KernelConn) late(err error) error {
	if _, ok := err.(syscall.Errno); ok {
		return c.first(err)
	}
	return err
}

// first returns err, unless the socket is closed or the write deadline has passed: then that error.
func (c *KernelConn) first(err error) error {
	if failed := c.raw.Write(func(uintptr) bool { return true }); failed != nil {
		return innerError(failed)
	}
	return err
}
