package udp

import (
	"math/bits"

	"github.com/godpdk/godpdk/dpdk/internal/owner"
)

const (
	portHosts  = 1<<MaxHosts - 1
	portShared = 1 << 31 // the sockets of all hosts were made with Config.ReusePort
)

// claim takes a local port for this host, and reports whether it has it. share allows other hosts that share too. wait looks whether the
// processes that have it are alive.
func (s *member) claim(port uint16, share, wait bool) bool {
	word := &s.ports[port]
	for {
		now := word.Load()
		next, others := now|s.bit, now&portHosts&^s.bit
		switch {
		case now&s.bit != 0:
			return true
		case others == 0:
			if next = s.bit; share {
				next |= portShared
			}
		case !share || now&portShared == 0:
			if !wait || !s.buryDead(others) {
				return false
			}
			wait = false
			continue
		}
		if word.CompareAndSwap(now, next) {
			return true
		}
	}
}

// unclaim takes a local port from a host.
func (st *sharedState) unclaim(port uint16, host uint32) {
	word := &st.ports[port]
	for now := word.Load(); now&host != 0; now = word.Load() {
		next := now &^ host
		if next&portHosts == 0 {
			next = 0
		}
		word.CompareAndSwap(now, next)
	}
}

// buryDead takes out hosts that have died, and reports whether one of them has.
func (s *member) buryDead(hosts uint32) bool {
	for ; hosts != 0; hosts &= hosts - 1 {
		id := owner.ID(s.hosts[bits.TrailingZeros32(hosts)].owner.Load())
		if id != 0 && !owner.Dead(id) {
			continue
		}
		if s.enter() != nil {
			return false
		}
		s.bury(s.host)
		s.leave()
		return true
	}
	return false
}
