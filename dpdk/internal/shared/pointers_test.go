package shared

import (
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type (
	inner struct {
		N uint32
		S string
	}
	outer struct {
		Pad  [3]uint64
		Deep [2]inner
	}
	embedded struct{ inner }
	hidden   struct{ _ *int }
	plain    struct {
		A bool
		B [4]struct{ X, Y float64 }
		C complex128
		D [0]*int
		E struct{}
	}
	atomics struct {
		I32 atomic.Int32
		I64 atomic.Int64
		U32 atomic.Uint32
		U64 [8]atomic.Uint64
		UP  atomic.Uintptr
		B   atomic.Bool
	}
	named  uint16
	link   struct{ Next *link }
	handle struct {
		_    Mark
		Next *handle
		P    unsafe.Pointer
	}
	late struct {
		N int
		_ Mark
	}
	wrapped struct{ handle }
)

func TestGoPointersAreFound(t *testing.T) {
	for _, tc := range []struct {
		name string
		t    reflect.Type
		want string // what the path ends with; "" for a type without one
	}{
		{"bool", reflect.TypeFor[bool](), ""},
		{"int", reflect.TypeFor[int](), ""},
		{"int8", reflect.TypeFor[int8](), ""},
		{"int16", reflect.TypeFor[int16](), ""},
		{"int32", reflect.TypeFor[int32](), ""},
		{"int64", reflect.TypeFor[int64](), ""},
		{"uint", reflect.TypeFor[uint](), ""},
		{"uint8", reflect.TypeFor[uint8](), ""},
		{"named uint16", reflect.TypeFor[named](), ""},
		{"uint32", reflect.TypeFor[uint32](), ""},
		{"uint64", reflect.TypeFor[uint64](), ""},
		{"uintptr is a number", reflect.TypeFor[uintptr](), ""},
		{"float32", reflect.TypeFor[float32](), ""},
		{"float64", reflect.TypeFor[float64](), ""},
		{"complex64", reflect.TypeFor[complex64](), ""},
		{"complex128", reflect.TypeFor[complex128](), ""},
		{"array", reflect.TypeFor[[7][3]uint16](), ""},
		{"array of no pointers", reflect.TypeFor[[0]*int](), ""},
		{"array of arrays of no pointers", reflect.TypeFor[[5][0]string](), ""},
		{"empty struct", reflect.TypeFor[struct{}](), ""},
		{"struct of plain things", reflect.TypeFor[plain](), ""},
		{"atomics of numbers", reflect.TypeFor[atomics](), ""},

		{"pointer to what is shared", reflect.TypeFor[*handle](), ""},
		{"array of pointers to what is shared", reflect.TypeFor[[2]*handle](), ""},
		{"struct of pointers to what is shared", reflect.TypeFor[struct {
			N uint64
			H *handle
		}](), ""},

		{"what is shared itself", reflect.TypeFor[handle](), "P unsafe.Pointer"},
		{"pointer to a pointer to what is shared", reflect.TypeFor[**handle](), "**shared.handle"},
		{"slice of pointers to what is shared", reflect.TypeFor[[]*handle](), "[]*shared.handle"},
		{"mark that is not the first field", reflect.TypeFor[*late](), "*shared.late"},
		{"mark inside the first field", reflect.TypeFor[*wrapped](), "*shared.wrapped"},
		{"pointer to the mark", reflect.TypeFor[*Mark](), "*shared.Mark"},
		{"pointer to an empty struct", reflect.TypeFor[*struct{}](), "*struct {}"},
		{"pointer", reflect.TypeFor[*int](), "*int"},
		{"unsafe.Pointer", reflect.TypeFor[unsafe.Pointer](), "unsafe.Pointer"},
		{"string", reflect.TypeFor[string](), "string"},
		{"slice", reflect.TypeFor[[]byte](), "[]uint8"},
		{"map", reflect.TypeFor[map[int]int](), "map[int]int"},
		{"channel", reflect.TypeFor[chan int](), "chan int"},
		{"func", reflect.TypeFor[func()](), "func()"},
		{"any", reflect.TypeFor[any](), "interface {}"},
		{"error", reflect.TypeFor[error](), "error"},
		{"array of strings", reflect.TypeFor[[2]string](), "string"},
		{"array of arrays of strings", reflect.TypeFor[[2][2]string](), "string"},
		{"deep in structs and arrays", reflect.TypeFor[outer](), "Deep S string"},
		{"embedded", reflect.TypeFor[embedded](), "inner S string"},
		{"blank field", reflect.TypeFor[hidden](), "_ *int"},
		{"type that points to itself", reflect.TypeFor[link](), "Next *shared.link"},
		{"atomic.Value", reflect.TypeFor[atomic.Value](), "v interface {}"},
		{"atomic.Pointer", reflect.TypeFor[atomic.Pointer[int]](), "unsafe.Pointer"},
		{"time.Time", reflect.TypeFor[time.Time](), "loc *time.Location"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := GoPointer(tc.t)
			if tc.want == "" {
				assert.Empty(t, got)
				return
			}
			require.NotEmpty(t, got)
			assert.True(t, strings.HasSuffix(got, tc.want), "%q does not end with %q", got, tc.want)
		})
	}
}
