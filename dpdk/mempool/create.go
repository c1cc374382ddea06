package mempool

import (
	"math"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/poolops"
)

// Limits of Create.
const (
	MaxName        = cgo.MempoolNameSize - 1 // bytes
	MaxCacheSize   = cgo.MempoolCacheMax     // objects
	MaxCount       = 1<<30 - 1               // objects: what a ring can hold
	MaxElemSize    = 1 << 30                 // bytes
	MaxPrivateSize = 1 << 30                 // bytes
)

// Config says how a pool is made. The zero value is a pool for any number of
// threads, without caches for lcores, on any socket.
type Config struct {
	// CacheSize is the size of the cache that each lcore gets: at most
	// MaxCacheSize, and 1.5 times it at most the pool's count. Goroutines have
	// caches of their own: see NewCache.
	CacheSize int
	// PrivateSize is the size of the pool's private area, in bytes.
	PrivateSize int
	Socket      dpdk.SocketID

	// SingleProducer promises that one thread at a time puts past its cache,
	// in all processes together; SingleConsumer, that one gets. They choose the
	// ops if Ops is "" (RTE_MEMPOOL_F_SP_PUT, RTE_MEMPOOL_F_SC_GET).
	SingleProducer, SingleConsumer bool
	// NoCacheAlign packs objects at multiples of 8 bytes instead of cache lines
	// (RTE_MEMPOOL_F_NO_CACHE_ALIGN).
	NoCacheAlign bool
	// NoSpread leaves out the padding that spreads objects over memory channels
	// (RTE_MEMPOOL_F_NO_SPREAD).
	NoSpread bool
	// NoIOVAContiguous is for objects that no device reads: they get no IO
	// address (RTE_MEMPOOL_F_NO_IOVA_CONTIG).
	NoIOVAContiguous bool

	// Ops names what keeps the objects: see Ops. "" is the ring ops that fit
	// SingleProducer and SingleConsumer; with neither it is "stack" in a process that
	// shares no memory (eal.Config.InMemory) and "ring_mp_mc" in all others.
	Ops string
}

// Create makes a pool of count objects of elemSize bytes and populates it, as
// rte_mempool_create does. The memory of objects may hold old data: All visits
// them. Nothing is left of a pool that could not be made in full.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid.
func Create(name string, count, elemSize int, cfg Config) (*Pool, error) {
	return create(opCreate, name, count, elemSize, cfg, true)
}

// CreateEmpty is Create without the objects (rte_mempool_create_empty): SetOps
// may change the ops, and PopulateDefault or PopulateAnonymous makes the
// objects. Get finds nothing before that.
func CreateEmpty(name string, count, elemSize int, cfg Config) (*Pool, error) {
	return create(opCreateEmpty, name, count, elemSize, cfg, false)
}

func create(op, name string, count, elemSize int, cfg Config, populate bool) (*Pool, error) {
	if err := check.Name(op, name, cgo.MempoolNameSize); err != nil {
		return nil, err
	}
	if err := cfg.check(op, name, count, elemSize); err != nil {
		return nil, err
	}
	ops := cfg.ops()
	var made cgo.Mempool
	p, err := open(op, name, func() (cgo.MempoolInfo, error) {
		if err := publishOps(op, name, ops); err != nil {
			return cgo.MempoolInfo{}, err
		}
		var errno int
		made, errno = cgo.MempoolCreate(name, uint32(count), uint32(elemSize), uint32(cfg.CacheSize), uint32(cfg.PrivateSize),
			cfg.Socket.Int(), cfg.flags(), ops, populate)
		if errno != 0 {
			return cgo.MempoolInfo{}, control.Errno(errno)
		}
		return describe(op, name, made)
	})
	if err != nil && made != nil { // made, but nothing that Go can use
		_ = control.Call(opFree, name, func() error { return control.Errno(cgo.MempoolFree(name, made, true)) })
	}
	return p, control.ExplainCreate(err, cfg.Socket)
}

// check refuses what DPDK would refuse with less to say, or truncate.
func (c *Config) check(op, name string, count, elemSize int) error {
	for _, v := range []struct {
		what            string
		value, min, max int
	}{
		{"count", count, 1, MaxCount},
		{"element size", elemSize, 1, MaxElemSize},
		{"CacheSize", c.CacheSize, 0, MaxCacheSize},
		{"PrivateSize", c.PrivateSize, 0, MaxPrivateSize},
	} {
		if v.value < v.min || v.value > v.max {
			return check.Invalid(op, name, "the %s is %d: use %d to %d", v.what, v.value, v.min, v.max)
		}
	}
	if threshold(c.CacheSize) > count {
		return check.Invalid(op, name, "CacheSize %d is too large for %d objects: use at most %d, two thirds of them",
			c.CacheSize, count, largestCache(count))
	}
	return check.Socket(op, name, c.Socket)
}

// threshold is the number of objects at which a cache of this size flushes.
func threshold(size int) int { return size * 3 / 2 }

// largestCache is the size of the largest cache for a pool of count objects.
func largestCache(count int) int {
	size := min(count*2/3+1, MaxCacheSize)
	for threshold(size) > count {
		size--
	}
	return size
}

func (c *Config) flags() (flags uint32) {
	for _, f := range []struct {
		set  bool
		flag uint32
	}{
		{c.SingleProducer, cgo.MempoolSPPut},
		{c.SingleConsumer, cgo.MempoolSCGet},
		{c.NoCacheAlign, cgo.MempoolNoCacheAlign},
		{c.NoSpread, cgo.MempoolNoSpread},
		{c.NoIOVAContiguous, cgo.MempoolNoIOVAContig},
	} {
		if f.set {
			flags |= f.flag
		}
	}
	return flags
}

// ops is the choice that rte_mempool_create makes, but for poolops.Default.
func (c *Config) ops() string {
	switch {
	case c.Ops != "":
		return c.Ops
	case c.SingleProducer && c.SingleConsumer:
		return "ring_sp_sc"
	case c.SingleProducer:
		return "ring_sp_mc"
	case c.SingleConsumer:
		return "ring_mp_sc"
	}
	return poolops.Default()
}

// SetOps chooses what keeps the objects of a pool that is not populated yet
// (rte_mempool_set_ops_byname). Errors: dpdk.ErrExist if it is populated,
// dpdk.ErrInvalid for ops that this process does not have.
func (p *Pool) SetOps(name string) error {
	return p.change(opSetOps, func(now *cgo.MempoolInfo) error {
		if now.Flags&cgo.MempoolCreated != 0 {
			return populated(opSetOps, p.info.Name)
		}
		if err := publishOps(opSetOps, p.info.Name, name); err != nil {
			return err
		}
		errno := cgo.MempoolSetOps(p.mp, name)
		if errno == 0 {
			poolops.Note(p.mp, name)
		}
		return control.Errno(errno)
	})
}

// populated is the error of calls that come too late.
func populated(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrExist,
		Detail: "the pool has its objects already: CreateEmpty makes one that has none yet"}
}

// PopulateDefault makes the objects in DPDK's memory, which all processes share,
// and returns how many (rte_mempool_populate_default). Errors: dpdk.ErrExist if
// the pool has objects already, dpdk.ErrNoMemory.
func (p *Pool) PopulateDefault() (int, error) {
	return p.populate(opPopulate, cgo.MempoolPopulate)
}

// PopulateAnonymous makes the objects in ordinary locked memory of this process
// alone, and returns how many (rte_mempool_populate_anon). Other processes must
// not use the pool: Lookup refuses it there. Errors: dpdk.ErrExist if the pool
// has objects already, dpdk.ErrNoMemory, also for more than RLIMIT_MEMLOCK.
func (p *Pool) PopulateAnonymous() (int, error) {
	return p.populate(opPopulateAn, func(mp cgo.Mempool) (int, int) {
		n, errno := cgo.MempoolPopulateAnon(mp)
		if errno == 0 {
			local.Store(mp, struct{}{})
		}
		return n, errno
	})
}

func (p *Pool) populate(op string, f func(cgo.Mempool) (int, int)) (n int, err error) {
	err = p.change(op, func(now *cgo.MempoolInfo) error {
		if now.Chunks != 0 { // one of the two says EINVAL for it
			return populated(op, p.info.Name)
		}
		var errno int
		n, errno = f(p.mp)
		return control.Errno(errno)
	})
	return n, err
}

// change runs f, which gets the pool as it is, and describes the pool again.
func (p *Pool) change(op string, f func(now *cgo.MempoolInfo) error) error {
	p.life.Lock()
	defer p.life.Unlock()
	return control.Call(op, p.info.Name, func() error {
		now, err := describe(op, p.info.Name, p.mp)
		if err == nil {
			err = f(&now)
		}
		if err != nil {
			return err
		}
		if now, err = describe(op, p.info.Name, p.mp); err == nil {
			p.info = now
			p.backend, err = newBackend(op, &p.info)
		}
		return err
	})
}

// knownOps is the number of ops in this process's table, or an error that lists
// the table.
func knownOps(op, name, ops string) (index int, err error) {
	known := cgo.MempoolOps()
	if index = slices.Index(known, ops); index < 0 {
		return 0, check.Invalid(op, name, "no ops %q in this process: use one of %s", ops, strings.Join(known, ", "))
	}
	return index, nil
}

func socketID(n int32) dpdk.SocketID {
	if n < 0 || n == math.MaxInt32 {
		return dpdk.AnySocket
	}
	return dpdk.Socket(int(n))
}
