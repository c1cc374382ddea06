package udp

import (
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// Tick does what is due at a time in the future.
func Tick(h *Host, now time.Time) {
	h.neighbours.tick(now)
	h.fragments.tick(h, now)
	h.paths.tick(now)
}

// OffloadChecksums makes the host leave checksums to the port, as if it had the offloads.
func OffloadChecksums(h *Host) { h.txChecksum = true }

// Reachable reports whether a neighbor has answered not long ago.
func Reachable(h *Host, a netip.Addr) bool {
	h.neighbours.mu.Lock()
	defer h.neighbours.mu.Unlock()
	e := h.neighbours.all[a]
	return e != nil && e.state == reachable
}

// SetRSS makes a host believe that its port has this RSS, for an hour.
func SetRSS(h *Host, rss ethdev.RSSHash, reta []int) {
	h.steering.mu.Lock()
	defer h.steering.mu.Unlock()
	h.steering.read = time.Now().Add(time.Hour)
	h.steering.set(rss, reta)
}

// HoldNeighbour takes the lock of the shared entry of an address.
func HoldNeighbour(s *Shared, a netip.Addr) bool { return sharedEntry(s, a).enter() }

func sharedEntry(s *Shared, a netip.Addr) *sharedBucket {
	return &s.state().neighbours[bucketOf(a.As16())]
}

// HoldHosts takes the lock of the list of hosts.
func HoldHosts(s *Shared) error { return s.state().enter() }

// FrameQueue is a queue of frames between two hosts.
type FrameQueue = frameQueue

func (q *frameQueue) Put(m *mbuf.Mbuf) bool        { return q.put(m) }
func (q *frameQueue) Take(ms []*mbuf.Mbuf) (n int) { return q.take(ms) }

// Age makes what the hosts know about a neighbor older.
func Age(s *Shared, a netip.Addr, d time.Duration) {
	b := sharedEntry(s, a)
	b.enter()
	b.find(a.As16()).confirmed -= int64(d)
	b.leave()
}

// BucketWaits looks for a neighbor in the shared cache n times, and returns how often it waited for the lock and did not get it; -1 if it got the
// lock at last.
func BucketWaits(h *Host, a netip.Addr, n int) (waits int) {
	stuck := &h.shared.stuck[bucketOf(a.As16())]
	last := stuck.Load()
	for range n {
		h.shared.find(a, time.Now())
		switch now := stuck.Load(); now {
		case 0:
			return -1
		case last:
		default:
			last, waits = now, waits+1
		}
	}
	return waits
}

// Visit runs f inside of a call with a Shared.
func Visit(s *Shared, f func() error) error {
	return s.visit("udp.Visit", func(*sharedState) error { return f() })
}

// The values of Life.
const (
	Unmade  = unmade
	Retired = retired
)

// Life is what sharedState.life points to.
func Life(s *Shared) *atomic.Uint32 { return &s.state().life }

// Describe does what ListShared does with the handles that it has found.
func Describe(all []*Shared) ([]SharedInfo, error) { return describe(all) }

// HandWithoutCall hands a frame over to another host, as a process does that is killed before it calls the host.
func HandWithoutCall(h, to *Host, m *mbuf.Mbuf) bool {
	return h.shared.frames[to.shared.slot][h.shared.slot].put(m)
}

// Publish stores an Ethernet address of a neighbor in the shared cache.
func Publish(h *Host, a netip.Addr) { h.shared.publish(a, knownMAC|5, true) }

// PublishOwn stores an Ethernet address that has the address in it.
func PublishOwn(h *Host, a netip.Addr) {
	b := a.As4()
	h.shared.publish(a, knownMAC|uint64(be.Uint32(b[:])), true)
}

// CheckShared looks for what the dead have left: locks, local ports other than those of the living, and entries that mix addresses of
// PublishOwn.
func CheckShared(s *Shared, ports ...uint16) error {
	st := s.state()
	for i := range st.neighbours {
		b := &st.neighbours[i]
		if !b.enter() {
			return fmt.Errorf("bucket %d is locked", i)
		}
		entries := b.entries
		b.leave()
		for _, e := range entries {
			a := netip.AddrFrom16(e.addr).Unmap()
			if e.mac != unknownMAC && (!a.Is4() || e.mac != knownMAC|uint64(be.Uint32(a.AsSlice()))) {
				return fmt.Errorf("the neighbor %v has %x", a, e.mac)
			}
		}
	}
	for port := range st.ports {
		if hosts := st.ports[port].Load(); hosts != 0 && !slices.Contains(ports, uint16(port)) {
			return fmt.Errorf("the port %d belongs to the hosts %b", port, hosts)
		}
	}
	return nil
}

// AskedAt stores that a host has asked a neighbor at a time, and returns whether its answer counts now.
func AskedAt(h *Host, a netip.Addr, at time.Time) bool {
	h.shared.update(a, func(e *sharedNeighbour, _ int64) { e.asked = at.UnixNano() })
	return h.shared.asked(a)
}

// Place is the place that a host has, or had, in its Shared.
type Place struct{ *member }

// PlaceOf returns the place of a host.
func PlaceOf(h *Host) Place { return Place{h.shared} }

// Hand hands a frame over to the host at a place.
func (p Place) Hand(from *Host, m *mbuf.Mbuf) bool { return from.shared.hand(p.slot, m) }

// Waiting reports whether a frame from a host waits there.
func (p Place) Waiting(from *Host) bool {
	q := &p.frames[p.slot][from.shared.slot]
	return q.head.Load() != q.tail.Load()
}

// Called reports whether others have called the host at the place, or must empty the place.
func (p Place) Called() bool { return p.hosts[p.slot].calls.Load() != 0 }

// HoldFrees keeps a host from freeing mbufs until release.
func HoldFrees(h *Host) (release func()) {
	h.frees[0].mu.Lock()
	return h.frees[0].mu.Unlock
}
