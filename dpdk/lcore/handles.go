package lcore

import "sync"

// handles give C numbers for Go values.
type handles[T any] struct {
	mu   sync.Mutex
	last uintptr
	all  map[uintptr]*T
}

func (h *handles[T]) add(v *T) uintptr {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[uintptr]*T{}
	}
	h.last++
	h.all[h.last] = v
	return h.last
}

// get is nil for what was dropped.
func (h *handles[T]) get(id uintptr) *T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[id]
}

// drop says whether it was there.
func (h *handles[T]) drop(id uintptr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.all[id]
	delete(h.all, id)
	return ok
}

// each calls f for all, without the lock.
func (h *handles[T]) each(f func(id uintptr, v *T)) {
	h.mu.Lock()
	all := make(map[uintptr]*T, len(h.all))
	for id, v := range h.all {
		all[id] = v
	}
	h.mu.Unlock()
	for id, v := range all {
		f(id, v)
	}
}
