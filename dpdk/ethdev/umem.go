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

// prepareUMEM prepares a pool for net_af_xdp, which registers one area of memory with the kernel.
// Packets in mbufs outside of it are lost silently.
func (p *Port) prepareUMEM(pool *mbuf.Pool) error {
	i, err := p.info()
	if err != nil || i.Driver != "net_af_xdp" {
		return err
	}
	cgo.XDPLog() // libxdp prints to standard error otherwise
	objects, err := mempool.Lookup(pool.Name())
	if err != nil {
		return err
	}
	chunks, err := objects.Chunks()
	if err != nil || len(chunks) == 0 {
		return err
	}
	first := uintptr(chunks[0].Addr)
	if areas := countAreas(chunks); areas != 1 {
		return p.invalid(opRxSetup, "the memory of pool %q has %d separate areas, and net_af_xdp needs one: create the pool earlier or smaller, or increase eal.Config.MemoryMB",
			pool.Name(), areas)
	}
	if cgo.BuildVersion() >= 24<<24|7<<16 {
		return nil
	}
	return p.removeOutside(objects, first)
}

// countAreas returns the number of areas that the chunks form. It sorts them by address.
func countAreas(chunks []mempool.Chunk) (n int) {
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

// removeOutside removes the mbufs from the pool that lie outside of the memory that the driver
// registers before DPDK 24.07: the size of all mbufs, from the first chunk on. Each hugepage has
// a gap at its end, so the last mbufs end behind that memory. The pool field of a removed mbuf is
// nil: the next call recognizes it by that.
func (p *Port) removeOutside(pool *mempool.Pool, first uintptr) error {
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
	return &dpdk.Error{Op: opRxSetup, Name: p.name, Errno: dpdk.ErrBusy, Detail: fmt.Sprintf(
		"%d mbufs of pool %q lie outside of the memory that net_af_xdp registers, and are in use or in caches: configure the port before the pool is used", left, pool.Name())}
}
