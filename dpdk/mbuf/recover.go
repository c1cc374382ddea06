package mbuf

import (
	"iter"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// Missing returns the mbufs of the pool that nothing has: neither the pool, nor a cache of an lcore,
// nor a cache that [Pool.NewCache] made on this handle or in a secondary, nor a packet in a batch
// (ring.Batch), nor a packet of held. Those are the mbufs that
// processes had in their hands when they were killed. held yields the packets that the living have, of
// any pool: all segments of a packet and the mbufs that they are attached to count. nil is none.
//
// The conditions and errors are those of [mempool.Pool.Missing]: no thread of a living process uses the
// pool during the call, held is complete, and no port receives into the pool or has packets to send.
//
// Implements: rte_mempool_obj_iter
func (p *Pool) Missing(held iter.Seq[*Mbuf]) ([]*Mbuf, error) {
	missing, err := p.pool.Missing(parts(held))
	return unsafe.Slice((**Mbuf)(unsafe.Pointer(unsafe.SliceData(missing))), len(missing)), err
}

// Recover repairs the pool, returns all mbufs that [Pool.Missing] finds to it, and returns their number.
// The conditions and errors are those of Missing, and dpdk.ErrUnsupported for a pool of mbufs that always
// have external buffers.
//
// References of a missing clone are dropped: a buffer that it shared with a packet of the living is
// that packet's alone again. The function of an external buffer is not called: it belongs to the process
// that died.
//
// The ordinary life of a pool needs no call of it: see [mempool.Pool.Recover].
//
// Implements: rte_pktmbuf_init
func (p *Pool) Recover(held iter.Seq[*Mbuf]) (mbufs int, err error) {
	if p.pinned {
		return 0, &dpdk.Error{Op: opInit, Name: p.Name(), Errno: dpdk.ErrUnsupported, Detail: "the mbufs have external buffers, which only their creator knows"}
	}
	if _, err := p.pool.Repair(); err != nil {
		return 0, err
	}
	missing, err := p.Missing(held)
	if err != nil {
		return 0, err
	}
	err = control.Call(opInit, p.Name(), func() error {
		lost := map[*Mbuf]bool{}
		for _, m := range missing {
			lost[m] = true
		}
		for _, m := range missing {
			if d := m.direct(); d != nil && !lost[d] {
				d.drop()
			}
		}
		for _, m := range missing {
			cgo.MbufInit(p.Pointer(), m.raw())
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	p.pool.PutBulk(asObjects(missing))
	return len(missing), nil
}

const opInit = "rte_pktmbuf_init"

// packets returns held, and the packets in batches.
func packets(held iter.Seq[*Mbuf]) iter.Seq[*Mbuf] {
	return func(yield func(*Mbuf) bool) {
		for _, m := range batchmem.Held(batchmem.Mbuf) {
			if !yield(*(**Mbuf)(unsafe.Pointer(&m))) {
				return
			}
		}
		if held != nil {
			held(yield)
		}
	}
}

// parts returns the mbufs that packets consist of, and those that they are attached to.
func parts(held iter.Seq[*Mbuf]) iter.Seq[mempool.Object] {
	return func(yield func(mempool.Object) bool) {
		for m := range packets(held) {
			for seg := m; seg != nil; seg = *seg.next() {
				both := [2]*Mbuf{seg, seg.direct()}
				for i, o := range asObjects(both[:]) {
					if both[i] != nil && !yield(o) {
						return
					}
				}
			}
		}
	}
}

// direct returns the mbuf with the buffer that m is attached to, nil if m has its own or an external
// one. A process that is killed while it attaches m may have set the flag only.
func (m *Mbuf) direct() *Mbuf {
	if m.olFlags&Indirect == 0 {
		return nil
	}
	d := (*Mbuf)(unsafe.Add(m.bufAddr, -cgo.MbufSizeof-int(m.privSize)))
	if d == m {
		return nil
	}
	return d
}

// drop drops a reference to m, and frees m if it was the last one.
func (m *Mbuf) drop() {
	if cgo.MbufRefcntUpdate(m.raw(), -1) == 0 {
		cgo.MbufRefcntUpdate(m.raw(), 1)
		cgo.MbufFreeSeg(m.raw())
	}
}
