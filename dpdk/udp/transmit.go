package udp

import (
	"math/rand/v2"
	"net/netip"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// frameLen returns the length of a frame with n bytes behind the Ethernet header.
func (h *Host) frameLen(n int) int {
	if h.cfg.VLAN != 0 {
		n += header.VLANLen
	}
	return n + header.EthernetLen
}

// control allocates a frame of n bytes, all 0. It returns nil, and counts, if the pool is empty.
func (h *Host) control(n int) (*mbuf.Mbuf, []byte) {
	q := h.self
	q.mu.Lock()
	m, ok := q.cache.Alloc()
	q.mu.Unlock()
	if !ok {
		q.count.drops[DropNoMbuf].Add(1)
		return nil, nil
	}
	b, ok := m.Append(n)
	if !ok {
		q.drop(m, DropMalformed)
		return nil, nil
	}
	clear(b)
	return m, b
}

// emit sends a frame on queue 0. A frame that the port does not accept is dropped: the other side asks again.
func (h *Host) emit(m *mbuf.Mbuf) {
	if len(h.queues) == 0 {
		h.free(0, m)
		return
	}
	h.queues[0].emit(m)
}

func (q *queue) emit(m *mbuf.Mbuf) {
	q.mu.Lock()
	q.out[0] = m
	n := q.tx.Burst(q.out[:1])
	q.mu.Unlock()
	q.count.txFrames.Add(uint64(n))
	if n == 0 {
		q.drop(m, DropQueueFull)
	}
}

// answer sends the answer to a packet of the queue: to this host itself, or back where the packet came from.
func (h *Host) answer(m *mbuf.Mbuf, q *queue) {
	if q == h.self && h.own[q.p.src] {
		q.later = append(q.later, m) // the queue is in the middle of a packet
		return
	}
	h.emit(m)
}

// loopback receives a frame of this host's own.
func (h *Host) loopback(m *mbuf.Mbuf) {
	q := h.self
	q.loop.Lock()
	defer q.loop.Unlock()
	if h.closed.Load() {
		h.free(0, m)
		return
	}
	q.receive(m)
	q.answers()
	q.flush()
}

// answers receives the answers to what self has received.
func (q *queue) answers() {
	for i := 0; i < len(q.later); i++ { // more may come
		q.receive(q.later[i])
	}
	clear(q.later)
	q.later = q.later[:0]
}

// toNeighbour sends a frame that waited for the Ethernet address of a neighbor, on the queue of its socket.
func (h *Host) toNeighbour(w pending, mac header.MAC) {
	setDestination(w.m, mac)
	w.conn.queue().emit(w.m)
}

// setDestination sets the destination of a frame.
func setDestination(m *mbuf.Mbuf, mac header.MAC) { copy(m.Data(), mac[:]) }

// ip4 writes the Ethernet and IPv4 headers of an answer with n bytes of data, and returns these.
func (h *Host) ip4(b []byte, mac header.MAC, src, dst netip.Addr, p header.Protocol, n int) []byte {
	b = b[h.ethernet(b, mac, header.EtherTypeIPv4):]
	ip := header.IPv4(b)
	ip.Init(n)
	ip.SetTTL(64)
	ip.SetProtocol(p)
	ip.SetSource(src)
	ip.SetDestination(dst)
	ip.SetID(uint16(rand.Uint32()))
	ip.UpdateHeaderChecksum()
	return b[header.IPv4MinLen:]
}

// ip6 does the same for ICMPv6.
func (h *Host) ip6(b []byte, mac header.MAC, src, dst netip.Addr, hops uint8, n int) []byte {
	b = b[h.ethernet(b, mac, header.EtherTypeIPv6):]
	ip := header.IPv6(b)
	ip.Init(n)
	ip.SetNextHeader(header.ProtocolICMPv6)
	ip.SetHopLimit(hops)
	ip.SetSource(src)
	ip.SetDestination(dst)
	return b[header.IPv6Len:]
}

// finish6 writes the checksum of an ICMPv6 packet.
func finish6(icmp []byte, src, dst netip.Addr) {
	sum := header.CombineChecksums(header.RawChecksum(icmp), 0, header.PseudoChecksum(dst, src, header.ProtocolICMPv6, len(icmp)))
	header.ICMP(icmp).SetChecksum(^sum)
}
