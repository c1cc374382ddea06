//go:build linux

package values_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// variants is the number of sets of odd arguments for each method.
const variants = 7

// odd returns the k-th odd value of a type.
func odd(t reflect.Type, k int) reflect.Value {
	if v, ok := special(t, k); ok {
		return v
	}
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(k%2 == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		top := int64(math.MaxInt64) >> (64 - t.Bits())
		v.SetInt([]int64{0, 1, -1, top, -top - 1, 3, 65}[k%7])
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		top := uint64(math.MaxUint64) >> (64 - t.Bits())
		v.SetUint([]uint64{0, 1, top, top / 2, 3, 65, 7}[k%7])
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{0, -1, math.NaN(), math.Inf(1)}[k%4])
	case reflect.String:
		v.SetString([]string{"", "x", "a\x00b", strings.Repeat("y", 300), "class=eth", " ", "\xff"}[k%7])
	case reflect.Slice:
		if k%4 > 0 {
			v.Set(reflect.MakeSlice(t, k%4*2-2, 5))
			for i := range v.Len() {
				v.Index(i).Set(odd(t.Elem(), k+i))
			}
		}
	case reflect.Pointer:
		if k%3 > 0 {
			v.Set(reflect.New(t.Elem()))
		}
	case reflect.Map:
		if k%2 > 0 {
			v.Set(reflect.MakeMap(t))
		}
	case reflect.Chan:
		if k%2 > 0 && t.ChanDir() == reflect.BothDir {
			v.Set(reflect.MakeChan(t, 1))
		}
	case reflect.Func:
		if k%3 > 0 {
			v.Set(reflect.MakeFunc(t, func([]reflect.Value) (out []reflect.Value) {
				for i := range t.NumOut() {
					out = append(out, reflect.Zero(t.Out(i)))
				}
				return out
			}))
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() && k > 1 {
				v.Field(i).Set(odd(t.Field(i).Type, k+i))
			}
		}
	}
	return v
}

// special returns a value of a type for which odd cannot make a useful one.
func special(t reflect.Type, k int) (reflect.Value, bool) {
	switch t {
	case reflect.TypeFor[context.Context]():
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(k%3)*5*time.Millisecond)
		context.AfterFunc(ctx, cancel)
		return reflect.ValueOf(ctx), true
	case reflect.TypeFor[*mbuf.Mbuf](): // Go code cannot make one
		if k%2 == 0 {
			return reflect.Zero(t), true
		}
		return reflect.ValueOf(aPacket()), true
	case reflect.TypeFor[*mbuf.Pool]():
		if k%3 == 2 {
			return reflect.ValueOf(pool()), true
		}
	case reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(io.Discard), true
	case reflect.TypeFor[io.Reader]():
		return reflect.ValueOf(bytes.NewReader([]byte("bytes"))), true
	}
	return reflect.Value{}, false
}

// raw reports whether a type is unsafe.Pointer, which only callers of C use.
func raw(t reflect.Type) bool { return t.Kind() == reflect.UnsafePointer }

// key returns the name of a call.
func key(pkg, name, state, method string, k int) string {
	return fmt.Sprintf("%s.%s, %s: %s/%d", pkg, name, state, method, k)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// call is one call of a method, or of the function that make returns if method is empty. make
// returns the receiver and a function that releases it.
type call struct {
	key    string
	make   func() (any, func())
	method string
	k      int
}

// calls returns the calls of all methods of a subject.
func (s subject) calls(pkg string) (all []call) {
	for _, state := range s.states() {
		v, done := state.make()
		t := reflect.TypeOf(v)
		done()
		for i := range t.NumMethod() {
			m := t.Method(i)
			n := 1
			rawArgument := false
			for a := 1; a < m.Type.NumIn(); a++ {
				n = variants
				rawArgument = rawArgument || raw(m.Type.In(a))
			}
			if rawArgument || s.without[m.Name] {
				continue
			}
			for k := range n {
				all = append(all, call{key(pkg, s.name, state.name, m.Name, k), state.make, m.Name, k})
			}
		}
	}
	return all
}

// run makes the call. It reports a panic and a call that does not return.
func (c call) run() {
	harness.Say("call %s", c.key)
	over := make(chan string, 1)
	go func() {
		defer func() {
			why := ""
			if r := recover(); r != nil {
				why = fmt.Sprint("panic ", c.key, ": ", r)
				if os.Getenv("GODPDK_VALUES_STACK") != "" {
					buf := make([]byte, 4096)
					why += strings.ReplaceAll(string(buf[:runtime.Stack(buf, false)]), "\n", " | ")
				}
			}
			over <- why
		}()
		v, done := c.make()
		defer done()
		m := reflect.ValueOf(v)
		if c.method != "" {
			m = m.MethodByName(c.method)
		}
		var args []reflect.Value
		for i := range m.Type().NumIn() {
			args = append(args, odd(m.Type().In(i), c.k+i))
		}
		var out []reflect.Value
		if m.Type().IsVariadic() {
			out = m.CallSlice(args)
		} else {
			out = m.Call(args)
		}
		for _, o := range out {
			iterate(o)
		}
	}()
	select {
	case why := <-over:
		if why != "" {
			harness.Say("%s", why)
		}
	case <-time.After(20 * time.Second):
		harness.Say("hang %s", c.key)
		os.Exit(3)
	}
}

// iterate iterates over a value that is an iter.Seq.
func iterate(v reflect.Value) {
	if v.Kind() == reflect.Func && !v.IsNil() && v.Type().NumIn() == 1 && v.Type().NumOut() == 0 && v.Type().In(0).Kind() == reflect.Func {
		n := 0
		v.Call([]reflect.Value{reflect.MakeFunc(v.Type().In(0), func([]reflect.Value) []reflect.Value {
			n++
			return []reflect.Value{reflect.ValueOf(n < 100)}
		})})
	}
}
