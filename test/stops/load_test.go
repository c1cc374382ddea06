//go:build linux

package stops

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

const (
	poolSize = 3000 // less than seven eighths of its ring: see mbuf.PoolConfig.Ops
	burst    = 32
)

// ringPorts are the kinds of port that return packets through a ring, and the sync type of the
// ring. Several pollers may use the ring at once.
var ringPorts = map[string]ring.Sync{
	"ring-multi": ring.Multi, "ring-single": ring.Single, "ring-rts": ring.RTS, "ring-hts": ring.HTS,
}

// load is goroutines that poll a port and goroutines that use its pool.
type load struct {
	pool   *mbuf.Pool
	close  func() error // of the port
	ended  atomic.Bool
	all    sync.WaitGroup
	bursts atomic.Int64
	allocs atomic.Int64
}

// startLoad starts pollers of a port of this kind, each on a queue of its own, and
// workers on its pool, half of them with a cache.
func startLoad(ops, kind string, pollers, workers int) (*load, error) {
	pool, err := mbuf.CreatePool("stops", poolSize, mbuf.PoolConfig{Ops: ops})
	if err != nil {
		return nil, err
	}
	l := &load{pool: pool}
	cfg := ethdev.Config{Pool: pool, RxQueues: pollers, TxQueues: pollers}
	var port *ethdev.Port
	turn := l.forward
	if kind == "null" {
		port, err = vdev.Open(vdev.Null{Name: "net_null0"}, cfg)
		if err == nil {
			l.close = port.Detach
		}
	} else {
		var cable *netring.Cable
		cable, err = netring.Loopback(netring.CableConfig{Name: "net_ring_stops", Queues: pollers, Sync: ringPorts[kind], Size: 256}, cfg)
		if err == nil {
			port, l.close, turn = cable.A, cable.Close, l.turnRound
		}
	}
	if err != nil {
		return nil, err
	}
	for n := range pollers {
		rx, tx := port.RxQueue(n), port.TxQueue(n)
		l.all.Go(func() { turn(rx, tx) })
	}
	for n := range workers {
		l.all.Go(func() { l.work(n%2 == 0) })
	}
	return l, nil
}

// forward sends the packets that it receives.
func (l *load) forward(rx ethdev.RxQueue, tx ethdev.TxQueue) {
	pkts, n := make([]*mbuf.Mbuf, burst), 0
	for !l.ended.Load() {
		_, n = tx.Forward(pkts[:n], rx, pkts)
		l.bursts.Add(1)
	}
	mbuf.FreeBulk(pkts[:n])
}

// turnRound sends packets that come back.
func (l *load) turnRound(rx ethdev.RxQueue, tx ethdev.TxQueue) {
	pkts := make([]*mbuf.Mbuf, burst)
	for !l.ended.Load() {
		if l.pool.AllocBulk(pkts) {
			mbuf.FreeBulk(pkts[tx.Burst(pkts):])
		}
		mbuf.FreeBulk(pkts[:rx.Burst(pkts)])
		l.bursts.Add(1)
	}
}

// work allocates and frees.
func (l *load) work(cached bool) {
	pkts := make([]*mbuf.Mbuf, 8)
	if !cached {
		for !l.ended.Load() {
			if l.pool.AllocBulk(pkts) {
				mbuf.FreeBulk(pkts)
			}
			l.allocs.Add(1)
		}
		return
	}
	cache, err := l.pool.NewCache(16)
	if err != nil {
		return
	}
	defer cache.Close()
	many := make([]*mbuf.Mbuf, 40) // more than the cache holds
	for !l.ended.Load() {
		if cache.AllocBulk(many) {
			cache.FreeBulk(many)
		}
		l.allocs.Add(1)
	}
}

// stop ends the load and checks that no mbuf was lost.
func (l *load) stop() error {
	if err := l.end(); err != nil {
		return err
	}
	if n := l.pool.Available(); n != poolSize {
		return fmt.Errorf("%d of %d mbufs are in the pool", n, poolSize)
	}
	return l.pool.Free()
}

func (l *load) end() error {
	l.ended.Store(true)
	l.all.Wait()
	return l.close()
}

// recover ends the load and returns to the pool what a killed process has lost. Afterwards the pool
// gives each of its mbufs once, and has room for all of them.
func (l *load) recover() error {
	if err := l.end(); err != nil {
		return err
	}
	n, err := l.pool.Recover(nil)
	if err != nil {
		return err
	}
	if n > burst {
		return fmt.Errorf("%d mbufs are lost, the process had at most %d", n, burst)
	}
	for range 2 {
		seen, pkts := map[*mbuf.Mbuf]bool{}, make([]*mbuf.Mbuf, poolSize)
		if n := l.pool.Available(); n != poolSize || !l.pool.AllocBulk(pkts) {
			return fmt.Errorf("%d of %d mbufs are in the pool", n, poolSize)
		}
		for _, m := range pkts {
			seen[m] = true
			if err := m.Check(true); err != nil {
				return err
			}
		}
		if len(seen) != poolSize {
			return fmt.Errorf("the pool has given %d mbufs twice", poolSize-len(seen))
		}
		mbuf.FreeBulk(pkts)
	}
	return l.pool.Free()
}
