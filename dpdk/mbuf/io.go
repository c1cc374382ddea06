package mbuf

import (
	"errors"
	"io"
	"math"

	"github.com/godpdk/godpdk/dpdk"
)

// Reader reads the bytes of a packet over all its segments. It is an io.Reader, io.ByteReader
// and io.WriterTo. It does not change the packet. The packet must not change while a Reader is
// in use.
type Reader struct {
	seg *Mbuf // the current segment; nil at the end
	off int   // in seg
}

// Reader returns a Reader at the first byte of the packet.
func (m *Mbuf) Reader() *Reader {
	m.alive("Reader")
	return &Reader{seg: m}
}

// rest returns the unread bytes of the first segment that has any, nil at the end.
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

// Read fills p, or reads the remaining bytes if there are fewer. It returns io.EOF at the end
// of the packet.
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

// Len returns the number of unread bytes.
func (r *Reader) Len() (n int) {
	off := r.off
	for seg := r.seg; seg != nil; seg = *seg.next() {
		n += max(0, int(seg.dataLen)-off)
		off = 0
	}
	return n
}

// WriteTo writes the unread bytes to w, segment by segment, without copying them.
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

// Allocator provides new segments to a [Writer]. It is a [*Cache] or a [*Pool].
type Allocator interface {
	AllocBulk(pkts []*Mbuf) bool
}

// Writer appends to a packet, and adds segments when the last one is full. It is an io.Writer,
// io.ByteWriter, io.StringWriter and io.ReaderFrom.
type Writer struct {
	head, last *Mbuf
	segments   uint16 // of the packet, when last was its last segment
	alloc      Allocator
}

// Writer returns a Writer at the end of the packet. It takes new segments from alloc; they
// belong to the packet. With a nil alloc it adds none. Between two calls of the Writer the
// packet may be changed by [Mbuf.Append], [Mbuf.Prepend], [Mbuf.Adj], [Mbuf.Trim] and
// [Mbuf.Chain]: the next call continues at the new end. After a call that removes segments,
// such as [Mbuf.Linearize], make a new Writer.
func (m *Mbuf) Writer(alloc Allocator) *Writer {
	m.alive("Writer")
	return &Writer{head: m, last: m.last(), segments: m.nbSegs, alloc: alloc}
}

// end finds the last segment of the packet again after Chain. It walks the segments only if
// they have changed, as a packet may have 65,535.
func (w *Writer) end() {
	w.head.alive("Writer")
	if w.segments != w.head.nbSegs || *w.last.next() != nil {
		w.last, w.segments = w.head.last(), w.head.nbSegs
	}
}

var errTooLong error = &dpdk.Error{Op: "rte_pktmbuf_chain", Errno: dpdk.ErrOverflow, Detail: "a packet has at most 65,535 segments and 4 GiB"}

// Write appends all of p, or returns an error and leaves the packet unchanged. Errors:
// [ErrNoMbufs]; dpdk.ErrOverflow for more than 65,535 segments or 4 GiB.
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

// WriteString appends s as [Writer.Write] does.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// WriteByte appends one byte as [Writer.Write] does.
func (w *Writer) WriteByte(b byte) error {
	_, err := w.Write([]byte{b})
	return err
}

// put adds n bytes, which f fills, to the segment seg.
func (w *Writer) put(seg *Mbuf, n int, f func([]byte)) {
	f(seg.bytes(int(seg.dataOff)+int(seg.dataLen), uint16(n)))
	seg.dataLen += uint16(n)
	w.head.pktLen += uint32(n)
	w.last = seg
}

// grow adds empty segments until n bytes fit after the data of the last segment. It adds all
// or none.
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

// segment allocates an empty segment with room.
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

// link appends empty segments.
func (w *Writer) link(added []*Mbuf) {
	last := w.last
	for _, seg := range added {
		*last.next() = seg
		last = seg
	}
	w.head.nbSegs += uint16(len(added))
	w.segments = w.head.nbSegs
}

// ReadFrom appends the data of r until its end. It stops with [ErrNoMbufs] when the pool has
// too few mbufs, and with dpdk.ErrOverflow at 4 GiB. All bytes that it has read from r are in
// the packet then.
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) {
	var spare *Mbuf // allocated before it is known whether r has more data
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
