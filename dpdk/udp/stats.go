package udp

import "sync/atomic"

// Drop is the reason why a packet was dropped.
type Drop int

// Reasons of drops.
const (
	DropMalformed   Drop = iota // a length or field of a header is wrong, or headers are not in the first segment
	DropChecksum                // wrong checksum
	DropOtherHost               // for another address, or another VLAN
	DropProtocol                // neither ARP nor IP; or IP with neither UDP nor ICMP
	DropNoSocket                // no socket has the port
	DropSocketFull              // the socket has enough datagrams waiting: it is not read fast enough
	DropHostFull                // half of the mbufs wait in sockets
	DropFragments               // too many fragments wait for the others of their datagrams, or a datagram was too long
	DropOverlap                 // fragments overlapped
	DropTimeout                 // the other fragments did not come
	DropUnresolved              // to be sent to a neighbor that does not answer, or for which too many packets wait
	DropNoMbuf                  // the pool had no mbuf for an answer
	DropQueueFull               // the port did not accept an answer
	DropICMPLimited             // an ICMP error or echo reply over the limit of the rate was not sent
	DropDuplicate               // a second copy of a fragment
	DropHandover                // too many frames wait for another host of Config.Shared
	drops
)

var dropNames = [drops]string{"malformed", "checksum", "other host", "protocol", "no socket", "socket full", "host full",
	"fragments", "overlap", "timeout", "unresolved", "no mbuf", "queue full", "ICMP limited", "duplicate", "handover"}

// String returns the reason in words, such as "socket full".
func (d Drop) String() string {
	if d < 0 || d >= drops {
		return "unknown"
	}
	return dropNames[d]
}

// Drops are numbers of dropped packets by reason: the index is a [Drop].
type Drops [drops]uint64

// Total returns the number of all dropped packets.
func (d Drops) Total() (n uint64) {
	for _, one := range d {
		n += one
	}
	return n
}

// Stats are the counters of a host since [NewHost].
type Stats struct {
	RxFrames, TxFrames       uint64 // Ethernet frames
	RxDatagrams, TxDatagrams uint64 // UDP, fragments counted once; received ones have a socket
	RxFragments, TxFragments uint64
	Reassembled              uint64 // received datagrams that came in fragments
	EchoReplies              uint64 // pings answered
	TxErrors, RxErrors       uint64 // ICMP errors sent, and received for a socket
	HandedOver, TakenOver    uint64 // frames given to other hosts of Config.Shared, and received from them
	Neighbors                int    // entries of the neighbor cache now
	Drops                    Drops
}

// ConnStats are the counters of a socket.
type ConnStats struct {
	RxDatagrams, TxDatagrams uint64
	RxBytes, TxBytes         uint64 // payloads
	RxDropped                uint64 // because too many datagrams waited
	Waiting                  int    // datagrams that wait for a reader now
}

// counters are the counters of a host that goroutines add to.
type counters struct {
	rxFrames, txFrames       atomic.Uint64
	rxDatagrams, txDatagrams atomic.Uint64
	rxFragments, txFragments atomic.Uint64
	reassembled              atomic.Uint64
	echoReplies              atomic.Uint64
	txErrors, rxErrors       atomic.Uint64
	handedOver, takenOver    atomic.Uint64
	drops                    [drops]atomic.Uint64
}

// add adds the counters to s.
func (c *counters) add(s *Stats) {
	s.RxFrames += c.rxFrames.Load()
	s.TxFrames += c.txFrames.Load()
	s.RxDatagrams += c.rxDatagrams.Load()
	s.TxDatagrams += c.txDatagrams.Load()
	s.RxFragments += c.rxFragments.Load()
	s.TxFragments += c.txFragments.Load()
	s.Reassembled += c.reassembled.Load()
	s.EchoReplies += c.echoReplies.Load()
	s.TxErrors += c.txErrors.Load()
	s.RxErrors += c.rxErrors.Load()
	s.HandedOver += c.handedOver.Load()
	s.TakenOver += c.takenOver.Load()
	for i := range c.drops {
		s.Drops[i] += c.drops[i].Load()
	}
}

// Stats returns the counters of the host.
func (h *Host) Stats() Stats {
	var s Stats
	if !h.ok() {
		return s
	}
	for _, q := range h.queues {
		q.count.add(&s)
	}
	h.self.count.add(&s)
	h.neighbours.mu.Lock()
	s.Neighbors = len(h.neighbours.all)
	h.neighbours.mu.Unlock()
	return s
}

// Stats returns the counters of the socket.
func (c *Conn) Stats() ConnStats {
	if !c.ok() {
		return ConnStats{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return ConnStats{RxDatagrams: c.rxDatagrams, RxBytes: c.rxBytes, RxDropped: c.rxDropped, Waiting: c.count,
		TxDatagrams: c.txDatagrams.Load(), TxBytes: c.txBytes.Load()}
}
