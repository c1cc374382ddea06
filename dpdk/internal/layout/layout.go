// Package layout compares the types with which two processes see the same shared memory.
package layout

import (
	"encoding/binary"
	"hash/fnv"
	"reflect"
)

// Type describes a type: its layout, as a hash, and its name for errors. The zero value is an unknown type.
type Type struct {
	Hash uint64
	Name string
}

// Of describes a type that holds no Go pointers. Types with numbers of the same kinds at the same offsets have one hash;
// names of types and fields do not matter: struct{ A, B uint32 } is [2]uint32, and atomic.Uint64 is uint64. Blank
// fields are padding. A pointer to what DPDK owns has a kind for each type.
func Of(t reflect.Type) Type {
	var all runs
	all.walk(t, 0)
	h := fnv.New64a()
	put := func(n uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	put(uint64(t.Size()))
	for _, r := range all {
		put(uint64(r.at))
		put(uint64(r.n))
		h.Write([]byte(r.kind))
	}
	return Type{h.Sum64() | 1, t.String()} // never that of an unknown type
}

// Fits reports whether memory that was made for a type may be used with another one: they have one layout, or one of them is
// unknown.
func (t Type) Fits(other Type) bool { return t.Hash == 0 || other.Hash == 0 || t.Hash == other.Hash }

// run is n values of one kind and size, next to each other.
type run struct {
	at   uintptr
	kind string
	size uintptr
	n    uintptr
}

type runs []run

func (r *runs) add(next run) {
	if k := len(*r) - 1; k >= 0 {
		if last := &(*r)[k]; last.kind == next.kind && last.size == next.size && last.at+last.n*last.size == next.at {
			last.n += next.n
			return
		}
	}
	*r = append(*r, next)
}

// expanded is the largest number of elements of an array of structs that are described one by one.
const expanded = 64

func (r *runs) walk(t reflect.Type, at uintptr) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Name != "_" {
				r.walk(f.Type, at+f.Offset)
			}
		}
	case reflect.Array:
		r.array(t, at)
	case reflect.Pointer:
		r.add(run{at, "*" + t.Elem().String(), t.Size(), 1})
	default:
		r.add(run{at, t.Kind().String(), t.Size(), 1})
	}
}

func (r *runs) array(t reflect.Type, at uintptr) {
	n, elem := uintptr(t.Len()), t.Elem()
	var one runs
	one.walk(elem, 0)
	switch {
	case n == 0 || len(one) == 0:
	case len(one) == 1 && one[0].n*one[0].size == elem.Size():
		r.add(run{at, one[0].kind, one[0].size, one[0].n * n})
	case n <= expanded:
		for i := range n {
			r.walk(elem, at+i*elem.Size())
		}
	default: // too many: an array of that many elements
		r.add(run{at, "array", elem.Size(), n})
		r.walk(elem, at)
		r.add(run{at, "end of array", elem.Size(), n})
	}
}
