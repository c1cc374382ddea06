package udp

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

// handoverRoom is the number of frames that wait from one host for another.
const handoverRoom = 256

// frameQueue is a queue of mbufs from one host to another. A process may be killed at any instruction: the sender publishes an mbuf after
// it has written it, and the receiver takes it out before it uses it. So no mbuf is used twice; the one in the hands of the process is lost, as
// the others that it holds.
type frameQueue struct {
	tail   atomic.Uint32 // written by the sender
	_      [memzone.CacheLine - 4]byte
	head   atomic.Uint32 // written by the receiver
	_      [memzone.CacheLine - 4]byte
	frames [handoverRoom]atomic.Uint64 // addresses, which are the same in all processes
}

// put appends m, unless the queue is full.
func (q *frameQueue) put(m *mbuf.Mbuf) bool {
	tail := q.tail.Load()
	if tail-q.head.Load() >= handoverRoom {
		return false
	}
	q.frames[tail%handoverRoom].Store(uint64(uintptr(unsafe.Pointer(m))))
	q.tail.Store(tail + 1)
	return true
}

// take removes the first mbufs.
func (q *frameQueue) take(ms []*mbuf.Mbuf) (n int) {
	head := q.head.Load()
	n = min(len(ms), int(q.tail.Load()-head))
	for i := range ms[:n] {
		address := q.frames[(head+uint32(i))%handoverRoom].Load()
		ms[i] = *(**mbuf.Mbuf)(unsafe.Pointer(&address))
	}
	q.head.Store(head + uint32(n))
	return n
}

// drain frees all mbufs in the queue. h may be nil, or have no caches yet.
func (q *frameQueue) drain(h *Host) {
	var ms [burst]*mbuf.Mbuf
	for n := q.take(ms[:]); n > 0; n = q.take(ms[:]) {
		for _, m := range ms[:n] {
			if h != nil && len(h.frees) > 0 {
				h.free(0, m)
			} else {
				m.Free()
			}
		}
	}
}

// hand gives m to a host, unless the queue to it is full.
func (s *member) hand(to int, m *mbuf.Mbuf) bool {
	s.mu.Lock()
	ok := s.frames[to][s.slot].put(m)
	s.mu.Unlock()
	if ok {
		s.call(1<<to, s.bit)
	}
	return ok
}

// taken handles what other hosts have handed over. It returns the number of frames. One goroutine of the host at a time is inside.
func (s *member) taken() (n int) {
	calls := &s.hosts[s.slot].calls
	if calls.Load() == 0 {
		return 0
	}
	q := s.host.self
	q.loop.Lock()
	defer q.loop.Unlock()
	now := calls.Swap(0)
	if now&callNeighbours != 0 {
		s.host.neighbours.recallAll()
	}
	var ms [burst]*mbuf.Mbuf
	q.handed = true
	for hosts := now & portHosts; hosts != 0; hosts &= hosts - 1 {
		from := bits.TrailingZeros32(hosts)
		k := s.frames[s.slot][from].take(ms[:])
		for _, m := range ms[:k] {
			q.receive(m)
		}
		n += k
		if k == len(ms) { // there may be more: in the next round
			calls.Or(1 << from)
		}
	}
	q.handed = false
	q.answers()
	q.flush()
	q.woke = false
	q.count.takenOver.Add(uint64(n))
	return n
}

// handOver gives the current packet, a datagram to a local port that no socket of this host has, to the host that has one. It reports
// whether there is one; it owns m then.
func (q *queue) handOver(m *mbuf.Mbuf, port, fromPort uint16) bool {
	s := q.host.shared
	if s == nil || q.handed {
		return false
	}
	hosts := s.othersAt(port)
	if hosts == 0 {
		return false
	}
	if n := bits.OnesCount32(hosts); n > 1 { // each flow to one of them
		a := q.p.src.As16()
		for i := (be.Uint32(a[12:]) ^ uint32(fromPort)*0x9e3779b1) >> 8 % uint32(n); i > 0; i-- {
			hosts &= hosts - 1
		}
	}
	if !s.hand(bits.TrailingZeros32(hosts), m) {
		q.drop(m, DropHandover)
		return true
	}
	q.count.handedOver.Add(1)
	return true
}

// othersAt returns the other hosts with the local port.
func (s *member) othersAt(port uint16) uint32 { return s.ports[port].Load() & portHosts &^ s.bit }

// handToAll gives hosts a reference to a packet that several hosts need.
func (q *queue) handToAll(m *mbuf.Mbuf, hosts uint32) {
	s := q.host.shared
	n := bits.OnesCount32(hosts)
	if n == 0 || q.handed {
		return
	}
	if !share(m, n) {
		q.count.drops[DropNoMbuf].Add(1)
		return
	}
	for ; hosts != 0; hosts &= hosts - 1 {
		if s.hand(bits.TrailingZeros32(hosts), m) {
			q.count.handedOver.Add(1)
		} else {
			q.drop(m, DropHandover)
		}
	}
}

// handDatagram gives a multicast or broadcast datagram to the other hosts with the local port.
func (q *queue) handDatagram(m *mbuf.Mbuf, port uint16) {
	if s := q.host.shared; s != nil {
		q.handToAll(m, s.othersAt(port))
	}
}

// handQuery gives a query for groups to all other hosts.
func (q *queue) handQuery(m *mbuf.Mbuf) {
	if s := q.host.shared; s != nil {
		q.handToAll(m, s.others())
	}
}

// handError gives an ICMP error to the host of the socket that it is about. It reports whether there is one; it owns m then. An error about a
// path is also for the other hosts with that local port: any of them may use the path.
func (q *queue) handError(m *mbuf.Mbuf, e reported, path bool) bool {
	s := q.host.shared
	if s == nil || !q.host.own[e.src] {
		return false
	}
	if path {
		q.handToAll(m, s.othersAt(e.srcPort))
		return false
	}
	return q.host.sockets[e.srcPort].Load() == nil && q.handOver(m, e.srcPort, e.dstPort)
}

// unfragment writes the headers of a reassembled packet so that another host does not take it for a fragment. p describes the first
// fragment, m, and n is the length of what follows the headers.
func (p *packet) unfragment(m *mbuf.Mbuf, n int, ce bool) {
	b := m.Data()
	m.SetFlags(m.Flags() &^ mbuf.RxL4ChecksumMask) // of the fragment
	if p.kind == ipv4 {
		ip := header.IPv4(b[p.l3:])
		ip.SetTotalLen(uint16(min(p.l4-p.l3+n, 65535)))
		ip.SetFragmentOffset(0)
		ip.SetMoreFragments(false)
		if ce {
			ip.SetECN(congested)
		}
		ip.UpdateHeaderChecksum()
		return
	}
	ip := header.IPv6(b[p.l3:])
	ip.SetPayloadLen(uint16(min(p.l4-p.l3-header.IPv6Len+n, 65535)))
	if ce {
		ip.SetECN(congested)
	}
	be.PutUint16(b[p.l4-header.FragmentLen+2:], 0)
}
