//go:build linux

package cgo

/*
#include "godpdk_mutex.h"
*/
import "C"

import "unsafe"

// Layout of pthread_mutex_t, in bytes. The word at MutexKind has the kind of the mutex.
const (
	MutexSizeof = C.GODPDK_MUTEX_SIZEOF
	MutexKind   = C.GODPDK_MUTEX_KIND
)

// Mutex points to a pthread_mutex_t. It must not be on a Go stack, which moves, so none of
// these functions is noescape.
type Mutex = unsafe.Pointer

// C functions int32_t f(void *) of a Mutex.
var (
	MutexTryLockAddress = unsafe.Pointer(C.godpdk_mutex_trylock)
	MutexUnlockAddress  = unsafe.Pointer(C.pthread_mutex_unlock)
)

// MutexInit initializes a robust, error-checking mutex that processes share
// (pthread_mutex_init).
func MutexInit(m Mutex) int { return int(C.godpdk_mutex_init((*C.pthread_mutex_t)(m))) }

// MutexTryLock calls pthread_mutex_trylock.
func MutexTryLock(m Mutex) int { return int(C.godpdk_mutex_trylock(m)) }

// MutexOwner returns the ID of the thread that owns the mutex; 0 if there is none, or libc does not show it.
func MutexOwner(m Mutex) int { return int(C.godpdk_mutex_owner((*C.pthread_mutex_t)(m))) }

// MutexLock calls pthread_mutex_lock.
func MutexLock(m Mutex) int { return int(C.pthread_mutex_lock((*C.pthread_mutex_t)(m))) }

// MutexTimedLock calls pthread_mutex_clocklock with a limit of ns nanoseconds.
func MutexTimedLock(m Mutex, ns uint64) int {
	return int(C.godpdk_mutex_timedlock((*C.pthread_mutex_t)(m), C.uint64_t(ns)))
}

// MutexUnlock calls pthread_mutex_unlock.
func MutexUnlock(m Mutex) int { return int(C.pthread_mutex_unlock((*C.pthread_mutex_t)(m))) }

// MutexConsistent calls pthread_mutex_consistent.
func MutexConsistent(m Mutex) int { return int(C.pthread_mutex_consistent((*C.pthread_mutex_t)(m))) }
