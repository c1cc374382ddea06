package heap

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

const (
	opAlloc    = "rte_zmalloc_socket"
	opOpen     = "heap.Open"
	opFree     = "rte_free"
	opValidate = "rte_malloc_validate"

	maxAlign = 1 << 30
	maxSize  = 1 << 46 // DPDK counts the pages of more in an int that overflows
)

// The arguments and results of the calls that the primary makes.
type (
	newBlock struct {
		Size   uint64
		Align  uint32
		Socket int
	}
	block struct {
		Ref    Ref
		Size   uint64
		IOVA   uint64
		Socket int
	}
	none struct{}
)

var (
	allocCall    = delegate.Func(opAlloc, func(_ delegate.Owner, _ string, a newBlock) (block, error) { return alloc(a) })
	openCall     = delegate.Func(opOpen, func(_ delegate.Owner, _ string, r Ref) (block, error) { return find(r) })
	listCall     = delegate.Func(opOpen+" of all", func(delegate.Owner, string, none) ([]block, error) { return list(), nil })
	freeCall     = delegate.Func(opFree, func(_ delegate.Owner, _ string, r Ref) (none, error) { return none{}, free(r) })
	validateCall = delegate.Func(opValidate, func(_ delegate.Owner, _ string, r Ref) (none, error) { return none{}, validate(r) })
)

// blocks are those that this process has allocated: the primary for all Go processes.
var blocks struct {
	sync.Mutex
	of map[Ref]block
}

func alloc(a newBlock) (block, error) {
	if a.Size == 0 || a.Size > maxSize || a.Align > maxAlign || a.Align&(a.Align-1) != 0 { // the message of another process may have any content
		return block{}, dpdk.ErrInvalid
	}
	p, errno := cgo.HeapAlloc(a.Size, a.Align, a.Socket)
	if errno != 0 { // also EINVAL, if the size is more than DPDK has addresses for
		return block{}, dpdk.ErrNoMemory
	}
	b := block{Ref{uint64(uintptr(p)), rand.Uint64()}, a.Size, cgo.HeapIOVA(p), a.Socket}
	blocks.Lock()
	defer blocks.Unlock()
	if blocks.of == nil {
		blocks.of = map[Ref]block{}
	}
	blocks.of[b.Ref] = b
	return b, nil
}

func find(r Ref) (block, error) {
	blocks.Lock()
	defer blocks.Unlock()
	if b, ok := blocks.of[r]; ok {
		return b, nil
	}
	return block{}, dpdk.ErrNotFound
}

func list() (all []block) {
	blocks.Lock()
	defer blocks.Unlock()
	for _, b := range blocks.of {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b block) int { return cmp.Compare(a.Ref.Address, b.Ref.Address) })
	return all
}

func free(r Ref) error {
	blocks.Lock()
	_, ok := blocks.of[r]
	delete(blocks.of, r)
	blocks.Unlock()
	if !ok {
		return dpdk.ErrNotFound
	}
	cgo.HeapFree(r.pointer())
	return nil
}

// validate holds the lock, so that nobody frees the block meanwhile.
func validate(r Ref) error {
	blocks.Lock()
	defer blocks.Unlock()
	b, ok := blocks.of[r]
	if !ok {
		return dpdk.ErrNotFound
	}
	size, errno := cgo.HeapValidate(r.pointer())
	if errno == 0 && size < b.Size {
		return dpdk.ErrInvalid
	}
	return control.Errno(errno)
}

// pointer converts an address in shared memory.
func (r Ref) pointer() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&r.Address)) }

func (b *block) info() Info { return Info{b.Ref, int(b.Size), b.IOVA, socket(b.Socket)} }

func socket(n int) dpdk.SocketID {
	if n < 0 {
		return dpdk.AnySocket
	}
	return dpdk.Socket(n)
}

func (b *block) handle() *Block {
	h := &Block{info: b.info()}
	h.addr.Store((*byte)(b.Ref.pointer()))
	return h
}
