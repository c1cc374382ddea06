package memzone

import (
	"reflect"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/shared"
)

// Value is a zone that holds one T, which must hold no Go pointers: structs of
// numbers, arrays and sync/atomic values, such as
//
//	type counters struct{ hits, misses atomic.Uint64 }
//
// All processes see the same T. A C program sees the struct of the same layout.
type Value[T any] struct {
	Zone
}

// CreateValue reserves a zone for a T, set to its zero value, and fails as
// Reserve does. Look it up elsewhere only when CreateValue has returned.
func CreateValue[T any](name string, cfg Config) (*Value[T], error) {
	if err := fits[T](opReserve, name, 1<<62); err != nil {
		return nil, err
	}
	var t T
	if a := int(unsafe.Alignof(t)); cfg.Align != 0 && cfg.Align < a {
		return nil, check.Invalid(opReserve, name, "Align %d is below %d, the alignment of %T", cfg.Align, a, t)
	}
	z, err := Reserve(name, int(unsafe.Sizeof(t)), cfg)
	if err != nil {
		return nil, err
	}
	clear(z.Bytes())
	return value[T](z), nil
}

// LookupValue finds a zone made by CreateValue with the same T, or by a C
// program for a struct of the same layout. A zone smaller than T is refused
// with dpdk.ErrInvalid; a larger one is accepted, as zones are rounded up.
func LookupValue[T any](name string) (*Value[T], error) {
	if err := fits[T](opLookup, name, 1<<62); err != nil {
		return nil, err
	}
	z, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if err := fits[T](opLookup, name, z.info.Size); err != nil {
		return nil, err
	}
	if a := unsafe.Alignof(*new(T)); uintptr(unsafe.Pointer(z.addr.Load()))%a != 0 {
		return nil, check.Invalid(opLookup, name, "the zone is not aligned to %d bytes, as %T is", a, *new(T))
	}
	return value[T](z), nil
}

func value[T any](z *Zone) *Value[T] {
	v := new(Value[T])
	v.info = z.info
	v.addr.Store(z.addr.Load())
	return v
}

// Get is the T in shared memory; nil after Free on this handle.
func (v *Value[T]) Get() *T { return (*T)(unsafe.Pointer(v.addr.Load())) }

// fits refuses a T that cannot live in room bytes of shared memory.
func fits[T any](op, name string, room int) error {
	t := reflect.TypeFor[T]()
	if p := shared.GoPointer(t); p != "" {
		return check.Invalid(op, name, "%v holds a Go pointer (%s), which means nothing to other processes", t, p)
	}
	if t.Size() == 0 {
		return check.Invalid(op, name, "%v has no size", t)
	}
	if int(t.Size()) > room {
		return check.Invalid(op, name, "%v needs %d bytes, the zone has %d: it holds another type", t, t.Size(), room)
	}
	return nil
}
