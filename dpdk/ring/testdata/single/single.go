// Package single has operations on single elements, for a test that reads the instructions.
package single

import "github.com/godpdk/godpdk/dpdk/ring"

// Put enqueues v.
func Put(r *ring.Ring[uint64], v uint64) bool { return r.Enqueue(v) }

// Take dequeues an element.
func Take(r *ring.Ring[uint64]) (uint64, bool) { return r.Dequeue() }
