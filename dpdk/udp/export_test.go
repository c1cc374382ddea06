package udp

import "time"

// Tick does what is due at a time in the future.
func Tick(h *Host, now time.Time) {
	h.neighbours.tick(now)
	h.fragments.tick(h, now)
	h.paths.tick(now)
}
