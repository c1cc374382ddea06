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
	MaxName        = poolops.MaxName     // bytes: with the ops "stack" and "lf_stack" DPDK stores no more
	MaxCacheSize   = cgo.MempoolCacheMax // objects
	MaxCount       = 1<<30 - 1           // objects: the largest capacity of a ring
	MaxElemSize    = 1 << 30             // bytes
	MaxPrivateSize = 1 << 30             // bytes
)

// Config configures a pool. The zero value is a pool for any number of threads, without caches
// for lcores, on any socket.
type Config struct {
	// CacheSize is the size of the cache of each lcore. It is at most [MaxCacheSize], and 1.5
	// times it is at most the number of objects. Goroutines have their own caches: see
	// [Pool.NewCache].
	CacheSize int
	// PrivateSize is the size of the private area of the pool, in bytes.
	PrivateSize int
	Socket      dpdk.SocketID

	// SingleProducer promises that only one thread at a time, of all processes together, puts
	// objects past its cache. SingleConsumer promises the same for gets. They choose the ops if
	// Ops is "" (RTE_MEMPOOL_F_SP_PUT, RTE_MEMPOOL_F_SC_GET).
	SingleProducer, SingleConsumer bool
	// NoCacheAlign packs objects at multiples of 8 bytes instead of cache lines
	// (RTE_MEMPOOL_F_NO_CACHE_ALIGN).
	NoCacheAlign bool
	// NoSpread omits the padding that spreads objects over memory channels
	// (RTE_MEMPOOL_F_NO_SPREAD).
	NoSpread bool
	// NoIOVAContiguous is for objects that no device reads: they get no IO address
	// (RTE_MEMPOOL_F_NO_IOVA_CONTIG).
	NoIOVAContiguous bool

	// Ops is the name of the ops that store the free objects: see [Ops]. "" chooses the ring ops
	// that fit SingleProducer and SingleConsumer. With neither, it is "lf_stack", or "stack" in a
	// process that shares no memory (eal.Config.InMemory). A process without DPDK's driver
	// mempool_stack uses "ring_mp_mc".
	//
	// A process that is stopped or killed inside an "lf_stack" makes no other process wait: see
	// [Pool.Recover]. Inside all other ops it makes every thread wait that uses the pool, also in
	// the primary. A C program that uses the pool must have the ops too.
	Ops string
}

// Create makes a pool of count objects of elemSize bytes and populates it. The memory of the
// objects may hold old data: use [Pool.All] to initialize them. If it fails, nothing is left
// of the pool.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNameTooLong, dpdk.ErrInvalid; dpdk.ErrTimeout
// if memory must grow and another process does not answer.
//
// Implements: rte_mempool_create
func Create(name string, count, elemSize int, cfg Config) (*Pool, error) {
	return create(opCreate, name, count, elemSize, cfg, true)
}

// CreateEmpty makes a pool without objects. [Pool.SetOps] may change its ops, and
// [Pool.PopulateDefault] or [Pool.PopulateAnonymous] makes the objects. Until then Get finds
// none. Errors are those of [Create].
//
// Implements: rte_mempool_create_empty
func CreateEmpty(name string, count, elemSize int, cfg Config) (*Pool, error) {
	return create(opCreateEmpty, name, count, elemSize, cfg, false)
}

func create(op, name string, count, elemSize int, cfg Config, populate bool) (*Pool, error) {
	if err := check.Name(op, name, MaxName+1); err != nil {
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
	if err != nil && made != nil { // Go cannot use it
		_ = control.Call(opFree, name, func() error { return control.Errno(cgo.MempoolFree(name, made, true)) })
	}
	return p, control.ExplainCreate(err, cfg.Socket)
}

// check refuses values that DPDK would truncate, or refuse without a reason.
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

// threshold returns the number of objects at which a cache of this size flushes.
func threshold(size int) int { return size * 3 / 2 }

// largestCache returns the size of the largest cache for a pool of count objects.
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

// ops chooses as rte_mempool_create does, except for poolops.Default.
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

// SetOps chooses the ops of a pool that is not populated yet. Errors: dpdk.ErrExist if it is
// populated, dpdk.ErrInvalid for ops that this process does not have.
//
// Implements: rte_mempool_set_ops_byname
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

// populated returns the error of calls on a pool that has its objects already.
func populated(op, name string) error {
	return &dpdk.Error{Op: op, Name: name, Errno: dpdk.ErrExist,
		Detail: "the pool is populated already: CreateEmpty makes one without objects"}
}

// PopulateDefault makes the objects in DPDK's memory, which all processes share, and returns
// their number. Errors: dpdk.ErrExist if the pool has objects already, dpdk.ErrNoMemory.
//
// Implements: rte_mempool_populate_default
func (p *Pool) PopulateDefault() (int, error) {
	return p.populate(opPopulate, cgo.MempoolPopulate)
}

// PopulateAnonymous makes the objects in locked anonymous memory of this process, and returns
// their number. Other processes must not use the pool: their [Lookup] refuses it. Errors:
// dpdk.ErrExist if the pool has objects already; dpdk.ErrNoMemory, also for more than
// RLIMIT_MEMLOCK.
//
// Implements: rte_mempool_populate_anon
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
		if now.Chunks != 0 { // one of the two functions returns EINVAL for it
			return populated(op, p.info.Name)
		}
		var errno int
		n, errno = f(p.mp)
		return control.Errno(errno)
	})
	return n, err
}

// change passes f the current description of the pool, and reads it again afterwards.
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

// knownOps returns the number of ops in the table of this process. The error lists the table.
func knownOps(op, name, ops string) (index int, err error) {
	known := cgo.MempoolOps()
	if index = slices.Index(known, ops); index < 0 {
		return 0, check.Invalid(op, name, "this process has no ops %q: use one of %s", ops, strings.Join(known, ", "))
	}
	return index, nil
}

func socketID(n int32) dpdk.SocketID {
	if n < 0 || n == math.MaxInt32 {
		return dpdk.AnySocket
	}
	return dpdk.Socket(int(n))
}
