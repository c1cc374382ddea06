package batchmem

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/telserver"
)

// The operations, as errors name them. DPDK has no such functions.
const (
	OpCreate = "batch.New"
	OpClose  = "batch.Close"
)

// Kind is what the elements of a batch are.
type Kind int

const (
	Plain  Kind = iota // data
	Mbuf               // *mbuf.Mbuf
	Object             // mempool.Object
)

// KindOf returns what elements of type t are. The packages of the types import this one.
func KindOf(t reflect.Type) Kind {
	const dpdk = "github.com/godpdk/godpdk/dpdk/"
	if t.Kind() == reflect.Pointer && t.Elem().PkgPath() == dpdk+"mbuf" && t.Elem().Name() == "Mbuf" {
		return Mbuf
	}
	if t.PkgPath() == dpdk+"mempool" && t.Name() == "Object" {
		return Object
	}
	return Plain
}

// Request asks for a batch.
type Request struct {
	ElemSize, Capacity uint32
	Kind               Kind
	Type               string // of the elements in Go
}

// entry is a batch in the book of the primary.
type entry struct {
	Request
	owner delegate.Owner
	claim int    // the number of the owner's claim
	name  string // "" if no successor can claim it
	zone  string
	h     *Header
	since time.Time // when the operation of a dead owner was found; zero if there is none
	doubt int       // mbufs that are in doubt since the owner has died, and were not reported
}

// lives reports whether the owner of a batch lives.
func (e *entry) lives() bool { return e.owner != gone && delegate.Alive(e.owner) }

// book has all batches, in the primary. In a secondary of a C program it has those of this process.
var book struct {
	sync.Mutex
	last  int // the number in the name of the last zone
	claim int // the number of the last claim
	batch map[uintptr]*entry
}

// Claim identifies a batch and its claim by a process. Another batch may get the address later.
type Claim struct {
	Addr   uintptr
	Number int
}

// Create makes a batch, or claims the named one of a process that has ended.
var Create = delegate.Func(OpCreate, func(o delegate.Owner, name string, r Request) (Claim, error) {
	book.Lock()
	defer book.Unlock()
	// Also for a new batch: the next user of a Single side must find it settled.
	settle(func() bool { e := named(name); return e == nil || e.lives() || !e.unsettled() })
	if e := named(name); e != nil {
		err := e.give(o, r)
		return Claim{uintptr(unsafe.Pointer(e.h)), e.claim}, err
	}
	size := ringcore.Elems + uint64(r.ElemSize)*uint64(r.Capacity)
	z, zone, errno := reserve(size)
	if errno != 0 {
		return Claim{}, dpdk.Errno(errno)
	}
	clear(unsafe.Slice((*byte)(z.Addr), size))
	h := (*Header)(z.Addr)
	h.Capacity = r.Capacity
	if book.batch == nil {
		book.batch = map[uintptr]*entry{}
	}
	book.claim++
	book.batch[uintptr(z.Addr)] = &entry{Request: r, owner: o, claim: book.claim, name: name, zone: zone, h: h}
	return Claim{uintptr(z.Addr), book.claim}, nil
})

// named returns the batch of a name, nil for "". The caller holds the lock of the book.
func named(name string) *entry {
	for _, e := range book.batch {
		if name != "" && e.name == name {
			return e
		}
	}
	return nil
}

// reserve reserves memory under a name that no other process uses: beside a primary in C each process
// has a book of its own. The caller holds the lock of the book.
func reserve(size uint64) (z cgo.MemzoneInfo, zone string, errno int) {
	defer telserver.Enter()()
	for {
		book.last++
		zone = fmt.Sprintf("godpdk_batch_%d", book.last)
		if z, errno = cgo.MemzoneReserve(zone, size, -1, 0, 0, 0); errno != int(syscall.EEXIST) {
			return z, zone, errno
		}
	}
}

// give gives a named batch to a new owner, perhaps before the primary has noticed the death of the
// former one. The caller holds the lock of the book and has called settle.
func (e *entry) give(o delegate.Owner, r Request) error {
	switch {
	case e.lives():
		return &dpdk.Error{Op: OpCreate, Name: e.name, Errno: dpdk.ErrBusy,
			Detail: "a living process holds it: close it there first, or use another name"}
	case e.Request != r:
		return check.Invalid(OpCreate, e.name, "it holds %d elements of type %s (%d bytes), not %d of %s (%d bytes)",
			e.Capacity, e.Type, e.ElemSize, r.Capacity, r.Type, r.ElemSize)
	case e.unsettled():
		return &dpdk.Error{Op: OpCreate, Name: e.name, Errno: dpdk.ErrAgain,
			Detail: "what its owner had begun when it died is not settled yet, because another process is stopped inside the same ring"}
	}
	delegate.Recovered(e.owner, delegate.Recovery{InDoubt: e.doubt})
	book.claim++
	e.owner, e.claim, e.doubt = o, book.claim, 0
	return nil
}

// Held returns in the primary the addresses of the elements of a kind that all batches hold. For an
// operation under way it returns also those that the batch may hold.
func Held(k Kind) (all []uintptr) {
	book.Lock()
	defer book.Unlock()
	for _, e := range book.batch {
		if e.Kind != k {
			continue
		}
		lo, hi := e.h.Lo, min(e.h.Hi, e.Capacity)
		if e.h.Step != ringcore.Idle {
			lo, hi = 0, e.Capacity
		}
		for i := lo; i < hi; i++ {
			if elem := *(*uintptr)(e.h.Elem(i, e.ElemSize)); elem != 0 {
				all = append(all, elem)
			}
		}
	}
	return all
}

// FreePool calls free, which frees a pool. Then it removes the objects of the pool from all batches: the end of a batch
// would return them.
func FreePool(pool uintptr, free func() error) error {
	book.Lock()
	defer book.Unlock()
	var of []*uintptr
	for _, e := range book.batch {
		for i := e.h.Lo; e.Kind != Plain && i < min(e.h.Hi, e.Capacity); i++ {
			if elem := (*uintptr)(e.h.Elem(i, e.ElemSize)); *elem != 0 && e.Kind.poolOf(*elem) == pool {
				of = append(of, elem)
			}
		}
	}
	err := free()
	if err == nil {
		for _, elem := range of {
			*elem = 0
		}
	}
	return err
}

// poolOf returns the pool of an element.
func (k Kind) poolOf(elem uintptr) uintptr {
	at := cgo.MbufPool
	if k == Object {
		at = cgo.MempoolHeaderPool - int(cgo.MempoolHeaderSizeof)
	}
	return *(*uintptr)(unsafe.Add(pointer(elem), at))
}

// gone is the owner of named batches without a living owner.
const gone = ^delegate.Owner(0)

// Close ends a batch and gives back what it holds. With keep a named batch stays for a successor. The error is
// dpdk.ErrNotFound if the claim has ended.
func Close(name string, c Claim, keep bool) error {
	_, err := closeBatch(name, closing{c, keep})
	return err
}

type closing struct {
	Claim
	Keep bool
}

var closeBatch = delegate.Func(OpClose, func(o delegate.Owner, _ string, a closing) (struct{}, error) {
	book.Lock()
	defer book.Unlock()
	e, ok := book.batch[a.Addr]
	switch {
	case !ok || e.owner != o || e.claim != a.Number:
		return struct{}{}, dpdk.ErrNotFound
	case a.Keep && e.name != "":
		e.owner = gone
		return struct{}{}, nil
	}
	return struct{}{}, e.free(new(delegate.Recovery))
})

// free frees the memory of a batch without an operation under way. The caller holds the lock.
func (e *entry) free(r *delegate.Recovery) error {
	for i := e.h.Lo; i < min(e.h.Hi, e.Capacity); i++ {
		elem := e.h.Elem(i, e.ElemSize)
		e.h.Lo = i + 1 // first: at worst it is lost, but never freed twice
		switch {
		case e.Kind == Plain:
			r.Dropped++
		case *(*unsafe.Pointer)(elem) == nil:
		case e.Kind == Mbuf:
			cgo.MbufFree(*(*unsafe.Pointer)(elem))
			r.Returned++
		default:
			cgo.MempoolPut(pointer(e.Kind.poolOf(*(*uintptr)(elem))), nil, elem, 1)
			r.Returned++
		}
	}
	delete(book.batch, uintptr(unsafe.Pointer(e.h)))
	return control.Errno(telserver.Exclude(func() int { return cgo.MemzoneFree(e.zone, unsafe.Pointer(e.h)) }))
}

func init() { delegate.OnEndFirst(end) }

// end settles and frees the batches of a process that has ended.
func end(o delegate.Owner, _ bool) {
	var found delegate.Recovery
	settled := true
	err := control.Call("batch.end", "", func() error {
		book.Lock()
		defer book.Unlock()
		if !owns(o) {
			return nil
		}
		settled = settle(func() bool { return !pending(o) })
		var errs []error
		for _, e := range book.batch {
			delegate.Reach("before a batch")
			late := e.owner == gone && e.name == "" // its operation was not settled when its owner had died
			if e.owner != o && !late {
				continue
			}
			if e.unsettled() { // nobody knows which elements it holds
				e.owner = gone
				continue
			}
			found.InDoubt += e.doubt + e.undo()
			e.doubt = 0
			if e.name != "" {
				e.owner = gone
				found.Kept += int(max(e.h.Hi, e.h.Lo) - e.h.Lo)
				continue
			}
			errs = append(errs, e.free(&found))
		}
		return errors.Join(errs...)
	})
	switch {
	case errors.Is(err, dpdk.ErrNotRunning): // this process ends too
	case err != nil:
		control.Logger().Error("cannot settle the batches of a process that has ended", "error", err)
	case !settled:
		control.Logger().Error("a ring operation of a process that has died is not settled, because another process is stopped inside the same ring")
	}
	delegate.Recovered(o, found)
}

// owns reports whether a process has a batch. The caller holds the lock.
func owns(o delegate.Owner) bool {
	for _, e := range book.batch {
		if e.owner == o {
			return true
		}
	}
	return false
}

// pending reports whether a dead process has left an operation on a ring. The caller holds the lock.
func pending(o delegate.Owner) bool {
	for _, e := range book.batch {
		if e.owner == o && e.unsettled() {
			return true
		}
	}
	return false
}

// patience is the time for which a ring must not move before a thread without a record counts as not
// inside, and limit the time after which a living process that stays inside counts as stopped.
const (
	patience = time.Second
	limit    = 3 * time.Second
)
