package hashtable

import (
	"fmt"
	"reflect"

	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/layout"
)

// maxSize is the maximum size of a key and of a value, in bytes.
const maxSize = chash.MaxSize

// shapeOf describes the types of a table, or refuses them.
func shapeOf[K comparable, V any](op, name string) (s chash.Shape, err error) {
	k, v := reflect.TypeFor[K](), reflect.TypeFor[V]()
	for _, t := range []reflect.Type{k, v} {
		if err := check.NoPointers(op, name, t); err != nil {
			return s, err
		}
		if t.Size() > maxSize {
			return s, check.Invalid(op, name, "%v has %d bytes: use a type of at most %d, or store the data in a memzone and its index in the table", t, t.Size(), maxSize)
		}
	}
	if k.Size() == 0 {
		return s, check.Invalid(op, name, "the key %v has 0 bytes: use a type with at least one field", k)
	}
	if why := notBytes(k); why != "" {
		return s, check.Invalid(op, name, "the key %v %s", k, why)
	}
	return chash.Shape{KeySize: uint32(k.Size()), ValueSize: uint32(v.Size()), KeyType: layout.Of(k).Hash, ValueType: layout.Of(v).Hash}, nil
}

// notBytes returns why two equal values of t may differ in their bytes, or two with the same bytes may not be equal.
func notBytes(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return fmt.Sprintf("contains a %v, and 0 equals -0 but has other bytes: use math.Float64bits or an integer", t)
	case reflect.Array:
		if t.Len() == 0 {
			return ""
		}
		return notBytes(t.Elem())
	case reflect.Struct:
		end := uintptr(0)
		for i := range t.NumField() {
			f := t.Field(i)
			switch {
			case f.Name == "_":
				return fmt.Sprintf("contains the field _ in %v, which == ignores but a table does not: give it a name, and set it to 0", t)
			case f.Offset != end:
				return padding(t, end, f.Offset-end)
			}
			if why := notBytes(f.Type); why != "" {
				return why
			}
			end += f.Type.Size()
		}
		if end != t.Size() {
			return padding(t, end, t.Size()-end)
		}
	}
	return ""
}

func padding(t reflect.Type, at, n uintptr) string {
	return fmt.Sprintf("contains %d bytes of padding at offset %d of %v, and padding may have any value: sort the fields by size, or add a field Pad [%d]byte there", n, at, t, n)
}
