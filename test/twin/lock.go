//go:build linux

package twin

/*
#define ALLOW_EXPERIMENTAL_API // phase-fair and sequence locks in 22.11
#include <rte_mcslock.h>
#include <rte_pflock.h>
#include <rte_rwlock.h>
#include <rte_seqlock.h>
#include <rte_spinlock.h>
#include <rte_ticketlock.h>

// The MCS lock is a pointer, _Atomic in some builds, which cgo does not accept.
static inline void twin_mcslock_lock(void *lock, void *me) { rte_mcslock_lock(lock, me); }
static inline int twin_mcslock_trylock(void *lock, void *me) { return rte_mcslock_trylock(lock, me); }
static inline void twin_mcslock_unlock(void *lock, void *me) { rte_mcslock_unlock(lock, me); }
*/
import "C"

import "unsafe"

// Each function takes the address of a lock. Functions that try to lock return true on success.

// SpinlockLock locks a spinlock.
//
// Implements: rte_spinlock_lock
func SpinlockLock(l unsafe.Pointer) { C.rte_spinlock_lock((*C.rte_spinlock_t)(l)) }

// SpinlockTrylock tries to lock a spinlock.
//
// Implements: rte_spinlock_trylock
func SpinlockTrylock(l unsafe.Pointer) bool {
	return C.rte_spinlock_trylock((*C.rte_spinlock_t)(l)) != 0
}

// SpinlockUnlock unlocks a spinlock.
//
// Implements: rte_spinlock_unlock
func SpinlockUnlock(l unsafe.Pointer) { C.rte_spinlock_unlock((*C.rte_spinlock_t)(l)) }

// SpinlockIsLocked reports whether a spinlock is locked.
//
// Implements: rte_spinlock_is_locked
func SpinlockIsLocked(l unsafe.Pointer) bool {
	return C.rte_spinlock_is_locked((*C.rte_spinlock_t)(l)) != 0
}

// TicketlockLock locks a ticket lock.
//
// Implements: rte_ticketlock_lock
func TicketlockLock(l unsafe.Pointer) { C.rte_ticketlock_lock((*C.rte_ticketlock_t)(l)) }

// TicketlockTrylock tries to lock a ticket lock.
//
// Implements: rte_ticketlock_trylock
func TicketlockTrylock(l unsafe.Pointer) bool {
	return C.rte_ticketlock_trylock((*C.rte_ticketlock_t)(l)) != 0
}

// TicketlockUnlock unlocks a ticket lock.
//
// Implements: rte_ticketlock_unlock
func TicketlockUnlock(l unsafe.Pointer) { C.rte_ticketlock_unlock((*C.rte_ticketlock_t)(l)) }

// TicketlockIsLocked reports whether a ticket lock is locked.
//
// Implements: rte_ticketlock_is_locked
func TicketlockIsLocked(l unsafe.Pointer) bool {
	return C.rte_ticketlock_is_locked((*C.rte_ticketlock_t)(l)) != 0
}

// MCSlockLock locks an MCS lock with a node. The address l is that of the lock, a pointer.
//
// Implements: rte_mcslock_lock
func MCSlockLock(l, node unsafe.Pointer) { C.twin_mcslock_lock(l, node) }

// MCSlockTrylock tries to lock an MCS lock with a node.
//
// Implements: rte_mcslock_trylock
func MCSlockTrylock(l, node unsafe.Pointer) bool { return C.twin_mcslock_trylock(l, node) != 0 }

// MCSlockUnlock unlocks an MCS lock with a node.
//
// Implements: rte_mcslock_unlock
func MCSlockUnlock(l, node unsafe.Pointer) { C.twin_mcslock_unlock(l, node) }

// RWlockReadLock locks a read-write lock to read.
//
// Implements: rte_rwlock_read_lock
func RWlockReadLock(l unsafe.Pointer) { C.rte_rwlock_read_lock((*C.rte_rwlock_t)(l)) }

// RWlockReadTrylock tries to lock a read-write lock to read.
//
// Implements: rte_rwlock_read_trylock
func RWlockReadTrylock(l unsafe.Pointer) bool {
	return C.rte_rwlock_read_trylock((*C.rte_rwlock_t)(l)) == 0
}

// RWlockReadUnlock unlocks a read-write lock after a read.
//
// Implements: rte_rwlock_read_unlock
func RWlockReadUnlock(l unsafe.Pointer) { C.rte_rwlock_read_unlock((*C.rte_rwlock_t)(l)) }

// RWlockWriteLock locks a read-write lock to write.
//
// Implements: rte_rwlock_write_lock
func RWlockWriteLock(l unsafe.Pointer) { C.rte_rwlock_write_lock((*C.rte_rwlock_t)(l)) }

// RWlockWriteTrylock tries to lock a read-write lock to write.
//
// Implements: rte_rwlock_write_trylock
func RWlockWriteTrylock(l unsafe.Pointer) bool {
	return C.rte_rwlock_write_trylock((*C.rte_rwlock_t)(l)) == 0
}

// RWlockWriteUnlock unlocks a read-write lock after a write.
//
// Implements: rte_rwlock_write_unlock
func RWlockWriteUnlock(l unsafe.Pointer) { C.rte_rwlock_write_unlock((*C.rte_rwlock_t)(l)) }

// PFlockReadLock locks a phase-fair lock to read.
//
// Implements: rte_pflock_read_lock
func PFlockReadLock(l unsafe.Pointer) { C.rte_pflock_read_lock((*C.rte_pflock_t)(l)) }

// PFlockReadUnlock unlocks a phase-fair lock after a read.
//
// Implements: rte_pflock_read_unlock
func PFlockReadUnlock(l unsafe.Pointer) { C.rte_pflock_read_unlock((*C.rte_pflock_t)(l)) }

// PFlockWriteLock locks a phase-fair lock to write.
//
// Implements: rte_pflock_write_lock
func PFlockWriteLock(l unsafe.Pointer) { C.rte_pflock_write_lock((*C.rte_pflock_t)(l)) }

// PFlockWriteUnlock unlocks a phase-fair lock after a write.
//
// Implements: rte_pflock_write_unlock
func PFlockWriteUnlock(l unsafe.Pointer) { C.rte_pflock_write_unlock((*C.rte_pflock_t)(l)) }

// SeqcountReadBegin begins a read and returns the sequence number.
//
// Implements: rte_seqcount_read_begin
func SeqcountReadBegin(l unsafe.Pointer) uint32 {
	return uint32(C.rte_seqcount_read_begin((*C.rte_seqcount_t)(l)))
}

// SeqcountReadRetry reports whether the read since begin must be repeated.
//
// Implements: rte_seqcount_read_retry
func SeqcountReadRetry(l unsafe.Pointer, begin uint32) bool {
	return bool(C.rte_seqcount_read_retry((*C.rte_seqcount_t)(l), C.uint32_t(begin)))
}

// SeqcountWriteBegin begins a write.
//
// Implements: rte_seqcount_write_begin
func SeqcountWriteBegin(l unsafe.Pointer) { C.rte_seqcount_write_begin((*C.rte_seqcount_t)(l)) }

// SeqcountWriteEnd ends a write.
//
// Implements: rte_seqcount_write_end
func SeqcountWriteEnd(l unsafe.Pointer) { C.rte_seqcount_write_end((*C.rte_seqcount_t)(l)) }

// SeqlockWriteLock locks a sequence lock to write.
//
// Implements: rte_seqlock_write_lock
func SeqlockWriteLock(l unsafe.Pointer) { C.rte_seqlock_write_lock((*C.rte_seqlock_t)(l)) }

// SeqlockWriteUnlock unlocks a sequence lock after a write.
//
// Implements: rte_seqlock_write_unlock
func SeqlockWriteUnlock(l unsafe.Pointer) { C.rte_seqlock_write_unlock((*C.rte_seqlock_t)(l)) }
