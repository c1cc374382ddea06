package mbuf

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/poolops"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

const (
	opCreate = "rte_pktmbuf_pool_create_by_ops"
	opLookup = "rte_mempool_lookup"
	opWalk   = "rte_mempool_walk"
)

// MaxName is the length of the longest name of a pool, in bytes.
const MaxName = mempool.MaxName

const (
	// DefaultDataRoom is what PoolConfig.DataRoom 0 means: 2,048 bytes and the
	// headroom (RTE_MBUF_DEFAULT_BUF_SIZE).
	DefaultDataRoom = cgo.MbufDefaultBufSize
	// NoDataRoom is a PoolConfig.DataRoom for mbufs without a buffer of their
	// own, which Clone and Attach give those of others.
	NoDataRoom = -1
	// DefaultHeadroom is how far from the start of its buffer the data of a new
	// mbuf is, if the buffer has as much (RTE_PKTMBUF_HEADROOM).
	DefaultHeadroom = cgo.MbufHeadroom
)

// PoolConfig says how a pool is made. The zero value is mbufs with 2,048 bytes
// of data behind a headroom, on any socket.
type PoolConfig struct {
	// DataRoom is the size of each mbuf's buffer in bytes, headroom included:
	// at most 65,535. 0 is DefaultDataRoom.
	DataRoom int
	// PrivateSize is the size of each mbuf's private area in bytes: a multiple
	// of 8, at most 65,528.
	PrivateSize int
	// CacheSize is the size of the cache that each lcore has; 0 is none.
	// Goroutines that are no lcore make their own with NewCache.
	CacheSize int
	Socket    dpdk.SocketID
	// Ops names what keeps the free mbufs, such as "ring_mp_mc" or "stack". "" is
	// what an option of EAL or the platform names (rte_mbuf_best_mempool_ops),
	// otherwise "stack" in a process that shares no memory (eal.Config.InMemory) and
	// "ring_mp_mc" in all others.
	//
	// "ring_mp_mc" is a ring on which all wait in C, without yielding, for a thread
	// that the kernel stopped in the middle: with more threads than CPUs at work in C,
	// as by Clone, Copy and Free without a cache, it can stall for seconds. A pool with
	// it keeps all bursts of the process from fast calls. "stack" has one thread inside
	// at a time. "lf_stack" waits for nobody. Do not take "ring_mt_rts" for a pool
	// that fills more than seven eighths of the next power of two: puts by C can find
	// the ring full while a get elsewhere is under way, and DPDK then drops the mbufs.
	Ops string
}

// Pool is a handle to a pool of mbufs: a mempool.Pool whose objects are mbufs.
// Take mbufs with Alloc and AllocBulk, or from a Cache, not with the mempool's
// own Get, which leaves in them what the last owner wrote. Dropping the handle
// frees nothing. The pool is valid until its Free in any process, which needs
// all its mbufs to be back, or until this process's EAL closes.
//
// All methods may be called from any goroutine.
type Pool struct {
	pool               *mempool.Pool
	dataRoom, privSize int
	pinned             bool   // its mbufs have external buffers for good
	rearm              uint64 // what reset writes
}

// CreatePool makes a pool of count mbufs (rte_pktmbuf_pool_create_by_ops), of
// any number; 2^n - 1 uses memory best.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid
// (a number out of range, the socket, or ops that there are not).
func CreatePool(name string, count int, cfg PoolConfig) (*Pool, error) {
	if err := check.Name(opCreate, name, cgo.MempoolNameSize); err != nil {
		return nil, err
	}
	switch cfg.DataRoom {
	case 0:
		cfg.DataRoom = DefaultDataRoom
	case NoDataRoom:
		cfg.DataRoom = 0
	}
	if err := cfg.check(name, count); err != nil {
		return nil, err
	}
	if cfg.Ops != "" {
		ops, err := mempool.Ops()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ops, cfg.Ops) {
			return nil, check.Invalid(opCreate, name, "Ops %q: this process has no such ops: use one of %s", cfg.Ops, strings.Join(ops, ", "))
		}
	}
	var made unsafe.Pointer
	err := control.Call(opCreate, name, func() error {
		var errno int

		if cfg.Ops == "" && cgo.MbufNamedOps() == "" {
			cfg.Ops = poolops.Default()
		}
		made, errno = cgo.MbufPoolCreate(name, uint32(count), uint32(cfg.CacheSize), uint16(cfg.PrivateSize), uint16(cfg.DataRoom), cfg.Socket.Int(), cfg.Ops)
		return control.Errno(errno)
	})
	if err != nil {
		return nil, control.ExplainCreate(err, cfg.Socket)
	}
	p, err := LookupPool(name)
	if err != nil { // nothing is left of what cannot be used
		_ = control.Call(opCreate, name, func() error { return control.Errno(cgo.MempoolFree(name, made, true)) })
	}
	return p, err
}

// check refuses what C would cut to size.
func (c *PoolConfig) check(name string, count int) error {
	invalid := func(format string, args ...any) error { return check.Invalid(opCreate, name, format, args...) }
	switch {
	case count <= 0 || count > mempool.MaxCount:
		return invalid("the count is %d: use 1 to %d", count, mempool.MaxCount)
	case c.DataRoom < 0 || c.DataRoom > math.MaxUint16:
		return invalid("DataRoom is %d: use at most %d, 0 for the default, or NoDataRoom", c.DataRoom, math.MaxUint16)
	case c.PrivateSize < 0 || c.PrivateSize > math.MaxUint16:
		return invalid("PrivateSize is %d: use at most %d", c.PrivateSize, math.MaxUint16/cgo.MbufPrivAlign*cgo.MbufPrivAlign)
	case c.PrivateSize%cgo.MbufPrivAlign != 0:
		return invalid("PrivateSize is %d: use a multiple of %d", c.PrivateSize, cgo.MbufPrivAlign)
	case c.CacheSize < 0 || c.CacheSize > mempool.MaxCacheSize:
		return invalid("CacheSize is %d: use at most %d", c.CacheSize, mempool.MaxCacheSize)
	case c.CacheSize+c.CacheSize/2 > count:
		return invalid("CacheSize %d is too large for %d mbufs: use at most two thirds of them", c.CacheSize, count)
	}
	return check.Socket(opCreate, name, c.Socket)
}

// LookupPool finds a pool that any process has made, C programs included
// (rte_mempool_lookup). Errors are those of mempool.Lookup, and dpdk.ErrInvalid
// for a pool whose objects are not mbufs. A pool is found when it has all its mbufs:
// while its maker is at it, the error is dpdk.ErrNotFound.
func LookupPool(name string) (*Pool, error) { return open(mempool.Lookup(name)) }

func open(mp *mempool.Pool, err error) (*Pool, error) {
	if err != nil {
		return nil, err
	}
	var i cgo.MbufPoolInfo
	err = control.Call(opLookup, mp.Name(), func() error {
		var errno int

		i, errno = cgo.MbufPoolDescribe(mp.Name(), mp.Pointer())
		return control.Errno(errno)
	})
	if err != nil {
		return nil, control.Explain(err, dpdk.ErrNotFound, control.Freed)
	}
	if i.Unfinished {
		return nil, &dpdk.Error{Op: opLookup, Name: mp.Name(), Errno: dpdk.ErrNotFound,
			Detail: "its mbufs are not initialized yet: try again when its maker is done"}
	}
	if !i.IsMbuf {
		return nil, check.Invalid(opLookup, mp.Name(), "the pool's objects of %d bytes are not mbufs: use mempool.Lookup", mp.ElemSize())
	}
	p := &Pool{pool: mp, dataRoom: int(i.DataRoom), privSize: int(i.PrivSize), pinned: i.Flags&cgo.MbufPoolPinned != 0}
	p.rearm = uint64(min(DefaultHeadroom, p.dataRoom)) | 1<<refcntShift | 1<<nbSegsShift | InvalidPort<<portShift
	return p, nil
}

// Free destroys the pool for all processes (rte_mempool_free). Errors are those of
// mempool.Pool.Free.
func (p *Pool) Free() error { return p.pool.Free() }

// Pointer is the pool's struct rte_mempool, for C; nil after Free on this handle.
func (p *Pool) Pointer() unsafe.Pointer { return p.pool.Pointer() }

// Name is the pool's name.
func (p *Pool) Name() string { return p.pool.Name() }

// Size is how many mbufs the pool has.
func (p *Pool) Size() int { return p.pool.Size() }

// Available is how many mbufs are in the pool and in the caches of lcores: see
// mempool.Pool.Available (rte_mempool_avail_count).
func (p *Pool) Available() int { return p.pool.Available() }

// InUse is Size less Available (rte_mempool_in_use_count); 0 after Free on this handle.
func (p *Pool) InUse() int { return p.pool.InUse() }

// Full is true if all mbufs are in the pool or in lcores' caches (rte_mempool_full).
func (p *Pool) Full() bool { return p.pool.Full() }

// Empty is true if no mbuf is (rte_mempool_empty).
func (p *Pool) Empty() bool { return p.pool.Empty() }

// CacheSize is the size of each lcore's cache; 0 if lcores have none.
func (p *Pool) CacheSize() int { return p.pool.CacheSize() }

// Socket is the socket that was asked for.
func (p *Pool) Socket() dpdk.SocketID { return p.pool.Socket() }

// OpsName is the name of the pool's ops: what keeps its free mbufs.
func (p *Pool) OpsName() string { return p.pool.OpsName() }

// Audit looks for damage in the pool's own data, as mempool.Pool.Audit does
// (rte_mempool_audit).
func (p *Pool) Audit() error { return p.pool.Audit() }

// Dump is the text of rte_mempool_dump. It fails as Audit does.
func (p *Pool) Dump() (string, error) { return p.pool.Dump() }

// DataRoom is the size of each mbuf's buffer in bytes, headroom included
// (rte_pktmbuf_data_room_size).
func (p *Pool) DataRoom() int { return p.dataRoom }

// PrivateSize is the size of each mbuf's private area in bytes
// (rte_pktmbuf_priv_size).
func (p *Pool) PrivateSize() int { return p.privSize }

// String names the pool.
func (p *Pool) String() string {
	return fmt.Sprintf("pool %q of %d mbufs of %d bytes", p.Name(), p.Size(), p.dataRoom)
}

// resetInGo reports whether mbufs of the pool may be reset in Go.
func (p *Pool) resetInGo() bool { return nativeReset && !p.pinned }

// Alloc takes an empty packet from the pool, and says whether there was one
// (rte_pktmbuf_alloc without a cache). Cache.Alloc is several times faster.
func (p *Pool) Alloc() (m *Mbuf, ok bool) {
	var one [1]*Mbuf
	ok = p.AllocBulk(one[:])
	return one[0], ok
}

// AllocBulk fills all of pkts with empty packets or takes nothing, and says
// which (rte_pktmbuf_alloc_bulk without a cache). If it took nothing the
// contents of pkts are undefined.
func (p *Pool) AllocBulk(pkts []*Mbuf) bool {
	if !p.resetInGo() {
		if len(pkts) > p.Size() || p.Pointer() == nil || len(pkts) != 0 && !cgo.MbufAllocBulk(p.Pointer(), nil, unsafe.Pointer(unsafe.SliceData(pkts)), uint32(len(pkts))) {
			return false
		}
	} else {
		if !p.pool.GetBulk(objects(pkts)) {
			return false
		}
		for _, m := range pkts {
			m.reset(p.rearm)
		}
	}
	if build.Debug {
		allocated(pkts)
	}
	return true
}

// objects is the same table of pointers, seen as objects of a mempool.
func objects(pkts []*Mbuf) []mempool.Object {
	return unsafe.Slice((*mempool.Object)(unsafe.Pointer(unsafe.SliceData(pkts))), len(pkts))
}
