package ringcore

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	yieldRounds = 64                    // how often a waiter yields before it starts to sleep
	waitSleep   = 50 * time.Microsecond // long enough for the kernel to run a descheduled peer
)

// yield gives up the processor once. The one we wait for may be a goroutine, for
// which yielding is enough, or a thread of another process that the kernel has
// descheduled, perhaps in favour of us, which only sleeping helps.
func yield(round int) {
	if round < yieldRounds {
		runtime.Gosched()
	} else {
		time.Sleep(waitSleep)
	}
}

// waitTail returns when ht's tail has come to pos, that is when all who reserved
// before have published.
func waitTail(ht *HeadTail, pos uint32) {
	for round := 0; atomic.LoadUint32(&ht.Tail) != pos; round++ {
		yield(round)
	}
}
