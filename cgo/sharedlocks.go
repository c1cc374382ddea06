//go:build linux

package cgo

/*
#include "godpdk_sharedlocks.h"
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// RWLockReader is what a reader adds to the word of a read-write lock.
const RWLockReader = C.GODPDK_RWLOCK_READER

// SharedLock is a lock of DPDK in shared memory.
type SharedLock struct {
	Name string
	RW   bool           // a read-write lock; else a spinlock
	Word *atomic.Uint32 // 0 while the lock is free
}

// SharedLocks finds DPDK's locks in its shared configuration, which is at base. A thread that holds one of
// them waits only for those before it in the result. Locks that were not found are left out. memzones is
// for [PortOwnersLock].
func SharedLocks(base unsafe.Pointer, size uintptr) (locks []SharedLock, memzones unsafe.Pointer, errno int) {
	var found C.struct_godpdk_sharedlocks
	if errno := C.godpdk_sharedlocks_find(base, C.size_t(size), &found); errno != 0 {
		return nil, nil, int(errno)
	}
	for _, l := range found.lock[:found.n] {
		locks = append(locks, SharedLock{C.GoString(l.name), bool(l.rw), (*atomic.Uint32)(l.word)})
	}
	return locks, unsafe.Pointer(found.memzones), 0
}

// PortOwnersLock returns the spinlock of the owners of ports; nil if no port has existed. It takes no
// lock.
func PortOwnersLock(memzones unsafe.Pointer) *atomic.Uint32 {
	return (*atomic.Uint32)(C.godpdk_sharedlocks_ethdev((*C.struct_rte_fbarray)(memzones)))
}

// SharedMemory returns the bytes of hugepages that DPDK has at this moment. It takes no lock.
func SharedMemory() uint64 { return uint64(C.godpdk_shared_memory()) }
