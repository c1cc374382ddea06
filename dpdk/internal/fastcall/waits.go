package fastcall

import (
	"sync"
	"sync/atomic"
)

// What a burst may wait for. Packages that know it note it here; ports ask Allowed.
var (
	// alone is set if no other process can be inside a ring or pool of this one.
	alone atomic.Bool
	// queues counts the pools of this process inside which threads queue up.
	queues atomic.Int32
	// ports holds the names of ports whose own rings make bursts wait.
	ports sync.Map
)

// Allowed reports whether a function that enters the pools of this process may be
// called with Call: it waits for at most one thread there, of this process, that is
// in C or assembly, and so runs on as soon as the kernel lets it.
func Allowed() bool { return alone.Load() && queues.Load() == 0 }

// Alone reports what SetAlone set.
func Alone() bool { return alone.Load() }

// SetAlone is for package eal: true if EAL has started without files that other
// processes can share (eal.Config.InMemory). One that shares memory may be stopped
// or killed at any time inside a ring or pool, so a process that can have others has
// no fast calls, not even before the first of them attaches: a thread that the kernel
// stopped in the middle of a burst goes on long after.
func SetAlone(is bool) { alone.Store(is) }

// AddQueues is for package poolops: it counts pools whose ops let threads queue up
// behind each other, as a multi-producer ring does. When the kernel has taken the
// CPU from several of them, the last waits for each in turn.
func AddQueues(n int32) { queues.Add(n) }

// SetWaits notes, before a port is first looked up, whether its own rings let
// threads queue up, or wait for a goroutine that is parked inside.
func SetWaits(port string, waits bool) {
	if waits {
		ports.Store(port, nil)
	} else {
		ports.Delete(port)
	}
}

// Waits reports what SetWaits noted: the bursts of such a port must not use Call.
func Waits(port string) bool {
	_, waits := ports.Load(port)
	return waits
}
