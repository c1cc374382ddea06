package udp

import (
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	reassemblyTime = 30 * time.Second
	maxAssemblies  = 256 // datagrams of which some fragments have come
	maxParts       = 128 // fragments of a datagram
	maxIPPayload   = 65535
	congested      = 3 // the ECN codepoint CE
)

// fragmentKey identifies the fragments of one packet.
type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	protocol header.Protocol // 0 for IPv6
}

// part is a received fragment.
type part struct {
	m      *mbuf.Mbuf
	l4     int // offset of the data in m
	off, n int // of the data in the packet
}

// assembly is the fragments of a packet that have come.
type assembly struct {
	key           fragmentKey
	before, after *assembly // in the list of the host
	parts         []part    // by offset
	total         int       // length of the payload; 0 until the last fragment has come
	bytes         int
	due           time.Time
	ce            bool // a fragment has met congestion
	refused       bool // fragments overlapped: all others are dropped too
}

// fragments reassembles packets.
type fragments struct {
	mu          sync.Mutex
	all         map[fragmentKey]*assembly
	first, last *assembly // the oldest and the newest
	held, limit int       // mbufs
}

func (f *fragments) init(pool int) { f.all, f.limit = map[fragmentKey]*assembly{}, min(pool/8, 1024) }

// fragment handles the current packet, a fragment.
func (q *queue) fragment(m *mbuf.Mbuf) (Drop, bool) {
	p, f := &q.p, &q.host.fragments
	n := p.end - p.l4
	if n <= 0 || p.more && n&7 != 0 {
		return DropMalformed, false
	}
	if p.offset+n > maxIPPayload {
		return DropFragments, false
	}
	key := fragmentKey{src: p.src, dst: p.dst, id: p.id}
	if p.kind == ipv4 {
		key.protocol = p.protocol
	}
	f.mu.Lock()
	a := f.all[key]
	if a == nil {
		if len(f.all) >= maxAssemblies {
			f.evict(q)
		}
		a = f.add(key)
	}
	drop, ok := a.add(part{m, p.l4, p.offset, n}, p.more, p.tos&3 == congested)
	if !ok {
		if drop != DropDuplicate {
			f.held -= a.free(q, drop)
			a.refused = true
		}
		f.mu.Unlock()
		return drop, false
	}
	f.held++
	if !a.complete() {
		for f.held > f.limit {
			f.evict(q)
		}
		f.mu.Unlock()
		return 0, true
	}
	f.remove(a)
	f.mu.Unlock()
	return q.assemble(a)
}

// add adds a fragment. If ok is false, the fragment was not taken. The packet is void then, except for a duplicate, which the network
// has made.
func (a *assembly) add(one part, more, ce bool) (drop Drop, ok bool) {
	if a.refused {
		return DropOverlap, false
	}
	i, found := slices.BinarySearchFunc(a.parts, one.off, func(p part, off int) int { return p.off - off })
	end := one.off + one.n
	if found && a.parts[i].n == one.n {
		return DropDuplicate, false
	}
	if found || i > 0 && a.parts[i-1].off+a.parts[i-1].n > one.off || i < len(a.parts) && a.parts[i].off < end {
		return DropOverlap, false
	}
	if a.total != 0 && (end > a.total || !more) || !more && i < len(a.parts) { // behind the last one, or a second last one
		return DropOverlap, false
	}
	if len(a.parts) >= maxParts {
		return DropFragments, false
	}
	if !more {
		a.total = end
	}
	a.parts = slices.Insert(a.parts, i, one)
	a.bytes += one.n
	a.ce = a.ce || ce
	return 0, true
}

// complete reports whether all fragments have come. They do not overlap, so it compares sizes.
func (a *assembly) complete() bool { return a.total != 0 && a.bytes == a.total }

// free drops the fragments and returns their number.
func (a *assembly) free(q *queue, why Drop) int {
	n := len(a.parts)
	for _, p := range a.parts {
		q.drop(p.m, why)
	}
	a.parts = nil
	return n
}

// add adds a packet without fragments.
func (f *fragments) add(key fragmentKey) *assembly {
	a := &assembly{key: key, before: f.last, due: time.Now().Add(reassemblyTime)}
	if f.last == nil {
		f.first = a
	} else {
		f.last.after = a
	}
	f.last, f.all[key] = a, a
	return a
}

// remove removes a packet. The caller frees its fragments.
func (f *fragments) remove(a *assembly) {
	if a.before == nil {
		f.first = a.after
	} else {
		a.before.after = a.after
	}
	if a.after == nil {
		f.last = a.before
	} else {
		a.after.before = a.before
	}
	delete(f.all, a.key)
	f.held -= len(a.parts)
}

// evict drops the oldest packet.
func (f *fragments) evict(q *queue) {
	a := f.first
	f.remove(a)
	a.free(q, DropFragments)
}

// assemble chains the fragments and delivers the packet. It copies nothing.
func (q *queue) assemble(a *assembly) (Drop, bool) {
	p, head := &q.p, a.parts[0].m
	p.parse(head.Data(), head.Len(), false) // it was valid
	for i, one := range a.parts {
		ok := one.m.Trim(one.m.Len() - one.l4 - one.n) // padding
		if i > 0 {
			ok = ok && one.m.Adj(one.l4) && head.Chain(one.m) == nil
		}
		if !ok {
			for _, rest := range a.parts[max(i, 1):] {
				q.drop(rest.m, DropMalformed)
			}
			q.drop(head, DropMalformed)
			return 0, true
		}
	}
	if q.host.shared != nil {
		p.unfragment(head, a.total, a.ce)
	}
	p.fragment, p.end = false, p.l4+a.total
	if a.ce {
		p.tos |= congested
	}
	drop, ok := Drop(0), true
	if p.kind == ipv6 {
		drop, ok = p.extensions(head.Data())
		if p.fragment { // a fragment in a fragment
			drop, ok = DropMalformed, false
		}
	}
	if ok {
		q.count.reassembled.Add(1)
		drop, ok = q.deliver(head, 0)
	}
	if !ok {
		q.drop(head, drop)
	}
	return 0, true
}

// tick drops packets of which fragments are missing.
func (f *fragments) tick(h *Host, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.first != nil && now.After(f.first.due) {
		a := f.first
		f.remove(a)
		a.free(h.self, DropTimeout)
	}
}

func (f *fragments) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.first != nil {
		a := f.first
		f.remove(a)
		for _, p := range a.parts {
			p.m.Free()
		}
	}
}

// split makes the fragments of a packet. Its payload is head and then data. The frames have the Ethernet address of the path, which is
// zero for a neighbor. The error is ENOBUFS if the pool has too few mbufs.
func (h *Host) split(q *queue, p *path, protocol header.Protocol, tos, ttl uint8, head, data []byte) ([]*mbuf.Mbuf, error) {
	v4 := p.dst.Is4()
	extra := 0
	if !v4 {
		extra = header.FragmentLen
	}
	room := (p.mtu - (p.l4 - p.l3) - extra) &^ 7
	total := len(head) + len(data)
	pkts := make([]*mbuf.Mbuf, (total+room-1)/room)
	q.mu.Lock()
	ok := q.cache.AllocBulk(pkts)
	q.mu.Unlock()
	if !ok {
		return nil, syscall.ENOBUFS
	}
	id := p.ident.Add(1)
	for i, m := range pkts {
		off := i * room
		n := min(room, total-off)
		more := i < len(pkts)-1
		b, ok := m.Append(p.l4 + extra + n)
		if !ok {
			mbuf.FreeBulk(pkts)
			return nil, syscall.EMSGSIZE
		}
		copy(b, p.head[:p.l4])
		if v4 {
			ip := header.IPv4(b[p.l3:])
			ip.SetTotalLen(uint16(p.l4 - p.l3 + n))
			ip.SetTOS(tos)
			ip.SetTTL(ttl)
			ip.SetProtocol(protocol)
			ip.SetID(uint16(id))
			ip.SetFragmentOffset(off)
			ip.SetMoreFragments(more)
			ip.UpdateHeaderChecksum()
		} else {
			ip := header.IPv6(b[p.l3:])
			ip.SetPayloadLen(uint16(extra + n))
			ip.SetTrafficClass(tos)
			ip.SetHopLimit(ttl)
			ip.SetNextHeader(header.ProtocolFragment)
			f := b[p.l4:]
			f[0], f[1] = byte(protocol), 0
			word := uint16(off)
			if more {
				word |= 1
			}
			be.PutUint16(f[2:], word)
			be.PutUint32(f[4:], id)
		}
		copyParts(b[p.l4+extra:], off, head, data)
	}
	q.count.txFragments.Add(uint64(len(pkts)))
	return pkts, nil
}

// copyParts fills dst with the bytes from off on of head and data, taken as one.
func copyParts(dst []byte, off int, head, data []byte) {
	if off < len(head) {
		n := copy(dst, head[off:])
		dst, off = dst[n:], len(head)
	}
	copy(dst, data[off-len(head):])
}
