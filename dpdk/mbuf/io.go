package mbuf

import (
	"errors"
	"io"
	"math"

	"github.com/godpdk/godpdk/dpdk"
)

// Reader reads a packet's bytes over all its segments. It is an io.Reader,
// io.ByteReader and io.WriterTo. It changes nothing in the packet, which must
// not change while it is read.
type Reader struct {
	seg *Mbuf // the current segment; nil at the end
	off int   // in seg
}

// Reader starts at the packet's first byte.
func (m *Mbuf) Reader() *Reader {
	m.alive("Reader")
	return &Reader{seg: m}
}

// rest is what is left of the first segment that has something left; nil at the
// end.
func (r *Reader) rest() []byte {
	for r.seg != nil {
		r.seg.alive("Reader")
		if data := r.seg.Data(); r.off < len(data) {
			return data[r.off:]
		}
		r.seg, r.off = *r.seg.next(), 0
	}
	return nil
}

// Read fills p, less at the packet's end, where it returns io.EOF.
func (r *Reader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		rest := r.rest()
		if rest == nil {
			if n == 0 {
				return 0, io.EOF
			}
			break
		}
		k := copy(p[n:], rest)
		r.off += k
		n += k
	}
	return n, nil
}

// ReadByte returns the next byte, or io.EOF.
func (r *Reader) ReadByte() (byte, error) {
	rest := r.rest()
	if rest == nil {
		return 0, io.EOF
	}
	r.off++
	return rest[0], nil
}

// Len is how many bytes are left.
func (r *Reader) Len() (n int) {
	off := r.off
	for seg := r.seg; seg != nil; seg = *seg.next() {
		n += max(0, int(seg.dataLen)-off)
		off = 0
	}
	return n
}

// WriteTo writes what is left to w, a segment at a time without a copy.
func (r *Reader) WriteTo(w io.Writer) (n int64, err error) {
	for rest := r.rest(); rest != nil; rest = r.rest() {
		k, err := w.Write(rest)
		if k < 0 || k > len(rest) {
			return n, errors.New("mbuf: invalid count from Write")
		}
		r.off += k
		n += int64(k)
		if err == nil && k < len(rest) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Allocator is where a Writer gets more segments from: a *Cache or a *Pool.
type Allocator interface {
	AllocBulk(pkts []*Mbuf) bool
}

// Writer appends to a packet, with more segments when the last one is full. It
// is an io.Writer, io.ByteWriter, io.StringWriter and io.ReaderFrom.
type Writer struct {
	head, last *Mbuf
	segments   uint16 // of the packet, when last was its last
	alloc      Allocator
}

// Writer appends to the packet's end. New segments come from alloc and belong to
// the packet; with a nil alloc there are none. Between two calls of the Writer the packet
// may be changed by Append, Prepend, Adj, Trim and Chain: the next call goes on at the new
// end. After a call that removes segments, such as Linearize, take a new Writer.
func (m *Mbuf) Writer(alloc Allocator) *Writer {
	m.alive("Writer")
	return &Writer{head: m, last: m.last(), segments: m.nbSegs, alloc: alloc}
}

// end finds the packet's last segment again after Chain. It walks the segments only then,
// as a packet may have 65,535.
func (w *Writer) end() {
	w.head.alive("Writer")
	if w.segments != w.head.nbSegs || *w.last.next() != nil {
		w.last, w.segments = w.head.last(), w.head.nbSegs
	}
}

var errTooLong error = &dpdk.Error{Op: "rte_pktmbuf_chain", Errno: dpdk.ErrOverflow, Detail: "a packet has at most 65,535 segments and 4 GiB"}

// Write appends all of p or, with an error, nothing, in which case the packet is
// as it was: ErrNoMbufs, or syscall.EOVERFLOW for more than 65,535 segments or
// 4 GiB.
func (w *Writer) Write(p []byte) (int, error) {
	if err := w.grow(len(p)); err != nil {
		return 0, err
	}
	for seg, rest := w.last, p; len(rest) > 0; seg = *seg.next() {
		n := min(len(rest), max(0, seg.tailroom()))
		if n > 0 {
			w.put(seg, n, func(b []byte) { copy(b, rest) })
			rest = rest[n:]
		}
	}
	return len(p), nil
}

// WriteString is Write.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// WriteByte appends one byte, or fails as Write does.
func (w *Writer) WriteByte(b byte) error {
	_, err := w.Write([]byte{b})
	return err
}

// put counts n bytes more in the segment seg, which f fills.
func (w *Writer) put(seg *Mbuf, n int, f func([]byte)) {
	f(seg.bytes(int(seg.dataOff)+int(seg.dataLen), uint16(n)))
	seg.dataLen += uint16(n)
	w.head.pktLen += uint32(n)
	w.last = seg
}

// grow sees to it that n bytes fit behind the last segment's data, with empty
// segments, all or none.
func (w *Writer) grow(n int) error {
	w.end()
	if uint64(w.head.pktLen)+uint64(n) > math.MaxUint32 {
		return errTooLong
	}
	need := n - max(0, w.last.tailroom())
	if need <= 0 {
		return nil
	}
	var added []*Mbuf
	for need > 0 {
		if len(added)+int(w.head.nbSegs) >= math.MaxUint16 {
			FreeBulk(added)
			return errTooLong
		}
		seg, err := w.segment()
		if err != nil {
			FreeBulk(added)
			return err
		}
		added = append(added, seg)
		need -= seg.tailroom()
	}
	w.link(added)
	return nil
}

// segment is an empty segment with room.
func (w *Writer) segment() (*Mbuf, error) {
	var one [1]*Mbuf
	if w.alloc == nil || !w.alloc.AllocBulk(one[:]) {
		return nil, ErrNoMbufs
	}
	if one[0].tailroom() <= 0 {
		one[0].Free()
		return nil, &dpdk.Error{Op: "rte_pktmbuf_append", Errno: dpdk.ErrInvalid, Detail: "the allocator's mbufs have no room for data"}
	}
	return one[0], nil
}

// link puts empty segments behind the last.
func (w *Writer) link(added []*Mbuf) {
	last := w.last
	for _, seg := range added {
		*last.next() = seg
		last = seg
	}
	w.head.nbSegs += uint16(len(added))
	w.segments = w.head.nbSegs
}

// ReadFrom appends what r has until its end. When the pool has too few mbufs it
// stops with ErrNoMbufs, and with syscall.EOVERFLOW at 4 GiB: what was read until
// then is in the packet, and nothing was read that is not.
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) {
	var spare *Mbuf // allocated to see whether r has more
	defer func() { spare.Free() }()
	for idle := 0; ; {
		w.end()
		seg := w.last
		if seg.tailroom() <= 0 {
			if spare == nil {
				if int(w.head.nbSegs) == math.MaxUint16 || w.head.pktLen > math.MaxUint32-math.MaxUint16 {
					return n, errTooLong
				}
				if spare, err = w.segment(); err != nil {
					return n, err
				}
			}
			seg = spare
		}
		room := seg.bytes(int(seg.dataOff)+int(seg.dataLen), uint16(seg.tailroom()))
		k, err := r.Read(room)
		if k < 0 || k > len(room) {
			return n, errors.New("mbuf: invalid count from Read")
		}
		if k > 0 {
			if seg == spare {
				w.link([]*Mbuf{spare})
				spare = nil
			}
			w.put(seg, k, func([]byte) {})
			n += int64(k)
			idle = 0
		} else if idle++; idle == 100 && err == nil {
			return n, io.ErrNoProgress
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
