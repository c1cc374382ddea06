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
	// DefaultDataRoom is the meaning of a [PoolConfig.DataRoom] of 0: 2,048 bytes and the
	// headroom (RTE_MBUF_DEFAULT_BUF_SIZE).
	DefaultDataRoom = cgo.MbufDefaultBufSize
	// NoDataRoom is a [PoolConfig.DataRoom] for mbufs without their own buffers. They refer
	// to the buffers of other mbufs: see [Mbuf.Clone] and [Mbuf.Attach].
	NoDataRoom = -1
	// DefaultHeadroom is the number of bytes before the data of a new mbuf, if its buffer is
	// that large (RTE_PKTMBUF_HEADROOM).
	DefaultHeadroom = cgo.MbufHeadroom
)

// PoolConfig configures a pool. The zero value is a pool of mbufs with a headroom and 2,048
// bytes for data, on any socket.
type PoolConfig struct {
	// DataRoom is the size of the buffer of each mbuf in bytes, headroom included: at most 65,535.
	// 0 is [DefaultDataRoom].
	DataRoom int
	// PrivateSize is the size of the private area of each mbuf in bytes: a multiple of 8, at most
	// 65,528.
	PrivateSize int
	// CacheSize is the size of the cache of each lcore; 0 is none. Goroutines on other threads
	// have their own caches: see [Pool.NewCache].
	CacheSize int
	Socket    dpdk.SocketID
	// Ops is the name of the ops that store the free mbufs, such as "lf_stack" or "ring_mp_mc". "" is
	// the default of an EAL option or of the platform (rte_mbuf_best_mempool_ops). Without one, it
	// is "lf_stack", or "stack" in a process that shares no memory (eal.Config.InMemory). A process
	// without DPDK's driver mempool_stack uses "ring_mp_mc".
	//
	// A process that is stopped or killed inside an "lf_stack" makes no other process wait: see
	// [Pool.Recover]. A C program that uses the pool must have the ops too. "stack" lets one thread
	// in at a time. "ring_mp_mc" is a ring. If the kernel preempts a thread inside it, all others
	// busy-wait in C for that thread, without yielding. With more such threads than CPUs, as in
	// Clone, Copy and Free without a cache, it can stall for seconds. While a pool with it exists, no
	// burst of the process uses fast calls. Do not use "ring_mt_rts" for a pool of more than seven
	// eighths of the next power of two: C can find the ring full during a put while another thread
	// is inside a get, and DPDK then drops the mbufs.
	Ops string
}

// Pool is a handle to a pool of mbufs. Dropping the handle frees nothing. The pool is valid
// until any process calls Free, which needs all its mbufs to be back, or until this process
// closes EAL. Its objects are those of the mempool.Pool of the same name: see
// [mempool.Lookup]. Mbufs taken through that handle are not reset.
//
// All methods may be called from any goroutine.
type Pool struct {
	pool               *mempool.Pool
	dataRoom, privSize int
	pinned             bool   // its mbufs always have external buffers
	rearm              uint64 // the first argument of reset
}

// CreatePool makes a pool of count mbufs. Any count is allowed; 2^n - 1 uses memory best.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid (a number out
// of range, the socket, or unknown ops); dpdk.ErrTimeout if memory must grow and another process
// does not answer.
//
// Implements: rte_pktmbuf_pool_create, rte_pktmbuf_pool_create_by_ops
func CreatePool(name string, count int, cfg PoolConfig) (*Pool, error) {
	if err := check.Name(opCreate, name, MaxName+1); err != nil {
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
			return nil, check.Invalid(opCreate, name, "this process has no ops %q: set Ops to one of %s", cfg.Ops, strings.Join(ops, ", "))
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
	if err != nil { // Go cannot use it
		_ = control.Call(opCreate, name, func() error { return control.Errno(cgo.MempoolFree(name, made, true)) })
	}
	return p, err
}

// check refuses values that C would truncate.
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

// LookupPool finds a pool that any process has made, C programs included. A pool is found when
// all its mbufs are initialized; before that the error is dpdk.ErrNotFound. Other errors are
// those of [mempool.Lookup], and dpdk.ErrInvalid for a pool of objects that are not mbufs.
//
// Implements: rte_mempool_lookup
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
			Detail: "its mbufs are not initialized yet: try again when its creator has done that"}
	}
	if !i.IsMbuf {
		return nil, check.Invalid(opLookup, mp.Name(), "the pool holds %d-byte objects, not mbufs: use mempool.Lookup", mp.ElemSize())
	}
	p := &Pool{pool: mp, dataRoom: int(i.DataRoom), privSize: int(i.PrivSize), pinned: i.Flags&cgo.MbufPoolPinned != 0}
	p.rearm = uint64(min(DefaultHeadroom, p.dataRoom)) | 1<<refcntShift | 1<<nbSegsShift | InvalidPort<<portShift
	return p, nil
}

// Free destroys the pool for all processes. Errors are those of [mempool.Pool.Free].
//
// Implements: rte_mempool_free
func (p *Pool) Free() error { return p.pool.Free() }

// Pointer returns the struct rte_mempool for C. It is nil for a nil or zero Pool, and after
// Free on this handle.
func (p *Pool) Pointer() unsafe.Pointer {
	if p == nil || p.pool == nil {
		return nil
	}
	return p.pool.Pointer()
}

// Name returns the name of the pool.
func (p *Pool) Name() string { return p.pool.Name() }

// Size returns the number of mbufs of the pool.
func (p *Pool) Size() int { return p.pool.Size() }

// Available returns the number of mbufs in the pool and in the caches of lcores, at some
// moment during the call. Mbufs in caches made by [Pool.NewCache] count as in use. It is 0
// after Free.
//
// Implements: rte_mempool_avail_count
func (p *Pool) Available() int { return p.pool.Available() }

// InUse returns Size minus Available, 0 after Free on this handle.
//
// Implements: rte_mempool_in_use_count
func (p *Pool) InUse() int { return p.pool.InUse() }

// Full reports whether all mbufs are in the pool or in the caches of lcores.
//
// Implements: rte_mempool_full
func (p *Pool) Full() bool { return p.pool.Full() }

// Empty reports whether no mbuf is available: see [Pool.Available].
//
// Implements: rte_mempool_empty
func (p *Pool) Empty() bool { return p.pool.Empty() }

// CacheSize returns the size of the cache of each lcore, 0 if lcores have none.
func (p *Pool) CacheSize() int { return p.pool.CacheSize() }

// Socket returns the socket that the pool was requested on.
func (p *Pool) Socket() dpdk.SocketID { return p.pool.Socket() }

// OpsName returns the name of the ops of the pool: the implementation that stores its free
// mbufs.
func (p *Pool) OpsName() string { return p.pool.OpsName() }

// Audit checks the data of the pool for damage, as [mempool.Pool.Audit] does.
//
// Implements: rte_mempool_audit
func (p *Pool) Audit() error { return p.pool.Audit() }

// Dump returns the text of rte_mempool_dump. Errors are those of [mempool.Pool.Dump].
//
// Implements: rte_mempool_dump
func (p *Pool) Dump() (string, error) { return p.pool.Dump() }

// DataRoom returns the size of the buffer of each mbuf in bytes, headroom included.
//
// Implements: rte_pktmbuf_data_room_size
func (p *Pool) DataRoom() int { return p.dataRoom }

// PrivateSize returns the size of the private area of each mbuf in bytes.
//
// Implements: rte_pktmbuf_priv_size
func (p *Pool) PrivateSize() int { return p.privSize }

// String describes the pool in one line.
func (p *Pool) String() string {
	return fmt.Sprintf("pool %q of %d mbufs of %d bytes", p.Name(), p.Size(), p.dataRoom)
}

// resetInGo reports whether mbufs of the pool may be reset in Go.
func (p *Pool) resetInGo() bool { return nativeReset && !p.pinned }

// Alloc takes an empty packet from the pool without a cache. It reports whether there was one.
// [Cache.Alloc] is several times faster.
//
// Implements: rte_pktmbuf_alloc
func (p *Pool) Alloc() (m *Mbuf, ok bool) {
	var one [1]*Mbuf
	ok = p.AllocBulk(one[:])
	return one[0], ok
}

// AllocBulk fills all of pkts with empty packets from the pool without a cache, or takes none.
// It reports whether it took them. If not, the contents of pkts are undefined.
//
// Implements: rte_pktmbuf_alloc_bulk
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

// objects returns the same slice of pointers as objects of a mempool.
func objects(pkts []*Mbuf) []mempool.Object {
	return unsafe.Slice((*mempool.Object)(unsafe.Pointer(unsafe.SliceData(pkts))), len(pkts))
}
