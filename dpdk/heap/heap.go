package heap

import (
	"math"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// Config configures a new block. The zero value is any memory, aligned to a cache line.
type Config struct {
	// Socket is the NUMA socket of the memory.
	Socket dpdk.SocketID
	// Align is the alignment in bytes: a power of two, at most 1 GiB. 0 is a cache line, which is the minimum.
	Align int
}

// Ref refers to a block. It is plain data that a ring or a zone can hold.
type Ref struct {
	Address uint64 // of the block, the same in all processes
	ID      uint64 // of this block: a later one at the same address has another
}

// Info describes a block.
type Info struct {
	Ref    Ref
	Size   int    // in bytes
	IOVA   uint64 // the address that devices use, or [NoIOVA]
	Socket dpdk.SocketID
}

// NoIOVA is the IO address of memory that devices cannot use.
const NoIOVA = math.MaxUint64

// Block is a handle to a block. Dropping it frees nothing. Its methods may be called from any goroutine.
type Block struct {
	info Info
	mu   sync.Mutex // held by Free
	addr atomic.Pointer[byte]
}

// Alloc allocates a block and clears it.
//
// Errors: dpdk.ErrNoMemory; dpdk.ErrInvalid (the size, the alignment or the socket); dpdk.ErrTimeout if memory must grow
// and another process does not answer.
//
// Implements: rte_zmalloc_socket, rte_zmalloc, rte_malloc_socket, rte_malloc, rte_calloc_socket, rte_calloc
func Alloc(size int, cfg Config) (*Block, error) {
	if size <= 0 || size > maxSize {
		return nil, check.Invalid(opAlloc, "", "the size is %d: use at least 1, and at most %d", size, maxSize)
	}
	if cfg.Align < 0 || cfg.Align > maxAlign || cfg.Align&(cfg.Align-1) != 0 {
		return nil, check.Invalid(opAlloc, "", "Align is %d: use a power of two, at most %d, or 0 for a cache line", cfg.Align, maxAlign)
	}
	if err := check.Socket(opAlloc, "", cfg.Socket); err != nil {
		return nil, err
	}
	var made block
	err := control.Call(opAlloc, "", func() (err error) {
		made, err = allocCall("", newBlock{uint64(size), uint32(cfg.Align), cfg.Socket.Int()})
		return err
	})
	if err != nil {
		return nil, control.ExplainCreate(err, cfg.Socket)
	}
	return made.handle(), nil
}

// Open returns a handle to a block that another process, or this one, has allocated. The error is dpdk.ErrNotFound if it was freed.
func Open(r Ref) (*Block, error) {
	var found block
	err := control.Call(opOpen, "", func() (err error) {
		found, err = openCall("", r)
		return err
	})
	if err != nil {
		return nil, control.Explain(err, dpdk.ErrNotFound, "the block was freed, or the memory is not one of package heap")
	}
	return found.handle(), nil
}

// List describes all blocks that the primary, or a process beside a C primary, has allocated with this package.
func List() (all []Info, err error) {
	err = control.Call(opOpen, "", func() error {
		blocks, err := listCall("", none{})
		for _, b := range blocks {
			all = append(all, b.info())
		}
		return err
	})
	return all, err
}

// Ref returns a reference to the block for other processes.
func (b *Block) Ref() Ref { return b.info.Ref }

// Info describes the block as it was allocated.
func (b *Block) Info() Info { return b.info }

// Pointer returns the address of the block, or nil after Free on this handle.
func (b *Block) Pointer() unsafe.Pointer { return unsafe.Pointer(b.addr.Load()) }

// Bytes returns the block, or nil after Free on this handle. The slice is valid until any process frees the block.
func (b *Block) Bytes() []byte {
	if p := b.addr.Load(); p != nil {
		return unsafe.Slice(p, b.info.Size)
	}
	return nil
}

// View returns the block as a slice of T, which holds no Go pointers. The rest of the block, which is smaller than a T, is not part of
// it. The slice is valid until any process frees the block.
//
// Errors: dpdk.ErrInvalid if T does not fit or needs another alignment; dpdk.ErrNotFound after Free on this handle.
func View[T any](b *Block) ([]T, error) {
	t := reflect.TypeFor[T]()
	if err := check.NoPointers(opOpen, "", t); err != nil {
		return nil, err
	}
	p, size := b.Pointer(), int(t.Size())
	switch {
	case p == nil:
		return nil, &dpdk.Error{Op: opOpen, Errno: dpdk.ErrNotFound, Detail: control.Freed}
	case size == 0 || size > b.info.Size:
		return nil, check.Invalid(opOpen, "", "%v has %d bytes, and the block %d: allocate a larger one", t, size, b.info.Size)
	case uintptr(p)%uintptr(t.Align()) != 0:
		return nil, check.Invalid(opOpen, "", "%v needs an alignment of %d bytes: allocate the block with Config.Align", t, t.Align())
	}
	return unsafe.Slice((*T)(p), b.info.Size/size), nil
}

// Validate checks the data that DPDK keeps around the block. The error is dpdk.ErrInvalid if somebody has overwritten it, which
// only a DPDK built with RTE_MALLOC_DEBUG notices, and dpdk.ErrNotFound if the block was freed.
//
// Implements: rte_malloc_validate
func (b *Block) Validate() error {
	err := b.call(opValidate, func() error {
		_, err := validateCall("", b.info.Ref)
		return err
	})
	return control.Explain(err, dpdk.ErrInvalid, "memory before or behind the block was overwritten")
}

// Free frees the block for all processes. No process may use it any more. The error is dpdk.ErrNotFound if any process has freed it
// before.
//
// Implements: rte_free
func (b *Block) Free() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.call(opFree, func() error {
		_, err := freeCall("", b.info.Ref)
		return err
	})
	if err == nil {
		b.addr.Store(nil)
	}
	return err
}

func (b *Block) call(op string, f func() error) error { return control.CallOn(op, "", b.Pointer(), f) }
