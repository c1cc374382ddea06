package udp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	maxPayload4 = 65535 - header.IPv4MinLen - header.UDPLen
	maxPayload6 = 65535 - header.UDPLen
)

// errAgain is an internal result: the neighbor was removed from the cache, so the path must be looked up again.
var errAgain = errors.New("again")

// target returns where a datagram goes that is sent to an address, or to the remote address of a connected socket. v4 and v6 are the IP versions
// of the socket. An error that is an error number is one of the kernel: see late.
func target(remote, addr netip.AddrPort, v4, v6 bool) (netip.AddrPort, error) {
	switch {
	case remote.IsValid() && addr.IsValid():
		return netip.AddrPort{}, net.ErrWriteToConnected
	case remote.IsValid():
		return remote, nil
	case !addr.IsValid():
		return netip.AddrPort{}, errMissingAddress
	}
	to := addr.Addr().Unmap()
	switch {
	case to.Is6() && !v6:
		return netip.AddrPort{}, &net.AddrError{Err: "non-IPv4 address", Addr: addr.Addr().String()}
	case to.Is4() && !v4:
		return netip.AddrPort{}, syscall.ENETUNREACH
	case addr.Port() == 0:
		return netip.AddrPort{}, syscall.EINVAL
	}
	return netip.AddrPortFrom(to, addr.Port()), nil
}

// target returns where a datagram goes.
func (c *Conn) target(addr netip.AddrPort) (netip.Addr, uint16, error) {
	to, err := target(c.remote, addr, c.v4, c.v6)
	return to.Addr().WithZone(""), to.Port(), err
}

// late returns an error of the arguments of a call. The errors of ready come before an error number, which is one of the kernel, and after the other
// errors, which are those of package net.
func (c *Conn) late(err error) error {
	if _, ok := err.(syscall.Errno); ok {
		if first := c.ready(); first != nil {
			return first
		}
	}
	return err
}

// pathTo returns the path of a datagram.
func (c *Conn) pathTo(to netip.Addr, o *options) (*path, error) {
	src := c.bound
	if o.src.IsValid() {
		src = o.src
	}
	if p := c.last.Load(); p != nil && p.dst == to && p.asked == src && p.valid() {
		return p, nil
	}
	p, err := c.host.path(src, to)
	if err == nil {
		c.last.Store(p)
	}
	return p, err
}

// ready returns an error if a call that writes cannot begin.
func (c *Conn) ready() error {
	switch {
	case c.closed.Load():
		return net.ErrClosed
	case c.wdead.passed.Load():
		return os.ErrDeadlineExceeded
	case c.failed.Load():
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.failure()
	}
	return nil
}

// send sends a datagram, or several if o has a segment size.
func (c *Conn) send(b []byte, to netip.Addr, port uint16, o *options) error {
	if err := c.ready(); err != nil {
		return err
	}
	if o.segment > 0 && len(b) > o.segment {
		return c.sendSegments(b, to, port, o)
	}
	for {
		p, err := c.pathTo(to, o)
		if err == nil {
			err = c.sendOn(p, b, port, o)
		}
		if err != errAgain {
			return err
		}
	}
}

// sendSegments sends a payload as several datagrams of one size, in bursts; the last one may be shorter.
func (c *Conn) sendSegments(b []byte, to netip.Addr, port uint16, o *options) error {
	one := *o
	one.segment = 0
	one.dontFragment = true // as with UDP_SEGMENT of Linux
	msg := Message{From: o.src}
	if !c.remote.IsValid() {
		msg.To = netip.AddrPortFrom(to, port)
	}
	var ms [burst]Message
	for len(b) > 0 {
		n := 0
		for ; n < burst && len(b) > 0; n++ {
			k := min(o.segment, len(b))
			msg.Data, b = b[:k], b[k:]
			ms[n] = msg
		}
		for rest := ms[:n]; len(rest) > 0; {
			sent, err := c.writeSome(rest, &one)
			if err != nil {
				return err
			}
			rest = rest[sent:]
		}
	}
	return nil
}

// limit checks the size of a datagram. fragments reports whether it must be sent in several.
func (p *path) limit(n int, o *options) (fragments bool, err error) {
	largest := maxPayload4
	if p.dst.Is6() {
		largest = maxPayload6
	}
	if n > largest {
		return false, syscall.EMSGSIZE
	}
	if p.l4-p.l3+header.UDPLen+n <= p.mtu {
		return false, nil
	}
	if o.dontFragment {
		return false, syscall.EMSGSIZE
	}
	return true, nil
}

// sendOn sends a datagram on a path.
func (c *Conn) sendOn(p *path, b []byte, port uint16, o *options) error {
	fragments, err := p.limit(len(b), o)
	if err != nil {
		return err
	}
	if fragments {
		return c.sendFragments(p, b, port, o)
	}
	q := c.queue()
	q.mu.Lock()
	m, ok := q.cache.Alloc()
	if !ok {
		q.mu.Unlock()
		return syscall.ENOBUFS
	}
	if !q.build(m, p, c.port, port, o, b) {
		q.mu.Unlock()
		c.host.free(c.number, m)
		return syscall.EMSGSIZE
	}
	sent := 0
	resolved := p.resolve(m, c.host)
	if resolved {
		q.out[0] = m
		sent = q.tx.Burst(q.out[:1])
	}
	q.mu.Unlock()
	if sent == 0 {
		if err := c.deliver(q, p, m); err != nil {
			return err
		}
	} else {
		q.count.txFrames.Add(1)
	}
	c.count1(q, len(b))
	return nil
}

// count1 counts a sent datagram.
func (c *Conn) count1(q *queue, n int) {
	q.count.txDatagrams.Add(1)
	c.txDatagrams.Add(1)
	c.txBytes.Add(uint64(n))
}

// resolve writes the Ethernet address of the next station into the frame. It reports false if the frame does not go to
// the port now: the address is not known, or the frame is for this host.
func (p *path) resolve(m *mbuf.Mbuf, h *Host) bool {
	if p.next == nil {
		return !p.local
	}
	mac := p.next.mac.Load()
	if mac == unknownMAC {
		return false
	}
	setDestination(m, unpackMAC(mac))
	if p.next.old.CompareAndSwap(true, false) {
		h.neighbours.used(p.next)
	}
	return true
}

// deliver hands a frame to the next station: to this host, to the queue of the port when it has room, or to the packets that wait for the address
// of a neighbor. It owns m.
func (c *Conn) deliver(q *queue, p *path, m *mbuf.Mbuf) error {
	switch {
	case p.local:
		c.host.loopback(m)
		return nil
	case p.next != nil && p.next.mac.Load() == unknownMAC:
		err := c.host.neighbours.wait(p.next, m, c)
		if err != nil {
			c.host.free(c.number, m)
		}
		return err
	}
	p.resolve(m, c.host)
	return c.waitSend(q, m)
}

// waitSend sends a frame when the queue of the port has room. The error is ENOBUFS if it has none for a second, without
// a deadline.
func (c *Conn) waitSend(q *queue, m *mbuf.Mbuf) error {
	start := time.Now()
	for round := 0; ; round++ {
		q.mu.Lock()
		q.out[0] = m
		n := q.tx.Burst(q.out[:1])
		q.mu.Unlock()
		if n == 1 {
			q.count.txFrames.Add(1)
			return nil
		}
		if err := c.impatient(q, start, round); err != nil {
			c.host.free(c.number, m)
			return err
		}
	}
}

// impatient waits a little, and returns an error if the call has waited long enough.
func (c *Conn) impatient(q *queue, start time.Time, round int) error {
	switch {
	case c.closed.Load():
		return net.ErrClosed
	case c.wdead.passed.Load():
		return os.ErrDeadlineExceeded
	}
	if round < 100 {
		runtime.Gosched()
		return nil
	}
	q.mu.Lock() // the queue belongs to one goroutine at a time
	err := q.tx.Err()
	q.mu.Unlock()
	if err != nil {
		return syscall.ENETDOWN
	}
	c.mu.Lock()
	bounded := !c.wdead.at.IsZero()
	c.mu.Unlock()
	if !bounded && time.Since(start) > patience {
		return syscall.ENOBUFS
	}
	time.Sleep(50 * time.Microsecond)
	return nil
}

// sendFragments sends a datagram in several packets.
func (c *Conn) sendFragments(p *path, b []byte, port uint16, o *options) error {
	n := header.UDPLen + len(b)
	var u [header.UDPLen]byte
	udp := header.UDP(u[:])
	udp.SetSource(c.port)
	udp.SetDestination(port)
	udp.SetLen(uint16(n))
	sum := header.CombineChecksums(header.RawChecksum(u[:]), header.UDPLen, header.RawChecksum(b))
	udp.SetChecksum(nonzero(^header.CombineChecksums(sum, 0, header.PseudoChecksum(p.src, p.dst, header.ProtocolUDP, n))))
	q := c.queue()
	pkts, err := c.host.split(q, p, header.ProtocolUDP, o.tos, o.hops(p), u[:], b)
	if err != nil {
		return err
	}
	for i, m := range pkts {
		if err := c.deliver(q, p, m); err != nil {
			mbuf.FreeBulk(pkts[i+1:])
			return err
		}
	}
	c.count1(q, len(b))
	return nil
}

// hops returns the TTL or hop limit of a datagram.
func (o *options) hops(p *path) uint8 {
	if p.group {
		return o.multicastTTL
	}
	return o.ttl
}

// nonzero returns a UDP checksum: 0 would mean that there is none.
func nonzero(sum uint16) uint16 {
	if sum == 0 {
		return 0xffff
	}
	return sum
}

// build writes a datagram into an empty mbuf. It reports false if it has no room.
func (q *queue) build(m *mbuf.Mbuf, p *path, from, to uint16, o *options, payload []byte) bool {
	n := header.UDPLen + len(payload)
	b, ok := m.Append(p.l4 + n)
	if !ok {
		return false
	}
	copy(b, p.head[:p.l4])
	ip, udp := b[p.l3:], header.UDP(b[p.l4:])
	hops := o.hops(p)
	udp.SetSource(from)
	udp.SetDestination(to)
	udp.SetLen(uint16(n))
	copy(udp[header.UDPLen:], payload)
	v4, offload := p.l4-p.l3 == header.IPv4MinLen, q.host.txChecksum && !p.local
	if v4 {
		const df = 0x4000
		ip[1], ip[8] = o.tos, hops
		total := uint32(header.IPv4MinLen + n)
		be.PutUint16(ip[2:], uint16(total))
		be.PutUint16(ip[6:], df)
		if !offload {
			be.PutUint16(ip[10:], ^fold(p.sum+total+uint32(o.tos)+df+uint32(hops)<<8))
		}
	} else {
		be.PutUint32(ip, 6<<28|uint32(o.tos)<<20)
		be.PutUint16(ip[4:], uint16(n))
		ip[7] = hops
	}
	pseudo := fold(p.pseudo + uint32(n))
	if offload {
		udp.SetChecksum(pseudo)
		flags := mbuf.TxIPv6 | mbuf.TxUDPChecksum
		if v4 {
			flags = mbuf.TxIPv4 | mbuf.TxIPChecksum | mbuf.TxUDPChecksum
		}
		m.SetFlags(flags)
		return m.SetTxOffload(mbuf.TxOffload{L2Len: p.l3, L3Len: p.l4 - p.l3}) == nil
	}
	udp.SetChecksum(0)
	udp.SetChecksum(nonzero(^header.CombineChecksums(header.RawChecksum(udp[:n]), 0, pseudo)))
	return true
}

// fold adds the halves of a sum.
func fold(s uint32) uint16 {
	s = s>>16 + s&0xffff
	return uint16(s + s>>16)
}

// Write sends b to the remote address of a connected socket.
func (c *Conn) Write(b []byte) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	c.enter()
	defer c.leave()
	var err error
	if c.remote.IsValid() {
		err = c.send(b, c.remote.Addr(), c.remote.Port(), c.options.Load())
	} else if err = c.ready(); err == nil {
		err = syscall.EDESTADDRREQ
	}
	if err != nil {
		return 0, c.writeError("write", c.raddr, err)
	}
	return len(b), nil
}

// WriteToUDPAddrPort sends b to an address. The error of a connected socket is net.ErrWriteToConnected.
//
// Other errors: EMSGSIZE for more than 65,507 bytes over IPv4 or 65,527 over IPv6, or see [Conn.SetDontFragment]; ENETUNREACH
// without a route; EHOSTUNREACH for a neighbor that does not answer; ENOBUFS if the pool has no mbufs, or the queue of the port has
// no room for a second; ENETDOWN if the port is stopped; EINVAL for port 0; *net.AddrError
// for an address of IPv6 if the socket is one of IPv4; and those of all calls that write: net.ErrClosed, os.ErrDeadlineExceeded, and
// ECONNREFUSED for a connected socket if nobody has the remote port. The unspecified address is this host.
func (c *Conn) WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	if err := c.writeTo(b, addr, nil); err != nil {
		return 0, c.writeError("sendto", addrPort{addr}, err)
	}
	return len(b), nil
}

// writeTo sends b to an address, or returns the error bad of the address.
func (c *Conn) writeTo(b []byte, addr netip.AddrPort, bad error) error {
	c.enter()
	defer c.leave()
	if c.remote.IsValid() {
		return net.ErrWriteToConnected
	}
	if bad != nil {
		return c.late(bad)
	}
	to, port, err := c.target(addr)
	if err != nil {
		return c.late(err)
	}
	return c.send(b, to, port, c.options.Load())
}

// WriteToUDP does the same as WriteToUDPAddrPort with another type of address.
func (c *Conn) WriteToUDP(b []byte, addr *net.UDPAddr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	to, err := sockaddr(addr, c.v6)
	if err := c.writeTo(b, to, err); err != nil {
		return 0, c.writeError("sendto", opAddr(addr), err)
	}
	return len(b), nil
}

// WriteTo does the same as WriteToUDP. addr is a *net.UDPAddr.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if !c.ok() {
		return 0, syscall.EINVAL
	}
	a, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: c.network, Source: c.laddr, Addr: addr, Err: syscall.EINVAL}
	}
	return c.WriteToUDP(b, a)
}

// WriteMsgUDPAddrPort sends b with control messages: IP_TOS, IP_TTL, IP_PKTINFO with a source address, the same of IPv6, and
// UDP_SEGMENT, which makes several datagrams of b. addr is the zero AddrPort for a connected socket. The error is EINVAL for other control messages of
// IP and UDP, for IP_TTL 0, and for a source that is not an address of the host or not of the IP version of the destination. It returns the
// numbers of bytes of b and oob.
func (c *Conn) WriteMsgUDPAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	if err := c.writeMsg(b, oob, addr, nil); err != nil {
		return 0, 0, c.writeError("sendmsg", addrPort{addr}, err)
	}
	return len(b), len(oob), nil
}

// WriteMsgUDP does the same as WriteMsgUDPAddrPort with another type of address.
func (c *Conn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	if !c.ok() {
		return 0, 0, syscall.EINVAL
	}
	to, err := sockaddr(addr, c.v6)
	if err := c.writeMsg(b, oob, to, err); err != nil {
		return 0, 0, c.writeError("sendmsg", opAddr(addr), err)
	}
	return len(b), len(oob), nil
}

// writeMsg sends b with control messages, or returns the error bad of the address.
func (c *Conn) writeMsg(b, oob []byte, addr netip.AddrPort, bad error) error {
	c.enter()
	defer c.leave()
	if bad != nil && c.remote.IsValid() {
		return net.ErrWriteToConnected
	}
	if bad != nil {
		return c.late(bad)
	}
	to, port, err := c.target(addr)
	if err != nil {
		return c.late(err)
	}
	if len(oob) == 0 {
		return c.send(b, to, port, c.options.Load())
	}
	o := *c.options.Load()
	if err := o.parse(oob); err != nil {
		return c.late(err)
	}
	return c.send(b, to, port, &o)
}
