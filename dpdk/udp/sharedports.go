package udp

import (
	"math/bits"

	"github.com/godpdk/godpdk/dpdk/internal/owner"
)

const (
	portHosts  = 1<<MaxHosts - 1
	portShared = 1 << 31 // the sockets of all hosts were made with Config.ReusePort
)

// claim takes a local port for this host, and reports whether it has it. share allows other hosts that share too.
func (s *member) claim(port uint16, share bool) bool {
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
			return false
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

// buryAt takes out hosts that have died and had a local port. It may wait: call it without a lock. If a process is stopped while it
// changes the list of hosts, the port is in use for longer.
func (s *member) buryAt(port uint16) {
	for hosts := s.othersAt(port); hosts != 0; hosts &= hosts - 1 {
		id := owner.ID(s.hosts[bits.TrailingZeros32(hosts)].owner.Load())
		if id != 0 && !owner.Dead(id) {
			continue
		}
		if s.enter() == nil {
			s.bury(s.host)
			s.leave()
		}
		return
	}
}
