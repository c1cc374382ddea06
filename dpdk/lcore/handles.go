package lcore

import "sync"

// handles maps numbers, which C can hold, to Go values.
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

// get returns nil for a dropped value.
func (h *handles[T]) get(id uintptr) *T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[id]
}

// drop removes a value, and reports whether it existed.
func (h *handles[T]) drop(id uintptr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.all[id]
	delete(h.all, id)
	return ok
}

// each calls f for all values. It does not hold the lock meanwhile.
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
