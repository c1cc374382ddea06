package lock

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// Owner is the process that holds a lock.
type Owner struct {
	Pid    int       // in the pid namespace of the owner; 0 if it ended long ago
	Start  time.Time // of the process; zero if unknown
	Thread int       // that took the lock, in the same namespace; 0 if unknown
	Dead   bool      // the process has ended
}

// owned is a lock with its owner.
type owned struct {
	// C's word is in the low half, which comes first in memory, and the owner.ID of the holder above it. One
	// atomic operation of 64 bits takes the lock and names its owner, so a process cannot die between the
	// two. It costs what C's operation of 32 bits costs.
	word uint64
	// The ID of the thread that took the lock is in the low half, and the owner.ID of its process above it. The
	// holder writes it after it has taken the lock, and clears it before it releases the lock: a process that
	// is killed in between leaves no wrong thread behind.
	thread uint64
}

// inconsistent is set beside the owner between the takeover from a dead owner and Consistent. gone is in
// place of an owner after Unlock without Consistent.
const (
	inconsistent = uint32(owner.Mark)
	gone         = ^uint32(0)
)

// self returns a word with this process as the owner.
func self(c uint32) uint64 { return uint64(owner.Self())<<32 | uint64(c) }

// taken notes the thread of the new owner.
func (o *owned) taken() { lockops.Store64(&o.thread, self(threadID())) }

// released must be called before the lock is released.
func (o *owned) released() { lockops.Store64(&o.thread, 0) }

// owner describes the process with the ID.
func (o *owned) owner(id owner.ID) Owner {
	p, thread := owner.Describe(id), atomic.LoadUint64(&o.thread)
	if owner.ID(thread>>32) != id {
		thread = 0
	}
	return Owner{p.Pid, p.Start, int(uint32(thread)), owner.Dead(id)}
}

// ended begins a sentence on an owner that has ended.
func (o Owner) ended() string {
	text := owner.Process{Pid: o.Pid, Start: o.Start}.String()
	if o.Thread != 0 {
		text += fmt.Sprintf(", thread %d,", o.Thread)
	}
	return text + " ended while it held the lock"
}

var threadIDOffset = cgo.ThreadIDOffset()

func threadID() uint32 {
	if threadIDOffset != 0 {
		if id := lockops.ThreadWord(threadIDOffset); id != 0 {
			return uint32(id)
		}
	}
	return uint32(cgo.ThreadID())
}

// form describes C's word of a lock.
type form struct {
	op    string                // of C
	un    string                // C's operation that unlocks
	free  func(c uint32) bool   // a writer can take it
	taken func(c uint32) uint32 // the word after that
	held  func(c uint32) bool   // by a writer
}

// try takes the lock if it is free.
func (f *form) try(o *owned) bool {
	x := atomic.LoadUint64(&o.word)
	if !f.free(uint32(x)) || !atomic.CompareAndSwapUint64(&o.word, x, self(f.taken(uint32(x)))) {
		return false
	}
	o.taken()
	return true
}

// wait waits until it has taken the lock, also from a dead owner, or until ctx ends.
// meanwhile, which may be nil, runs when the wait has taken long.
func (f *form) wait(ctx context.Context, o *owned, meanwhile func()) error {
	for p := (patience{}); !f.try(o); p.turn() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !p.over() {
			continue
		}
		if meanwhile != nil {
			meanwhile()
		}
		if err := f.inherit(o); err != nil {
			return err
		}
	}
	return nil
}

// inherit takes the lock from a dead owner, and returns the dpdk.ErrOwnerDead of [OwnedSpin.Lock] then.
// Of several callers one gets the lock: the others no longer find the dead owner in the word. It returns
// nil if the owner lives or is unknown.
func (f *form) inherit(o *owned) error {
	for {
		x := atomic.LoadUint64(&o.word)
		id := owner.ID(x >> 32)
		switch {
		case !f.held(uint32(x)):
			return nil
		case uint32(id) == gone:
			return f.unrecoverable()
		case !owner.Dead(id &^ owner.Mark):
			return nil
		}
		dead := o.owner(id &^ owner.Mark)
		if atomic.CompareAndSwapUint64(&o.word, x, self(uint32(x))|uint64(inconsistent)<<32) {
			o.taken()
			return f.error(dpdk.ErrOwnerDead, dead.ended()+": you own the lock now: repair the protected data, call Consistent, then Unlock")
		}
	}
}

// tried is the time of the last look of a TryLock for the death of a process, by its place in the group, in
// ns since epoch. A TryLock that is called all the time on the lock of a living owner must not prevent the
// look for the owner of another lock.
var (
	tried [owner.Slots]atomic.Int64
	epoch = time.Now()
)

// tryLock is TryLock of all owned locks.
func (f *form) tryLock(o *owned) (bool, error) {
	if f.try(o) {
		return true, nil
	}
	at := &tried[owner.ID(atomic.LoadUint64(&o.word)>>32).Slot()]
	now, last := int64(time.Since(epoch)), at.Load()
	if now-last < int64(lookAfter) || !at.CompareAndSwap(last, now) {
		return false, nil
	}
	err := f.inherit(o)
	return isOwnerDead(err), err
}

func isOwnerDead(err error) bool {
	e, ok := err.(*dpdk.Error)
	return ok && e.Errno == dpdk.ErrOwnerDead
}

// odd unlocks a lock with a word that is not what an Unlock expects.
func (f *form) odd(o *owned) error {
	for {
		x := atomic.LoadUint64(&o.word)
		if f.held(uint32(x)) && uint32(x>>32) == gone {
			return f.unrecoverable()
		}
		if !f.held(uint32(x)) || uint32(x>>32) != uint32(owner.Self())|inconsistent {
			return &dpdk.Error{Op: f.un, Errno: dpdk.ErrPermission, Detail: "this process does not own the lock: only its owner may unlock it"}
		}
		if atomic.CompareAndSwapUint64(&o.word, x, uint64(gone)<<32|uint64(uint32(x))) {
			return nil
		}
	}
}

// consistent is Consistent of all owned locks.
func (f *form) consistent(o *owned) error {
	for {
		x := atomic.LoadUint64(&o.word)
		if !f.held(uint32(x)) || uint32(x>>32) != uint32(owner.Self())|inconsistent {
			return check.Invalid(f.op, "", "this process does not own the lock of a dead owner: call Consistent only after ErrOwnerDead")
		}
		if atomic.CompareAndSwapUint64(&o.word, x, x&^(uint64(inconsistent)<<32)) {
			return nil
		}
	}
}

// owner is Owner of all owned locks.
func (f *form) owner(o *owned) (_ Owner, held bool) {
	x := atomic.LoadUint64(&o.word)
	if !f.held(uint32(x)) || x>>32 == 0 || uint32(x>>32) == gone {
		return Owner{}, false
	}
	return o.owner(owner.ID(x>>32) &^ owner.Mark), true
}

func (f *form) unrecoverable() error {
	return f.error(dpdk.ErrNotRecoverable, "a process unlocked it after ErrOwnerDead without Consistent: when no process uses it, zero its memory")
}

func (f *form) error(errno dpdk.Errno, detail string) error {
	return &dpdk.Error{Op: f.op, Errno: errno, Detail: detail}
}

// lookAfter is the time that a waiter waits before it looks for a dead owner, and then between looks.
const lookAfter = 2 * time.Millisecond

// patience paces a wait.
type patience struct {
	pace   wait.Backoff
	turns  int
	looked time.Time
}

func (p *patience) turn() {
	p.turns++
	p.pace.Turn()
}

// over reports whether lookAfter has passed again. It reads no clock while the wait may be short.
func (p *patience) over() bool {
	if p.turns < 100 {
		return false
	}
	now := time.Now()
	if p.looked.IsZero() {
		p.looked = now
	}
	if now.Sub(p.looked) < lookAfter {
		return false
	}
	p.looked = now
	return true
}
