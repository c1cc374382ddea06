package main

import (
	"fmt"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
)

// bulk is the burst of the curves over something else than the burst.
const bulk = 32

// bursts are the points of the curves over the burst.
var bursts = []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}

// sizes are the curves of the group "scale" that need no port: over the burst, the number of elements
// of a ring and their size, and the number of objects of a pool.
func sizes() (contests []contest, err error) {
	if !wanted("scale") {
		return nil, nil
	}
	add := func(c contest, e error) {
		contests = append(contests, c)
		if err == nil {
			err = e
		}
	}
	for _, burst := range bursts {
		add(overBurst("SP/SC", ring.Single, burst))
		add(overBurst("MP/MC", ring.Multi, burst))
	}
	for size := 64; size <= shorter(1<<20, 1<<12); size *= 4 {
		add(overRingSize(size))
	}
	add(overElement[[1]uint32]())
	add(overElement[[2]uint32]())
	add(overElement[[4]uint32]())
	add(overElement[[8]uint32]())
	add(overElement[[16]uint32]())
	add(overElement[[32]uint32]())
	add(overElement[[64]uint32]())
	for size := 1 << 10; size <= shorter(1<<18, 1<<12); size *= 4 {
		add(overPoolSize(size))
	}
	return contests, err
}

// newRing creates a ring with the same mode on both sides, and returns DPDK's pointer too.
func newRing[T any](name string, size int, mode ring.Sync) (*ring.Ring[T], unsafe.Pointer, error) {
	r, err := ring.Create[T](name, size, ring.Config{Producer: mode, Consumer: mode})
	if err != nil {
		return nil, nil, err
	}
	return r, r.Pointer(), nil
}

func overBurst(name string, mode ring.Sync, burst int) (contest, error) {
	r, _, err := newRing[uintptr](fmt.Sprintf("%s, burst %d", name, burst), 1024, mode)
	if err != nil {
		return contest{}, err
	}
	c := bulks(r, mode, make([]uintptr, burst))
	c.group, c.name, c.axis, c.x = "scale", "ring "+name, "burst", burst
	return c, nil
}

// overRingSize has few elements in the ring: they move through all of its memory.
func overRingSize(size int) (contest, error) {
	r, raw, err := newRing[uintptr](fmt.Sprintf("size %d", size), size, ring.Single)
	objs := make([]uintptr, bulk)
	p := unsafe.Pointer(&objs[0])
	return contest{
		group: "scale", name: "ring SP/SC", burst: bulk, axis: "elements of the ring", x: size,
		c: func(iters int) { cloop.Ring(raw, true, false, p, bulk, iters) },
		goNative: func(iters int) {
			for range iters {
				r.EnqueueBulk(objs)
				r.DequeueBulk(objs)
			}
		},
	}, err
}

func overElement[T any]() (contest, error) {
	size := int(unsafe.Sizeof(*new(T)))
	r, raw, err := newRing[T](fmt.Sprintf("element %d", size), 1024, ring.Single)
	objs := make([]T, bulk)
	p := unsafe.Pointer(&objs[0])
	return contest{
		group: "scale", name: "ring SP/SC", burst: bulk, axis: "bytes of an element", x: size,
		c: func(iters int) { cloop.RingElem(raw, size, p, bulk, iters) },
		goNative: func(iters int) {
			for range iters {
				r.EnqueueBulk(objs)
				r.DequeueBulk(objs)
			}
		},
	}, err
}

// overPoolSize holds half of the objects for some time, as a program holds packets in queues. Each
// operation returns the oldest objects, and gets and writes others.
func overPoolSize(size int) (contest, error) {
	p, err := mempool.Create(fmt.Sprintf("bench %d", size), size, 64, mempool.Config{})
	if err != nil {
		return contest{}, err
	}
	cache, err := p.NewCache(256)
	if err != nil {
		return contest{}, err
	}
	rawCache, errno := cgo.MempoolCacheCreate(256, -1)
	if errno != 0 {
		return contest{}, fmt.Errorf("cache: %w", syscall.Errno(errno))
	}
	words := make([]uintptr, size/2) // for C: without Go pointers for cgo to check
	held := unsafe.Slice((*mempool.Object)(unsafe.Pointer(&words[0])), len(words))
	if !p.GetBulk(held) {
		return contest{}, fmt.Errorf("%d of %d objects: not available", len(held), size)
	}
	at := 0
	return contest{
		group: "scale", name: "pool get + put with a cache, half held", burst: bulk, axis: "objects of the pool", x: size,
		c: func(iters int) {
			at = cloop.MempoolFIFO(p.Pointer(), rawCache, unsafe.Pointer(&words[0]), len(words), at, bulk, iters)
		},
		goNative: func(iters int) {
			for range iters {
				h := held[at : at+bulk]
				cache.PutBulk(h)
				cache.GetBulk(h)
				for _, o := range h {
					*(*uint64)(o.Pointer())++
				}
				if at += bulk; at == len(held) {
					at = 0
				}
			}
		},
	}, nil
}
