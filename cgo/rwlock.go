//go:build linux

package cgo

/*
#include "godpdk_rwlock.h"

#cgo noescape godpdk_rwlock_readers
#cgo nocallback godpdk_rwlock_readers
#cgo noescape rte_rwlock_read_unlock
#cgo nocallback rte_rwlock_read_unlock
*/
import "C"

import "unsafe"

// RWLock is a read-write lock of DPDK in shared memory.
type RWLock struct {
	Name string
	lock unsafe.Pointer
}

// RWLocks finds DPDK's locks in its shared configuration, which is at base. A thread that holds one of
// them waits only for those before it in the result. Locks that were not found are left out.
func RWLocks(base unsafe.Pointer, size uintptr) (locks []RWLock, errno int) {
	var found C.struct_godpdk_rwlocks
	if errno := C.godpdk_rwlocks_find(base, C.size_t(size), &found); errno != 0 {
		return nil, int(errno)
	}
	for _, l := range found.pages[:found.n_pages] {
		locks = append(locks, RWLock{"page table", unsafe.Pointer(l)})
	}
	names := [C.GODPDK_RWLOCKS]string{
		C.GODPDK_RWLOCK_HOTPLUG: "memory hotplug", C.GODPDK_RWLOCK_MEMZONES: "memzones",
		C.GODPDK_RWLOCK_TAILQ: "tailq", C.GODPDK_RWLOCK_MEMPOOLS: "mempools",
	}
	for i, l := range found.lock {
		if l != nil {
			locks = append(locks, RWLock{names[i], unsafe.Pointer(l)})
		}
	}
	return locks, 0
}

// Readers returns the number of readers that hold the lock.
func (l RWLock) Readers() int { return int(C.godpdk_rwlock_readers((*C.rte_rwlock_t)(l.lock))) }

// GiveUp releases the lock for a reader.
//
// Implements: rte_rwlock_read_unlock
func (l RWLock) GiveUp() { C.rte_rwlock_read_unlock((*C.rte_rwlock_t)(l.lock)) }
