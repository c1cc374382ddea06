package lock_test

import (
	"context"
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

// place is where a lock of any kind lies, in DPDK's memory.
type place struct {
	lock  [4]uint64
	nodes [8]lock.MCSNode
}

var places int

func newPlace(t testing.TB) *place {
	t.Helper()
	places++
	v, err := memzone.CreateValue[place](fmt.Sprintf("place %d", places), memzone.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Free()) })
	return v.Get()
}

// ops are the operations of one user of a lock, in Go or in C. An operation that the lock does
// not have is nil.
type ops struct {
	lock, unlock func()
	try          func() bool
	context      func(context.Context) error
	locked       func() bool
}

// kind is a way to take a lock.
type kind struct {
	name   string
	shares bool // with others of its kind
	fifo   bool
	inGo   func(p *place, node int) ops
	inC    func(p *place, node int) ops
}

// of makes the ops of a lock in Go, and those in C of functions of its address.
func of[L any](at uintptr, inGo func(l *L) ops, lock, unlock func(unsafe.Pointer), try, locked func(unsafe.Pointer) bool) (_, _ func(*place, int) ops) {
	where := func(p *place) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(&p.lock), at) }
	bind := func(f func(unsafe.Pointer) bool, p *place) func() bool {
		if f == nil {
			return nil
		}
		return func() bool { return f(where(p)) }
	}
	return func(p *place, _ int) ops { return inGo((*L)(where(p))) },
		func(p *place, _ int) ops {
			return ops{
				lock:   func() { lock(where(p)) },
				unlock: func() { unlock(where(p)) },
				try:    bind(try, p),
				locked: bind(locked, p),
			}
		}
}

func mcsInGo(p *place, node int) ops {
	m := (*lock.MCS)(unsafe.Pointer(&p.lock))
	l, err := m.Locker(&p.nodes[node])
	if err != nil {
		panic(err)
	}
	return ops{l.Lock, l.Unlock, l.TryLock, l.LockContext, m.IsLocked}
}

func mcsInC(p *place, node int) ops {
	m, n := unsafe.Pointer(&p.lock), unsafe.Pointer(&p.nodes[node])
	return ops{
		lock:   func() { twin.MCSlockLock(m, n) },
		unlock: func() { twin.MCSlockUnlock(m, n) },
		try:    func() bool { return twin.MCSlockTrylock(m, n) },
	}
}

// kinds are all ways to take a lock; two that are of the same lock share its name.
func kinds() []kind {
	all := []kind{
		{name: "spin"}, {name: "ticket", fifo: true}, {name: "mcs", fifo: true, inGo: mcsInGo, inC: mcsInC},
		{name: "rw read", shares: true}, {name: "rw write"},
		{name: "phase-fair read", shares: true}, {name: "phase-fair write", fifo: true},
		{name: "seq"},
	}
	for i := range all {
		k := &all[i]
		switch k.name {
		case "spin":
			k.inGo, k.inC = of(0, func(l *lock.Spin) ops { return ops{l.Lock, l.Unlock, l.TryLock, l.LockContext, l.IsLocked} },
				twin.SpinlockLock, twin.SpinlockUnlock, twin.SpinlockTrylock, twin.SpinlockIsLocked)
		case "ticket":
			k.inGo, k.inC = of(4, func(l *lock.Ticket) ops { return ops{l.Lock, l.Unlock, l.TryLock, l.LockContext, l.IsLocked} },
				twin.TicketlockLock, twin.TicketlockUnlock, twin.TicketlockTrylock, twin.TicketlockIsLocked)
		case "rw read":
			k.inGo, k.inC = of(4, func(l *lock.RW) ops { return ops{l.RLock, l.RUnlock, l.TryRLock, l.RLockContext, nil} },
				twin.RWlockReadLock, twin.RWlockReadUnlock, twin.RWlockReadTrylock, nil)
		case "rw write":
			k.inGo, k.inC = of(4, func(l *lock.RW) ops { return ops{l.Lock, l.Unlock, l.TryLock, l.LockContext, l.IsLocked} },
				twin.RWlockWriteLock, twin.RWlockWriteUnlock, twin.RWlockWriteTrylock, nil)
		case "phase-fair read": // C may have it where a word is not aligned
			k.inGo, k.inC = of(2, func(l *lock.PhaseFair) ops { return ops{l.RLock, l.RUnlock, l.TryRLock, l.RLockContext, nil} },
				twin.PFlockReadLock, twin.PFlockReadUnlock, nil, nil)
		case "phase-fair write":
			k.inGo, k.inC = of(2, func(l *lock.PhaseFair) ops { return ops{l.Lock, l.Unlock, l.TryLock, l.LockContext, nil} },
				twin.PFlockWriteLock, twin.PFlockWriteUnlock, nil, nil)
		case "seq":
			k.inGo, k.inC = of(4, func(l *lock.Seq) ops { return ops{l.Lock, l.Unlock, l.TryLock, l.LockContext, l.IsLocked} },
				twin.SeqlockWriteLock, twin.SeqlockWriteUnlock, nil, nil)
		}
	}
	return all
}

// writers are the kinds that shut all others out.
func writers() (all []kind) {
	for _, k := range kinds() {
		if !k.shares {
			all = append(all, k)
		}
	}
	return all
}

// pairs are the ways to take one lock: alone, or reading and writing.
func pairs() (all [][]kind) {
	k := kinds()
	return [][]kind{{k[0]}, {k[1]}, {k[2]}, {k[3], k[4]}, {k[5], k[6]}, {k[7]}}
}
