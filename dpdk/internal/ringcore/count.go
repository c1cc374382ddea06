package ringcore

import "sync/atomic"

// Count returns the number of elements in the ring at some moment during the call.
func (r *Ring) Count() uint32 {
	prod := atomic.LoadUint32(&r.Prod.Tail)
	cons := atomic.LoadUint32(&r.Cons.Tail)
	return min((prod-cons)&r.Mask, r.Capacity)
}

// FreeCount returns the number of elements for which the ring has room.
func (r *Ring) FreeCount() uint32 {
	return r.Capacity - r.Count()
}
