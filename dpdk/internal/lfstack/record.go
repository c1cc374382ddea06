package lfstack

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
)

// Record describes in shared memory the operation of a cache on a stack that is under way. If the process is
// killed, the primary calls [Record.Settle].
//
// A push and a pop change four words. They lower the length of one list, take a chain of entries from its
// top, put the chain on top of the other list, and raise the length of that list. Each word has a mark
// beside it, which the same instruction changes. The mark of a head is DPDK's count of changes. Its upper
// 16 bits, which DPDK does not use, are the tag. The mark of a length is the padding after it.
//
// A tag names the record that made the last change, and the parity of its attempt. C, and Go without a
// record, change words and leave the tags. So if a word has the tag of the last attempt of a record,
// that attempt was successful. A thread that replaces the tag of another record first checks whether that
// record is still at this attempt, and then notes the success there: see help. So the outcome of the
// last attempt is always known, even if several processes are killed.
//
// The stores need no barriers. A thread is killed between two instructions, and a locked instruction
// follows each store that other threads read.
type Record struct {
	state    uint64 // attempts made, and the step
	from, to uint64 // addresses of the lists
	first    uint64 // of the chain, once it was taken
	n, id    uint32 // id is the index in the table
	put      bool
	inCache  bool // the objects are at the start of the cache
	_        [64 - 42]byte
}

// Size is the size of a record, and Records is the number of those in a table. The first is not used.
const (
	Size    = 64
	Records = 1024
)

var _ = build.Same[unsafe.Sizeof(Record{})-Size]

// The steps of an operation, in the lower bits of a state. A step that moves a word has done as
// a bit when another thread has seen its change.
const (
	idle uint64 = iota
	begun
	_
	_
	reserve // lower the length of from
	unlink  // take the chain from it
	link    // add the chain to to
	count   // raise the length of to
	done

	attempt = 2 * done    // the unit in which the upper bits count the attempts
	steps   = attempt - 1 // all lower bits
)

// At returns the record with an index in the table at an address.
func (t Table) At(i int) *Record { return (*Record)(unsafe.Add(t.Start, i*Size)) }

// Table is the memory of all records of a group of processes.
type Table struct{ Start unsafe.Pointer }

// Clear makes all records of a table idle.
func (t Table) Clear() {
	for i := range Records {
		*t.At(i) = Record{id: uint32(i)}
	}
}

// Begin records that an operation of n objects begins: a push if put is set, otherwise a pop. inCache is
// set if the objects go from or to the start of the cache. r may be nil.
func (r *Record) Begin(s *Stack, n int, put, inCache bool) {
	if r == nil {
		return
	}
	r.from, r.to = s.lists(put)
	r.n, r.put, r.inCache = uint32(n), put, inCache
	r.state = r.state&^steps | begun
	Reach("begun")
}

// End records that the owner of the record has noted the outcome of its operation. r may be nil.
func (r *Record) End() {
	if r != nil {
		r.state &^= steps
	}
}

// Idle reports whether no operation is under way.
func (r *Record) Idle() bool { return r.state&steps == idle }

// Fits reports whether the record can be that of an operation on a stack with room for size objects, and of
// a cache with room for room: a process may have written anything there before it died.
func (r *Record) Fits(s *Stack, size, room int) bool {
	from, to := s.lists(r.put)
	if r.from != from || r.to != to || r.n == 0 || int(r.n) > size || r.inCache && int(r.n) > room {
		return false
	}
	step := r.state & steps &^ done
	return step != unlink && step != link || s.has(r.first, size)
}

// Point is called with the name of each point of the operations of a cache, in builds with the tag
// godpdk_debug. Tests stop there.
var Point = func(name string) {}

// Reach calls Point in such builds.
func Reach(name string) {
	if build.Debug {
		Point(name)
	}
}
