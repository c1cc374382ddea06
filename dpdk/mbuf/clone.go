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
)

const (
	opClone  = "rte_pktmbuf_clone"
	opCopy   = "rte_pktmbuf_copy"
	opAttach = "rte_pktmbuf_attach"
	opRefcnt = "rte_mbuf_refcnt_update"

	// maxRefcount is the largest count of holders that DPDK takes for one
	// (rte_mbuf_check).
	maxRefcount = math.MaxUint16 - 1
)

// ErrNoMbufs is the error of Clone, Copy and Writer when a pool has too few
// mbufs left. It is dpdk.ErrNoMemory for errors.Is.
var ErrNoMbufs error = &dpdk.Error{Op: "rte_pktmbuf_alloc", Errno: dpdk.ErrNoMemory, Detail: "the pool has no mbufs left"}

// Clone makes a second packet of the same bytes: mbufs of pool that refer to the
// buffers of m, each of which counts one more holder (rte_pktmbuf_clone). Both
// are freed on their own; neither may change the bytes while the other is in
// use. Who clones must be a holder: with a count of 1 DPDK counts without an
// atomic operation, so that two goroutines must not clone, attach to or free a
// packet at once on the strength of one hold. Give each its own before, with
// AddRefcount or Clone. Errors: ErrNoMbufs, dpdk.ErrInvalid for a nil packet or pool, or
// for a pool whose mbufs cannot refer to other buffers; syscall.EOVERFLOW if the count of a
// buffer's holders and the packet's segments are together more than 65,534.
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
		// Each of the segments may be in the same buffer.
		if err := seg.countable(opClone, segments); err != nil {
			return nil, err
		}
	}
	return made(cgo.MbufClone(m.raw(), pool.Pointer()))
}

// Copy makes a second packet with a copy of m's bytes, its fields and flags, in
// as many mbufs of pool as it takes (rte_pktmbuf_copy). Errors: ErrNoMbufs,
// dpdk.ErrInvalid for an empty packet, one whose segments have less than its length, a
// nil pool, or one whose mbufs have no room; syscall.EOVERFLOW if the copy would have
// more than 65,535 segments.
func (m *Mbuf) Copy(pool *Pool) (*Mbuf, error) {
	m.alive("Copy")
	return m.CopyRange(pool, 0, int(m.pktLen))
}

// CopyRange is Copy of n bytes from off on. Fewer are never copied: the error is
// dpdk.ErrInvalid if the packet does not have them, and for n 0.
func (m *Mbuf) CopyRange(pool *Pool, off, n int) (*Mbuf, error) {
	m.alive("CopyRange")
	if err := pool.usable(opCopy); err != nil {
		return nil, err
	}
	switch room := pool.dataRoom - DefaultHeadroom; {
	case !m.within(off, n) || n == 0:
		return nil, check.Invalid(opCopy, "", "%d bytes from %d on, of a packet of %d", n, off, m.pktLen)
	case room <= 0:
		return nil, check.Invalid(opCopy, pool.Name(), "the pool's mbufs have no room: their buffers have %d bytes", pool.dataRoom)
	case (n-1)/room >= cgo.MbufMaxSegs:
		return nil, tooMany(opCopy)
	case m.held() < uint64(off+n):
		// C follows the packet's length, past its last segment.
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

// usable refuses handles that C would crash on.
func (p *Pool) usable(op string) error {
	switch {
	case p == nil || p.pool == nil:
		return check.Invalid(op, "", "the pool is nil")
	case p.Pointer() == nil:
		return &dpdk.Error{Op: op, Name: p.Name(), Errno: dpdk.ErrNotFound, Detail: "the pool was freed"}
	case p.pinned:
		return check.Invalid(op, p.Name(), "the pool's mbufs cannot leave their external buffers")
	}
	return nil
}

// Attach makes m, an mbuf with a buffer of its own and one holder, refer to the
// buffer of the segment to, which counts one more holder; m's fields and flags
// become those of to (rte_pktmbuf_attach). Errors: dpdk.ErrInvalid for a nil to,
// m itself, or an m that is not such an mbuf; syscall.EOVERFLOW if the buffer has
// 65,534 holders. Nothing has changed then.
func (m *Mbuf) Attach(to *Mbuf) error {
	m.alive("Attach")
	switch {
	case to == nil:
		return check.Invalid(opAttach, "", "there is nothing to attach to")
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
		return check.Invalid(op, "", "%d others hold the mbuf's buffer", m.Refcount()-1)
	case m.nbSegs != 1 || *m.next() != nil:
		return check.Invalid(op, "", "the mbuf has %d segments", m.nbSegs)
	}
	return nil
}

// Detach gives m its own buffer back, empty and without flags, and lets go of the one
// it was attached to, which is freed if nobody else holds it (rte_pktmbuf_detach). The
// packet of which m is the first segment is shorter by what m held. On an mbuf that is
// not attached, or whose pool pins its buffer, it does nothing.
func (m *Mbuf) Detach() {
	m.alive("Detach")
	if m.olFlags&attached == 0 {
		return
	}
	held := uint32(m.dataLen)
	cgo.MbufDetach(m.raw())
	if m.olFlags&attached == 0 { // C leaves the packet's length as it was
		m.pktLen -= min(held, m.pktLen)
	}
}

// Shared reports whether anything else refers to this segment's buffer: another holder
// of the mbuf, a clone of it, or, if m is a clone or has an external buffer, any other
// mbuf with that buffer. The bytes of a shared buffer must not be changed. It is about
// this segment only; for a packet of several, ask each.
func (m *Mbuf) Shared() bool {
	m.alive("Shared")
	return m.shared()
}

func (m *Mbuf) shared() bool { return m.Refcount() != 1 || m.bufferRefcount() != 1 }

// bufferRefcount is the count of the buffer's holders, wherever DPDK keeps it.
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

// countable refuses n more holders of a buffer whose count would pass its maximum.
func (m *Mbuf) countable(op string, n int) error {
	if now := m.bufferRefcount(); now > maxRefcount-n {
		return &dpdk.Error{Op: op, Errno: dpdk.ErrOverflow, Detail: fmt.Sprintf(
			"the buffer has %d holders, and can have %d: use Copy, or free some", now, maxRefcount)}
	}
	return nil
}

// AddRefcount adds delta to the number of holders of this mbuf and
// returns the new number (rte_mbuf_refcnt_update): atomically for all threads and
// processes that hold it, see Clone. Each holder frees the mbuf once. The error is
// dpdk.ErrInvalid if the number would not be 1 to 65,534; nothing has changed
// then. To give up a hold use Free.
func (m *Mbuf) AddRefcount(delta int) (int, error) {
	m.alive("AddRefcount")
	now := m.Refcount()
	if delta < math.MinInt16 || delta > math.MaxInt16 || now+delta < 1 || now+delta > maxRefcount {
		return now, check.Invalid(opRefcnt, "", "%+d is too much for a count of %d", delta, now)
	}
	return int(cgo.MbufRefcntUpdate(m.raw(), int16(delta))), nil
}

// Check looks for damage in the packet m, or in the segment m if head is false,
// and says what is wrong (rte_mbuf_check). The error is dpdk.ErrInvalid with
// DPDK's reason, also for a nil m.
func (m *Mbuf) Check(head bool) error {
	if reason := cgo.MbufCheck(m.raw(), head); reason != "" {
		return check.Invalid("rte_mbuf_check", "", "%s", reason)
	}
	return nil
}

// Dump is the text of rte_pktmbuf_dump: the fields of the packet and the first n
// bytes of its data.
func (m *Mbuf) Dump(n int) (string, error) {
	m.alive("Dump")
	if m == nil || n < 0 {
		return "", check.Invalid("rte_pktmbuf_dump", "", "%d bytes of %p", n, m)
	}
	text, errno := cgo.MbufDump(m.raw(), uint32(min(n, int(m.pktLen))))
	if errno != 0 {
		return "", &dpdk.Error{Op: "rte_pktmbuf_dump", Errno: dpdk.Errno(errno)}
	}
	return text, nil
}

// String says where the mbuf is and what it holds, in a line.
func (m *Mbuf) String() string {
	if m == nil {
		return "no mbuf"
	}
	return fmt.Sprintf("mbuf %p: %d bytes in %d segments, refcount %d, flags %v", m, m.pktLen, m.nbSegs, m.refcnt, m.olFlags)
}
