package shared

import "reflect"

var mark = reflect.TypeFor[Mark]()

// GoPointer finds a Go pointer inside t: memory that other processes share
// must not hold one, but for pointers to what is marked with Mark. It returns
// the path to the first, or "".
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
	case reflect.Pointer:
		if e := t.Elem(); e.Kind() == reflect.Struct && e.NumField() > 0 && e.Field(0).Type == mark {
			return ""
		}
		return t.String()
	case reflect.UnsafePointer, reflect.String, reflect.Slice, reflect.Map,
		reflect.Chan, reflect.Func, reflect.Interface:
		return t.String()
	}
	return ""
}
