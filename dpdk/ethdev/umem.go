package ethdev

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// umem prepares a pool for net_af_xdp, which registers one piece of memory with the
// kernel. Packets in mbufs that lie outside of it are lost without a sign.
func (p *Port) umem(pool *mbuf.Pool) error {
	i, err := p.info()
	if err != nil || i.Driver != "net_af_xdp" {
		return err
	}
	cgo.XDPLog() // what comes next prints to standard error otherwise
	objects, err := mempool.Lookup(pool.Name())
	if err != nil {
		return err
	}
	chunks, err := objects.Chunks()
	if err != nil || len(chunks) == 0 {
		return err
	}
	first := uintptr(chunks[0].Addr)
	if pieces := pieces(chunks); pieces != 1 {
		return p.invalid("rte_eth_rx_queue_setup", "the memory of pool %q is in %d pieces, and net_af_xdp needs one: create the pool earlier, or smaller, or with more of eal.Config.MemoryMB",
			pool.Name(), pieces)
	}
	if cgo.BuildVersion() >= 24<<24|7<<16 {
		return nil
	}
	return p.retire(objects, first)
}

// pieces is how many areas the chunks form, which it sorts by address.
func pieces(chunks []mempool.Chunk) (n int) {
	slices.SortFunc(chunks, func(a, b mempool.Chunk) int { return int(uintptr(a.Addr)) - int(uintptr(b.Addr)) })
	end := uintptr(0)
	for _, c := range chunks {
		if uintptr(c.Addr) != end {
			n++
		}
		end = uintptr(c.Addr) + uintptr(c.Len)
	}
	return n
}

// retire takes those mbufs out of the pool for good that lie outside of what the driver
// registers before DPDK 24.07: as many bytes as all mbufs have, from the first chunk on. There
// is a gap at the end of each hugepage, so that the last mbufs end behind that. An mbuf that
// was taken out has no pool, by which the next call knows it.
func (p *Port) retire(pool *mempool.Pool, first uintptr) error {
	size := uintptr(pool.HeaderSize() + pool.ElemSize() + pool.TrailerSize())
	end := first + size*uintptr(pool.Size())
	outside := func(o mempool.Object) bool {
		start := uintptr(o.Pointer()) - uintptr(pool.HeaderSize())
		return start < first || start+size > end
	}
	home := func(o mempool.Object) *unsafe.Pointer {
		return (*unsafe.Pointer)(unsafe.Add(o.Pointer(), cgo.MbufPool))
	}
	left := 0
	for _, o := range pool.All() {
		if outside(o) && *home(o) != nil {
			left++
		}
	}
	var good []mempool.Object
	for left > 0 {
		o, ok := pool.Get()
		if !ok {
			break
		}
		if outside(o) {
			*home(o) = nil
			left--
		} else {
			good = append(good, o)
		}
	}
	pool.PutBulk(good)
	if left == 0 {
		return nil
	}
	return &dpdk.Error{Op: "rte_eth_rx_queue_setup", Name: p.name, Errno: dpdk.ErrBusy, Detail: fmt.Sprintf(
		"%d mbufs of pool %q lie outside of what net_af_xdp registers, and are in use or in caches: configure the port before the pool is used", left, pool.Name())}
}
