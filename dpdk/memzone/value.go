package memzone

import (
	"reflect"
	"unsafe"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
)

// Value is a zone that contains one T. T must not contain Go pointers: use structs of
// numbers, arrays and sync/atomic values, such as
//
//	type counters struct{ hits, misses atomic.Uint64 }
//
// All processes share the same T. A C program uses a struct of the same layout.
type Value[T any] struct{ zone *Zone }

// CreateValue reserves a zone for a T and clears it. Its errors are those of [Reserve].
// Other processes may look it up only after CreateValue has returned.
//
// Implements: rte_memzone_reserve_bounded
func CreateValue[T any](name string, cfg Config) (*Value[T], error) {
	if err := fits[T](opReserve, name, 1<<62); err != nil {
		return nil, err
	}
	var t T
	if a := int(unsafe.Alignof(t)); cfg.Align != 0 && cfg.Align < a {
		return nil, check.Invalid(opReserve, name, "Align %d is less than the %d that %T needs", cfg.Align, a, t)
	}
	z, err := reserve(name, int(unsafe.Sizeof(t)), cfg, layout.Of(reflect.TypeFor[T]()))
	if err != nil {
		return nil, err
	}
	clear(z.Bytes())
	return &Value[T]{z}, nil
}

// LookupValue finds a zone made by [CreateValue] with the same T, or by a C program for a
// struct of the same layout. The error is dpdk.ErrInvalid if the zone was made for a value of another layout: numbers of
// other kinds, or at other offsets. Names do not matter. The primary knows the layouts of Go's values. Of other zones
// LookupValue compares only the size: the error is dpdk.ErrInvalid if the zone is smaller than T. A larger zone is
// accepted, because DPDK rounds sizes up.
//
// Implements: rte_memzone_lookup
func LookupValue[T any](name string) (*Value[T], error) {
	if err := fits[T](opLookup, name, 1<<62); err != nil {
		return nil, err
	}
	if err := check.Name(opLookup, name, cgo.MemzoneNameSize); err != nil {
		return nil, err
	}
	var made layout.Type
	z, err := zone(opLookup, name, func() (i cgo.MemzoneInfo, err error) {
		i, made, err = objects.MemzoneOfType(name)
		return i, err
	})
	if err != nil {
		return nil, control.Explain(err, dpdk.ErrNotFound, control.Unknown)
	}
	if t := layout.Of(reflect.TypeFor[T]()); !made.Fits(t) {
		return nil, check.Invalid(opLookup, name, "%s has another layout than %s, for which the zone was made: use the same type", t.Name, made.Name)
	}
	if err := fits[T](opLookup, name, z.info.Size); err != nil {
		return nil, err
	}
	if a := unsafe.Alignof(*new(T)); uintptr(z.Pointer())%a != 0 {
		return nil, check.Invalid(opLookup, name, "the zone is not aligned to the %d bytes that %T needs: reserve it with Config.Align", a, *new(T))
	}
	return &Value[T]{z}, nil
}

// Get returns the T in shared memory, or nil after Free on this handle.
func (v *Value[T]) Get() *T { return (*T)(v.Zone().Pointer()) }

// Zone returns the zone that contains the T.
func (v *Value[T]) Zone() *Zone {
	if v.zone == nil { // a zero Value is like a freed one
		return &Zone{}
	}
	return v.zone
}

// Name returns the name of the zone.
func (v *Value[T]) Name() string { return v.Zone().Name() }

// Free destroys the zone for all processes: see [Zone.Free].
//
// Implements: rte_memzone_free
func (v *Value[T]) Free() error { return v.Zone().Free() }

// fits refuses a T that is not plain data, or larger than room bytes.
func fits[T any](op, name string, room int) error {
	t := reflect.TypeFor[T]()
	if err := check.NoPointers(op, name, t); err != nil {
		return err
	}
	if t.Size() == 0 {
		return check.Invalid(op, name, "%v has 0 bytes: use a type with at least one field", t)
	}
	if int(t.Size()) > room {
		return check.Invalid(op, name, "%v needs %d bytes, but the zone has %d: it was made for another type", t, t.Size(), room)
	}
	return nil
}
