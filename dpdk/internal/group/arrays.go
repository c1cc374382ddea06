package group

import (
	"sync"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
)

// rte_eal_init allocates arrays for services in shared memory, for each process. The primary frees those of
// its secondaries: a secondary would take the lock of the heap at its end, and one that dies frees nothing.

// array is a cgo.Array on its way to the primary.
type array struct {
	At   uintptr
	Size uint64
}

// arrays are those of secondaries. Only a primary has any.
var arrays struct {
	sync.Mutex
	of map[delegate.Owner][]array
}

// noteArrays gives the primary the arrays of a secondary. It reports whether the primary will free them.
var noteArrays = delegate.Func("rte_service_init", func(o delegate.Owner, _ string, all []array) (bool, error) {
	if o == delegate.Self {
		return false, nil
	}
	arrays.Lock()
	defer arrays.Unlock()
	if arrays.of == nil {
		arrays.of = map[delegate.Owner][]array{}
	}
	arrays.of[o] = all
	return true, nil
})

// NoteArrays gives the primary the arrays that EAL's start has allocated in this secondary. Call it after
// Start, before others use services.
func (m *Member) NoteArrays() {
	err := control.Call("rte_service_init", "", func() (err error) {
		var all []array
		for _, a := range cgo.ServiceArrays() {
			all = append(all, array{uintptr(a.Addr), a.Size})
		}
		if len(all) > 0 {
			m.noted, err = noteArrays("", all)
		}
		return err
	})
	if err != nil {
		control.Logger().Warn("a part of this process's memory stays allocated if it is killed", "error", err)
	}
}

// LeaveArrays lets the primary free the arrays, which this process no longer uses. It reports false if this
// process must free them itself.
func (m *Member) LeaveArrays() bool {
	return m.noted && m.table.look(func() { m.table.slots[m.table.own].unused.Store(1) }) == nil
}

// freeArrays frees the arrays of a process that has ended, if they are no longer in use.
func freeArrays(o delegate.Owner, unused bool) {
	arrays.Lock()
	all := arrays.of[o]
	delete(arrays.of, o)
	arrays.Unlock()
	if !unused || len(all) == 0 {
		return
	}
	_ = control.Call("rte_free", "", func() error {
		for _, a := range all {
			if !cgo.ArrayFree(cgo.Array{Addr: *(*unsafe.Pointer)(unsafe.Pointer(&a.At)), Size: a.Size}) {
				control.Logger().Warn("an array of an ended process was not found in the heap", "size", a.Size)
			}
		}
		return nil
	})
}
