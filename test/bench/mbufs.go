package main

import (
	"errors"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// mbufs compares alloc + free through a cache of 256 mbufs, and access to the bytes of packets.
func mbufs() ([]contest, error) {
	pool, err := mbuf.CreatePool("bench mbufs", 8191, mbuf.PoolConfig{CacheSize: 256})
	if err != nil {
		return nil, err
	}
	cache, err := pool.NewCache(256)
	if err != nil {
		return nil, err
	}
	mp := pool.Pointer()
	var contests []contest
	for _, burst := range []int{1, 8, 32, 64} {
		pkts := make([]*mbuf.Mbuf, burst)
		p := unsafe.Pointer(&pkts[0])
		batch, err := ring.NewBatch[*mbuf.Mbuf]("", burst)
		if err != nil {
			return nil, err
		}
		goNative := func(iters int) {
			for range iters {
				cache.AllocBulk(pkts)
				cache.FreeBulk(pkts)
			}
		}
		name := "alloc + free bulk"
		if burst == 1 {
			name = "alloc + free"
			goNative = func(iters int) {
				for range iters {
					m, _ := cache.Alloc()
					cache.Free(m)
				}
			}
		}
		contests = append(contests, contest{
			group: "mbuf", name: name, burst: burst,
			c:        func(iters int) { cloop.MbufAllocFree(mp, p, burst, iters) },
			goNative: goNative,
			cgo: func(iters int) { // a goroutine does not have the cache of an lcore
				for range iters {
					cgo.MbufAllocBulk(mp, nil, p, uint32(burst))
					cgo.MbufFreeBulk(nil, nil, p, uint32(burst))
				}
			},
		}, contest{
			group: "mbuf", name: "the same with a Batch", burst: burst,
			c: func(iters int) { cloop.MbufAllocFree(mp, p, burst, iters) },
			goNative: func(iters int) {
				for range iters {
					cache.AllocBatch(batch, burst)
					cache.FreeBatch(batch)
				}
			},
		})
	}

	pkts := make([]*mbuf.Mbuf, 32)
	if !pool.AllocBulk(pkts) {
		return nil, errors.New("no mbufs")
	}
	for _, m := range pkts {
		m.AppendBytes(make([]byte, 64))
	}
	p := unsafe.Pointer(&pkts[0])
	swap := func(iters int) {
		for range iters {
			for _, m := range pkts { // in two words, as the loop in C
				p := (*[12]byte)(m.Data())
				lo, hi := (*uint64)(unsafe.Pointer(&p[0])), (*uint32)(unsafe.Pointer(&p[8]))
				first := *lo
				*lo = first<<48 | uint64(*hi)<<16 | first>>48
				*hi = uint32(first >> 16)
			}
		}
	}
	return append(contests, contest{
		group: "mbuf", name: "Data + swap of 12 bytes", burst: len(pkts),
		c: func(iters int) { cloop.MbufSwap(p, len(pkts), iters) }, goNative: swap, cgo: swap,
	}), nil
}
