package mempool

import (
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
)

// Flags are a pool's flags (RTE_MEMPOOL_F_*).
type Flags uint32

// The flags of a pool; all but the last two are fields of Config.
const (
	NoSpread         Flags = cgo.MempoolNoSpread
	NoCacheAlign     Flags = cgo.MempoolNoCacheAlign
	SingleProducer   Flags = cgo.MempoolSPPut
	SingleConsumer   Flags = cgo.MempoolSCGet
	NoIOVAContiguous Flags = cgo.MempoolNoIOVAContig
	Created          Flags = cgo.MempoolCreated // the ops have made what keeps the objects
	NonIO            Flags = cgo.MempoolNonIO   // no device can read any of the objects
)

// String lists the flags' names.
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
	Size, Populated                                int    // objects it is made for, and has
	Available                                      int    // objects in the pool and in lcores' caches, when it was looked at
	CacheSize                                      int
	ElemSize, HeaderSize, TrailerSize, PrivateSize int // bytes
	Chunks                                         int
	Socket                                         dpdk.SocketID
	Flags                                          Flags
}

// List describes all pools of the shared memory, those of C programs included
// (rte_mempool_walk).
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opWalk, "", func() error {
		for _, i := range cgo.Mempools() {
			all = append(all, newInfo(&i))
		}
		return nil
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

// Available is how many objects are in the pool and in the caches of lcores, at
// some moment during the call; what is in caches made by NewCache counts as in
// use (rte_mempool_avail_count). It is 0 before the pool is populated and after
// Free.
func (p *Pool) Available() (n int) {
	_ = p.call(opAvailable, func() error {
		n = int(cgo.MempoolAvailable(p.info.Name, p.mp))
		return nil
	})
	return n
}

// InUse is Size less Available (rte_mempool_in_use_count); 0 after Free on this
// handle.
func (p *Pool) InUse() int {
	if p.freed() {
		return 0
	}
	return p.Size() - p.Available()
}

// Full is true if all objects are in the pool or in lcores' caches
// (rte_mempool_full).
func (p *Pool) Full() bool { return !p.freed() && p.Available() == p.Size() }

// freed reports whether Free was called on this handle.
func (p *Pool) freed() bool {
	p.life.RLock()
	defer p.life.RUnlock()
	return p.mp == nil
}

// Empty is true if no object is (rte_mempool_empty).
func (p *Pool) Empty() bool { return p.Available() == 0 }

// Audit looks for damage in the pool's own data: the lcores' caches and, if DPDK
// was built with cookies, around each object (rte_mempool_audit). The error says
// what was overwritten; damaged cookies end the process, as in C.
func (p *Pool) Audit() error {
	return p.audited(opAudit, func() (cgo.MempoolDamage, int) { return cgo.MempoolAudit(p.info.Name, p.mp) })
}

// Dump is the text of rte_mempool_dump. It fails with dpdk.ErrInvalid if the pool
// is not populated, and as Audit does.
func (p *Pool) Dump() (string, error) {
	var text string
	err := p.audited(opDump, func() (damage cgo.MempoolDamage, errno int) {
		text, damage, errno = cgo.MempoolDump(p.info.Name, p.mp)
		return damage, errno
	})
	return strings.TrimSpace(text), err
}

// audited runs f and names the damage it finds.
func (p *Pool) audited(op string, f func() (cgo.MempoolDamage, int)) error {
	return p.call(op, func() error {
		d, errno := f()
		switch syscall.Errno(errno) {
		case syscall.ENODATA:
			if p.info.Flags&cgo.MempoolCreated != 0 { // this one was populated: it is the next of its name
				return freedBefore(op, p.info.Name)
			}
			return check.Invalid(op, p.info.Name, "the pool is not populated yet")
		case linux.EUCLEAN:
			return &dpdk.Error{Op: op, Name: p.info.Name, Errno: dpdk.Errno(errno),
				Detail: fmt.Sprintf("the cache of lcore %d says it holds %d objects, its limit is %d: memory was overwritten", d.Lcore, d.Len, d.Limit)}
		}
		return control.Errno(errno)
	})
}

// All iterates over every object of the pool, in use or not, with its index, in the
// order in which they were made (rte_mempool_obj_iter). To initialise the objects call it
// before anybody gets one.
func (p *Pool) All() iter.Seq2[int, Object] {
	return func(yield func(int, Object) bool) {
		var objs []uintptr
		_ = p.call(opObjIter, func() error {
			objs = cgo.MempoolObjects(p.info.Name, p.mp, cgo.MempoolDescribe(p.mp).Populated)
			return nil
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

// Chunks lists the pieces of memory that hold the pool's objects
// (rte_mempool_mem_iter).
func (p *Pool) Chunks() ([]Chunk, error) {
	var chunks []Chunk
	err := p.call(opMemIter, func() error {
		for _, c := range cgo.MempoolChunks(p.info.Name, p.mp, cgo.MempoolDescribe(p.mp).Chunks) {
			chunks = append(chunks, Chunk{c.Addr, int(c.Len), c.IOVA})
		}
		return nil
	})
	return chunks, err
}

// local are the pools whose objects are in memory of this process alone.
var local sync.Map // of cgo.Mempool

// checkMemory refuses a pool in memory that this process does not have.
func checkMemory(op string, i *cgo.MempoolInfo) error {
	if _, ok := local.Load(i.Pool); ok {
		return nil
	}
	if i.Foreign != 0 {
		return check.Invalid(op, i.Name, "its objects are in memory of another process: populate it with PopulateDefault")
	}
	return nil
}
