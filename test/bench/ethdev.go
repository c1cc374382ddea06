package main

import (
	"fmt"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// ethdevs compares an L2 forwarder between two net_null ports, with two calls and with the fused
// one, and a net_ring port that receives what it sends. All run with the ID of an lcore: see
// cloop.OnLcore.
func ethdevs() ([]contest, error) {
	pool, err := mbuf.CreatePool("bench ethdev", 8191, mbuf.PoolConfig{CacheSize: 256})
	if err != nil {
		return nil, err
	}
	var ports [3]*ethdev.Port
	for i, devargs := range []string{"net_null0,size=64", "net_null1,size=64", "net_ring0"} {
		if ports[i], err = ethdev.Open(devargs, ethdev.Config{Pool: pool}); err != nil {
			return nil, err
		}
	}
	contests := []contest{}
	for _, burst := range []int{1, 8, 32, 64, 256} {
		contests = append(contests, forward(ports[0], ports[1], burst)...)
	}
	c, err := loopback(ports[2], pool, 32)
	return append(contests, c...), err
}

// dstMAC and srcMAC are Ethernet addresses in the first 6 bytes of a word.
const dstMAC, srcMAC = 0x0000_0100_0000_0002, 0x0000_0200_0000_0002

func forward(in, out *ethdev.Port, burst int) []contest {
	pkts := make([]*mbuf.Mbuf, burst)
	p := unsafe.Pointer(&pkts[0])
	rx, tx := in.RxQueue(0), out.TxQueue(0)
	rxGate, txGate := cgo.NewEthQueue(uint16(in.ID()), 0, false), cgo.NewEthQueue(uint16(out.ID()), 0, false)
	rxGate.Open(true)
	txGate.Open(true)
	c := func(iters int) {
		cloop.OnLcore(func() { cloop.L2Forward(in.ID(), out.ID(), p, burst, iters, dstMAC, srcMAC) })
	}
	byCgo := func(iters int) {
		cloop.OnLcore(func() {
			for range iters {
				n := cgo.EthRx(rxGate, p, burst)
				update(pkts[:n])
				sent := cgo.EthTx(txGate, p, n)
				mbuf.FreeBulk(pkts[sent:n])
			}
		})
	}
	return []contest{{
		group: "ethdev", name: "L2 forward null → null", burst: burst, c: c, cgo: byCgo,
		goNative: func(iters int) {
			cloop.OnLcore(func() {
				for range iters {
					n := rx.Burst(pkts)
					update(pkts[:n])
					if sent := tx.Burst(pkts[:n]); sent < n {
						mbuf.FreeBulk(pkts[sent:n])
					}
				}
			})
		},
	}, {
		group: "ethdev", name: "the same, Forward", burst: burst, c: c, cgo: byCgo,
		goNative: func(iters int) {
			cloop.OnLcore(func() {
				n := 0
				for range iters {
					_, n = tx.Forward(pkts[:n], rx, pkts)
					update(pkts[:n])
				}
				mbuf.FreeBulk(pkts[:n])
			})
		},
	}}
}

// update writes new Ethernet addresses, as C's loop does, in three words.
func update(pkts []*mbuf.Mbuf) {
	for _, m := range pkts {
		p := (*[12]byte)(m.Data())
		*(*uint64)(unsafe.Pointer(&p[0])) = dstMAC
		*(*uint32)(unsafe.Pointer(&p[6])) = uint32(srcMAC & 0xffffffff)
		*(*uint16)(unsafe.Pointer(&p[10])) = uint16(srcMAC >> 32)
	}
}

func loopback(port *ethdev.Port, pool *mbuf.Pool, burst int) ([]contest, error) {
	pkts := make([]*mbuf.Mbuf, burst)
	if !pool.AllocBulk(pkts) {
		return nil, fmt.Errorf("no mbufs")
	}
	p := unsafe.Pointer(&pkts[0])
	rx, tx := port.RxQueue(0), port.TxQueue(0)
	gate := cgo.NewEthQueue(uint16(port.ID()), 0, false)
	gate.Open(true)
	c := func(iters int) { cloop.Loopback(port.ID(), p, burst, iters) }
	byCgo := func(iters int) {
		for range iters {
			cgo.EthTx(gate, p, burst)
			cgo.EthRx(gate, p, burst)
		}
	}
	return []contest{{
		group: "ethdev", name: "loopback net_ring", burst: burst, c: c, cgo: byCgo,
		goNative: func(iters int) {
			for range iters {
				tx.Burst(pkts)
				rx.Burst(pkts)
			}
		},
	}, {
		group: "ethdev", name: "the same, Exchange", burst: burst, c: c, cgo: byCgo,
		goNative: func(iters int) {
			for range iters {
				tx.Exchange(pkts, rx, pkts) // the ring accepts all packets
			}
		},
	}}, nil
}
