package main

import (
	"fmt"
	"math/rand/v2"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// ports are the curves of the group "scale" over bursts and queues of ports.
func ports() ([]contest, error) {
	if !wanted("scale") {
		return nil, nil
	}
	pool, err := mbuf.CreatePool("bench ports", 8191, mbuf.PoolConfig{CacheSize: 256})
	if err != nil {
		return nil, err
	}
	null := func(name string, queues int) (*ethdev.Port, error) {
		return ethdev.Open("net_null_"+name+",size=64", ethdev.Config{Pool: pool, RxQueues: queues, TxQueues: queues})
	}
	in, err := null("in", 64)
	if err != nil {
		return nil, err
	}
	out, err := null("out", 64)
	if err != nil {
		return nil, err
	}
	var contests []contest
	for _, burst := range bursts {
		c := forward(in, out, burst)[0]
		c.group, c.axis, c.x = "scale", "burst", burst
		contests = append(contests, c)
	}
	cold, err := newPressure()
	if err != nil {
		return nil, err
	}
	for _, burst := range bursts {
		contests = append(contests, cold.forward(burst))
	}
	for queues := 1; queues <= 64; queues *= 2 {
		contests = append(contests, overQueues("forward null → null", in, out, queues))
	}
	loop, err := netring.Loopback(netring.CableConfig{Queues: 16, Sync: ring.Single}, ethdev.Config{Pool: pool, RxQueues: 16, TxQueues: 16})
	if err != nil {
		return nil, err
	}
	for queue := range 16 {
		if err := fill(loop.A.TxQueue(queue), pool, bulk); err != nil {
			return nil, err
		}
	}
	for queues := 1; queues <= 16; queues *= 2 {
		contests = append(contests, overQueues("loopback net_ring", loop.A, loop.A, queues))
	}
	return contests, nil
}

// overQueues polls one queue after the other.
func overQueues(name string, in, out *ethdev.Port, queues int) contest {
	pkts := make([]*mbuf.Mbuf, bulk)
	p := unsafe.Pointer(&pkts[0])
	rx, tx := make([]ethdev.RxQueue, queues), make([]ethdev.TxQueue, queues)
	for i := range queues {
		rx[i], tx[i] = in.RxQueue(i), out.TxQueue(i)
	}
	return contest{
		group: "scale", name: name, burst: bulk, axis: "queues", x: queues,
		c: func(iters int) {
			cloop.OnLcore(func() { cloop.Queues(in.ID(), out.ID(), queues, p, bulk, iters, dstMAC, srcMAC) })
		},
		goNative: func(iters int) {
			cloop.OnLcore(func() {
				queue := 0
				for range iters {
					n := rx[queue].Burst(pkts)
					update(pkts[:n])
					if sent := tx[queue].Burst(pkts[:n]); sent < n {
						mbuf.FreeBulk(pkts[sent:n])
					}
					if queue++; queue == queues {
						queue = 0
					}
				}
			})
		},
	}
}

// pressure is a forwarder that misses the L2 cache, as with a NIC and a table of flows: 16,383
// packets are on their way, and each counts in a random line of a table of 16 MiB.
type pressure struct {
	port  *ethdev.Port
	table []line
}

type line [8]uint64

const (
	onTheirWay = 1<<14 - 1
	lines      = 1 << (32 - lineShift)
	lineShift  = 14
)

func newPressure() (*pressure, error) {
	pool, err := mbuf.CreatePool("bench pressure", onTheirWay, mbuf.PoolConfig{})
	if err != nil {
		return nil, err
	}
	cable, err := netring.Loopback(netring.CableConfig{Size: 1 << 15, Sync: ring.Single}, ethdev.Config{Pool: pool})
	if err != nil {
		return nil, err
	}
	zone, err := memzone.Reserve("bench table", lines*int(unsafe.Sizeof(line{})), memzone.Config{})
	if err != nil {
		return nil, err
	}
	if err := fill(cable.A.TxQueue(0), pool, onTheirWay); err != nil {
		return nil, err
	}
	return &pressure{cable.A, unsafe.Slice((*line)(zone.Pointer()), lines)}, nil
}

// fill sends n packets of random flows, in a random order of addresses.
func fill(tx ethdev.TxQueue, pool *mbuf.Pool, n int) error {
	pkts := make([]*mbuf.Mbuf, n)
	if !pool.AllocBulk(pkts) {
		return fmt.Errorf("%d mbufs: not available", n)
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(n, func(i, j int) { pkts[i], pkts[j] = pkts[j], pkts[i] })
	for _, m := range pkts {
		frame := make([]byte, 64)
		*(*uint32)(unsafe.Pointer(&frame[16])) = random.Uint32()
		m.AppendBytes(frame)
	}
	for len(pkts) > 0 {
		sent := tx.Burst(pkts[:min(bulk, len(pkts))])
		if sent == 0 {
			return fmt.Errorf("the port does not accept %d packets", n)
		}
		pkts = pkts[sent:]
	}
	return nil
}

func (pr *pressure) forward(burst int) contest {
	pkts := make([]*mbuf.Mbuf, burst)
	p := unsafe.Pointer(&pkts[0])
	rx, tx := pr.port.RxQueue(0), pr.port.TxQueue(0)
	return contest{
		group: "scale", name: "forward, cache misses", burst: burst, axis: "burst", x: burst,
		c: func(iters int) {
			cloop.Pressure(pr.port.ID(), p, burst, iters, unsafe.Pointer(&pr.table[0]), lineShift, dstMAC, srcMAC)
		},
		goNative: func(iters int) {
			for range iters {
				n := rx.Burst(pkts)
				for _, m := range pkts[:n] {
					p := (*[20]byte)(m.Data())
					flow := (*uint32)(unsafe.Pointer(&p[16]))
					*flow = *flow*1664525 + 1013904223
					*(*uint64)(unsafe.Pointer(&p[0])) = dstMAC
					*(*uint32)(unsafe.Pointer(&p[6])) = uint32(srcMAC & 0xffffffff)
					*(*uint16)(unsafe.Pointer(&p[10])) = uint16(srcMAC >> 32)
					pr.table[*flow>>lineShift][0]++
				}
				tx.Burst(pkts[:n])
			}
		},
	}
}
