// Package mempool hands out and takes back objects of one size from a fixed
// set in shared memory (rte_mempool). A pool made here works with C programs on
// the same pool, and the reverse.
//
// Create, Lookup, Free and the calls that describe a pool may be called from
// any goroutine, in primary and secondary, between eal.Init and Close. Get and
// Put on a Pool go to the objects that all threads share: any goroutine may
// call them, unless the pool was made with SingleProducer or SingleConsumer.
//
// A Cache in front of the pool is much faster, and belongs to one goroutine at
// a time: NewCache makes one for a goroutine; an lcore's thread has one already
// (DefaultCache). What a cache holds counts as taken from the pool until Flush.
//
// Get and Put do not allocate, and with the ring ops, DPDK's default, they do
// not call C. An empty pool is no error: bulk calls are all or nothing and say
// which it was.
//
// A build with the tag godpdk_debug panics, with the caller's name, when an
// object is put that is not the pool's own or that is in the pool already. Such
// a put corrupts the pool otherwise, as in C.
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
	"github.com/godpdk/godpdk/dpdk/internal/poolops"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
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

// Pool is a handle to a pool. Dropping it frees nothing. The pool stays valid
// until Free in any process, or until this process's EAL closes; using it, a
// cache or an object of it after that is an access to unmapped memory. On the
// handle that Free was called on, and on caches got from that handle, calls
// fail or do nothing.
type Pool struct {
	backend
	info cgo.MempoolInfo // as of when the handle was made or populated

	life   sync.RWMutex // Free holds it for writing; what asks C about the pool, for reading
	mu     sync.Mutex
	caches map[*Cache]struct{}                 // from NewCache, not closed
	lcores [cgo.MaxLcore]atomic.Pointer[Cache] // from LcoreCache
}

// Lookup finds a pool that any process has made, C programs included
// (rte_mempool_lookup). The error is dpdk.ErrNotFound if there is none.
//
// DPDK stores a pool's ops as a number, which means different ops in processes
// that load different drivers: a pool whose ops this process lacks, or knows
// under another number, is refused with dpdk.ErrInvalid; so is one in memory
// that only another process has (PopulateAnonymous). In a pool that a C program
// made, the number may mean other ops to that program without a sign of it. So a
// pool is refused too if its ops enter its ring with less protection than it was
// made for: a C program that wants ring_sp_sc sets the pool's flags as well.
// The reverse has no check: a C program that attaches to a pool of a Go process, such
// as dpdk-testpmd, uses what the number means to it, which may corrupt the pool. It
// must load the same drivers in the same order.
//
// A pool is found when it has all its objects: before that, as between CreateEmpty
// and PopulateDefault, the error is dpdk.ErrNotFound.
func Lookup(name string) (*Pool, error) {
	if err := check.Name(opLookup, name, cgo.MempoolNameSize); err != nil {
		return nil, err
	}
	p, err := open(opLookup, name, func() (cgo.MempoolInfo, error) {
		i, errno := cgo.MempoolLookup(name)
		return i, control.Errno(errno)
	}, complete)
	return p, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

// describe is ErrNotFound for a pool that was freed, here or in another process.
// A pool of another name has come to its address; "" is any name.
func describe(op, name string, mp cgo.Mempool) (cgo.MempoolInfo, error) {
	i := cgo.MempoolDescribe(mp)
	if i.Pool == nil || name != "" && i.Name != name {
		return i, freedBefore(op, name)
	}
	return i, nil
}

// freedBefore is the error of calls on a pool that was freed.
func freedBefore(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrNotFound, Detail: control.Freed}
}

// open makes a handle to the pool that f finds or makes, if it passes the checks.
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

// complete refuses a pool that does not have all its objects, or of which not even
// the memory is in its list yet.
func complete(op string, i *cgo.MempoolInfo) error {
	if i.Populated >= i.Size && i.Chunks > 0 {
		return nil
	}
	return &dpdk.Error{Op: op, Name: i.Name, Errno: dpdk.ErrNotFound,
		Detail: fmt.Sprintf("it has %d of its %d objects: try again when its maker has populated it", i.Populated, i.Size)}
}

// Free destroys the pool for all processes (rte_mempool_free): nobody may use it
// or an object of it any more, whether it was put back or not. Caches made by
// NewCache on this handle are freed with it. Errors: dpdk.ErrBusy if a port of this
// process receives into the pool (Close or Detach it, or Configure it with another pool)
// or if there are caches from NewCache on another handle; what other processes do is not
// looked at. dpdk.ErrNotFound if the pool was freed before, here or in another process,
// and syscall.EXDEV if only the process that populated it can free its memory.
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

// free is Free of a pool that nobody uses. The caller holds mu.
func (p *Pool) free() error {
	err := control.Call(opFree, p.info.Name, func() error {
		if p.mp == nil { // a NULL would equal what the lookup of a free name gives
			return dpdk.ErrNotFound
		}
		_, mine := local.Load(p.mp)
		if errno := cgo.MempoolFree(p.info.Name, p.mp, mine); errno != 0 {
			return control.Errno(errno)
		}
		local.Delete(p.mp)
		poolops.Note(p.mp, "")
		for c := range p.caches {
			cgo.MempoolCacheFree(unsafe.Pointer(c.mem))
			c.mem, c.pool = &goneCache.head, &gonePool
		}
		return nil
	})
	if err != nil {
		return control.Explain(err, dpdk.ErrNotFound, control.Freed)
	}
	for i := range p.lcores {
		if c := p.lcores[i].Load(); c != nil {
			c.mem, c.pool = &goneCache.head, &gonePool
		}
	}
	p.caches, p.backend = nil, goneBackend
	return nil
}

// Pointer is the struct rte_mempool, for C; nil after Free on this handle.
func (p *Pool) Pointer() unsafe.Pointer { return p.mp }

// Name is the pool's name.
func (p *Pool) Name() string { return p.info.Name }

// Size is how many objects the pool has when it is populated.
func (p *Pool) Size() int { return int(p.info.Size) }

// ElemSize is the size of an object in bytes: what was asked for, rounded up to
// a multiple of 8.
func (p *Pool) ElemSize() int { return int(p.info.ElemSize) }

// HeaderSize is how many bytes stand before each object.
func (p *Pool) HeaderSize() int { return int(p.info.HeaderSize) }

// TrailerSize is how many bytes follow each object.
func (p *Pool) TrailerSize() int { return int(p.info.TrailerSize) }

// PrivateSize is the size of Private in bytes: what was asked for, rounded up to
// a cache line.
func (p *Pool) PrivateSize() int { return int(p.info.PrivateSize) }

// CacheSize is the size of each lcore's cache; 0 if lcores have none.
func (p *Pool) CacheSize() int { return int(p.info.CacheSize) }

// Socket is the socket that was asked for.
func (p *Pool) Socket() dpdk.SocketID { return socketID(p.info.Socket) }

// Flags are the pool's flags as of when it was created, looked up or populated.
func (p *Pool) Flags() Flags { return Flags(p.info.Flags) }

// OpsName is the name of the pool's ops: what keeps its objects.
func (p *Pool) OpsName() string { return p.info.Ops }

// Private is the pool's private area, shared with all processes; nil if it has
// none, and after Free on this handle (rte_mempool_get_priv).
func (p *Pool) Private() []byte {
	if p.mp == nil || p.info.PrivateSize == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p.info.Private), p.info.PrivateSize)
}

// Handles that were freed point to these: nothing comes out, nothing goes in.
var (
	goneRing, _ = ringcore.New(&ringcore.HeadTail{SyncType: ringcore.Single}, &ringcore.HeadTail{SyncType: ringcore.Single},
		unsafe.Pointer(new(uint64)), 1, 0, 8)
	goneBackend = backend{ring: goneRing, isRing: true}
	gonePool    = Pool{backend: goneBackend}
	goneCache   struct {
		head cacheHead
		_    [cgo.MempoolCacheSizeof]byte
	}
)
