package udp

import (
	"runtime"
	"sync"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// noNextHeader is the protocol of an IPv6 packet without one (RFC 8200, section 4.7).
const noNextHeader header.Protocol = 59

// queue is a receive and a transmit queue of the port.
type queue struct {
	host *Host
	rx   ethdev.RxQueue
	idle Idle
	// alone is set if the poller never yields: it has a CPU of its own.
	alone bool
	// inbox is where the frames of other hosts arrive, nil if another queue looks there.
	inbox *member

	// mu guards the transmit side: goroutines that send take turns. A burst of its own costs a sender less than a ring to the
	// poller (BenchmarkHandover), and the packet leaves while the poller sleeps.
	mu    sync.Mutex
	tx    ethdev.TxQueue
	cache *mbuf.Cache
	out   [burst]*mbuf.Mbuf

	// The state of the poller, or of the goroutine that holds loop, for the host's own packets.
	loop  sync.Mutex
	p     packet
	to    *Conn // the receiver of ready
	ready []datagram
	woke  bool         // a reader was woken
	later []*mbuf.Mbuf // the host's answers to its own packets
	many  []*Conn      // the receivers of a multicast datagram
	// handed is set while the packet comes from another host, which means that it is not handed over again.
	handed bool

	count counters
}

// pace makes the pacing of the poller, on its goroutine.
func (q *queue) pace(number int) (err error) {
	q.idle, err = q.host.cfg.idle(number, q.rx)
	if i, ok := q.idle.(*lcore.Idle); ok {
		q.alone = i.Yields < 0
	}
	return err
}

// poll receives until the host ends.
func (q *queue) poll() {
	var pkts [burst]*mbuf.Mbuf
	for !q.host.closed.Load() {
		n := q.rx.Burst(pkts[:])
		for _, m := range pkts[:n] {
			q.receive(m)
		}
		if n > 0 {
			q.flush()
			q.count.rxFrames.Add(uint64(n))
		}
		if q.inbox != nil {
			n += q.inbox.taken()
		}
		q.idle.After(n)
		if q.woke && !q.alone { // the reader runs on this P before another one has to take it over
			runtime.Gosched()
		}
		q.woke = false
	}
}

// receive handles a received frame. It owns m.
func (q *queue) receive(m *mbuf.Mbuf) {
	if drop, ok := q.accept(m); !ok {
		q.drop(m, drop)
	}
}

// drop frees and counts a packet.
func (q *queue) drop(m *mbuf.Mbuf, d Drop) {
	q.count.drops[d].Add(1)
	q.host.free(0, m)
}

// accept handles m, or returns the reason to drop it.
func (q *queue) accept(m *mbuf.Mbuf) (Drop, bool) {
	p, h := &q.p, q.host
	flags := m.Flags()
	sum := flags & mbuf.RxIPChecksumMask
	if sum == mbuf.RxIPChecksumBad {
		return DropChecksum, false
	}
	if drop, ok := p.parse(m.Data(), m.Len(), sum != mbuf.RxIPChecksumGood); !ok {
		return drop, false
	}
	if flags&mbuf.RxVLANStripped != 0 {
		p.tag = m.VLAN() & 0xfff
	}
	if int(p.tag) != h.cfg.VLAN || p.toMAC != h.mac && !p.toMAC.IsMulticast() || p.fromMAC == h.mac && q != h.self {
		return DropOtherHost, false
	}
	if p.fromMAC.IsMulticast() { // an answer would go to many stations
		return DropMalformed, false
	}
	if p.kind == arp {
		return q.arp(m)
	}
	if q.martian() {
		return DropMalformed, false
	}
	// Another host may be a member of the group.
	if !h.own[p.dst] && !h.groups.has(p.dst) && !h.broadcast(p.dst) && (h.shared == nil || !p.dst.IsMulticast()) {
		return DropOtherHost, false
	}
	if p.fragment {
		q.count.rxFragments.Add(1)
		return q.fragment(m)
	}
	return q.deliver(m, flags&mbuf.RxL4ChecksumMask)
}

// martian reports whether the addresses of the packet cannot be on the wire, or not as a source (RFC 1122, section
// 3.2.1.3). A packet with an address of this host as its source would pass for one of its own sockets.
func (q *queue) martian() bool {
	p, h := &q.p, q.host
	if p.src.IsUnspecified() { // for a station that does not have an address yet
		if p.kind == ipv6 {
			return p.protocol != header.ProtocolICMPv6
		}
		return !p.dst.IsMulticast() && !h.broadcast(p.dst)
	}
	return p.src.IsMulticast() || h.broadcast(p.src) || q != h.self && (h.own[p.src] || p.src.IsLoopback() || p.dst.IsLoopback())
}

// deliver handles a whole IP packet. sum is what the port has found out about its checksum.
func (q *queue) deliver(m *mbuf.Mbuf, sum mbuf.OffloadFlags) (Drop, bool) {
	p := &q.p
	switch {
	case p.protocol == header.ProtocolUDP:
		return q.datagram(m, sum)
	case p.kind == ipv4 && p.protocol == header.ProtocolICMP:
		return q.icmp4(m)
	case p.kind == ipv6 && p.protocol == header.ProtocolICMPv6:
		return q.icmp6(m)
	case p.kind == ipv4 && p.protocol == header.ProtocolIGMP:
		return q.igmp(m)
	}
	if p.kind == ipv4 || p.protocol != noNextHeader {
		q.unreachable(m, protocolUnreachable)
	}
	return DropProtocol, false
}

// datagram gives a UDP datagram to its sockets.
func (q *queue) datagram(m *mbuf.Mbuf, sum mbuf.OffloadFlags) (Drop, bool) {
	p, h, head := &q.p, q.host, m.Data()
	if p.l4+header.UDPLen > min(p.end, len(head)) {
		return DropMalformed, false
	}
	u := header.UDP(head[p.l4:])
	n := int(u.Len())
	if n < header.UDPLen || p.l4+n > p.end {
		return DropMalformed, false
	}
	if sum == mbuf.RxL4ChecksumBad || sum != mbuf.RxL4ChecksumGood && !p.verifyUDP(m, u, n) {
		return DropChecksum, false
	}
	d := datagram{m: m, mbufs: int32(m.NumSegments()), off: int32(p.l4 + header.UDPLen), n: int32(n - header.UDPLen), from: p.src, fromPort: u.Source(), to: p.dst, tos: p.tos, ttl: p.ttl}
	s := h.sockets[u.Destination()].Load()
	if p.dst.IsMulticast() || h.broadcast(p.dst) {
		q.handDatagram(m, u.Destination())
		return q.copies(s, d)
	}
	if c := s.find(d.to, d.from, d.fromPort); c != nil {
		q.give(c, d)
		return 0, true
	}
	if q.handOver(m, u.Destination(), d.fromPort) {
		return 0, true
	}
	q.unreachable(m, portUnreachable)
	return DropNoSocket, false
}

// verifyUDP verifies the checksum of a UDP datagram of n bytes. It accepts the unfinished checksum of a datagram that
// comes from the kernel of the same machine: see header.ChecksumPartial.
func (p *packet) verifyUDP(m *mbuf.Mbuf, u header.UDP, n int) bool {
	field := u.Checksum()
	if field == 0 {
		return p.kind == ipv4 // without a checksum, which IPv6 does not allow
	}
	pseudo := header.PseudoChecksum(p.src, p.dst, header.ProtocolUDP, n)
	if field == pseudo {
		return true
	}
	sum, ok := uint16(0), true
	if n <= len(u) {
		sum = header.RawChecksum(u[:n])
	} else {
		sum, ok = m.RawChecksum(p.l4, n)
	}
	return ok && header.CombineChecksums(sum, 0, pseudo) == 0xffff
}

// give appends a datagram to those that its Conn gets at the next flush.
func (q *queue) give(c *Conn, d datagram) {
	if q.to != c {
		q.flush()
		q.to = c
	}
	q.ready = append(q.ready, d)
}

// flush gives the Conn its datagrams.
func (q *queue) flush() {
	if q.to == nil {
		return
	}
	taken, why, woke := q.to.push(q.ready)
	q.woke = q.woke || woke
	q.count.rxDatagrams.Add(uint64(taken))
	for _, d := range q.ready[taken:] {
		q.drop(d.m, why)
	}
	clear(q.ready)
	q.to, q.ready = nil, q.ready[:0]
}

// copies gives a datagram to all sockets that it is for.
func (q *queue) copies(s *socket, d datagram) (Drop, bool) {
	to := q.many[:0]
	if s != nil {
		for _, c := range s.conns {
			if c.member(d) {
				to = append(to, c)
			}
		}
	}
	if len(to) == 0 {
		return DropNoSocket, false
	}
	if len(to) > 1 && !share(d.m, len(to)-1) {
		return DropNoMbuf, false
	}
	for _, c := range to {
		q.give(c, d)
	}
	clear(to)
	q.many = to
	return 0, true
}

// share adds n references to a packet: to each segment, because each is freed for itself. It fails for more than 32,767 of them, at the first
// segment.
func share(m *mbuf.Mbuf, n int) bool {
	for m := range m.Segments() {
		if _, err := m.AddRefcount(n); err != nil {
			return false
		}
	}
	return true
}

// find returns the best Conn for a datagram, or nil: a connected one, or one with that local address, or any.
func (s *socket) find(local, from netAddr, port uint16) (best *Conn) {
	if s == nil {
		return nil
	}
	score := -1
	for _, c := range s.conns {
		if n := c.score(local, from, port); n > score {
			best, score = c, n
		}
	}
	return best
}
