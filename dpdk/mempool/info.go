package mempool

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

// Flags is the set of flags of a pool (RTE_MEMPOOL_F_*).
type Flags uint32

// The flags of a pool. All but the last two are fields of [Config].
const (
	NoSpread         Flags = cgo.MempoolNoSpread
	NoCacheAlign     Flags = cgo.MempoolNoCacheAlign
	SingleProducer   Flags = cgo.MempoolSPPut
	SingleConsumer   Flags = cgo.MempoolSCGet
	NoIOVAContiguous Flags = cgo.MempoolNoIOVAContig
	Created          Flags = cgo.MempoolCreated // the ops have allocated their store
	NonIO            Flags = cgo.MempoolNonIO   // no device can read the objects
)

// String returns the names of the flags, separated by "|".
func (f Flags) String() string {
	var names []string
	for _, n := range []struct {
		flag Flags
		name string
	}{
		{NoSpread, "NoSpread"}, {NoCacheAlign, "NoCacheAlign"}, {SingleProducer, "SingleProducer"}, {SingleConsumer, "SingleConsumer"},
		{Created, "Created"}, {NoIOVAContiguous, "NoIOVAContiguous"}, {NonIO, "NonIO"},
	} {
		if f&n.flag != 0 {
			names = append(names, n.name)
			f &^= n.flag
		}
	}
	if f != 0 {
		names = append(names, fmt.Sprintf("%#x", uint32(f)))
	}
	return strings.Join(names, "|")
}

// Info describes a pool.
type Info struct {
	Name                                           string
	Ops                                            string // "" if this process does not have them
	Size, Populated                                int    // numbers of objects: requested, and made so far
	Available                                      int    // objects in the pool and in the caches of lcores
	CacheSize                                      int
	ElemSize, HeaderSize, TrailerSize, PrivateSize int // bytes
	Chunks                                         int
	Socket                                         dpdk.SocketID
	Flags                                          Flags
}

// List describes all pools in shared memory, those of C programs included.
//
// Implements: rte_mempool_walk
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opWalk, "", func() error {
		pools, err := objects.Mempools()
		for _, i := range pools {
			all = append(all, newInfo(&i))
		}
		return err
	})
	return all, err
}

// Info describes the pool as it is now.
func (p *Pool) Info() (i Info, err error) {
	err = p.call(opLookup, func() error {
		now, err := describe(opLookup, p.info.Name, p.mp)
		if err == nil {
			i = newInfo(&now)
		}
		return err
	})
	return i, err
}

func newInfo(i *cgo.MempoolInfo) Info {
	return Info{
		Name: i.Name, Ops: i.Ops,
		Size: int(i.Size), Populated: int(i.Populated), Available: int(i.Available),
		CacheSize: int(i.CacheSize),
		ElemSize:  int(i.ElemSize), HeaderSize: int(i.HeaderSize), TrailerSize: int(i.TrailerSize),
		PrivateSize: int(i.PrivateSize), Chunks: int(i.Chunks),
		Socket: socketID(i.Socket), Flags: Flags(i.Flags),
	}
}

// call runs f as control.Call does, unless Free was called on this handle.
func (p *Pool) call(op string, f func() error) error {
	p.life.RLock()
	defer p.life.RUnlock()
	return control.Call(op, p.info.Name, func() error {
		if p.mp == nil {
			return freedBefore(op, p.info.Name)
		}
		return f()
	})
}

// Available returns the number of objects in the pool and in the caches of lcores, at some
// moment during the call. Objects in caches made by [Pool.NewCache] count as in use. It is 0
// before the pool is populated, and after Free.
//
// Implements: rte_mempool_avail_count
func (p *Pool) Available() (n int) {
	_ = p.call(opAvailable, func() error {
		available, err := objects.MempoolAvailable(p.info.Name, p.mp)
		n = int(available)
		return err
	})
	return n
}

// InUse returns Size minus Available, 0 after Free on this handle.
//
// Implements: rte_mempool_in_use_count
func (p *Pool) InUse() int {
	if p.freed() {
		return 0
	}
	return p.Size() - p.Available()
}

// Full reports whether all objects are in the pool or in the caches of lcores.
//
// Implements: rte_mempool_full
func (p *Pool) Full() bool { return !p.freed() && p.Available() == p.Size() }

// freed reports whether Free was called on this handle.
func (p *Pool) freed() bool {
	p.life.RLock()
	defer p.life.RUnlock()
	return p.mp == nil
}

// Empty reports whether no object is available: see [Pool.Available].
//
// Implements: rte_mempool_empty
func (p *Pool) Empty() bool { return p.Available() == 0 }

// Audit checks the data of the pool for damage: the caches of lcores and, if DPDK was built
// with cookies, the memory around each object. The error names the overwritten cache. Damaged
// cookies end the process, as in C.
//
// Implements: rte_mempool_audit
func (p *Pool) Audit() error {
	return p.audited(opAudit, func() (cgo.MempoolDamage, error) { return objects.MempoolAudit(p.info.Name, p.mp) })
}

// Dump returns the text of rte_mempool_dump. The error is dpdk.ErrInvalid if the pool is not
// populated, or that of [Pool.Audit].
//
// Implements: rte_mempool_dump
func (p *Pool) Dump() (string, error) {
	var text string
	err := p.audited(opDump, func() (damage cgo.MempoolDamage, err error) {
		text, damage, err = objects.MempoolDump(p.info.Name, p.mp)
		return damage, err
	})
	return strings.TrimSpace(text), err
}

// audited runs f and describes the damage that it finds.
func (p *Pool) audited(op string, f func() (cgo.MempoolDamage, error)) error {
	return p.call(op, func() error {
		d, err := f()
		switch {
		case errors.Is(err, dpdk.Errno(syscall.ENODATA)):
			if p.info.Flags&cgo.MempoolCreated != 0 { // this one was populated, so C has found its successor
				return freedBefore(op, p.info.Name)
			}
			return check.Invalid(op, p.info.Name, "the pool is not populated yet: use PopulateDefault")
		case errors.Is(err, dpdk.Errno(linux.EUCLEAN)):
			return &dpdk.Error{Op: op, Name: p.info.Name, Errno: dpdk.Errno(linux.EUCLEAN),
				Detail: fmt.Sprintf("the cache of lcore %d has a length of %d objects, its limit is %d: memory was overwritten", d.Lcore, d.Len, d.Limit)}
		}
		return err
	})
}

// All iterates over all objects of the pool, in use or not, with their indices, in the order
// in which they were made. To initialize the objects, call it before any of them is taken.
//
// Implements: rte_mempool_obj_iter
func (p *Pool) All() iter.Seq2[int, Object] {
	return func(yield func(int, Object) bool) {
		var objs []uintptr
		_ = p.call(opObjIter, func() error {
			now, err := objects.MempoolDescribe(p.mp)
			if err == nil {
				objs, err = objects.MempoolObjects(p.info.Name, p.mp, now.Populated)
			}
			return err
		})
		for i := range objs {
			if !yield(i, *(*Object)(unsafe.Pointer(&objs[i]))) {
				return
			}
		}
	}
}

// Chunk is a piece of memory that holds objects of a pool.
type Chunk struct {
	Addr unsafe.Pointer
	Len  int    // bytes
	IOVA uint64 // the address for devices, or NoIOVA
}

// Chunks lists the pieces of memory that hold the objects of the pool.
//
// Implements: rte_mempool_mem_iter
func (p *Pool) Chunks() ([]Chunk, error) {
	var chunks []Chunk
	err := p.call(opMemIter, func() error {
		now, err := objects.MempoolDescribe(p.mp)
		if err != nil {
			return err
		}
		all, err := objects.MempoolChunks(p.info.Name, p.mp, now.Chunks)
		for _, c := range all {
			chunks = append(chunks, Chunk{c.Addr, int(c.Len), c.IOVA})
		}
		return err
	})
	return chunks, err
}

// local are the pools with objects in memory of this process only.
var local sync.Map // of cgo.Mempool

// checkMemory refuses a pool with objects in memory that this process does not have.
func checkMemory(op string, i *cgo.MempoolInfo) error {
	if _, ok := local.Load(i.Pool); ok {
		return nil
	}
	if i.Foreign != 0 {
		return check.Invalid(op, i.Name, "the objects are in memory of another process: populate the pool with PopulateDefault")
	}
	return nil
}
