// Package memzone reserves and finds named blocks of hugepage memory that all
// processes of a file prefix share (rte_memzone).
//
// All functions may be called from any goroutine, in primary and secondary, between
// eal.Init and Close. Access to a zone's memory is not synchronized: use a [Value] with
// sync/atomic fields, or a ring, for data that several threads use.
package memzone

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

const (
	opReserve = "rte_memzone_reserve_bounded"
	opLookup  = "rte_memzone_lookup"
	opFree    = "rte_memzone_free"
	opWalk    = "rte_memzone_walk"
)

// MaxName is the maximum length of a name, in bytes.
const MaxName = cgo.MemzoneNameSize - 1

// CacheLine is DPDK's size of a cache line, in bytes (RTE_CACHE_LINE_SIZE). A C type that
// is __rte_cache_aligned starts at a multiple of it, and its size is a multiple of it.
const CacheLine = cgo.CacheLineSize

// PageSize selects hugepages of one size (RTE_MEMZONE_2MB and so on).
type PageSize uint32

// Sizes of hugepages. The architecture determines which of them exist.
const (
	AnyPage   PageSize = 0
	Page256KB PageSize = cgo.Memzone256KB
	Page2MB   PageSize = cgo.Memzone2MB
	Page16MB  PageSize = cgo.Memzone16MB
	Page256MB PageSize = cgo.Memzone256MB
	Page512MB PageSize = cgo.Memzone512MB
	Page1GB   PageSize = cgo.Memzone1GB
	Page4GB   PageSize = cgo.Memzone4GB
	Page16GB  PageSize = cgo.Memzone16GB
)

// Config selects the memory of a zone. The zero value is any memory, aligned to a cache
// line.
type Config struct {
	Socket dpdk.SocketID
	// Align is the alignment in bytes, a power of two. The minimum and the default are a
	// cache line.
	Align int
	// Bound is a power of two, at least the size, of which the zone must not cross a
	// multiple. 0 means none.
	Bound    int
	PageSize PageSize
	// PageSizeHint allows pages of another size if none of PageSize are free
	// (RTE_MEMZONE_SIZE_HINT_ONLY).
	PageSizeHint bool
	// IOVAContiguous requires contiguous IO addresses, as some devices need
	// (RTE_MEMZONE_IOVA_CONTIG).
	IOVAContiguous bool
}

// Info describes a zone.
type Info struct {
	Name         string
	Size         int    // bytes
	IOVA         uint64 // the address that devices use
	HugepageSize int    // bytes
	Socket       dpdk.SocketID
}

// Zone is a handle to a zone. Dropping it frees nothing. The memory is valid until any
// process calls Free, or until this process closes EAL.
type Zone struct {
	info Info
	mu   sync.Mutex // held by Free
	addr atomic.Pointer[byte]
}

// Reserve makes a zone of size bytes. Its memory may contain old data. Size 0 reserves the
// largest free block that meets cfg.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNoSpace (too many zones),
// dpdk.ErrNameTooLong, dpdk.ErrInvalid; dpdk.ErrTimeout if memory must grow and another process
// does not answer.
//
// Implements: rte_memzone_reserve_bounded, rte_memzone_reserve_aligned, rte_memzone_reserve
func Reserve(name string, size int, cfg Config) (*Zone, error) {
	return reserve(name, size, cfg, layout.Type{})
}

// reserve makes a zone for a value of type t.
func reserve(name string, size int, cfg Config, t layout.Type) (*Zone, error) {
	if err := check.Name(opReserve, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	if err := cfg.check(name, size); err != nil {
		return nil, err
	}
	flags := uint32(cfg.PageSize)
	if cfg.PageSizeHint {
		flags |= cgo.MemzoneSizeHintOnly
	}
	if cfg.IOVAContiguous {
		flags |= cgo.MemzoneIOVAContig
	}
	z, err := zone(opReserve, name, func() (cgo.MemzoneInfo, error) {
		return objects.MemzoneReserve(name, uint64(size), cfg.Socket.Int(), flags, uint32(cfg.Align), uint32(cfg.Bound), t)
	})
	return z, control.ExplainCreate(err, cfg.Socket)
}

// Lookup finds a zone by name. Any process, also a C program, may have reserved it. The
// error is dpdk.ErrNotFound if no zone has that name.
//
// Implements: rte_memzone_lookup
func Lookup(name string) (*Zone, error) {
	if err := check.Name(opLookup, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	z, err := zone(opLookup, name, func() (cgo.MemzoneInfo, error) { return objects.MemzoneLookup(name) })
	return z, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

func zone(op, name string, f func() (cgo.MemzoneInfo, error)) (*Zone, error) {
	var z Zone
	err := control.Call(op, name, func() error {
		i, err := f()
		if err == nil {
			z.info = info(i)
			z.addr.Store((*byte)(i.Addr))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &z, nil
}

func info(i cgo.MemzoneInfo) Info {
	return Info{Name: i.Name, Size: int(i.Len), IOVA: i.IOVA, HugepageSize: int(i.HugepageSize), Socket: dpdk.Socket(int(i.Socket))}
}

// check refuses values that DPDK would refuse without a reason, truncate or ignore.
func (c *Config) check(name string, size int) error {
	if size < 0 {
		return check.Invalid(opReserve, name, "the size %d is negative", size)
	}
	for _, p := range []struct {
		field string
		value int
	}{{"Align", c.Align}, {"Bound", c.Bound}} {
		if v := p.value; v < 0 || v&(v-1) != 0 || v > math.MaxUint32 {
			return check.Invalid(opReserve, name, "%s %d is not a power of two below 4 GiB", p.field, v)
		}
	}
	if c.Bound != 0 && size > c.Bound {
		return check.Invalid(opReserve, name, "the size %d is larger than Bound %d: use a larger Bound, or 0", size, c.Bound)
	}
	switch c.PageSize {
	case AnyPage, Page256KB, Page2MB, Page16MB, Page256MB, Page512MB, Page1GB, Page4GB, Page16GB:
	default:
		return check.Invalid(opReserve, name, "PageSize %#x does not exist: use a constant of this package, such as Page2MB", c.PageSize)
	}
	return check.Socket(opReserve, name, c.Socket)
}

// List describes all zones of the file prefix, also those of DPDK's own objects.
//
// Implements: rte_memzone_walk, rte_memzone_dump
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opWalk, "", func() error {
		zones, err := objects.Memzones()
		for _, z := range zones {
			all = append(all, info(z))
		}
		return err
	})
	return all, err
}

// Info describes the zone. The error is dpdk.ErrNotFound after Free on this handle.
func (z *Zone) Info() (Info, error) {
	if z.addr.Load() == nil {
		return Info{}, z.freed(opLookup)
	}
	return z.info, nil
}

// Name returns the zone's name.
func (z *Zone) Name() string { return z.info.Name }

// Pointer returns the address of the zone's memory, for C, or nil after Free on this
// handle.
func (z *Zone) Pointer() unsafe.Pointer { return unsafe.Pointer(z.addr.Load()) }

// Bytes returns the zone's memory, which all processes share, or nil after Free on this
// handle. DPDK rounds the requested size up to a cache line.
func (z *Zone) Bytes() []byte {
	addr := z.addr.Load()
	if addr == nil {
		return nil
	}
	return unsafe.Slice(addr, z.info.Size)
}

// IOVA returns the zone's address for devices.
func (z *Zone) IOVA() uint64 { return z.info.IOVA }

// Free destroys the zone for all processes. No process may use its memory afterwards.
//
// Errors: dpdk.ErrNotFound if this or another process has freed the zone before;
// dpdk.ErrBusy if it is the memory of a ring or a mempool, or if another process is in a call that needs it, such as udp.NewHost.
//
// Free compares addresses only, so it may free a newer zone of the same name: have a single
// owner call it.
//
// Implements: rte_memzone_free
func (z *Zone) Free() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	addr := z.addr.Load()
	if addr == nil {
		return z.freed(opFree)
	}
	var owner string
	err := control.Call(opFree, z.info.Name, func() error {
		if owner = owned(z.info.Name); owner != "" {
			return dpdk.ErrBusy
		}
		return objects.MemzoneFree(z.info.Name, unsafe.Pointer(addr))
	})
	err = control.Explain(err, dpdk.ErrBusy, "it is the memory of "+owner+": free that")
	if err == nil {
		z.addr.Store(nil)
	}
	return control.Explain(err, dpdk.ErrNotFound, control.Freed)
}

func (z *Zone) freed(op string) error {
	return &dpdk.Error{Op: op, Name: z.info.Name, Errno: dpdk.ErrNotFound, Detail: control.Freed}
}

// owned returns the ring or pool that DPDK has made in the zone of this name, or "".
func owned(zone string) string {
	if name, ok := strings.CutPrefix(zone, "RG_"); ok {
		if _, err := objects.RingLookup(name); err == nil {
			return "ring " + name
		}
	}
	name, ok := strings.CutPrefix(zone, "MP_")
	if !ok {
		return ""
	}
	// The objects of a pool are in zones with a number after the pool's name.
	pools := []string{name}
	if digits := strings.TrimRight(name, "0123456789"); digits != name && strings.HasSuffix(digits, "_") {
		pools = append(pools, strings.TrimSuffix(digits, "_"))
	}
	for _, pool := range pools {
		if _, err := objects.MempoolLookup(pool); err == nil {
			return "pool " + pool
		}
	}
	return ""
}
