//go:build linux

package cgo

/*
#include "godpdk_lock.h"
*/
import "C"

import "unsafe"

// Layouts of the locks, in bytes.
const (
	SpinlockSizeof   = C.GODPDK_SPINLOCK_SIZEOF
	TicketlockSizeof = C.GODPDK_TICKETLOCK_SIZEOF
	TicketlockAlign  = C.GODPDK_TICKETLOCK_ALIGN
	TicketlockNext   = C.GODPDK_TICKETLOCK_NEXT
	MCSlockSizeof    = C.GODPDK_MCSLOCK_SIZEOF
	MCSlockLocked    = C.GODPDK_MCSLOCK_LOCKED
	RWlockSizeof     = C.GODPDK_RWLOCK_SIZEOF
	PFlockSizeof     = C.GODPDK_PFLOCK_SIZEOF
	PFlockAlign      = C.GODPDK_PFLOCK_ALIGN
	PFlockRdOut      = C.GODPDK_PFLOCK_RD_OUT
	PFlockWr         = C.GODPDK_PFLOCK_WR
	SeqcountSizeof   = C.GODPDK_SEQCOUNT_SIZEOF
	SeqlockSizeof    = C.GODPDK_SEQLOCK_SIZEOF
	SeqlockLock      = C.GODPDK_SEQLOCK_LOCK
)

// Bits of the words of rte_rwlock_t and rte_pflock_t.
const (
	RWlockWait  = C.RTE_RWLOCK_WAIT
	RWlockWrite = C.RTE_RWLOCK_WRITE
	RWlockRead  = C.RTE_RWLOCK_READ
	PFlockPhase = C.RTE_PFLOCK_PHID
	PFlockPres  = C.RTE_PFLOCK_PRES
	PFlockRead  = C.RTE_PFLOCK_RINC
)

// MemIsShared reports whether p is in memory that DPDK manages.
//
// Implements: rte_mem_virt2memseg_list
func MemIsShared(p unsafe.Pointer) bool { return C.rte_mem_virt2memseg_list(p) != nil }
