// Package memzone reserves and finds named blocks of hugepage memory that all
// processes of a file prefix share (rte_memzone).
//
// All functions may be called from any goroutine, in primary and secondary,
// between eal.Init and Close. What is in a zone is not synchronised: use a
// Value with sync/atomic fields, or a ring, for what several threads touch.
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
)

const (
	opReserve = "rte_memzone_reserve_bounded"
	opLookup  = "rte_memzone_lookup"
	opFree    = "rte_memzone_free"
	opWalk    = "rte_memzone_walk"
)

// MaxName is the length of the longest name, in bytes.
const MaxName = cgo.MemzoneNameSize - 1

// CacheLine is the size of a cache line to DPDK, in bytes (RTE_CACHE_LINE_SIZE): what C
// calls __rte_cache_aligned starts at a multiple of it, and its size is one.
const CacheLine = cgo.CacheLineSize

// PageSize asks for memory from hugepages of one size (RTE_MEMZONE_2MB and so on).
type PageSize uint32

// Sizes of hugepages; which exist is a matter of the architecture.
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

// Config says what memory a zone wants. The zero value is any memory, aligned
// to a cache line.
type Config struct {
	Socket dpdk.SocketID
	// Align is the alignment in bytes, a power of two; 0 is a cache line, and
	// DPDK rounds less up to it.
	Align int
	// Bound, a power of two not below the size, is what the zone must not
	// cross a multiple of; 0 is no bound.
	Bound    int
	PageSize PageSize
	// PageSizeHint takes other pages if there are none of PageSize
	// (RTE_MEMZONE_SIZE_HINT_ONLY).
	PageSizeHint bool
	// IOVAContiguous asks for contiguous IO addresses, for what a device reads
	// (RTE_MEMZONE_IOVA_CONTIG).
	IOVAContiguous bool
}

// Info describes a zone.
type Info struct {
	Name         string
	Size         int    // bytes
	IOVA         uint64 // the address for devices
	HugepageSize int    // bytes
	Socket       dpdk.SocketID
}

// Zone is a handle to a zone. Dropping it frees nothing. The memory stays valid
// until Free in any process, or until this process's EAL closes.
type Zone struct {
	info Info
	mu   sync.Mutex // held while the zone is freed
	addr atomic.Pointer[byte]
}

// Reserve makes a zone of size bytes (rte_memzone_reserve_bounded). Its memory
// may hold old data. Size 0 takes the largest free block that meets cfg.
//
// Errors: dpdk.ErrExist, dpdk.ErrNoMemory, dpdk.ErrNoSpace (too many zones),
// dpdk.ErrNameTooLong, dpdk.ErrInvalid.
func Reserve(name string, size int, cfg Config) (*Zone, error) {
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
	z, err := zone(opReserve, name, func() (cgo.MemzoneInfo, int) {
		return cgo.MemzoneReserve(name, uint64(size), cfg.Socket.Int(), flags, uint32(cfg.Align), uint32(cfg.Bound))
	})
	return z, control.ExplainCreate(err, cfg.Socket)
}

// Lookup finds a zone that any process has reserved, C programs included
// (rte_memzone_lookup). The error is dpdk.ErrNotFound if there is none.
func Lookup(name string) (*Zone, error) {
	if err := check.Name(opLookup, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	z, err := zone(opLookup, name, func() (cgo.MemzoneInfo, int) { return cgo.MemzoneLookup(name) })
	return z, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
}

func zone(op, name string, f func() (cgo.MemzoneInfo, int)) (*Zone, error) {
	var z Zone
	err := control.Call(op, name, func() error {
		i, errno := f()
		if errno == 0 {
			z.info = info(i)
			z.addr.Store((*byte)(i.Addr))
		}
		return control.Errno(errno)
	})
	if err != nil {
		return nil, err
	}
	return &z, nil
}

func info(i cgo.MemzoneInfo) Info {
	return Info{Name: i.Name, Size: int(i.Len), IOVA: i.IOVA, HugepageSize: int(i.HugepageSize), Socket: dpdk.Socket(int(i.Socket))}
}

// check refuses what DPDK would refuse with less to say, truncate or ignore.
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
		return check.Invalid(opReserve, name, "%d bytes cannot lie within Bound %d", size, c.Bound)
	}
	switch c.PageSize {
	case AnyPage, Page256KB, Page2MB, Page16MB, Page256MB, Page512MB, Page1GB, Page4GB, Page16GB:
	default:
		return check.Invalid(opReserve, name, "PageSize %#x is none of the package's constants", c.PageSize)
	}
	return check.Socket(opReserve, name, c.Socket)
}

// List describes all zones of the shared memory, those inside DPDK's own
// objects included (rte_memzone_walk).
func List() ([]Info, error) {
	var all []Info
	err := control.Call(opWalk, "", func() error {
		zones, errno := cgo.Memzones()
		for _, z := range zones {
			all = append(all, info(z))
		}
		return control.Errno(errno)
	})
	return all, err
}

// Info describes the zone as it was when this handle was made.
func (z *Zone) Info() Info { return z.info }

// Name is the zone's name.
func (z *Zone) Name() string { return z.info.Name }

// Bytes is the zone's memory, shared with all processes; nil after Free on
// this handle. DPDK rounds the size that was asked for up to a cache line.
func (z *Zone) Bytes() []byte {
	addr := z.addr.Load()
	if addr == nil {
		return nil
	}
	return unsafe.Slice(addr, z.info.Size)
}

// IOVA is the zone's address for devices.
func (z *Zone) IOVA() uint64 { return z.info.IOVA }

// Free destroys the zone for all processes (rte_memzone_free): nobody may use
// its memory any more. Several goroutines may call it. Errors: dpdk.ErrNotFound if it
// was freed before, here or in another process, and dpdk.ErrBusy if a ring or a pool of
// objects is in it. Free compares addresses only, so it may free a newer zone of the same
// name: have a single owner call it.
func (z *Zone) Free() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	addr := z.addr.Load()
	if addr == nil {
		return &dpdk.Error{Op: opFree, Name: z.info.Name, Errno: dpdk.ErrNotFound, Detail: control.Freed}
	}
	var owner string
	err := control.Call(opFree, z.info.Name, func() error {
		if owner = owned(z.info.Name); owner != "" {
			return dpdk.ErrBusy
		}
		return control.Errno(cgo.MemzoneFree(z.info.Name, unsafe.Pointer(addr)))
	})
	err = control.Explain(err, dpdk.ErrBusy, "it is the memory of "+owner+": free that")
	if err == nil {
		z.addr.Store(nil)
	}
	return control.Explain(err, dpdk.ErrNotFound, control.Freed)
}

// owned returns what DPDK has made in the zone of this name, if that still exists.
func owned(zone string) string {
	if name, ok := strings.CutPrefix(zone, "RG_"); ok {
		if _, errno := cgo.RingLookup(name); errno == 0 {
			return "ring " + name
		}
	}
	name, ok := strings.CutPrefix(zone, "MP_")
	if !ok {
		return ""
	}
	// The pool's objects are in zones with a number behind its name.
	pools := []string{name}
	if digits := strings.TrimRight(name, "0123456789"); digits != name && strings.HasSuffix(digits, "_") {
		pools = append(pools, strings.TrimSuffix(digits, "_"))
	}
	for _, pool := range pools {
		if _, errno := cgo.MempoolLookup(pool); errno == 0 {
			return "pool " + pool
		}
	}
	return ""
}
