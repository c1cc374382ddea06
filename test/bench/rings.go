package main

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/bench/cloop"
	"github.com/godpdk/godpdk/test/twin"
)

// rings compares enqueue + dequeue of a bulk of pointers, for each mode and burst size.
func rings() ([]contest, error) {
	var contests []contest
	for _, mode := range []ring.Sync{ring.Single, ring.Multi, ring.RTS, ring.HTS} {
		name := map[ring.Sync]string{ring.Single: "SP/SC", ring.Multi: "MP/MC", ring.RTS: "RTS", ring.HTS: "HTS"}[mode]
		r, raw, err := newRing[uintptr]("bench "+name, 1024, mode)
		if err != nil {
			return nil, err
		}
		single, multi := mode == ring.Single, mode == ring.Multi
		obj := new(uintptr)
		contests = append(contests, contest{
			group: "ring", name: name + " one element", burst: 1,
			c: func(iters int) { cloop.RingOne(raw, single, multi, unsafe.Pointer(obj), iters) },
			goNative: func(iters int) {
				for range iters {
					r.Enqueue(*obj)
					*obj, _ = r.Dequeue()
				}
			},
		})
		for _, burst := range []int{1, 8, 32, 128} {
			objs := make([]uintptr, burst)
			for i := range objs {
				objs[i] = uintptr(i)
			}
			batch, err := ring.NewBatch[uintptr]("", burst)
			if err != nil {
				return nil, err
			}
			batch.Append(objs...)
			bulk := bulks(r, mode, objs)
			bulk.group, bulk.name = "ring", name+" enqueue + dequeue"
			contests = append(contests, bulk, contest{
				group: "ring", name: "the same with a Batch", burst: burst,
				c: bulk.c,
				goNative: func(iters int) {
					for range iters {
						r.EnqueueBatch(batch)
						r.DequeueBatch(batch, burst)
					}
				},
			})
		}
	}
	return contests, nil
}

// bulks enqueues and dequeues objs.
func bulks(r *ring.Ring[uintptr], mode ring.Sync, objs []uintptr) contest {
	raw, p, burst := r.Pointer(), unsafe.Pointer(&objs[0]), len(objs)
	return contest{
		burst: burst,
		c:     func(iters int) { cloop.Ring(raw, mode == ring.Single, mode == ring.Multi, p, burst, iters) },
		goNative: func(iters int) {
			for range iters {
				r.EnqueueBulk(objs)
				r.DequeueBulk(objs)
			}
		},
		cgo: func(iters int) {
			for range iters {
				twin.RingEnqueue(raw, p, 8, uint32(burst), true)
				twin.RingDequeue(raw, p, 8, uint32(burst), true)
			}
		},
	}
}
