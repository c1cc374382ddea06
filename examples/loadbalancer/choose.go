//go:build linux

package main

import (
	"math"

	"github.com/godpdk/godpdk/dpdk/hash"
)

// takes reports whether a backend gets new flows.
func (s *Set) takes(backend Addr) bool {
	for i := range s.Backends[:s.N] {
		if b := &s.Backends[i]; b.Addr == backend {
			return b.Weight > 0
		}
	}
	return false
}

// choose returns a backend for a new flow, by rendezvous hashing: each backend gets a score from a hash of the flow and the backend, and the highest score
// wins. So every worker makes the same choice, and a change of the set affects only flows that would go to a backend that was added or removed.
// A backend with twice the weight gets twice as many flows. A backend gets none while its hop is unknown.
func (s *Set) choose(k *Key, hop func(Addr) (Hop, bool)) (backend Addr, to Hop, ok bool) {
	best := 0.0
	flow := hash.Jenkins(k.bytes(), 0)
	for i := range s.Backends[:s.N] {
		b := &s.Backends[i]
		if !b.Addr.sameFamily(k.Client) {
			continue
		}
		random := (float64(hash.Jenkins(b.Addr[:], flow)) + 0.5) / (1 << 32) // between 0 and 1
		score := -float64(b.Weight) / math.Log(random)
		if score <= best {
			continue
		}
		if h, known := hop(b.Addr); known {
			best, backend, to, ok = score, b.Addr, h, true
		}
	}
	return backend, to, ok
}
