package mempool

import (
	"iter"
	"slices"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

// Missing returns the objects of the pool that nothing has: they are not in the pool, not in a
// cache of an lcore, not in a cache that [Pool.NewCache] made on this handle or in a secondary, not in
// a batch (ring.Batch), and not among held. Those are the objects that processes had in their hands
// when they were killed. held yields the objects that the living have: those in their hands, in rings,
// and in the caches of C programs. It may yield objects of other pools and an object twice. nil is
// none.
//
// Missing is exact if no thread of a living process uses the pool during the call, and held is
// complete. It then finds what processes in Go and C programs have lost alike. An object that a
// living thread has and held lacks is reported as missing.
//
// Only the primary may call it. Errors: dpdk.ErrSecondary; dpdk.ErrBusy if a port of this process
// receives into the pool (its driver has objects that nobody can list), if there are caches from
// NewCache on another handle, if a thread was seen in the pool, or if the primary has yet to settle what a
// dead process had begun; dpdk.ErrUnsupported for ops that are neither a ring nor a stack;
// dpdk.ErrNotFound if the pool was freed.
//
// Implements: rte_mempool_obj_iter
func (p *Pool) Missing(held iter.Seq[Object]) ([]Object, error) {
	has := collect(held) // before the call: held may use the pool
	var missing []Object
	err := p.atRest(opObjIter, func() (err error) {
		missing, err = p.missing(has)
		return err
	})
	return missing, err
}

// Repair corrects the store of a pool with the ops "lf_stack" after processes were killed inside it.
// Such a process may have taken entries of the stack's lists with it. Each holds one object, so that
// later puts would find no room and lose their objects; and a length may be too small, so that the
// last gets find too few. Repair returns the number of entries that were lost. For other ops it does
// nothing.
//
// No thread of a living process may use the pool during the call: Repair would take its entries away,
// and the pool would be damaged. Threads that hold objects and do not use the pool do not matter.
// Errors are those of [Pool.Missing].
func (p *Pool) Repair() (entries int, err error) {
	err = p.atRest(opObjIter, func() (err error) {
		entries, err = p.repair()
		return err
	})
	return entries, err
}

// Recover repairs the pool as [Pool.Repair] does, returns all objects that [Pool.Missing] finds to it,
// and returns their number. The conditions and errors are those of Repair and Missing.
//
// The ordinary life of a pool needs no call of it: use it when processes were killed that did not
// give back what they held, such as C programs.
func (p *Pool) Recover(held iter.Seq[Object]) (returned int, err error) {
	has := collect(held)
	err = p.atRest(opObjIter, func() error {
		if _, err := p.repair(); err != nil {
			return err
		}
		missing, err := p.missing(has)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(missing, cgo.MempoolCacheMax) {
			p.put(unsafe.Pointer(unsafe.SliceData(part)), len(part))
		}
		returned = len(missing)
		return nil
	})
	return returned, err
}

// atRest runs f in the primary, unless something uses the pool that f cannot look into.
func (p *Pool) atRest(op string, f func() error) error {
	p.life.RLock()
	defer p.life.RUnlock()
	return inuse.Free(op, p.info.Name, p.mp, cacheUser{p}, func() error {
		switch {
		case p.mp == nil:
			return freedBefore(op, p.info.Name)
		case cgo.ProcessType() != cgo.ProcPrimary:
			return dpdk.ErrSecondary
		}
		if _, err := describe(op, p.info.Name, p.mp); err != nil {
			return err
		}
		if !objects.CachesIdle(p.mp) {
			return busyStore(op, p.info.Name)
		}
		return f()
	})
}

// repair is Repair inside a control call.
func (p *Pool) repair() (entries int, err error) {
	_, look, err := p.inStore(opObjIter)
	if err != nil || look.State == [6]uint64{} { // not lock-free
		return 0, err
	}
	errno := cgo.StackRepair(p.info.Name, p.mp, look)
	return int(look.Lost), storeError(opObjIter, &p.info, errno)
}

// missing is Missing inside a control call.
func (p *Pool) missing(held []uintptr) ([]Object, error) {
	stored, _, err := p.inStore(opObjIter)
	if err != nil {
		return nil, err
	}
	all := cgo.MempoolObjects(p.info.Name, p.mp, p.info.Size)
	slices.Sort(all)
	has := make([]bool, len(all))
	mark := func(o uintptr) {
		if i, found := slices.BinarySearch(all, o); found {
			has[i] = true
		}
	}
	for _, objs := range [][]uintptr{stored, held} {
		for _, o := range objs {
			mark(o)
		}
	}
	p.eachCached(func(_ *cacheHead, _ int, o uintptr) { mark(o) })
	objects.EachCache(p.mp, func(c cgo.MempoolCache) { (*cacheHead)(c).each(mark) })
	var missing []Object
	for i := range all {
		if !has[i] {
			missing = append(missing, *(*Object)(unsafe.Pointer(&all[i])))
		}
	}
	return missing, nil
}

// eachCached calls f for the objects in the caches of lcores, and of this handle: with the cache, its
// lcore or -1, and the object.
func (p *Pool) eachCached(f func(c *cacheHead, lcore int, o uintptr)) {
	if p.info.Caches != nil {
		for lcore := range cgo.MaxLcore {
			h := (*cacheHead)(unsafe.Add(p.info.Caches, lcore*cgo.MempoolCacheSizeof))
			h.each(func(o uintptr) { f(h, lcore, o) })
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.caches {
		c.mem.each(func(o uintptr) { f(c.mem, -1, o) })
	}
}

// collect returns the addresses of held, and of the objects in batches.
func collect(held iter.Seq[Object]) []uintptr {
	objs := batchmem.Held(batchmem.Object)
	if held == nil {
		return objs
	}
	for o := range held {
		objs = append(objs, uintptr(o.Pointer()))
	}
	return objs
}
