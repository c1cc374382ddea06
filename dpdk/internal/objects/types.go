package objects

import (
	"sync"

	"github.com/godpdk/godpdk/dpdk/internal/layout"
)

// types are the types of objects that this process has made: the primary for all Go processes. DPDK does not store them.
// An object of a C program has none.
type types struct {
	mu sync.Mutex
	of map[string]typed
}

// typed is the type of an object, and its address: a C program may have freed it, and made another one of the name.
type typed struct {
	at uintptr
	t  layout.Type
}

var ringTypes, zoneTypes types

func (m *types) set(name string, at uintptr, t layout.Type) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.Hash == 0 {
		delete(m.of, name)
		return
	}
	if m.of == nil {
		m.of = map[string]typed{}
	}
	m.of[name] = typed{at, t}
}

func (m *types) get(name string, at uintptr) layout.Type {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.of[name]; e.at == at {
		return e.t
	}
	return layout.Type{}
}

// drop forgets an object that was freed, unless a new one of the name exists.
func (m *types) drop(name string, at uintptr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of[name].at == at {
		delete(m.of, name)
	}
}
