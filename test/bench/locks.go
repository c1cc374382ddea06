package main

//lint:file-ignore SA2001 The sections are empty: only the lock is measured.

import (
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/bench/cloop"
	"github.com/godpdk/godpdk/test/twin"
)

// locks compares lock + unlock of uncontended locks, and complete reads and writes of a value of 64
// bytes under a sequence lock.
func locks() ([]contest, error) {
	type all struct {
		spin   lock.Spin
		_      [60]byte // each lock has its own cache line
		ticket lock.Ticket
		_      [60]byte
		mcs    lock.MCS
		node   lock.MCSNode
		_      [40]byte
		rw     lock.RW
		_      [60]byte
		pf     lock.PhaseFair
		_      [56]byte
		count  lock.SeqCount
		_      [60]byte
		seq    lock.Seq
		_      [56]byte
		value  lock.SeqValue[[8]uint64]
	}
	v, err := memzone.CreateValue[all]("bench locks", memzone.Config{})
	if err != nil {
		return nil, err
	}
	a := v.Get()
	mcs, err := a.mcs.Locker(&a.node)
	if err != nil {
		return nil, err
	}
	row := func(name string, c func(iters int), goNative, byCgo func(iters int)) contest {
		return contest{group: "locks", name: name, burst: 1, c: c, goNative: goNative, cgo: byCgo}
	}
	c := func(loop cloop.Lock, p unsafe.Pointer) func(int) { return func(iters int) { loop(p, iters) } }
	byCgo := func(lock, unlock func(unsafe.Pointer), p unsafe.Pointer) func(int) {
		return func(iters int) {
			for range iters {
				lock(p)
				unlock(p)
			}
		}
	}
	spin, ticket, rw, pf := unsafe.Pointer(&a.spin), unsafe.Pointer(&a.ticket), unsafe.Pointer(&a.rw), unsafe.Pointer(&a.pf)
	count, seq, value := unsafe.Pointer(&a.count), unsafe.Pointer(&a.seq), unsafe.Pointer(&a.value)
	seqByCgo := byCgo(twin.SeqlockWriteLock, twin.SeqlockWriteUnlock, seq)
	var x, sink [8]uint64
	return []contest{
		row("spinlock", c(cloop.Spin, spin), func(iters int) {
			for range iters {
				a.spin.Lock()
				a.spin.Unlock()
			}
		}, byCgo(twin.SpinlockLock, twin.SpinlockUnlock, spin)),
		row("ticket lock", c(cloop.Ticket, ticket), func(iters int) {
			for range iters {
				a.ticket.Lock()
				a.ticket.Unlock()
			}
		}, byCgo(twin.TicketlockLock, twin.TicketlockUnlock, ticket)),
		row("MCS lock", func(iters int) { cloop.MCS(unsafe.Pointer(&a.mcs), unsafe.Pointer(&a.node), iters) }, func(iters int) {
			for range iters {
				mcs.Lock()
				mcs.Unlock()
			}
		}, func(iters int) {
			for range iters {
				twin.MCSlockLock(unsafe.Pointer(&a.mcs), unsafe.Pointer(&a.node))
				twin.MCSlockUnlock(unsafe.Pointer(&a.mcs), unsafe.Pointer(&a.node))
			}
		}),
		row("rwlock, read", c(cloop.RWRead, rw), func(iters int) {
			for range iters {
				a.rw.RLock()
				a.rw.RUnlock()
			}
		}, byCgo(twin.RWlockReadLock, twin.RWlockReadUnlock, rw)),
		row("rwlock, write", c(cloop.RWWrite, rw), func(iters int) {
			for range iters {
				a.rw.Lock()
				a.rw.Unlock()
			}
		}, byCgo(twin.RWlockWriteLock, twin.RWlockWriteUnlock, rw)),
		row("phase-fair lock, read", c(cloop.PFRead, pf), func(iters int) {
			for range iters {
				a.pf.RLock()
				a.pf.RUnlock()
			}
		}, byCgo(twin.PFlockReadLock, twin.PFlockReadUnlock, pf)),
		row("phase-fair lock, write", c(cloop.PFWrite, pf), func(iters int) {
			for range iters {
				a.pf.Lock()
				a.pf.Unlock()
			}
		}, byCgo(twin.PFlockWriteLock, twin.PFlockWriteUnlock, pf)),
		row("seqcount, empty write", c(cloop.SeqCount, count), func(iters int) {
			for range iters {
				a.count.WriteBegin()
				a.count.WriteEnd()
			}
		}, byCgo(twin.SeqcountWriteBegin, twin.SeqcountWriteEnd, count)),
		row("seqlock, empty write", c(cloop.Seq, seq), func(iters int) {
			for range iters {
				a.seq.Lock()
				a.seq.Unlock()
			}
		}, seqByCgo),
		row("seqlock, write 64 bytes", c(cloop.SeqStore64, value), func(iters int) {
			for range iters {
				x[0]++
				a.value.Store(x)
			}
		}, seqByCgo),
		row("seqlock, read 64 bytes", c(cloop.SeqLoad64, value), func(iters int) {
			for range iters {
				a.value.LoadTo(&sink)
			}
		}, func(iters int) {
			for range iters {
				sink[0] = uint64(twin.SeqcountReadBegin(value))
			}
		}),
	}, nil
}
