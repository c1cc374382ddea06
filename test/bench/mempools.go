package main

import (
	"fmt"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// mempools compares get + put of a bulk of objects, with and without a user-owned cache.
func mempools() ([]contest, error) {
	p, err := mempool.Create("bench", 4095, 64, mempool.Config{})
	if err != nil {
		return nil, err
	}
	cache, err := p.NewCache(512)
	if err != nil {
		return nil, err
	}
	raw := p.Pointer()
	rawCache, errno := cgo.MempoolCacheCreate(512, -1)
	if errno != 0 {
		return nil, fmt.Errorf("cache: %w", syscall.Errno(errno))
	}
	var contests []contest
	for _, burst := range []int{1, 8, 32} {
		objs := make([]mempool.Object, burst)
		words := make([]uintptr, burst) // for C: without Go pointers for cgo to check
		table := unsafe.Pointer(&words[0])
		contests = append(contests, contest{
			group: "mempool", name: "get + put, cache", burst: burst,
			c: func(iters int) { cloop.Mempool(raw, rawCache, table, burst, iters) },
			goNative: func(iters int) {
				if burst == 1 {
					for range iters {
						o, _ := cache.Get()
						cache.Put(o)
					}
					return
				}
				for range iters {
					cache.GetBulk(objs)
					cache.PutBulk(objs)
				}
			},
			cgo: func(iters int) {
				for range iters {
					cgo.MempoolGet(raw, rawCache, table, uint32(burst))
					cgo.MempoolPut(raw, rawCache, table, uint32(burst))
				}
			},
		}, contest{
			group: "mempool", name: "get + put, no cache", burst: burst,
			c: func(iters int) { cloop.Mempool(raw, nil, table, burst, iters) },
			goNative: func(iters int) {
				for range iters {
					p.GetBulk(objs)
					p.PutBulk(objs)
				}
			},
			cgo: func(iters int) {
				for range iters {
					cgo.MempoolGet(raw, nil, table, uint32(burst))
					cgo.MempoolPut(raw, nil, table, uint32(burst))
				}
			},
		})
	}
	return contests, nil
}
