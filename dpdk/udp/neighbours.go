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
	maxPending     = 16 // packets that wait for the answer of one neighbor
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
	settled chan struct{} // closed when the state incomplete ends, if a sender waits for that
}

// pending is a frame that waits for the Ethernet address of the neighbor.
type pending struct {
	m    *mbuf.Mbuf
	conn *Conn
}

// neighbours are the neighbor cache of a host.
type neighbours struct {
	host   *Host
	mu     sync.Mutex
	all    map[netip.Addr]*neighbour
	closed bool
}

func (n *neighbours) init(h *Host) { n.host, n.all = h, map[netip.Addr]*neighbour{} }

// get returns the entry of an address, a new one if there is none. The error is ENOBUFS if the cache is full of entries in use.
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
	if len(n.all) >= maxNeighbours && !n.evict() {
		return nil, syscall.ENOBUFS
	}
	e := &neighbour{addr: a}
	n.all[a] = e
	n.recall(e, time.Now())
	return e, nil
}

// evict removes an entry for which no packet waits.
func (n *neighbours) evict() bool {
	var victim *neighbour
	for _, e := range n.all {
		if e.state == incomplete || e.state == probing {
			continue
		}
		if victim = e; e.state != reachable {
			break
		}
	}
	if victim == nil {
		return false
	}
	n.remove(victim)
	return true
}

func (n *neighbours) remove(e *neighbour) {
	e.removed.Store(true)
	delete(n.all, e.addr)
}

// set sets the Ethernet address of an entry and sends what waits for it. confirmed means that the neighbor has answered.
func (n *neighbours) set(e *neighbour, mac header.MAC, confirmed bool) {
	n.mu.Lock()
	value := knownMAC | uint64(mac[0])<<40 | uint64(mac[1])<<32 | uint64(be.Uint32(mac[2:]))
	changed := e.mac.Swap(value) != value
	news := changed
	switch now := time.Now(); {
	case confirmed:
		e.state, e.asked, e.due = reachable, 0, now.Add(reachableTime)
		e.old.Store(false)
		news = true
	case changed || e.state == incomplete || e.state == failed || e.state == idle:
		e.state, e.asked, e.due = stale, 0, now.Add(forgottenAfter)
		e.old.Store(true)
	}
	if n.host.shared != nil && news {
		n.host.shared.publish(e.addr, value, confirmed)
	}
	waiting := e.take()
	n.mu.Unlock()
	for _, w := range waiting {
		n.host.toNeighbour(w.m, mac)
	}
}

// take returns what waits for the neighbor, and wakes senders.
func (e *neighbour) take() (waiting []pending) {
	waiting, e.pending = e.pending, nil
	if e.settled != nil {
		close(e.settled)
		e.settled = nil
	}
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

// wait queues a frame for a neighbor without a known address, and asks for it. If the queue is full, it returns a
// channel that is closed when there is an answer or none came. The error is EHOSTUNREACH if none came.
func (n *neighbours) wait(e *neighbour, m *mbuf.Mbuf, c *Conn) (again <-chan struct{}, err error) {
	n.mu.Lock()
	if mac := e.mac.Load(); mac != unknownMAC { // it has answered meanwhile
		n.mu.Unlock()
		n.host.toNeighbour(m, unpackMAC(mac))
		return nil, nil
	}
	ask := false
	switch {
	case n.closed:
		err = syscall.ENETDOWN
	case e.removed.Load():
		err = errAgain
	case e.state == failed:
		err = syscall.EHOSTUNREACH
	case len(e.pending) >= maxPending:
		if e.settled == nil {
			e.settled = make(chan struct{})
		}
		again = e.settled
	default:
		e.pending = append(e.pending, pending{m, c})
		if ask = e.state == idle; ask {
			e.state, e.asked, e.due = incomplete, 1, time.Now().Add(retransTime)
		}
	}
	n.mu.Unlock()
	if ask {
		n.host.solicit(e, false)
	}
	return again, err
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
			defer func() {
				for _, w := range waiting {
					n.host.toNeighbour(w.m, mac)
				}
			}()
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
			if mac := e.mac.Swap(unknownMAC); mac != unknownMAC && n.host.shared != nil {
				n.host.shared.forget(e.addr, mac)
			}
			e.state, e.due = failed, now.Add(failedTime)
			waiting = append(waiting, e.take()...)
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
		for _, w := range e.take() {
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
