package pdump

import (
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	pdumpcgo "github.com/godpdk/godpdk/cgo/pdump"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// copies is the pool of the copies.
//
// A Go primary makes the pool, so its ops have the primary's number. A C primary may number its ops
// differently from this process, as dpdk-testpmd does: then the pool, which is a ring, has the primary's number while the
// primary uses it, and this process frees copies without the ops.
type copies struct {
	*mbuf.Pool
	ring bool // the primary is a C program
	own  int  // the number of the ops in this process
}

const ringOps = "ring_mp_mc"

func newCopies(name string, count, room int) (*copies, error) {
	c := &copies{}
	cfg := mbuf.PoolConfig{DataRoom: room, CacheSize: 32} // a cache for lcores of the primary, as dpdk-dumpcap's
	err := control.Call("rte_mempool_walk", name, func() error {
		c.ring = !control.Started().RunsGo(mpsocket.Primary)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.ring {
		cfg.Ops = ringOps
	}
	if c.Pool, err = mbuf.CreatePool(name, count, cfg); err != nil || !c.ring {
		return c, err
	}
	c.own = pdumpcgo.Ops(c.Pointer())
	known := false
	err = control.Call("rte_mempool_walk", name, func() error {
		all, err := objects.Mempools()
		for _, p := range all {
			if p.Name != name && isRing(p) {
				pdumpcgo.SetOps(c.Pointer(), int(p.OpsIndex))
				known = true
				break
			}
		}
		return err
	})
	if err == nil && !known {
		err = &dpdk.Error{Op: opEnable, Name: name, Errno: dpdk.ErrUnsupported, Detail: "the primary has no pool with the ops " + ringOps + ", so their number in it is unknown: make one there"}
	}
	return c, err
}

// isRing reports whether the pool is a ring for any number of threads, as ringOps makes it.
func isRing(p cgo.MempoolInfo) bool {
	return p.Flags&cgo.MempoolCreated != 0 && p.Data != nil && p.Ring.Ring == p.Data &&
		ringcore.Sync(p.Ring.ProducerSync) == ringcore.Multi && ringcore.Sync(p.Ring.ConsumerSync) == ringcore.Multi
}

// free frees copies.
func (c *copies) free(pkts []*mbuf.Mbuf) {
	switch {
	case len(pkts) == 0:
	case c.ring:
		pdumpcgo.Free(unsafe.Pointer(unsafe.SliceData(pkts)), len(pkts))
	default:
		mbuf.FreeBulk(pkts)
	}
}

// close frees the pool.
func (c *copies) close() error {
	if c.ring && c.Pointer() != nil {
		pdumpcgo.SetOps(c.Pointer(), c.own)
	}
	return c.Free()
}
