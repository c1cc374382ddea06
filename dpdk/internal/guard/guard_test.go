package guard

import (
	"math"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func stop(t *testing.T) {
	t.Helper()
	require.NoError(t, Stop())
}

func TestControlIsRefusedUnlessEALRuns(t *testing.T) {
	called := false
	f := func() int { called = true; return 0 }

	err := Control("rte_x", "obj", f)
	require.ErrorIs(t, err, dpdk.ErrNotRunning)
	assert.False(t, called, "C would crash")
	assert.Contains(t, err.Error(), `rte_x "obj"`)
	assert.Contains(t, err.Error(), "eal.Init", "says what to do")

	Start()
	require.NoError(t, Control("rte_x", "obj", f))
	assert.True(t, called)

	stop(t)
	called = false
	require.ErrorIs(t, Control("rte_x", "obj", f), dpdk.ErrNotRunning)
	assert.False(t, called)
}

func TestControlTurnsErrnoIntoError(t *testing.T) {
	Start()
	defer stop(t)
	err := Control("rte_x", "obj", func() int { return 17 })
	require.ErrorIs(t, err, dpdk.ErrExist)
	var e *dpdk.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dpdk.Error{Op: "rte_x", Name: "obj", Errno: 17}, *e)
}

func TestStopWaitsForControlCallsUnderWay(t *testing.T) {
	Start()
	defer stop(t)
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var finished atomic.Bool
	go func() {
		ended <- Control("rte_x", "", func() int {
			close(entered)
			<-release
			finished.Store(true)
			return 0
		})
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() {
		err := Stop()
		assert.True(t, finished.Load(), "stopped while a control call was inside")
		stopped <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); Running(); runtime.Gosched() {
		require.True(t, time.Now().Before(deadline), "Stop did not begin")
	}
	assert.ErrorIs(t, Control("rte_y", "", func() int { return 0 }), dpdk.ErrNotRunning, "refused at once, inside another call too")
	assert.Empty(t, stopped)
	close(release)
	assert.NoError(t, <-stopped)
	assert.NoError(t, <-ended)
}

// Refused calls that follow each other without a gap kept a lock for readers taken for ever.
func TestStopIsNotStarvedByCallsThatGoOn(t *testing.T) {
	Start()
	var calls atomic.Int64
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-over:
					return
				default:
					_ = Control("rte_x", "", func() int { calls.Add(1); return 0 })
				}
			}
		}()
	}
	for calls.Load() < 10000 {
		runtime.Gosched()
	}
	stopped := make(chan error, 1)
	go func() { stopped <- Stop() }()
	select {
	case err := <-stopped:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Error("Stop starves")
	}
	close(over)
	wg.Wait()
	if t.Failed() {
		<-stopped
	}
}

func TestStopNamesTheCallThatHangs(t *testing.T) {
	defer func(d time.Duration) { patience = d }(patience)
	patience = 50 * time.Millisecond
	Start()
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Control("rte_mempool_create", "pkts", func() int { close(entered); <-release; return 0 })
	}()
	<-entered
	err := Stop()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Contains(t, err.Error(), `rte_mempool_create "pkts", which has run for `)
	assert.Contains(t, err.Error(), "memory stays mapped")
	close(release)
	assert.NoError(t, <-ended, "its memory is still there")
	assert.NoError(t, Stop(), "nothing runs any more")
}

func TestStopDoesNotWaitForAHookThatHangs(t *testing.T) {
	defer func(d time.Duration, f []func()) { patience, eal.atStop = d, f }(patience, eal.atStop)
	patience = 50 * time.Millisecond
	Start()
	release := make(chan struct{})
	AtStop(func() { <-release })
	assert.ErrorIs(t, Stop(), dpdk.ErrBusy)
	close(release)
}

func TestACallThatPanicsHasLeft(t *testing.T) {
	Start()
	assert.Panics(t, func() { _ = Control("rte_x", "", func() int { panic("x") }) })
	assert.NoError(t, Stop())
}

func TestControlCallsRunSideBySide(t *testing.T) {
	Start()
	defer stop(t)
	// Each waits for the other: one at a time would never end.
	a, b := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	go func() { done <- Control("a", "", func() int { close(a); <-b; return 0 }) }()
	go func() { done <- Control("b", "", func() int { close(b); <-a; return 0 }) }()
	for range 2 {
		select {
		case err := <-done:
			assert.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Fatal("control calls exclude each other")
		}
	}
}

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name, object string
		want         error
		says         string
	}{
		{"one byte", "a", nil, ""},
		{"longest", strings.Repeat("x", 31), nil, ""},
		{"spaces and UTF-8", "a ü/\n", nil, ""},
		{"no room for the final NUL", strings.Repeat("x", 32), dpdk.ErrNameTooLong, "32 bytes: use at most 31"},
		{"far too long", strings.Repeat("x", 1<<16), dpdk.ErrNameTooLong, "at most 31"},
		{"bytes count, not letters", strings.Repeat("ü", 16), dpdk.ErrNameTooLong, "32 bytes"},
		{"empty", "", dpdk.ErrInvalid, "empty"},
		{"NUL inside", "a\x00b", dpdk.ErrInvalid, "NUL"},
		{"NUL at the end", "a\x00", dpdk.ErrInvalid, "NUL"},
		{"only NUL", "\x00", dpdk.ErrInvalid, "NUL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Name("rte_x", tc.object, 32)
			if tc.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), "rte_x")
			assert.Contains(t, err.Error(), tc.says)
			assert.NotContains(t, err.Error(), "\x00")
		})
	}
}

func TestSockets(t *testing.T) {
	for _, s := range []dpdk.SocketID{dpdk.AnySocket, dpdk.Socket(0), dpdk.Socket(31), dpdk.Socket(math.MaxInt32)} {
		assert.NoError(t, Socket("rte_x", "n", s), s)
	}
	// 1<<32 would be socket 0 in C, and 1<<32 - 1 any socket.
	for _, n := range []int{-1, -7, math.MinInt, math.MaxInt32 + 1, 1<<32 - 1, 1 << 32, math.MaxInt - 1} {
		assert.ErrorIs(t, Socket("rte_x", "n", dpdk.Socket(n)), dpdk.ErrInvalid, n)
	}
}

func TestInvalidSaysWhy(t *testing.T) {
	err := Invalid("rte_x", "n", "the count is %d", 3)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Equal(t, `rte_x "n": invalid argument: the count is 3`, err.Error())
}

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
		_    Shared
		Next *handle
		P    unsafe.Pointer
	}
	late struct {
		N int
		_ Shared
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
		{"pointer to a pointer to what is shared", reflect.TypeFor[**handle](), "**guard.handle"},
		{"slice of pointers to what is shared", reflect.TypeFor[[]*handle](), "[]*guard.handle"},
		{"mark that is not the first field", reflect.TypeFor[*late](), "*guard.late"},
		{"mark inside the first field", reflect.TypeFor[*wrapped](), "*guard.wrapped"},
		{"pointer to the mark", reflect.TypeFor[*Shared](), "*guard.Shared"},
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
		{"type that points to itself", reflect.TypeFor[link](), "Next *guard.link"},
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

func TestControlIsRefusedWhenThePrimaryHasGone(t *testing.T) {
	Start()
	defer stop(t)
	alive := true
	SetPrimary(func() bool { return alive })
	defer eal.primary.Store(nil)
	called := 0
	f := func() int { called++; return 0 }
	require.NoError(t, Control("rte_x", "obj", f))
	alive = false
	err := Control("rte_x", "obj", f)
	require.ErrorIs(t, err, dpdk.ErrPrimaryGone)
	assert.NotErrorIs(t, err, dpdk.ErrNotRunning)
	assert.Equal(t, 1, called, "it would touch another's memory")
}

func TestLongNamesAreCutInErrors(t *testing.T) {
	err := Name("rte_x", strings.Repeat("é", 200), 32)
	require.ErrorIs(t, err, dpdk.ErrNameTooLong)
	assert.Equal(t, strings.Repeat("é", 32)+"…", err.(*dpdk.Error).Name)
	assert.Contains(t, err.Error(), "400 bytes: use at most 31")
}
