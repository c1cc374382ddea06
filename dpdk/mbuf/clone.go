package mbuf

import (
	"fmt"
	"math"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const (
	opClone  = "rte_pktmbuf_clone"
	opCopy   = "rte_pktmbuf_copy"
	opAttach = "rte_pktmbuf_attach"
	opRefcnt = "rte_mbuf_refcnt_update"

	// maxRefcount is the largest count of references that rte_mbuf_check accepts.
	maxRefcount = math.MaxUint16 - 1
)

// ErrNoMbufs is the error of [Mbuf.Clone], [Mbuf.Copy] and [Writer] when a pool has too few
// mbufs left. It is dpdk.ErrNoMemory for errors.Is.
var ErrNoMbufs error = &dpdk.Error{Op: "rte_pktmbuf_alloc", Errno: dpdk.ErrNoMemory, Detail: "the pool has no mbufs left"}

// Clone makes a second packet with the same bytes: new mbufs of pool that refer to the buffers
// of m. Each of these buffers has one more reference. Both packets are freed separately.
// Neither may change the bytes while the other is in use.
//
// The caller must hold a reference. With a count of 1, DPDK counts without an atomic
// operation: two goroutines with only one reference between them must not clone, attach to or
// free the packet at the same time. Give each its own reference first, with [Mbuf.AddRefcount]
// or Clone.
//
// Errors: [ErrNoMbufs]; dpdk.ErrInvalid for a nil packet or pool, or for a pool with mbufs
// that cannot refer to other buffers; dpdk.ErrOverflow if the references to a buffer and the
// segments of the packet are together more than 65,534.
//
// Implements: rte_pktmbuf_clone
func (m *Mbuf) Clone(pool *Pool) (*Mbuf, error) {
	if m == nil {
		return nil, check.Invalid(opClone, "", "the packet is nil")
	}
	m.alive("Clone")
	if err := pool.usable(opClone); err != nil {
		return nil, err
	}
	segments := 0
	for seg := m; seg != nil; seg = *seg.next() {
		segments++
	}
	if segments > cgo.MbufMaxSegs {
		return nil, tooMany(opClone)
	}
	for seg := m; seg != nil; seg = *seg.next() {
		// All segments may be in one buffer.
		if err := seg.countable(opClone, segments); err != nil {
			return nil, err
		}
	}
	return made(cgo.MbufClone(m.raw(), pool.Pointer()))
}

// Copy makes a second packet with a copy of the bytes, fields and flags of m, in as many mbufs
// of pool as needed. Errors: [ErrNoMbufs]; dpdk.ErrInvalid for an empty packet, for a packet
// with segments shorter than its length, for a nil pool, or for a pool with mbufs without
// room; dpdk.ErrOverflow if the copy would have more than 65,535 segments.
//
// Implements: rte_pktmbuf_copy
func (m *Mbuf) Copy(pool *Pool) (*Mbuf, error) {
	m.alive("Copy")
	return m.CopyRange(pool, 0, int(m.pktLen))
}

// CopyRange copies n bytes from off on, as [Mbuf.Copy] does. It never copies fewer: the error
// is dpdk.ErrInvalid if the packet does not have them, and if n is 0.
//
// Implements: rte_pktmbuf_copy
func (m *Mbuf) CopyRange(pool *Pool, off, n int) (*Mbuf, error) {
	m.alive("CopyRange")
	if err := pool.usable(opCopy); err != nil {
		return nil, err
	}
	switch room := pool.dataRoom - DefaultHeadroom; {
	case !m.within(off, n) || n == 0:
		return nil, check.Invalid(opCopy, "", "the packet has %d bytes, not %d bytes from %d on", m.pktLen, n, off)
	case room <= 0:
		return nil, check.Invalid(opCopy, pool.Name(), "the pool's mbufs have no room for data: their buffers have %d bytes", pool.dataRoom)
	case (n-1)/room >= cgo.MbufMaxSegs:
		return nil, tooMany(opCopy)
	case m.held() < uint64(off+n):
		// C would copy as many bytes as the packet's length, past its last segment.
		return nil, check.Invalid(opCopy, "", "the packet's length is %d, and its segments have %d bytes: see Check", m.pktLen, m.held())
	}
	return made(cgo.MbufCopy(m.raw(), pool.Pointer(), uint32(off), uint32(n)))
}

func tooMany(op string) error {
	return &dpdk.Error{Op: op, Errno: dpdk.ErrOverflow, Detail: "the packet would have more than 65,535 segments"}
}

func made(p cgo.Mbuf) (*Mbuf, error) {
	if p == nil {
		return nil, ErrNoMbufs
	}
	m := (*Mbuf)(p)
	if build.Debug {
		for seg := m; seg != nil; seg = *seg.next() {
			allocated([]*Mbuf{seg})
		}
	}
	return m, nil
}

// usable refuses pools on which C would crash.
func (p *Pool) usable(op string) error {
	switch {
	case p == nil || p.pool == nil:
		return check.Invalid(op, "", "the pool is nil")
	case p.Pointer() == nil:
		return &dpdk.Error{Op: op, Name: p.Name(), Errno: dpdk.ErrNotFound, Detail: control.Freed}
	case p.pinned:
		return check.Invalid(op, p.Name(), "the pool's mbufs cannot leave their external buffers")
	}
	return nil
}

// Attach makes m refer to the buffer of the segment to, which has one more reference then. The
// fields and flags of m become those of to. m must be an mbuf with its own buffer and one
// reference. If Attach fails, it changes nothing.
//
// Errors: dpdk.ErrInvalid for a nil to, for m itself, or for an m that is not such an mbuf;
// dpdk.ErrOverflow if the buffer has 65,534 references.
//
// Implements: rte_pktmbuf_attach
func (m *Mbuf) Attach(to *Mbuf) error {
	m.alive("Attach")
	switch {
	case to == nil:
		return check.Invalid(opAttach, "", "the mbuf to attach to is nil")
	case to == m:
		return check.Invalid(opAttach, "", "an mbuf cannot be attached to itself")
	}
	to.alive("Attach")
	if err := m.unattached(opAttach); err != nil {
		return err
	}
	if err := to.countable(opAttach, 1); err != nil {
		return err
	}
	cgo.MbufAttach(m.raw(), to.raw())
	return nil
}

// unattached refuses an m that cannot be given another buffer.
func (m *Mbuf) unattached(op string) error {
	switch {
	case m.olFlags&attached != 0:
		return check.Invalid(op, "", "the mbuf is attached to another buffer already: use Detach")
	case m.Refcount() != 1:
		return check.Invalid(op, "", "the mbuf has %d references, it must have 1", m.Refcount())
	case m.nbSegs != 1 || *m.next() != nil:
		return check.Invalid(op, "", "the mbuf has %d segments, it must have 1", m.nbSegs)
	}
	return nil
}

// Detach gives m its own buffer back, empty and without flags. It drops the reference to the
// buffer that m was attached to, and frees that buffer if it was the last one. If m is the
// first segment of a packet, the length of the packet shrinks by the bytes of m. On an mbuf
// that is not attached, or has a pinned buffer, Detach is a no-op.
//
// Implements: rte_pktmbuf_detach, rte_pktmbuf_detach_extbuf
func (m *Mbuf) Detach() {
	m.alive("Detach")
	if m.olFlags&attached == 0 {
		return
	}
	held := uint32(m.dataLen)
	cgo.MbufDetach(m.raw())
	if m.olFlags&attached == 0 { // C does not change the packet's length
		m.pktLen -= min(held, m.pktLen)
	}
}

// Shared reports whether anything else refers to the buffer of this segment: another reference
// to the mbuf, a clone of it, or, if m is a clone or has an external buffer, any other mbuf
// with that buffer. The bytes of a shared buffer must not be changed. For a packet of several
// segments, call it on each.
func (m *Mbuf) Shared() bool {
	m.alive("Shared")
	return m.shared()
}

func (m *Mbuf) shared() bool { return m.Refcount() != 1 || m.bufferRefcount() != 1 }

// bufferRefcount returns the number of references to the buffer, wherever DPDK stores it.
func (m *Mbuf) bufferRefcount() int {
	switch {
	case m.olFlags&External != 0:
		return int(atomic.LoadUint32((*uint32)(unsafe.Add(m.shinfo, cgo.MbufExtRefcnt))) & 0xffff)
	case m.olFlags&Indirect != 0:
		direct := (*Mbuf)(unsafe.Add(m.bufAddr, -cgo.MbufSizeof-int(m.privSize)))
		return int(direct.rearm() >> refcntShift & 0xffff)
	}
	return m.Refcount()
}

// countable refuses n more references to a buffer if their number would exceed the maximum.
func (m *Mbuf) countable(op string, n int) error {
	if now := m.bufferRefcount(); now > maxRefcount-n {
		return &dpdk.Error{Op: op, Errno: dpdk.ErrOverflow, Detail: fmt.Sprintf(
			"the buffer has %d references of at most %d: use Copy, or free some", now, maxRefcount)}
	}
	return nil
}

// AddRefcount adds delta to the number of references to this mbuf and returns the new number.
// It is atomic for all threads and processes with a reference: see [Mbuf.Clone]. Each
// reference is freed once. The error is dpdk.ErrInvalid if the number would not be 1 to
// 65,534; then it has not changed. To drop a reference use [Mbuf.Free].
//
// Implements: rte_mbuf_refcnt_update
func (m *Mbuf) AddRefcount(delta int) (int, error) {
	m.alive("AddRefcount")
	now := m.Refcount()
	if delta < math.MinInt16 || delta > math.MaxInt16 || now+delta < 1 || now+delta > maxRefcount {
		return now, check.Invalid(opRefcnt, "", "the mbuf has %d references: adding %d does not leave 1 to %d", now, delta, maxRefcount)
	}
	return int(cgo.MbufRefcntUpdate(m.raw(), int16(delta))), nil
}

// Check looks for damage in the packet m, or in the segment m if head is false. The error is
// dpdk.ErrInvalid with the reason from DPDK, also for a nil m.
//
// Implements: rte_mbuf_check
func (m *Mbuf) Check(head bool) error {
	if reason := cgo.MbufCheck(m.raw(), head); reason != "" {
		return check.Invalid("rte_mbuf_check", "", "%s", reason)
	}
	return nil
}

// Dump returns the text of rte_pktmbuf_dump: the fields of the packet and the first n bytes of
// its data.
//
// Implements: rte_pktmbuf_dump
func (m *Mbuf) Dump(n int) (string, error) {
	m.alive("Dump")
	if m == nil || n < 0 {
		return "", check.Invalid("rte_pktmbuf_dump", "", "cannot dump %d bytes of %p: use a packet and a length of at least 0", n, m)
	}
	text, errno := cgo.MbufDump(m.raw(), uint32(min(n, int(m.pktLen))))
	if errno != 0 {
		return "", &dpdk.Error{Op: "rte_pktmbuf_dump", Errno: dpdk.Errno(errno)}
	}
	return text, nil
}

// String describes the mbuf in one line.
func (m *Mbuf) String() string {
	if m == nil {
		return "no mbuf"
	}
	return fmt.Sprintf("mbuf %p: %d bytes in %d segments, refcount %d, flags %v", m, m.pktLen, m.nbSegs, m.refcnt, m.olFlags)
}
