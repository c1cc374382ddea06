package objects

import (
	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/batchmem"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// mempool is a cgo.MempoolInfo on its way from the primary.
type mempool struct {
	At, Data, Private, Caches, Ring uintptr
	Info                            cgo.MempoolInfo
}

func sendPool(i cgo.MempoolInfo) mempool {
	return mempool{number(i.Pool), number(i.Data), number(i.Private), number(i.Caches), number(i.Ring.Ring), i}
}

func (p mempool) info() cgo.MempoolInfo {
	i := p.Info
	i.Pool, i.Data, i.Private, i.Caches, i.Ring.Ring = address(p.At), address(p.Data), address(p.Private), address(p.Caches), address(p.Ring)
	return i
}

type newPool struct {
	Count, ElemSize, CacheSize, PrivateSize uint32
	Socket                                  int
	Flags                                   uint32
	Ops                                     string
	Populate                                bool
}

// part is a request for at most Max parts of a pool.
type part struct {
	At  uintptr
	Max uint32
}

type poolOps struct {
	At  uintptr
	Ops string
}

type poolFree struct {
	At   uintptr
	Mine bool
}

type chunk struct {
	At    uintptr
	Chunk cgo.MempoolChunk
}

// audit is a result with an error number beside it.
type audit struct {
	Text   string
	Damage cgo.MempoolDamage
	Errno  int
}

var (
	mempoolCreate = delegate.Func("rte_mempool_create", func(_ delegate.Owner, name string, a newPool) (uintptr, error) {
		defer telserver.Enter()()
		mp, errno := cgo.MempoolCreate(name, a.Count, a.ElemSize, a.CacheSize, a.PrivateSize, a.Socket, a.Flags, a.Ops, a.Populate)
		return number(mp), control.Errno(errno)
	})
	mempoolSetOps = delegate.Func("rte_mempool_set_ops_byname", func(_ delegate.Owner, name string, a poolOps) (none, error) {
		if err := exists(name, a.At); err != nil {
			return none{}, err
		}
		return none{}, control.Errno(cgo.MempoolSetOps(address(a.At), a.Ops))
	})
	mempoolPopulate = delegate.Func("rte_mempool_populate_default", func(_ delegate.Owner, name string, at uintptr) (int, error) {
		if err := exists(name, at); err != nil {
			return 0, err
		}
		defer telserver.Enter()()
		n, errno := cgo.MempoolPopulate(address(at))
		return n, control.Errno(errno)
	})
	mempoolFree = delegate.Func("rte_mempool_free", func(_ delegate.Owner, name string, a poolFree) (none, error) {
		return none{}, pins.free(a.At, func() error {
			if a.At == 0 {
				return dpdk.ErrNotFound
			}
			return batchmem.FreePool(a.At, func() error {
				errno := telserver.Exclude(func() int { return cgo.MempoolFree(name, address(a.At), a.Mine) })
				if errno == 0 {
					book.forgetPool(a.At)
				}
				return control.Errno(errno)
			})
		})
	})
	// An address of 0 means any pool of that name, and no name any pool at that address.
	mempoolLookup = delegate.Func("rte_mempool_lookup", func(_ delegate.Owner, name string, at uintptr) (mempool, error) {
		if at != 0 {
			return sendPool(cgo.MempoolDescribe(address(at))), nil
		}
		i, errno := cgo.MempoolLookup(name)
		return sendPool(i), control.Errno(errno)
	})
	mempools = delegate.Func("rte_mempool_walk", func(delegate.Owner, string, none) (all []mempool, _ error) {
		for _, i := range cgo.Mempools() {
			all = append(all, sendPool(i))
		}
		return all, nil
	})
	mempoolObjects = delegate.Func("rte_mempool_obj_iter", func(_ delegate.Owner, name string, a part) ([]uintptr, error) {
		if err := exists(name, a.At); err != nil {
			return nil, err
		}
		return cgo.MempoolObjects(name, address(a.At), min(a.Max, cgo.MempoolDescribe(address(a.At)).Size)), nil
	})
	mempoolChunks = delegate.Func("rte_mempool_mem_iter", func(_ delegate.Owner, name string, a part) (all []chunk, _ error) {
		if err := exists(name, a.At); err != nil {
			return nil, err
		}
		for _, c := range cgo.MempoolChunks(name, address(a.At), min(a.Max, cgo.MempoolDescribe(address(a.At)).Chunks)) {
			all = append(all, chunk{number(c.Addr), c})
		}
		return all, nil
	})
	mempoolAudit = delegate.Func("rte_mempool_audit", func(_ delegate.Owner, name string, at uintptr) (a audit, _ error) {
		a.Damage, a.Errno = cgo.MempoolAudit(name, address(at))
		return a, nil
	})
	mempoolDump = delegate.Func("rte_mempool_dump", func(_ delegate.Owner, name string, at uintptr) (a audit, _ error) {
		a.Text, a.Damage, a.Errno = cgo.MempoolDump(name, address(at))
		return a, nil
	})
	mempoolAvailable = delegate.Func("rte_mempool_avail_count", func(_ delegate.Owner, name string, at uintptr) (uint32, error) {
		return cgo.MempoolAvailable(name, address(at)), nil
	})
)

// exists returns dpdk.ErrNotFound unless the pool with this name is at the address.
func exists(name string, at uintptr) error {
	if i := cgo.MempoolDescribe(address(at)); i.Pool == nil || i.Name != name {
		return dpdk.ErrNotFound
	}
	return nil
}

// MempoolCreate does what [cgo.MempoolCreate] does.
func MempoolCreate(name string, count, elemSize, cacheSize, privateSize uint32, socket int, flags uint32, ops string, populate bool) (cgo.Mempool, error) {
	at, err := mempoolCreate(name, newPool{count, elemSize, cacheSize, privateSize, socket, flags, ops, populate})
	return address(at), err
}

// MempoolLookup does what [cgo.MempoolLookup] does.
func MempoolLookup(name string) (cgo.MempoolInfo, error) {
	p, err := mempoolLookup(name, 0)
	return p.info(), err
}

// MempoolDescribe does what [cgo.MempoolDescribe] does.
func MempoolDescribe(mp cgo.Mempool) (cgo.MempoolInfo, error) {
	if mp == nil { // 0 is a request for a name
		return cgo.MempoolInfo{}, nil
	}
	p, err := mempoolLookup("", number(mp))
	return p.info(), err
}

// MempoolSetOps does what [cgo.MempoolSetOps] does.
func MempoolSetOps(name string, mp cgo.Mempool, ops string) error {
	_, err := mempoolSetOps(name, poolOps{number(mp), ops})
	return err
}

// MempoolPopulate does what [cgo.MempoolPopulate] does.
func MempoolPopulate(name string, mp cgo.Mempool) (objects int, err error) {
	return mempoolPopulate(name, number(mp))
}

// MempoolFree does what [cgo.MempoolFree] does.
func MempoolFree(name string, mp cgo.Mempool, mine bool) error {
	_, err := mempoolFree(name, poolFree{number(mp), mine})
	return err
}

// Mempools does what [cgo.Mempools] does.
func Mempools() ([]cgo.MempoolInfo, error) {
	all, err := mempools("", none{})
	infos := make([]cgo.MempoolInfo, len(all))
	for i, p := range all {
		infos[i] = p.info()
	}
	return infos, err
}

// MempoolObjects does what [cgo.MempoolObjects] does.
func MempoolObjects(name string, mp cgo.Mempool, max uint32) ([]uintptr, error) {
	return mempoolObjects(name, part{number(mp), max})
}

// MempoolChunks does what [cgo.MempoolChunks] does.
func MempoolChunks(name string, mp cgo.Mempool, max uint32) ([]cgo.MempoolChunk, error) {
	all, err := mempoolChunks(name, part{number(mp), max})
	chunks := make([]cgo.MempoolChunk, len(all))
	for i, c := range all {
		chunks[i] = c.Chunk
		chunks[i].Addr = address(c.At)
	}
	return chunks, err
}

// MempoolAudit does what [cgo.MempoolAudit] does.
func MempoolAudit(name string, mp cgo.Mempool) (cgo.MempoolDamage, error) {
	a, err := mempoolAudit(name, number(mp))
	if err == nil {
		err = control.Errno(a.Errno)
	}
	return a.Damage, err
}

// MempoolDump does what [cgo.MempoolDump] does.
func MempoolDump(name string, mp cgo.Mempool) (string, cgo.MempoolDamage, error) {
	a, err := mempoolDump(name, number(mp))
	if err == nil {
		err = control.Errno(a.Errno)
	}
	return a.Text, a.Damage, err
}

// MempoolAvailable does what [cgo.MempoolAvailable] does.
func MempoolAvailable(name string, mp cgo.Mempool) (uint32, error) {
	return mempoolAvailable(name, number(mp))
}
