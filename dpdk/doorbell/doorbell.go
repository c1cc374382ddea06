package doorbell

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/lockops"
)

// Doorbell lets pollers sleep until another thread has something for them. Its zero value is ready.
// Put it into a struct for memzone.CreateValue, at a multiple of 64 bytes, so that it has a cache line of its own. Or
// use memzone.CreateValue[doorbell.Doorbell]. Do not copy a Doorbell in use.
//
// All methods may be called from any goroutine, in every process role, also without EAL in other memory, until the memory is freed.
type Doorbell struct {
	_ [0]sync.Mutex // lets go vet report copies
	// An odd word means that a poller sleeps, or is about to. Ring adds 1, so word / 2 counts the rings that found one.
	word uint32
	_    [15]uint32
}

// As struct godpdk_doorbell.
var (
	_ = build.Same[unsafe.Sizeof(Doorbell{})-64]
	_ = build.Same[unsafe.Offsetof(Doorbell{}.word)]
)

// Ring wakes all pollers that have armed the doorbell. Call it after the enqueue, once for a burst. If no poller
// has armed it, Ring is a memory barrier and a load. Otherwise it also calls the kernel, which does not block.
func (d *Doorbell) Ring() {
	fence()
	if word := atomic.LoadUint32(&d.word); word&1 != 0 {
		d.wake(word)
	}
}

// wake makes the word even. The caller that succeeds wakes the sleepers: all of them, since they may look at different rings.
func (d *Doorbell) wake(word uint32) {
	for ; word&1 != 0; word = atomic.LoadUint32(&d.word) {
		if atomic.CompareAndSwapUint32(&d.word, word, word+1) {
			linux.FutexWake(&d.word)
			return
		}
	}
}

// Rung returns how many calls of [Doorbell.Ring] have found an armed doorbell, of all processes. It wraps around at 2³¹.
func (d *Doorbell) Rung() uint32 { return atomic.LoadUint32(&d.word) >> 1 }

// Pointer returns the struct godpdk_doorbell, for C.
func (d *Doorbell) Pointer() unsafe.Pointer { return unsafe.Pointer(&d.word) }

// NewWaiter returns a Waiter for one goroutine.
func (d *Doorbell) NewWaiter() *Waiter { return &Waiter{d: d} }

// Waiter sleeps until a [Doorbell] rings. It is an lcore.Waiter. A Waiter belongs to one goroutine; several Waiters may use
// one Doorbell.
type Waiter struct {
	d   *Doorbell
	key uint32 // the word that Arm has left; odd
}

// Arm asks for the next ring. Look at all rings once more between Arm and Wait: nobody rings for
// what they contain already.
func (w *Waiter) Arm() {
	w.key = atomic.OrUint32(&w.d.word, 1) | 1
	fence()
}

// Wait sleeps until the doorbell has rung since Arm, or for the time most. It may return early. It returns at once without an
// Arm before it. Wait blocks the thread in a system call, so other goroutines run on other threads.
func (w *Waiter) Wait(most time.Duration) {
	if w.key&1 != 0 && most > 0 {
		linux.FutexWait(&w.d.word, w.key, most)
	}
	w.key = 0
}

// Disarm ends Arm without Wait. The doorbell stays armed, because others may sleep: the next Ring may call the kernel and find nobody.
func (w *Waiter) Disarm() { w.key = 0 }

// fence orders all earlier stores before all later loads, of Go and C.
func fence() {
	var word uint64
	lockops.StoreFence64(&word, 0)
}
