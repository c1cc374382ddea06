package batchmem

import (
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
)

// mend empties the batch of a dead process if its record cannot be right: the process may have written
// anything there, and the primary must outlive that. The elements are lost then. A record
// that can be right is trusted, and so are the elements.
func (e *entry) mend() {
	h := e.h
	h.Capacity = e.Capacity
	if h.Step == ringcore.Idle && h.Hi <= h.Capacity {
		return
	}
	n := h.Count
	if h.Step >= ringcore.Others {
		n = h.Head
	}
	if h.Step <= Sending && h.Side <= ringcore.Consuming && h.Hi <= h.Capacity && h.Index <= h.Capacity && n <= h.Capacity-h.Index &&
		(h.Step != Getting && h.Step != Putting || h.Cache == 0 || isCache(h.Cache)) {
		return
	}
	control.Logger().Error("a process that has died had overwritten the record of a batch: its elements are lost", "batch", e.name)
	h.Lo, h.Hi, h.Cache = 0, 0, 0
	h.Step = ringcore.Idle
}

// isCache reports whether a pool has a cache at an address. Package objects registers it, which knows the caches
// of secondaries.
var isCache = func(uintptr) bool { return false }

// RegisterCaches registers the function that reports whether a pool has a cache at an address. Call it in an
// init function.
func RegisterCaches(f func(at uintptr) bool) { isCache = f }
