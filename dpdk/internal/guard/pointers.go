package guard

import "reflect"

// GoPointer finds a Go pointer inside t: memory that other processes share
// must not hold one. It returns the path to the first, or "".
func GoPointer(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Array:
		if t.Len() == 0 {
			return ""
		}
		return GoPointer(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if p := GoPointer(f.Type); p != "" {
				return f.Name + " " + p
			}
		}
		return ""
	case reflect.Pointer, reflect.UnsafePointer, reflect.String, reflect.Slice, reflect.Map,
		reflect.Chan, reflect.Func, reflect.Interface:
		return t.String()
	}
	return ""
}
