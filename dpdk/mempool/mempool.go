// Package mempool provides pools: fixed sets of objects of one size in shared memory
// (rte_mempool). A pool made by this package works with C programs that use the same pool, and
// the reverse.
//
// [Create], [Lookup], [Pool.Free] and the methods that describe a pool may be called from any
// goroutine, in primary and secondary, between eal.Init and Close. [Pool.Get] and [Pool.Put]
// use the objects that all threads share. Any goroutine may call them, unless the pool was
// made with [Config.SingleProducer] or [Config.SingleConsumer].
//
// A [Cache] in front of the pool is much faster. Only one goroutine at a time may use it.
// [Pool.NewCache] makes one for a goroutine. The thread of an lcore has its own: see
// [Pool.DefaultCache]. Objects in a cache count as taken from the pool until Flush.
//
// Get and Put do not allocate. With "lf_stack" on amd64, and with the ring ops, they do not call C.
// With other ops those of a Cache call C only to refill and flush it. An empty pool is not an error:
// bulk calls are all or nothing, and report which.
//
// The default ops, "lf_stack", never make a thread wait for another. If a process is killed while it
// refills or flushes a cache of [Pool.NewCache], the primary finishes or undoes that call (on amd64, if the
// primary runs Go). A process that is killed in a call without a cache, or in C, takes at most the
// objects of its bulk with it. [Pool.Recover] returns those, and all else that dead processes held.
//
// A build with the tag godpdk_debug panics when a put returns an object that does not belong
// to the pool, or that is in the pool already. The panic names the caller. Without the tag
// such a put corrupts the pool, as in C.
package mempool

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/inuse"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/poolops"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

const (
	opCreate      = "rte_mempool_create"
	opCreateEmpty = "rte_mempool_create_empty"
	opLookup      = "rte_mempool_lookup"
	opFree        = "rte_mempool_free"
	opSetOps      = "rte_mempool_set_ops_byname"
	opPopulate    = "rte_mempool_populate_default"
	opPopulateAn  = "rte_mempool_populate_anon"
	opCache       = "rte_mempool_cache_create"
	opCacheFree   = "rte_mempool_cache_free"
	opLcoreCache  = "rte_mempool_default_cache"
	opFromObj     = "rte_mempool_from_obj"
	opAvailable   = "rte_mempool_avail_count"
	opAudit       = "rte_mempool_audit"
	opDump        = "rte_mempool_dump"
	opWalk        = "rte_mempool_walk"
	opObjIter     = "rte_mempool_obj_iter"
	opMemIter     = "rte_mempool_mem_iter"
)

// Pool is a handle to a pool. Dropping the handle frees nothing. The pool is valid until any
// process calls Free, or until this process closes EAL. Using the pool, its caches or its
// objects after that accesses unmapped memory. On the handle that Free was called on, and on
// its caches, calls fail or do nothing.
type Pool struct {
	backend
	info cgo.MempoolInfo // as of when the handle was made, or the pool populated

	life   sync.RWMutex // Free holds it for writing; calls that pass the pool to C hold it for reading
	mu     sync.Mutex
	caches map[*Cache]struct{}                 // from NewCache, not closed
	lcores [cgo.MaxLcore]atomic.Pointer[Cache] // from LcoreCache
}

// Lookup finds a pool that any process has made, C programs included. The error is
// dpdk.ErrNotFound if no pool has that name. A pool without all its objects is not found
// either, such as one between [CreateEmpty] and [Pool.PopulateDefault].
//
// The error is dpdk.ErrInvalid for a pool that this process cannot use:
//
//   - DPDK stores the ops of a pool as a number. Processes that load different drivers number
//     their ops differently. Lookup refuses a pool if this process lacks its ops, or has them
//     under another number.
//   - A C program may number its ops differently, and DPDK does not record that. Lookup
//     therefore refuses a pool if its ops are less safe than the ring it was made with: the ring
//     is for several threads, and the ops for one. A C program that means to use ring_sp_sc must
//     set the flags of the pool as well.
//   - The memory of a pool made with [Pool.PopulateAnonymous] exists in one process only.
//
// No such check protects a C program. If it attaches to a pool of a Go process and numbers its
// ops differently, as dpdk-testpmd may, it can corrupt the pool. It must load the same drivers
// in the same order.
//
// Implements: rte_mempool_lookup
func Lookup(name string) (*Pool, error) {
	if err := check.Name(opLookup, name, cgo.MempoolNameSize); err != nil {
		return nil, err
	}
	p, err := open(opLookup, name, func() (cgo.MempoolInfo, error) {
		return objects.MempoolLookup(name)
	}, complete)
	return p, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

// describe reads the pool at mp. The error is dpdk.ErrNotFound if the pool was freed, here or
// in another process. Another pool may have the same address since, so the names are compared;
// "" matches any name.
func describe(op, name string, mp cgo.Mempool) (cgo.MempoolInfo, error) {
	i, err := objects.MempoolDescribe(mp)
	if err != nil {
		return i, err
	}
	if i.Pool == nil || name != "" && i.Name != name {
		return i, freedBefore(op, name)
	}
	return i, nil
}

// freedBefore returns the error of calls on a pool that was freed.
func freedBefore(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrNotFound, Detail: control.Freed}
}

// open makes a handle to the pool that f finds or makes, if the pool passes the checks.
func open(op, name string, f func() (cgo.MempoolInfo, error), checks ...func(string, *cgo.MempoolInfo) error) (*Pool, error) {
	p := new(Pool)
	err := control.Call(op, name, func() (err error) {
		if p.info, err = f(); err != nil {
			return err
		}
		for _, check := range append(checks, checkOps, checkMemory) {
			if err = check(op, &p.info); err != nil {
				return err
			}
		}
		p.backend, err = newBackend(op, &p.info)
		return err
	})
	if err != nil {
		return nil, err
	}
	poolops.Note(p.mp, p.info.Ops)
	return p, nil
}

// complete refuses a pool that does not have all its objects, or has no memory in its list
// yet.
func complete(op string, i *cgo.MempoolInfo) error {
	if i.Populated >= i.Size && i.Chunks > 0 {
		return nil
	}
	return &dpdk.Error{Op: op, Name: i.Name, Errno: dpdk.ErrNotFound,
		Detail: fmt.Sprintf("the pool has %d of its %d objects: try again when its creator has populated it", i.Populated, i.Size)}
}

// Free destroys the pool for all processes. Nobody may use the pool or its objects afterwards,
// whether they were put back or not. Free also closes the caches that [Pool.NewCache] made on
// this handle. It does not check whether other processes use the pool.
//
// Errors: dpdk.ErrBusy if a port of this process receives into the pool (close or detach the
// port, or configure it with another pool), or if there are caches from NewCache on another
// handle; dpdk.ErrNotFound if the pool was freed before, here or in another process;
// dpdk.ErrCrossDevice if only the process that populated the pool can free its memory.
//
// Implements: rte_mempool_free
func (p *Pool) Free() error {
	p.life.Lock()
	defer p.life.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	self := cacheUser{p}
	err := inuse.Free(opFree, p.info.Name, p.mp, self, p.free)
	if err == nil || errors.Is(err, dpdk.ErrNotFound) { // freed here, or by another process
		inuse.Release(self)
	}
	return err
}

// free is Free for a pool without users. The caller holds mu.
func (p *Pool) free() error {
	err := control.Call(opFree, p.info.Name, func() error {
		if p.mp == nil { // C would compare a NULL with the result of a failed lookup, also NULL
			return dpdk.ErrNotFound
		}
		_, mine := local.Load(p.mp)
		if err := freePool(p.info.Name, p.mp, mine); err != nil {
			return err
		}
		local.Delete(p.mp)
		poolops.Note(p.mp, "")
		for c := range p.caches {
			_ = objects.MempoolCacheFree(p.info.Name, unsafe.Pointer(c.mem))
			c.forget()
		}
		return nil
	})
	if err != nil {
		err = control.Explain(err, dpdk.ErrBusy, "the primary returns objects of a dead process to it: try again")
		return control.Explain(err, dpdk.ErrNotFound, control.Freed)
	}
	for i := range p.lcores {
		if c := p.lcores[i].Load(); c != nil {
			c.forget()
		}
	}
	p.caches, p.backend = nil, goneBackend
	return nil
}

// freePool frees a pool in the primary, unless its memory belongs to this process only.
func freePool(name string, mp cgo.Mempool, mine bool) error {
	if mine {
		return control.Errno(telserver.Exclude(func() int { return cgo.MempoolFree(name, mp, true) }))
	}
	return objects.MempoolFree(name, mp, false)
}

// Pointer returns the struct rte_mempool for C, nil after Free on this handle.
func (p *Pool) Pointer() unsafe.Pointer { return p.mp }

// Name returns the name of the pool.
func (p *Pool) Name() string { return p.info.Name }

// Size returns the number of objects that the pool has when it is populated.
func (p *Pool) Size() int { return int(p.info.Size) }

// ElemSize returns the size of an object in bytes: the requested size, rounded up to a
// multiple of 8.
func (p *Pool) ElemSize() int { return int(p.info.ElemSize) }

// HeaderSize returns the number of bytes before each object.
func (p *Pool) HeaderSize() int { return int(p.info.HeaderSize) }

// TrailerSize returns the number of bytes after each object.
func (p *Pool) TrailerSize() int { return int(p.info.TrailerSize) }

// PrivateSize returns the size of [Pool.Private] in bytes: the requested size, rounded up to a
// cache line.
func (p *Pool) PrivateSize() int { return int(p.info.PrivateSize) }

// CacheSize returns the size of the cache of each lcore, 0 if lcores have none.
func (p *Pool) CacheSize() int { return int(p.info.CacheSize) }

// Socket returns the socket that the pool was requested on.
func (p *Pool) Socket() dpdk.SocketID { return socketID(p.info.Socket) }

// Flags returns the flags that the pool had when it was created, looked up or populated.
func (p *Pool) Flags() Flags { return Flags(p.info.Flags) }

// OpsName returns the name of the ops of the pool: the implementation that stores its free
// objects.
func (p *Pool) OpsName() string { return p.info.Ops }

// Private returns the private area of the pool, which all processes share. It is nil if the
// pool has none, and after Free on this handle.
//
// Implements: rte_mempool_get_priv
func (p *Pool) Private() []byte {
	if p.mp == nil || p.info.PrivateSize == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p.info.Private), p.info.PrivateSize)
}

// Freed handles point to these. They are empty and accept nothing.
var (
	goneRing, _ = ringcore.New(&ringcore.HeadTail{SyncType: ringcore.Single}, &ringcore.HeadTail{SyncType: ringcore.Single},
		unsafe.Pointer(new(uint64)), 1, 0, 8)
	goneBackend = backend{ring: goneRing, isRing: true}
	gonePool    = Pool{backend: goneBackend}
	goneCache   cacheHead
)
