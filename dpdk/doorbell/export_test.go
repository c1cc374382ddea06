package doorbell

import "sync/atomic"

// RingWithoutFence is a Ring with the mistake that its barrier prevents.
func (d *Doorbell) RingWithoutFence() { d.answer() }

// HalfRing is what a process has done that dies in Ring before it wakes the sleepers.
func (d *Doorbell) HalfRing() bool {
	word := atomic.LoadUint32(&d.word)
	return word&1 != 0 && atomic.CompareAndSwapUint32(&d.word, word, word+1)
}

// Armed reports whether the next Ring calls the kernel.
func (d *Doorbell) Armed() bool { return atomic.LoadUint32(&d.word)&1 != 0 }
