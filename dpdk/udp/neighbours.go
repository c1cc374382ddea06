package udp

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Times and numbers of RFC 4861, which ARP uses here too.
const (
	reachableTime  = 30 * time.Second
	retransTime    = time.Second
	failedTime     = time.Second
	solicits       = 3
	maxNeighbours  = 1024
	maxPending     = 128 // packets that wait for the answer of one neighbor; the oldest ones are dropped
	unknownMAC     = 0
	knownMAC       = 1 << 48
	forgottenAfter = 10 * time.Minute
)

type state uint8

const (
	idle       state = iota // nothing was asked yet
	incomplete              // asked, no answer yet
	reachable               // answered not long ago
	stale                   // answered long ago: ask again when it is used
	probing                 // asked again
	failed                  // did not answer
)

// neighbour is a station on the link.
type neighbour struct {
	addr netip.Addr
	// mac is the Ethernet address with the bit knownMAC, or unknownMAC. It and old are what senders read; the rest is
	// guarded by neighbours.mu.
	mac     atomic.Uint64
	old     atomic.Bool // in the state stale: the next sender asks again
	removed atomic.Bool // from the cache: a path must look it up again

	state   state
	due     time.Time // when the state ends, or the next solicitation is sent
	asked   int       // solicitations in this state
	pending []pending
}

// pending is a frame that waits for the Ethernet address of the neighbor.
type pending struct {
	m    *mbuf.Mbuf
	conn *Conn
}

// neighbours are the neighbor cache of a host.
type neighbours struct {
	host        *Host
	stale       chan *neighbour // that were used
	mu          sync.Mutex
	all         map[netip.Addr]*neighbour
	held, limit int // packets that wait
	closed      bool
}

func (n *neighbours) init(h *Host, pool int) {
	n.host, n.all, n.stale, n.limit = h, map[netip.Addr]*neighbour{}, make(chan *neighbour, 64), max(pool/8, 16)
}

// get returns the entry of an address, a new one if there is none. The error is ENETDOWN if the host has ended.
func (n *neighbours) get(a netip.Addr) (*neighbour, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.entry(a)
}

func (n *neighbours) entry(a netip.Addr) (*neighbour, error) {
	if e := n.all[a]; e != nil {
		return e, nil
	}
	if n.closed {
		return nil, syscall.ENETDOWN
	}
	if len(n.all) >= maxNeighbours {
		n.evict()
	}
	e := &neighbour{addr: a}
	n.all[a] = e
	n.recall(e, time.Now())
	return e, nil
}

// evict removes an entry: of some of them, the one that is worth the least. Packets to many addresses must not drive out the neighbors that
// answer (RFC 6583).
func (n *neighbours) evict() {
	worth := [...]int{idle: 0, failed: 0, incomplete: 1, stale: 2, reachable: 3, probing: 3}
	var victim *neighbour
	looked := 0
	for _, e := range n.all { // in random order
		if victim == nil || worth[e.state] < worth[victim.state] {
			victim = e
		}
		if looked++; looked == 64 || worth[victim.state] == 0 {
			break
		}
	}
	for _, w := range n.take(victim) {
		n.host.self.drop(w.m, DropUnresolved)
	}
	n.remove(victim)
}

func (n *neighbours) remove(e *neighbour) {
	e.removed.Store(true)
	delete(n.all, e.addr)
}

// set sets the Ethernet address of an entry and sends what waits for it. confirmed means that the neighbor has answered.
func (n *neighbours) set(e *neighbour, mac header.MAC, confirmed bool) {
	n.mu.Lock()
	// Senders see the address when nothing waits any more, so that their datagrams stay in order. A sender that is always faster cannot
	// stop the poller: then its order changes once.
	for round := 0; round < 8 && len(e.pending) > 0; round++ {
		waiting := n.take(e)
		n.mu.Unlock()
		n.flush(waiting, mac)
		n.mu.Lock()
	}
	value := knownMAC | uint64(mac[0])<<40 | uint64(mac[1])<<32 | uint64(be.Uint32(mac[2:]))
	changed := e.mac.Swap(value) != value
	news := changed
	switch now := time.Now(); {
	case confirmed:
		news = news || e.state != reachable || e.due.Sub(now) < reachableTime-time.Second
		e.state, e.asked, e.due = reachable, 0, now.Add(reachableTime)
		e.old.Store(false)
	case changed || e.state == incomplete || e.state == failed || e.state == idle:
		e.state, e.asked, e.due = stale, 0, now.Add(forgottenAfter)
		e.old.Store(true)
	}
	if n.host.shared != nil && news {
		n.host.shared.publish(e.addr, value, confirmed)
	}
	waiting := n.take(e)
	n.mu.Unlock()
	n.flush(waiting, mac)
}

// flush sends what waited.
func (n *neighbours) flush(waiting []pending, mac header.MAC) {
	for _, w := range waiting {
		n.host.toNeighbour(w, mac)
	}
}

// take returns what waits for a neighbor.
func (n *neighbours) take(e *neighbour) (waiting []pending) {
	waiting, e.pending = e.pending, nil
	n.held -= len(waiting)
	return waiting
}

// learn stores the Ethernet address from a packet of the neighbor. It makes a new entry only if create is set.
func (n *neighbours) learn(a netip.Addr, mac header.MAC, confirmed, create bool) {
	if !mac.IsAssignable() {
		return
	}
	n.mu.Lock()
	e := n.all[a]
	asked := (e == nil || e.state == idle) && n.host.shared.asked(a) // by another host
	if e == nil && (create || asked) {
		e, _ = n.entry(a)
	}
	if e != nil && e.state == idle && !asked {
		confirmed = false // nothing was asked
	}
	n.mu.Unlock()
	if e != nil {
		n.set(e, mac, confirmed)
	}
}

// used notes that a sender has used a stale neighbor. It neither waits nor locks: the sender has the lock of its queue.
func (n *neighbours) used(e *neighbour) {
	select {
	case n.stale <- e:
	default:
		e.old.Store(true) // the next sender tries again
	}
}

// use asks a stale neighbor again. The known address stays in use until it fails to answer.
func (n *neighbours) use(e *neighbour) {
	n.mu.Lock()
	n.recall(e, time.Now())
	ask := e.state == stale && !e.removed.Load()
	if ask {
		e.state, e.asked, e.due = probing, 1, time.Now().Add(retransTime)
	}
	n.mu.Unlock()
	if ask {
		n.host.solicit(e, true)
	}
}

// wait queues a frame for a neighbor without a known address, and asks for it. It does not wait: a station that makes a server answer
// addresses that do not exist would stop it. The error is EHOSTUNREACH if the neighbor did not answer, and ENOBUFS if too many frames
// wait for all neighbors.
func (n *neighbours) wait(e *neighbour, m *mbuf.Mbuf, c *Conn) (err error) {
	n.mu.Lock()
	if mac := e.mac.Load(); mac != unknownMAC { // it has answered meanwhile
		n.mu.Unlock()
		n.host.toNeighbour(pending{m, c}, unpackMAC(mac))
		return nil
	}
	ask := false
	var oldest *mbuf.Mbuf
	switch {
	case n.closed:
		err = syscall.ENETDOWN
	case e.removed.Load():
		err = errAgain
	case e.state == failed:
		err = syscall.EHOSTUNREACH
	case len(e.pending) >= maxPending: // RFC 4861, section 7.2.2
		oldest = e.pending[0].m
		copy(e.pending, e.pending[1:])
		e.pending[len(e.pending)-1] = pending{m, c}
	case n.held >= n.limit:
		err = syscall.ENOBUFS
	default:
		e.pending = append(e.pending, pending{m, c})
		n.held++
		if ask = e.state == idle; ask {
			e.state, e.asked, e.due = incomplete, 1, time.Now().Add(retransTime)
		}
	}
	n.mu.Unlock()
	if oldest != nil {
		n.host.self.drop(oldest, DropUnresolved)
	}
	if ask {
		n.host.solicit(e, false)
	}
	return err
}

// tick does what is due.
func (n *neighbours) tick(now time.Time) {
	var ask, lost []*neighbour
	var waiting []pending
	n.mu.Lock()
	for _, e := range n.all {
		if e.state == idle || now.Before(e.due) {
			continue
		}
		if waiting := n.recall(e, now); len(waiting) > 0 { // another host has not called, or has died before it did
			mac := unpackMAC(e.mac.Load())
			defer func() { n.flush(waiting, mac) }()
		}
		if now.Before(e.due) {
			continue
		}
		switch e.state {
		case reachable:
			e.state, e.due = stale, now.Add(forgottenAfter)
			e.old.Store(true)
		case incomplete, probing:
			if e.asked < solicits {
				e.asked++
				e.due = now.Add(retransTime)
				ask = append(ask, e)
				continue
			}
			if e.state == probing { // it may have another Ethernet address now: the next packet asks all stations
				if n.host.shared != nil {
					n.host.shared.forget(e.addr, e.mac.Load())
				}
				lost = append(lost, e)
				continue
			}
			e.state, e.due = failed, now.Add(failedTime)
			waiting = append(waiting, n.take(e)...)
		case stale:
			lost = append(lost, e)
		case failed: // a new attempt is allowed
			lost = append(lost, e)
		}
	}
	for _, e := range lost {
		n.remove(e)
	}
	n.mu.Unlock()
	for _, e := range ask {
		n.host.solicit(e, e.mac.Load() != unknownMAC)
	}
	for _, w := range waiting {
		n.host.self.drop(w.m, DropUnresolved)
		if w.conn != nil {
			w.conn.fail(syscall.EHOSTUNREACH)
		}
	}
}

// close frees what waits.
func (n *neighbours) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for _, e := range n.all {
		for _, w := range n.take(e) {
			n.host.free(0, w.m)
		}
		n.remove(e)
	}
}

// solicit asks for the Ethernet address of a neighbor: all stations, or the one with the known address.
func (h *Host) solicit(e *neighbour, known bool) {
	if h.shared != nil {
		h.shared.ask(e.addr)
	}
	src := netip.Addr{}
	if r, ok := h.routes.find(e.addr); ok {
		src = r.src
	} else if src = h.first(e.addr.Is4()); !src.IsValid() {
		return
	}
	to := header.Broadcast
	if known {
		to = unpackMAC(e.mac.Load())
	}
	if e.addr.Is4() {
		h.sendARP(header.ARPRequest, to, src, header.MAC{}, e.addr)
		return
	}
	group := e.addr
	if !known {
		group = header.SolicitedNode(e.addr)
		to = header.MulticastMAC(group)
	}
	h.sendSolicitation(to, src, group, e.addr)
}

func unpackMAC(v uint64) (m header.MAC) {
	m[0], m[1] = byte(v>>40), byte(v>>32)
	be.PutUint32(m[2:], uint32(v))
	return m
}
