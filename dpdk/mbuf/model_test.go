package mbuf_test

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// This test runs random operations on packets and on a model of them. The model has the
// mbufs, the buffers that they share, and their references.
func TestRandomOperationsAgainstAModel(t *testing.T) {
	w := &world{t: t, rng: harness.Random(t)}
	w.pools = []*place{
		{pool: newPool(t, 100, mbuf.PoolConfig{DataRoom: 128 + 90}), size: 100, room: 128 + 90},
		{pool: newPool(t, 60, mbuf.PoolConfig{DataRoom: 128 + 17, PrivateSize: 16, Ops: "stack"}), size: 60, room: 128 + 17},
	}
	for _, p := range w.pools {
		p.cache = newCache(t, p.pool, 4)
	}
	operations := []func(){
		w.alloc, w.alloc, w.alloc, w.free, w.free, w.append, w.prepend, w.adj, w.trim, w.chain, w.clone, w.copy,
		w.attach, w.attachExternal, w.detach, w.linearize, w.addRefcount, w.read, w.copyFrom, w.write, w.readFrom, w.freeAll,
	}
	for w.step = range 100_000 {
		operations[w.rng.IntN(len(operations))]()
		if w.step%32 == 0 {
			w.checkPools()
		}
	}
	w.checkPools()
	for len(w.packets) > 0 {
		w.release(0)
	}
	for _, p := range w.pools {
		assert.True(t, p.pool.Full())
	}
	eventually(t, &w.freed, w.external)
}

// The model.
type (
	world struct {
		t        *testing.T
		rng      *rand.Rand
		step     int
		pools    []*place
		packets  []*pkt
		external int32        // buffers that were attached
		freed    atomic.Int32 // and freed
	}

	place struct {
		pool  *mbuf.Pool
		cache *mbuf.Cache
		size  int
		room  int
		inUse int
	}

	// pkt is a packet. Each of its owners has a reference to each of its segments.
	pkt struct {
		segs   []*seg
		owners int
		port   uint16
	}

	// seg is an mbuf. Its count is the number of its owners and of the mbufs attached to it.
	seg struct {
		m       *mbuf.Mbuf
		home    *place
		count   int
		own     []byte
		to      *seg       // attached to the buffer of this one
		ext     *extBuffer // or to this one
		off, ln int
	}

	extBuffer struct {
		b     []byte
		count int
	}
)

func (s *seg) buffer() []byte {
	switch {
	case s.ext != nil:
		return s.ext.b
	case s.to != nil:
		return s.to.own
	}
	return s.own
}

func (s *seg) data() []byte  { return s.buffer()[s.off : s.off+s.ln] }
func (s *seg) tailroom() int { return len(s.buffer()) - s.off - s.ln }

func (s *seg) shared() bool {
	return s.count != 1 || s.to != nil && s.to.count != 1 || s.ext != nil && s.ext.count != 1
}

func (s *seg) flags() mbuf.OffloadFlags {
	switch {
	case s.ext != nil:
		return mbuf.External
	case s.to != nil:
		return mbuf.Indirect
	}
	return 0
}

// drop removes a reference to the mbuf. The last one returns the mbuf to its pool.
func (s *seg) drop() {
	if s.count--; s.count == 0 {
		s.leave()
		s.home.inUse--
	}
}

// leave detaches the mbuf from its buffer.
func (s *seg) leave() {
	if s.to != nil {
		s.to.drop()
	}
	if s.ext != nil {
		s.ext.count--
	}
	s.to, s.ext = nil, nil
}

// empty resets the mbuf to its state after an allocation or Detach.
func (s *seg) empty() { s.off, s.ln = mbuf.DefaultHeadroom, 0 }

// follow attaches to the buffer that the other mbuf is attached to, or to its own buffer.
func (s *seg) follow(o *seg) {
	switch {
	case o.ext != nil:
		s.ext = o.ext
		s.ext.count++
	case o.to != nil:
		s.to = o.to
		s.to.count++
	default:
		s.to = o
		s.to.count++
	}
	s.off, s.ln = o.off, o.ln
}

func (w *world) adopt(m *mbuf.Mbuf, p *place) *seg {
	s := &seg{m: m, home: p, count: 1, own: make([]byte, p.room)}
	s.empty()
	p.inUse++
	return s
}

func (p *pkt) head() *mbuf.Mbuf { return p.segs[0].m }
func (p *pkt) last() *seg       { return p.segs[len(p.segs)-1] }

func (p *pkt) len() (n int) {
	for _, s := range p.segs {
		n += s.ln
	}
	return n
}

func (p *pkt) content() (b []byte) {
	for _, s := range p.segs {
		b = append(b, s.data()...)
	}
	return b
}

// write overwrites bytes from off on.
func (p *pkt) write(off int, b []byte) {
	for _, s := range p.segs {
		if d := s.data(); off < len(d) {
			b = b[copy(d[off:], b):]
			off = 0
		} else {
			off -= len(d)
		}
	}
}

// Checks.

func (w *world) same(got, want any, what string) {
	if got != want {
		w.t.Helper()
		w.t.Fatalf("step %d: %s: %v, want %v", w.step, what, got, want)
	}
}

func (w *world) check(p *pkt) {
	m := p.head()
	w.same(m.Check(true), nil, "Check")
	w.same(m.Len(), p.len(), "Len")
	w.same(m.NumSegments(), len(p.segs), "NumSegments")
	w.same(m.Port(), p.port, "Port")
	i := 0
	for x := range m.Segments() {
		s := p.segs[i]
		w.same(x, s.m, "the segment")
		w.same(x.DataLen(), s.ln, "DataLen")
		w.same(x.Headroom(), s.off, "Headroom")
		w.same(x.Tailroom(), s.tailroom(), "Tailroom")
		w.same(x.BufLen(), len(s.buffer()), "BufLen")
		w.same(x.Refcount(), s.count, "Refcount")
		w.same(x.Shared(), s.shared(), "Shared")
		w.same(x.Flags(), s.flags(), "Flags")
		w.same(len(x.Private()), s.home.pool.PrivateSize(), "Private")
		w.same(bytes.Equal(x.Data(), s.data()), true, "Data")
		i++
	}
}

func (w *world) checkPools() {
	for _, p := range w.pools {
		p.cache.Flush()
		w.same(p.pool.InUse(), p.inUse, "mbufs in use")
	}
	for _, p := range w.packets {
		w.check(p)
	}
}

// Choices.

func (w *world) place() *place { return w.pools[w.rng.IntN(len(w.pools))] }

// some returns a random packet, of one owner or of any number of them, nil if there is none.
func (w *world) some(alone bool) *pkt {
	if len(w.packets) == 0 {
		return nil
	}
	p := w.packets[w.rng.IntN(len(w.packets))]
	if alone && p.owners != 1 {
		return nil
	}
	return p
}

func (w *world) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.rng.Uint32())
	}
	return b
}

func (w *world) add(p *pkt) {
	w.packets = append(w.packets, p)
	w.check(p)
}

// The operations.

func (w *world) alloc() {
	p := w.place()
	var m *mbuf.Mbuf
	var ok bool
	if w.rng.IntN(2) == 0 {
		m, ok = p.pool.Alloc()
	} else {
		m, ok = p.cache.Alloc()
		p.cache.Flush()
	}
	w.same(ok, p.inUse < p.size, "Alloc")
	if ok {
		w.add(&pkt{segs: []*seg{w.adopt(m, p)}, owners: 1, port: mbuf.InvalidPort})
		port := uint16(w.rng.Uint32())
		m.SetPort(port)
		w.packets[len(w.packets)-1].port = port
	}
}

func (w *world) free() {
	if len(w.packets) > 0 {
		w.release(w.rng.IntN(len(w.packets)))
	}
}

// release drops one reference to packet i.
func (w *world) release(i int) {
	p := w.packets[i]
	switch m := p.head(); w.rng.IntN(3) {
	case 0:
		m.Free()
	case 1:
		c := p.segs[0].home.cache
		c.Free(m)
		c.Flush()
	default:
		mbuf.FreeBulk([]*mbuf.Mbuf{nil, m})
	}
	for _, s := range p.segs {
		s.drop()
	}
	if p.owners--; p.owners == 0 {
		w.packets[i] = w.packets[len(w.packets)-1]
		w.packets = w.packets[:len(w.packets)-1]
	}
}

// freeAll is rare, so that pools become empty and full.
func (w *world) freeAll() {
	if w.rng.IntN(30) == 0 {
		for len(w.packets) > 2 {
			w.release(0)
		}
	}
}

func (w *world) append() {
	if p := w.some(false); p != nil {
		s, b := p.last(), w.bytes(w.rng.IntN(40))
		fits := len(b) <= s.tailroom()
		w.same(p.head().AppendBytes(b), fits, "Append")
		if fits {
			copy(s.buffer()[s.off+s.ln:], b)
			s.ln += len(b)
		}
		w.check(p)
	}
}

func (w *world) prepend() {
	if p := w.some(false); p != nil {
		s, b := p.segs[0], w.bytes(w.rng.IntN(80))
		room, ok := p.head().Prepend(len(b))
		w.same(ok, len(b) <= s.off, "Prepend")
		if ok {
			copy(room, b)
			s.off -= len(b)
			s.ln += len(b)
			copy(s.buffer()[s.off:], b)
		}
		w.check(p)
	}
}

func (w *world) adj() {
	if p := w.some(false); p != nil {
		s, n := p.segs[0], w.rng.IntN(30)
		w.same(p.head().Adj(n), n <= s.ln, "Adj")
		if n <= s.ln {
			s.off += n
			s.ln -= n
		}
		w.check(p)
	}
}

func (w *world) trim() {
	if p := w.some(false); p != nil {
		s, n := p.last(), w.rng.IntN(30)
		w.same(p.head().Trim(n), n <= s.ln, "Trim")
		if n <= s.ln {
			s.ln -= n
		}
		w.check(p)
	}
}

func (w *world) chain() {
	if p := w.some(true); p != nil {
		w.chainTo(p)
	}
}

func (w *world) chainTo(p *pkt) {
	q := w.some(true)
	if q == nil || len(p.segs) > 12 {
		return
	}
	if p == q {
		w.same(p.head().Chain(q.head()) != nil, true, "Chain of a packet with itself")
		return
	}
	w.same(p.head().Chain(q.head()), nil, "Chain")
	p.segs = append(p.segs, q.segs...)
	for i := range w.packets {
		if w.packets[i] == q {
			w.packets[i] = w.packets[len(w.packets)-1]
			w.packets = w.packets[:len(w.packets)-1]
			break
		}
	}
	w.check(p)
}

func (w *world) clone() {
	p, home := w.some(false), w.place()
	if p == nil {
		return
	}
	m, err := p.head().Clone(home.pool)
	w.same(err == nil, home.inUse+len(p.segs) <= home.size, "Clone")
	if err != nil {
		w.check(p)
		return
	}
	c := &pkt{owners: 1, port: p.port}
	i := 0
	for x := range m.Segments() {
		s := w.adopt(x, home)
		s.follow(p.segs[i])
		c.segs = append(c.segs, s)
		i++
	}
	w.add(c)
	w.check(p)
}

// copy runs Copy and CopyRange.
func (w *world) copy() {
	p, home := w.some(false), w.place()
	if p == nil {
		return
	}
	off, n := 0, p.len()
	copied := func() (*mbuf.Mbuf, error) { return p.head().Copy(home.pool) }
	if w.rng.IntN(2) == 0 {
		off = w.rng.IntN(n + 2)
		n = w.rng.IntN(n + 2)
		copied = func() (*mbuf.Mbuf, error) { return p.head().CopyRange(home.pool, off, n) }
	}
	room := home.room - mbuf.DefaultHeadroom
	need := (n + room - 1) / room
	m, err := copied()
	w.same(err == nil, n > 0 && off+n <= p.len() && home.inUse+need <= home.size, "Copy")
	if err != nil {
		return
	}
	c := &pkt{owners: 1, port: p.port}
	rest := p.content()[off : off+n]
	for x := range m.Segments() {
		s := w.adopt(x, home)
		s.ln = copy(s.own[s.off:], rest)
		rest = rest[s.ln:]
		c.segs = append(c.segs, s)
	}
	w.same(len(c.segs), need, "segments of a copy")
	w.add(c)
}

func (w *world) attach() {
	p, q := w.some(true), w.some(false)
	if p == nil || q == nil {
		return
	}
	s, to := p.segs[0], q.segs[w.rng.IntN(len(q.segs))]
	want := s != to && s.flags() == 0 && s.count == 1 && len(p.segs) == 1
	w.same(p.head().Attach(to.m) == nil, want, "Attach")
	if want {
		s.follow(to)
		p.port = to.m.Port() // each segment has one; that of the packet is in the first
	}
	w.check(p)
	w.check(q)
}

func (w *world) attachExternal() {
	p := w.some(true)
	if p == nil || w.rng.IntN(3) > 0 {
		return
	}
	s, b := p.segs[0], w.bytes(1+w.rng.IntN(100))
	want := s.flags() == 0 && s.count == 1 && len(p.segs) == 1
	err := p.head().AttachExternal(b, 0, func() { w.freed.Add(1) })
	w.same(err == nil, want, "AttachExternal")
	if want {
		w.external++
		s.ext, s.off, s.ln = &extBuffer{b: bytes.Clone(b), count: 1}, 0, 0
	}
	w.check(p)
}

func (w *world) detach() {
	if p := w.some(true); p != nil {
		s := p.segs[0]
		p.head().Detach()
		if s.flags() != 0 {
			s.leave()
			s.empty()
		}
		w.check(p)
	}
}

func (w *world) linearize() {
	p := w.some(false)
	if p == nil {
		return
	}
	s := p.segs[0]
	want := len(p.segs) == 1 || !s.shared() && p.len()-s.ln <= s.tailroom()
	all := p.content()
	w.same(p.head().Linearize(), want, "Linearize")
	if want {
		copy(s.buffer()[s.off:], all)
		s.ln = len(all)
		for _, rest := range p.segs[1:] {
			rest.drop()
		}
		p.segs = p.segs[:1]
	}
	w.check(p)
}

// addRefcount adds an owner to a whole packet.
func (w *world) addRefcount() {
	if p := w.some(false); p != nil && p.owners < 4 {
		for _, s := range p.segs {
			s.count++
			n, err := s.m.AddRefcount(1)
			w.same(err, nil, "AddRefcount")
			w.same(n, s.count, "AddRefcount")
		}
		p.owners++
		w.check(p)
	}
}

func (w *world) read() {
	if p := w.some(false); p != nil {
		all := p.content()
		off, n := w.rng.IntN(len(all)+2), w.rng.IntN(len(all)+2)
		want := off+n <= len(all)
		b, ok := p.head().Read(off, n, make([]byte, n))
		w.same(ok, want, "Read")
		w.same(!want || bytes.Equal(b, all[off:off+n]), true, "the bytes of Read")
		dst := make([]byte, n)
		w.same(p.head().CopyTo(dst, off), want, "CopyTo")
		w.same(!want || bytes.Equal(dst, all[off:off+n]), true, "the bytes of CopyTo")
		var out bytes.Buffer
		_, err := p.head().Reader().WriteTo(&out)
		w.same(err, nil, "WriteTo")
		w.same(bytes.Equal(out.Bytes(), all), true, "the bytes of Reader")
	}
}

func (w *world) copyFrom() {
	if p := w.some(false); p != nil {
		off, b := w.rng.IntN(p.len()+2), w.bytes(w.rng.IntN(60))
		want := off+len(b) <= p.len()
		w.same(p.head().CopyFrom(b, off), want, "CopyFrom")
		if want {
			p.write(off, b)
		}
		w.check(p)
	}
}

// write uses a Writer, all or nothing. Between its writes the packet grows by Chain.
func (w *world) write() {
	p, home := w.some(true), w.place()
	if p == nil || len(p.segs) > 12 {
		return
	}
	writer := p.head().Writer(home.pool)
	for range 1 + w.rng.IntN(2) {
		b := w.bytes(w.rng.IntN(120))
		room := home.room - mbuf.DefaultHeadroom
		need := max(0, (len(b)-p.last().tailroom()+room-1)/room)
		_, err := writer.Write(b)
		w.same(err == nil, home.inUse+need <= home.size, "Write")
		if err == nil {
			w.grown(p, home, b)
		}
		w.check(p)
		w.chainTo(p)
	}
}

// readFrom appends as many bytes as the pool has room for.
func (w *world) readFrom() {
	p, home := w.some(true), w.place()
	if p == nil || len(p.segs) > 12 || w.rng.IntN(4) > 0 {
		return
	}
	b := w.bytes(w.rng.IntN(100))
	n, _ := p.head().Writer(home.pool).ReadFrom(bytes.NewReader(b))
	fits := p.last().tailroom() + (home.size-home.inUse)*(home.room-mbuf.DefaultHeadroom)
	w.same(int(n), min(len(b), fits), "ReadFrom")
	w.grown(p, home, b[:n])
	w.check(p)
}

// grown appends bytes to the model, with the segments that the packet has got.
func (w *world) grown(p *pkt, home *place, b []byte) {
	from, i := len(p.segs)-1, 0
	for x := range p.head().Segments() {
		if i++; i > len(p.segs) {
			p.segs = append(p.segs, w.adopt(x, home))
		}
	}
	for _, s := range p.segs[from:] {
		n := min(len(b), s.tailroom())
		copy(s.buffer()[s.off+s.ln:], b[:n])
		s.ln += n
		b = b[n:]
	}
	w.same(len(b), 0, "bytes without a segment")
}
