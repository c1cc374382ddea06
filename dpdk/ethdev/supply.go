package ethdev

import (
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// wholeBurstDrivers are the drivers that take the mbufs of a whole burst from the pool, or none.
var wholeBurstDrivers = map[string]bool{
	"net_null": true, "net_af_xdp": true, "net_tap": true, "net_virtio_user": true, "net_vhost": true,
}

// usualBurst is the number of mbufs that those drivers may take.
const usualBurst = 32

// supplyError returns why a receive queue gets no packets or no mbufs to receive into. The
// caller holds mu.
func (q *queue) supplyError() error {
	p := q.port
	if int(q.id) >= len(p.cfg.RxEach) {
		return nil
	}
	i, err := p.info()
	if err != nil {
		return err
	}
	if i.Driver == "net_af_xdp" {
		if attached, known := linux.XDP(i.IfIndex); known && !attached {
			return q.fail(dpdk.ErrNetDown, "the XDP program of the interface was removed, for example by another AF_XDP program that exited: detach the port and open it again")
		}
	}
	pool := p.cfg.RxEach[q.id].Pool
	switch n := pool.Available(); {
	case i.Driver == "net_ring": // it allocates no mbufs
		return nil
	case n == 0:
		return q.fail(dpdk.ErrNoBuffers, "the pool %q is empty: all its %d mbufs are in use or in caches: free packets, or use a larger pool", pool.Name(), pool.Size())
	case n < usualBurst && n < pool.Size() && wholeBurstDrivers[i.Driver]:
		return q.fail(dpdk.ErrNoBuffers, "the pool %q has only %d of its %d mbufs: %s takes the mbufs of a whole burst or none: free packets, or use a larger pool",
			pool.Name(), n, pool.Size(), i.Driver)
	}
	return nil
}
