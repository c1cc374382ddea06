package udp

import (
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// next waits for a datagram and takes it.
func (c *Conn) next() (d datagram, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err = c.await(); err == nil {
		d = c.pop()
	}
	return d, err
}

// await waits until a datagram is there, or there is an error. The caller holds mu.
func (c *Conn) await() error {
	for {
		switch {
		case c.closed.Load():
			return net.ErrClosed
		case c.rdead.passed.Load():
			return os.ErrDeadlineExceeded
		case c.err != 0:
			return c.failure()
		case c.count > 0:
			return nil
		}
		c.readers++
		c.cond.Wait()
		c.readers--
	}
}

// take copies the payload of a datagram into b, as far as it fits, and frees its mbuf.
func (c *Conn) take(b []byte, d datagram) int {
	n := min(len(b), int(d.n))
	if data := d.m.Data(); int(d.off)+n <= len(data) {
		copy(b[:n], data[d.off:])
	} else {
		d.m.CopyTo(b[:n], int(d.off)) // of several segments
	}
	c.host.free(c.number, d.m)
	return n
}

// source returns the sender of a datagram as a socket of package net returns it.
func (c *Conn) source(d datagram) netip.AddrPort {
	if c.v6 && d.from.Is4() {
		return netip.AddrPortFrom(netip.AddrFrom16(d.from.As16()), d.fromPort)
	}
	return netip.AddrPortFrom(d.from, d.fromPort)
}

// Read reads the next datagram into b. The bytes that do not fit are lost. If b is empty, Read returns at once and reads nothing.
func (c *Conn) Read(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if len(b) == 0 && !c.closed.Load() { // as package net does
		return 0, nil
	}
	c.enter()
	defer c.leave()
	d, err := c.next()
	if err != nil {
		return 0, c.readError("read", err)
	}
	return c.take(b, d), nil
}

// ReadFromUDPAddrPort reads the next datagram into b and returns its sender. The bytes that do not fit are lost.
func (c *Conn) ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, netip.AddrPort{}, syscall.EINVAL
	}
	c.enter()
	defer c.leave()
	d, err := c.next()
	if err != nil {
		return 0, netip.AddrPort{}, c.readError("recvfrom", err)
	}
	return c.take(b, d), c.source(d), nil
}

// ReadFromUDP does the same as ReadFromUDPAddrPort with another type of address, which it allocates.
func (c *Conn) ReadFromUDP(b []byte) (int, *net.UDPAddr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFrom does the same as ReadFromUDP.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDP(b)
	if err != nil {
		return n, nil, err
	}
	return n, from, nil
}

// ReadMsgUDPAddrPort reads the next datagram into b, and its control messages into oob: see [Conn.SetControl]. The flags
// have MSG_TRUNC (0x20) if b was too small, and MSG_CTRUNC (8) if oob was.
func (c *Conn) ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error) {
	if !c.ok() {
		return 0, 0, 0, netip.AddrPort{}, syscall.EINVAL
	}
	c.enter()
	defer c.leave()
	c.mu.Lock()
	err = c.await()
	var d datagram
	if err == nil {
		d = c.pop()
	}
	control := c.control
	c.mu.Unlock()
	if err != nil {
		return 0, 0, 0, netip.AddrPort{}, c.readError("recvmsg", err)
	}
	if int(d.n) > len(b) {
		flags |= msgTrunc
	}
	oobn, whole := control.put(oob, d)
	if !whole {
		flags |= msgCTrunc
	}
	return c.take(b, d), oobn, flags, c.source(d), nil
}

// ReadMsgUDP does the same as ReadMsgUDPAddrPort with another type of address, which it allocates.
func (c *Conn) ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	n, oobn, flags, from, err := c.ReadMsgUDPAddrPort(b, oob)
	if from.IsValid() {
		addr = net.UDPAddrFromAddrPort(from)
	}
	return n, oobn, flags, addr, err
}

// Datagram is a received datagram that [Conn.ReadBatch] lends to the caller.
type Datagram struct {
	From     netip.AddrPort
	To       netip.Addr // an address of the host, a multicast group or a broadcast address
	TOS, TTL uint8      // of IPv4; the traffic class and hop limit of IPv6. The two low bits of TOS are ECN

	data []byte
	m    *mbuf.Mbuf
	conn *Conn
	lent *lent // of a KernelConn
}

// Data returns the payload. It is valid until Release. Do not change the payload of a multicast or broadcast datagram: other
// sockets have the same bytes.
func (d *Datagram) Data() []byte { return d.data }

// Release ends the use of the datagram and returns its mbuf to the host. A second call, and the call for a zero Datagram, do nothing. Any
// goroutine may call it, also after the end of the socket or host, but not after the end of EAL.
func (d *Datagram) Release() {
	switch {
	case d == nil:
		return
	case d.m != nil:
		d.conn.host.free(d.conn.number, d.m)
	case d.lent != nil:
		lents.Put(d.lent)
	}
	*d = Datagram{}
}

// ReadBatch waits until a datagram is there, and fills ds with those that are. It returns their number. It copies no payload, but that of a
// datagram that came in several fragments. The caller must call Release of each: mbufs that are not released are missing in the pool.
// ReadBatch overwrites ds without releasing what is in it. If ds is empty, ReadBatch returns at once.
//
// Errors are those of [Conn.ReadFromUDPAddrPort].
func (c *Conn) ReadBatch(ds []Datagram) (n int, err error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if len(ds) == 0 && !c.closed.Load() { // as Read
		return 0, nil
	}
	c.enter()
	defer c.leave()
	c.mu.Lock()
	if err = c.await(); err != nil {
		c.mu.Unlock()
		return 0, c.readError("recvmmsg", err)
	}
	for n < len(ds) && c.count > 0 {
		d := c.pop()
		ds[n] = Datagram{From: c.source(d), To: d.to, TOS: d.tos, TTL: d.ttl, m: d.m, conn: c}
		if data := d.m.Data(); int(d.off+d.n) <= len(data) {
			ds[n].data = data[d.off : d.off+d.n : d.off+d.n]
		} else {
			ds[n].data = make([]byte, d.n)
			d.m.CopyTo(ds[n].data, int(d.off))
		}
		n++
	}
	c.mu.Unlock()
	return n, nil
}
