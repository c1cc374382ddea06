package udp

import (
	"net/netip"
	"time"
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
