package routetable

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// Readers are the processes that look up addresses in a table, in the primary. Without a QSBR nobody knows them, and nothing waits for them.
type Readers struct {
	name   string         // of the QSBR, or ""
	v      unsafe.Pointer // the QSBR
	freed  uint64         // the token of the last grace period for groups that changes may have made free, or 0
	ending uint64         // the token of a Free that had to wait, or 0
}

// NewReaders returns those of the QSBR of that name at the address, which may be nil.
func NewReaders(name string, v unsafe.Pointer) *Readers { return &Readers{name: name, v: v} }

// QSBR returns the struct rte_rcu_qsbr, or nil.
func (r *Readers) QSBR() unsafe.Pointer { return r.v }

// alive reports whether the QSBR was not freed.
func (r *Readers) alive() bool {
	if r.v == nil {
		return true
	}
	v, _, errno := cgo.RCULookup(r.name)
	return errno == 0 && v == r.v
}

// start begins a grace period.
func (r *Readers) start() uint64 { return (*atomic.Uint64)(unsafe.Add(r.v, cgo.RCUToken)).Add(1) }

// Freed notes that a change may have made groups free in which readers are. It returns false if nothing waits for readers.
func (r *Readers) Freed() bool {
	if r.v != nil {
		r.freed = r.start()
	}
	return r.v != nil
}

// reuse is the time for which Settle waits.
const reuse = time.Second

// Settle waits until no reader is in groups that changes before have made free, and reports whether that is so.
func (r *Readers) Settle() bool {
	if r.freed == 0 {
		return true
	}
	var turns wait.Backoff
	for until := time.Now().Add(reuse); !cgo.RCUCheck(r.v, r.freed); turns.Turn() {
		if time.Now().After(until) {
			return false
		}
	}
	r.freed = 0
	return true
}

// gone reports whether all readers have been quiescent since the first call after a use.
func (r *Readers) gone() bool {
	if r.v == nil {
		return true
	}
	if r.ending == 0 {
		r.ending = r.start()
	}
	return cgo.RCUCheck(r.v, r.ending)
}

// use notes that the table is in use.
func (r *Readers) use() { r.ending = 0 }
