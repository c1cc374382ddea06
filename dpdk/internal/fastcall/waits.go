package fastcall

import (
	"sync"
	"sync/atomic"
)

// The reasons for which a burst may wait. Other packages set them; ports call Allowed.
var (
	// reasons is the number of pools of this process in which threads queue, and shared, unless
	// no other process can be inside a ring or pool of this process.
	reasons atomic.Int32
	// ports contains the names of ports with rings that make bursts wait.
	ports sync.Map
)

// Allowed reports whether Call may run a function that enters the pools of this process. Such
// a function waits for at most one thread of this process, which is in C or assembly and
// continues as soon as the kernel runs it.
func Allowed() bool { return reasons.Load() == 0 }

// shared is more than the number of pools. A process is not alone until SetAlone.
const shared = 1 << 30

func init() { reasons.Store(shared) }

// Alone returns the value set by SetAlone.
func Alone() bool { return reasons.Load() < shared }

// SetAlone records whether EAL has started without files that other processes can share
// (eal.Config.InMemory). Package eal calls it. Another process may be stopped or killed inside
// a shared ring or pool at any time. So a process that shares memory has no fast calls, also
// before the first secondary attaches, because the kernel may have stopped a thread in the
// middle of a burst for longer than an attach takes.
func SetAlone(is bool) {
	if is {
		reasons.And(shared - 1)
	} else {
		reasons.Or(shared)
	}
}

// AddQueues adds n to the number of pools in which threads queue behind each other, as in a
// multi-producer ring. Package poolops calls it. If the kernel has descheduled several of
// these threads, the last one waits for each of them.
func AddQueues(n int32) { reasons.Add(n) }

// SetWaits records whether threads queue in the rings of a port, or wait there for a parked
// goroutine. Call it before the port is first looked up.
func SetWaits(port string, waits bool) {
	if waits {
		ports.Store(port, nil)
	} else {
		ports.Delete(port)
	}
}

// Waits returns the value set by SetWaits. If it is true, bursts of the port must not use
// Call.
func Waits(port string) bool {
	_, waits := ports.Load(port)
	return waits
}
