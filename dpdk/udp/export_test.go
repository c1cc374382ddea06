package udp

import (
	"net/netip"
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
func HoldNeighbour(s *Shared, a netip.Addr) bool { return s.state().bucket(a.As16()).enter() }

// HoldHosts takes the lock of the list of hosts.
func HoldHosts(s *Shared) error { return s.state().enter() }

// FrameQueue is a queue of frames between two hosts.
type FrameQueue = frameQueue

func (q *frameQueue) Put(m *mbuf.Mbuf) bool        { return q.put(m) }
func (q *frameQueue) Take(ms []*mbuf.Mbuf) (n int) { return q.take(ms) }

// Age makes what the hosts know about a neighbor older.
func Age(s *Shared, a netip.Addr, d time.Duration) {
	b := s.state().bucket(a.As16())
	b.enter()
	b.find(a.As16()).confirmed -= int64(d)
	b.leave()
}
