package udp

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/header"
)

type netAddr = netip.Addr

const (
	maxPaths = 4096
	mtuLife  = 10 * time.Minute // of what an ICMP error has taught about a path
)

// path is the way from a source address to a destination, with the headers that all its datagrams have in common.
type path struct {
	dst, src netip.Addr
	asked    netip.Addr // the source that was asked for, the zero Addr for any
	local    bool       // dst is an address of this host
	group    bool       // multicast
	next     *neighbour // nil for multicast, broadcast and this host
	mtu      int
	ident    atomic.Uint32 // of the last packet in fragments
	gone     atomic.Bool   // what was known about the path has changed: it must be looked up again

	// head is the headers up to UDP: Ethernet, VLAN tag and IP, without what differs between datagrams.
	head   [header.EthernetLen + header.VLANLen + header.IPv6Len]byte
	l3, l4 int
	sum    uint32 // of the IPv4 header in head
	pseudo uint32 // of the pseudo header without the length
}

// valid reports whether the path can be used. A Conn keeps the last one.
func (p *path) valid() bool { return !p.gone.Load() && (p.next == nil || !p.next.removed.Load()) }

// paths are the paths that were used.
type paths struct {
	host *Host
	mu   sync.RWMutex
	all  map[[2]netip.Addr]*path
	mtu  map[netip.Addr]learned // lower than that of the host
}

type learned struct {
	mtu   int
	until time.Time
}

func (p *paths) init(h *Host) {
	p.host, p.all, p.mtu = h, map[[2]netip.Addr]*path{}, map[netip.Addr]learned{}
}

// tick forgets old path MTUs.
func (p *paths) tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for dst, l := range p.mtu {
		if now.After(l.until) {
			delete(p.mtu, dst)
			p.drop(dst)
		}
	}
}

// drop ends the paths to dst.
func (p *paths) drop(dst netip.Addr) {
	drop := func(src netip.Addr) {
		key := [2]netip.Addr{src, dst}
		if one := p.all[key]; one != nil {
			p.remove(key, one)
		}
	}
	drop(netip.Addr{})
	for src := range p.host.own {
		drop(src)
	}
}

func (p *paths) remove(key [2]netip.Addr, one *path) {
	one.gone.Store(true)
	delete(p.all, key)
}

// lower lowers the MTU of the paths to dst. It reports false if the host has no path from src.
func (p *paths) lower(src, dst netip.Addr, mtu int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[[2]netip.Addr{src, dst}] == nil && p.all[[2]netip.Addr{{}, dst}] == nil {
		return false
	}
	now, known := p.mtu[dst]
	if !known && len(p.mtu) >= maxPaths {
		for old := range p.mtu { // any
			delete(p.mtu, old)
			break
		}
	}
	if known && now.mtu <= mtu { // the sooner this returns, the less does a flood of errors cost
		mtu = now.mtu
	} else {
		p.drop(dst)
	}
	p.mtu[dst] = learned{mtu, time.Now().Add(mtuLife)}
	return true
}

// path returns the path to dst from src, or from the address of the route if src is the zero Addr. The error is ENETUNREACH,
// or EINVAL for a src that the host does not have.
func (h *Host) path(src, dst netip.Addr) (*path, error) {
	key := [2]netip.Addr{src, dst}
	h.paths.mu.RLock()
	p := h.paths.all[key]
	h.paths.mu.RUnlock()
	if p != nil && p.valid() {
		return p, nil
	}
	p, err := h.newPath(src, dst)
	if err != nil {
		return nil, err
	}
	h.paths.mu.Lock()
	defer h.paths.mu.Unlock()
	if l, ok := h.paths.mtu[dst]; ok {
		p.mtu = min(l.mtu, h.cfg.MTU)
	}
	if old := h.paths.all[key]; old != nil {
		h.paths.remove(key, old)
	}
	if len(h.paths.all) >= maxPaths {
		for key, old := range h.paths.all { // any
			h.paths.remove(key, old)
			break
		}
	}
	h.paths.all[key] = p
	return p, nil
}

func (h *Host) newPath(src, dst netip.Addr) (*path, error) {
	if dst.IsUnspecified() {
		dst = h.thisHost(src, dst)
	}
	p := &path{dst: dst, src: src, asked: src, group: dst.IsMulticast(), local: h.own[dst], mtu: h.cfg.MTU}
	var to header.MAC
	r, found := h.routes.find(dst)
	switch {
	case p.local:
		r.src, to = dst, h.mac
	case p.group, h.broadcast(dst):
		to = header.Broadcast
		if p.group {
			to = header.MulticastMAC(dst)
		}
		if !found || dst.Is6() && (dst.IsLinkLocalMulticast() || dst.IsInterfaceLocalMulticast()) {
			r.src = h.first(dst.Is4())
		}
	case !found || dst.IsUnspecified():
		return nil, syscall.ENETUNREACH
	default:
		near := dst
		if r.via.IsValid() {
			near = r.via
		}
		next, err := h.neighbours.get(near)
		if err != nil {
			return nil, err
		}
		p.next = next
	}
	if src.IsValid() {
		if src.Is4() != dst.Is4() || !h.own[src] {
			return nil, syscall.EINVAL
		}
	} else {
		p.src = r.src
	}
	if !p.src.IsValid() {
		return nil, syscall.ENETUNREACH
	}
	p.ident.Store(rand.Uint32()) // others cannot guess it from what they receive (RFC 7739)
	h.fill(p, to)
	return p, nil
}

// thisHost returns the address of this host that the unspecified address dst means, as in Linux: the source, or else the first address.
func (h *Host) thisHost(src, dst netip.Addr) netip.Addr {
	if h.own[src] && src.Is4() == dst.Is4() {
		return src
	}
	for _, a := range h.addrs {
		if a.Addr().Is4() == dst.Is4() {
			return a.Addr()
		}
	}
	return dst
}

// first returns the first address of an IP version. For IPv6 it is the link-local address if there is one, which
// multicast on the link needs.
func (h *Host) first(v4 bool) (found netip.Addr) {
	for _, a := range h.addrs {
		if a := a.Addr(); a.Is4() == v4 && (!found.IsValid() || a.IsLinkLocalUnicast() && !v4) {
			found = a
		}
	}
	return found
}

// fill writes the headers of the path.
func (h *Host) fill(p *path, to header.MAC) {
	t := header.EtherTypeIPv4
	if p.dst.Is6() {
		t = header.EtherTypeIPv6
	}
	p.l3 = h.ethernet(p.head[:], to, t)
	sum := header.PseudoChecksum(p.src, p.dst, header.ProtocolUDP, 0)
	p.pseudo = uint32(sum)
	if p.dst.Is4() {
		ip := header.IPv4(p.head[p.l3:])
		ip.Init(0)
		ip.SetTotalLen(0)
		ip.SetProtocol(header.ProtocolUDP)
		ip.SetSource(p.src)
		ip.SetDestination(p.dst)
		p.l4 = p.l3 + header.IPv4MinLen
		p.sum = uint32(header.RawChecksum(p.head[p.l3:p.l4]))
		return
	}
	ip := header.IPv6(p.head[p.l3:])
	ip.Init(0)
	ip.SetNextHeader(header.ProtocolUDP)
	ip.SetSource(p.src)
	ip.SetDestination(p.dst)
	p.l4 = p.l3 + header.IPv6Len
}

// ethernet writes an Ethernet header from this host with its VLAN tag, and returns its length.
func (h *Host) ethernet(b []byte, to header.MAC, t header.EtherType) int {
	copy(b, to[:])
	copy(b[6:], h.mac[:])
	n := 12
	if h.cfg.VLAN != 0 {
		be.PutUint16(b[n:], uint16(header.EtherTypeVLAN))
		be.PutUint16(b[n+2:], uint16(h.cfg.VLAN))
		n += header.VLANLen
	}
	be.PutUint16(b[n:], uint16(t))
	return n + 2
}
