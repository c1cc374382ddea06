package ringcore

import "sync/atomic"

// Count returns how many elements are in the ring. While others use the ring it
// is a snapshot that may be out of date at once (rte_ring_count).
func (r *Ring) Count() uint32 {
	prod := atomic.LoadUint32(&r.Prod.Tail)
	cons := atomic.LoadUint32(&r.Cons.Tail)
	return min((prod-cons)&r.Mask, r.Capacity)
}

// FreeCount returns how many elements the ring has room for
// (rte_ring_free_count).
func (r *Ring) FreeCount() uint32 {
	return r.Capacity - r.Count()
}
