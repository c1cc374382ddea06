package udp

import (
	"bytes"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/hash"
)

// steering is what is known about the RSS of the port, which chooses the queue of a received packet.
type steering struct {
	mu    sync.Mutex
	read  time.Time
	types ethdev.RSSType
	key   []byte
	hash  hash.Toeplitz
	reta  []int
}

// steeringAge is how long what was read from the port counts.
const steeringAge = time.Second

// load reads the RSS of the port. The caller holds mu.
func (s *steering) load(p *ethdev.Port) {
	if !s.read.IsZero() && time.Since(s.read) < steeringAge {
		return
	}
	s.read = time.Now()
	reta, err := p.RETA()
	if err != nil {
		return // what was read before counts: the primary may have died
	}
	if h, err := p.RSSHash(); err == nil {
		s.set(h, reta)
	}
}

// set stores the RSS of a port. Types is 0 if the queue of a packet is not known.
func (s *steering) set(h ethdev.RSSHash, reta []int) {
	if !bytes.Equal(h.Key, s.key) {
		s.key = slices.Clone(h.Key)
		s.hash, _ = hash.NewToeplitz(h.Key) // the zero Toeplitz if the key is too short for IPv6
	}
	if s.hash.MaxTuple() == 0 {
		h.Types = 0
	}
	s.types, s.reta = h.Types, reta
}

// ports returns whether the datagrams from remote to a local port reach a queue of the host. It returns nil if the driver does not report that, or does not
// hash the ports of UDP: then all local ports are alike.
func (h *Host) ports(local netip.Addr, remote netip.AddrPort) func(port uint16) bool {
	if !h.partial {
		return nil
	}
	s := &h.steering
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load(h.port)
	needs := ethdev.RSSIPv4UDP
	if local.Is6() {
		needs = ethdev.RSSIPv6UDP
	}
	if s.types&needs == 0 || len(s.reta) == 0 {
		return nil
	}
	toeplitz, reta := s.hash, s.reta
	return func(port uint16) bool {
		sum := toeplitz.Flow(remote, netip.AddrPortFrom(local, port))
		q := reta[sum%uint32(len(reta))]
		return q >= h.cfg.FirstQueue && q < h.cfg.FirstQueue+h.cfg.Queues
	}
}

// RSS reports whether the host knows on which queue of the port a datagram arrives: the driver reports the key and the redirection table of
// its RSS, and hashes the ports of UDP over IPv4 or IPv6. Then a socket of [Host.DialUDP] without a local port gets one with which the answers
// arrive on a queue of this host. The host reads the table again when a second has passed.
func (h *Host) RSS() bool {
	if !h.ok() {
		return false
	}
	s := &h.steering
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load(h.port)
	return s.types&(ethdev.RSSIPv4UDP|ethdev.RSSIPv6UDP) != 0 && len(s.reta) > 0
}
