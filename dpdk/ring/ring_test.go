package ring_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var syncs = []ring.Sync{ring.Multi, ring.Single, ring.RTS, ring.HTS}

var names atomic.Int64

// name is one that no other test uses.
func name() string { return fmt.Sprintf("ring %d", names.Add(1)) }

func create[T any](t *testing.T, count int, cfg ring.Config) *ring.Ring[T] {
	t.Helper()
	r, err := ring.Create[T](name(), count, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if r.Size() > 1 { // not freed by the test
			assert.NoError(t, r.Free())
		}
	})
	return r
}

// value is element number i: every byte depends on i and on its place.
func value[T any](i int) (v T) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v))
	for at := 0; at < len(b); at += 4 {
		binary.LittleEndian.PutUint32(b[at:], uint32(i+1)*2654435761+uint32(at))
	}
	return v
}

// values are n elements from number first on.
func values[T any](first, n int) []T {
	vs := make([]T, n)
	for i := range vs {
		vs[i] = value[T](first + i)
	}
	return vs
}

// forEachKind runs a test for every element size and pair of modes.
func forEachKind(t *testing.T, f4, f8, f12, f16, f20, f64 func(*testing.T, ring.Config)) {
	for _, kind := range []struct {
		size int
		f    func(*testing.T, ring.Config)
	}{{4, f4}, {8, f8}, {12, f12}, {16, f16}, {20, f20}, {64, f64}} {
		for _, p := range syncs {
			for _, c := range syncs {
				t.Run(fmt.Sprintf("%d bytes, %v to %v", kind.size, p, c), func(t *testing.T) {
					kind.f(t, ring.Config{Producer: p, Consumer: c})
				})
			}
		}
	}
}

type (
	e4  = uint32
	e8  = uint64
	e12 = [3]uint32
	e16 = [2]uint64
	e20 = struct {
		A uint32
		B [4]uint32
	}
	e64 = [8]uint64
)

func TestCountsFollowFillAndDrain(t *testing.T) {
	forEachKind(t, fillAndDrain[e4], fillAndDrain[e8], fillAndDrain[e12], fillAndDrain[e16], fillAndDrain[e20], fillAndDrain[e64])
}

func fillAndDrain[T any](t *testing.T, cfg ring.Config) {
	r := create[T](t, 16, cfg)
	counts := func(n int) {
		t.Helper()
		require.Equal(t, n, r.Len())
		require.Equal(t, 15-n, r.FreeLen())
		require.Equal(t, n == 0, r.Empty())
		require.Equal(t, n == 15, r.Full())
	}
	counts(0)
	out := make([]T, 15)
	for round := range 5 { // each round begins at another slot
		for i := range 15 {
			require.True(t, r.Enqueue(value[T](round*15+i)))
			counts(i + 1)
		}
		require.False(t, r.Enqueue(value[T](99)), "full")
		require.Zero(t, r.EnqueueBurst(values[T](99, 3)))
		require.Zero(t, r.EnqueueBulk(values[T](99, 1)))
		counts(15)
		for i := range 15 {
			v, ok := r.Dequeue()
			require.True(t, ok)
			require.Equal(t, value[T](round*15+i), v)
			counts(14 - i)
		}
		v, ok := r.Dequeue()
		require.False(t, ok, "empty")
		require.Equal(t, *new(T), v)
		require.Zero(t, r.DequeueBurst(out))
		require.Zero(t, r.DequeueBulk(out[:1]))
		require.Equal(t, make([]T, 15), out, "not written to")
		counts(0)
	}
}

func TestOrderOfOneTwoAndThirtyTwo(t *testing.T) {
	forEachKind(t, order[e4], order[e8], order[e12], order[e16], order[e20], order[e64])
}

func order[T any](t *testing.T, cfg ring.Config) {
	r := create[T](t, 64, cfg)
	for _, op := range []struct {
		name string
		enq  func([]T) int
		deq  func([]T) int
	}{
		{"bulk", r.EnqueueBulk, r.DequeueBulk},
		{"burst", r.EnqueueBurst, r.DequeueBurst},
		{"bulk with counts",
			func(v []T) int { n, free := r.EnqueueBulkFree(v); require.Equal(t, r.FreeLen(), free); return n },
			func(v []T) int { n, left := r.DequeueBulkAvailable(v); require.Equal(t, r.Len(), left); return n }},
		{"burst with counts",
			func(v []T) int { n, free := r.EnqueueBurstFree(v); require.Equal(t, r.FreeLen(), free); return n },
			func(v []T) int { n, left := r.DequeueBurstAvailable(v); require.Equal(t, r.Len(), left); return n }},
	} {
		in, out := 0, 0
		for range 4 { // past the end of the slots
			for _, n := range []int{1, 2, 32} {
				require.Equal(t, n, op.enq(values[T](in, n)), op.name)
				in += n
			}
			for _, n := range []int{1, 2, 32} {
				// One more than is asked for must stay as it is.
				got := make([]T, n+1)
				require.Equal(t, n, op.deq(got[:n:n]), op.name)
				require.Equal(t, append(values[T](out, n), *new(T)), got, op.name)
				out += n
			}
		}
		require.True(t, r.Empty(), op.name)
	}
}

func TestBulkMovesAllOrNothingAndBurstMovesWhatFits(t *testing.T) {
	forEachKind(t, bulkAndBurst[e4], bulkAndBurst[e8], bulkAndBurst[e12], bulkAndBurst[e16], bulkAndBurst[e20], bulkAndBurst[e64])
}

func bulkAndBurst[T any](t *testing.T, cfg ring.Config) {
	r := create[T](t, 16, cfg)
	two := func(n, rest int) []int { return []int{n, rest} }

	require.Equal(t, two(0, 15), two(r.EnqueueBulkFree(values[T](0, 16))), "one more than the capacity")
	require.True(t, r.Empty(), "nothing stored")
	require.Equal(t, two(10, 5), two(r.EnqueueBulkFree(values[T](0, 10))))
	require.Equal(t, two(0, 5), two(r.EnqueueBulkFree(values[T](99, 6))))
	require.Zero(t, r.EnqueueBulk(values[T](99, 6)))
	require.Equal(t, 10, r.Len())
	require.Equal(t, two(5, 0), two(r.EnqueueBurstFree(values[T](10, 100))), "burst takes what fits")
	require.Equal(t, two(0, 0), two(r.EnqueueBurstFree(values[T](99, 1))), "full")
	require.Equal(t, two(0, 0), two(r.EnqueueBulkFree(values[T](99, 1))), "full")

	out := make([]T, 20)
	require.Equal(t, two(0, 15), two(r.DequeueBulkAvailable(out[:16])), "more than there are")
	require.Zero(t, r.DequeueBulk(out[:16]))
	require.Equal(t, make([]T, 20), out, "nothing written")
	require.Equal(t, two(12, 3), two(r.DequeueBulkAvailable(out[:12])))
	require.Equal(t, two(0, 3), two(r.DequeueBulkAvailable(out[12:16])))
	require.Equal(t, two(3, 0), two(r.DequeueBurstAvailable(out[12:])), "burst takes all that are left")
	require.Equal(t, append(values[T](0, 15), make([]T, 5)...), out)
	require.Equal(t, two(0, 0), two(r.DequeueBurstAvailable(out)), "empty")
	require.Equal(t, two(0, 0), two(r.DequeueBulkAvailable(out)), "empty")
}

func TestMovingZeroElementsIsANoOp(t *testing.T) {
	for _, p := range syncs {
		for _, c := range syncs {
			r := create[e8](t, 8, ring.Config{Producer: p, Consumer: c})
			require.True(t, r.Enqueue(7))
			for _, none := range [][]e8{nil, {}, make([]e8, 3)[:0]} {
				require.Zero(t, r.EnqueueBulk(none))
				require.Zero(t, r.EnqueueBurst(none))
				require.Zero(t, r.DequeueBulk(none))
				require.Zero(t, r.DequeueBurst(none))
				n, free := r.EnqueueBulkFree(none)
				require.Equal(t, [2]int{0, 6}, [2]int{n, free})
				n, free = r.EnqueueBurstFree(none)
				require.Equal(t, [2]int{0, 6}, [2]int{n, free})
				n, left := r.DequeueBulkAvailable(none)
				require.Equal(t, [2]int{0, 1}, [2]int{n, left})
				n, left = r.DequeueBurstAvailable(none)
				require.Equal(t, [2]int{0, 1}, [2]int{n, left})
			}
			require.Equal(t, 1, r.Len())
		}
	}
}

func TestExactSize(t *testing.T) {
	for _, tc := range []struct {
		count          int
		exact          bool
		capacity, size int
	}{
		{16, false, 15, 16},
		{16, true, 16, 32},
		{1, true, 1, 2},
		{2, false, 1, 2},
		{2, true, 2, 4},
		{15, true, 15, 16},
		{17, true, 17, 32},
		{100, true, 100, 128},
		{1024, false, 1023, 1024},
	} {
		for _, sync := range syncs {
			r := create[e8](t, tc.count, ring.Config{ExactSize: tc.exact, Producer: sync, Consumer: sync})
			assert.Equal(t, tc.capacity, r.Capacity(), "%+v", tc)
			assert.Equal(t, tc.size, r.Size(), "%+v", tc)
			assert.Equal(t, tc.capacity, r.EnqueueBurst(values[e8](0, 2000)), "%+v: holds", tc)
			assert.True(t, r.Full())
			got := make([]e8, 2000)
			assert.Equal(t, tc.capacity, r.DequeueBurst(got), "%+v", tc)
			assert.Equal(t, values[e8](0, tc.capacity), got[:tc.capacity])
		}
	}
}

// The mode is in the ring, for every process that finds it.
func TestConfigSelectsTheModes(t *testing.T) {
	for _, p := range syncs {
		for _, c := range syncs {
			for _, exact := range []bool{false, true} {
				r := create[e8](t, 16, ring.Config{Producer: p, Consumer: c, ExactSize: exact})
				assert.Equal(t, p, r.Producer())
				assert.Equal(t, c, r.Consumer())
				found, err := ring.Lookup[e8](r.Name())
				require.NoError(t, err)
				assert.Equal(t, p, found.Producer())
				assert.Equal(t, c, found.Consumer())
				assert.Equal(t, r.Capacity(), found.Capacity())
				require.True(t, r.Enqueue(1))
				all, err := ring.List()
				require.NoError(t, err)
				assert.Contains(t, all, ring.Info{Name: r.Name(), Size: r.Size(), Capacity: r.Capacity(), Len: 1, Producer: p, Consumer: c})
				require.NoError(t, r.Free())
			}
		}
	}
}

func TestCreateRefusesBadArguments(t *testing.T) {
	for _, tc := range []struct {
		name  string
		count int
		cfg   ring.Config
		want  error
		says  string
	}{
		{"count 0", 0, ring.Config{}, dpdk.ErrInvalid, "count is 0: use at least 1"},
		{"exact count 0", 0, ring.Config{ExactSize: true}, dpdk.ErrInvalid, "count is 0"},
		{"negative count", -16, ring.Config{}, dpdk.ErrInvalid, "count is -16"},
		{"smallest count", math.MinInt, ring.Config{ExactSize: true}, dpdk.ErrInvalid, "count is"},
		{"count 1 has no room", 1, ring.Config{}, dpdk.ErrInvalid, "has no room for an element: use 2, or set Config.ExactSize"},
		{"count 3", 3, ring.Config{}, dpdk.ErrInvalid, "3 is not a power of two: use 4, or set Config.ExactSize"},
		{"count 1000", 1000, ring.Config{}, dpdk.ErrInvalid, "use 1024"},
		{"count one above the limit", ring.MaxCount + 1, ring.Config{}, dpdk.ErrInvalid, "too large"},
		{"count twice the limit", 2 * ring.MaxCount, ring.Config{}, dpdk.ErrInvalid, "too large"},
		{"exact count at the limit", ring.MaxCount, ring.Config{ExactSize: true}, dpdk.ErrInvalid, "too large"},
		{"count that is 16 in 32 bits", 1<<32 + 16, ring.Config{ExactSize: true}, dpdk.ErrInvalid, "too large"},
		{"count that is 0 in 32 bits", 1 << 32, ring.Config{}, dpdk.ErrInvalid, "too large"},
		{"largest count", math.MaxInt, ring.Config{ExactSize: true}, dpdk.ErrInvalid, "too large"},
		{"more memory than there is", ring.MaxCount, ring.Config{}, dpdk.ErrNoMemory, ""},
		{"more memory than there is, exact", ring.MaxCount - 1, ring.Config{ExactSize: true}, dpdk.ErrNoMemory, ""},
		{"producer mode", 16, ring.Config{Producer: 4}, dpdk.ErrInvalid, "Producer Sync(4)"},
		{"consumer mode", 16, ring.Config{Consumer: math.MaxUint32}, dpdk.ErrInvalid, "Consumer Sync(4294967295)"},
		{"negative socket", 16, ring.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket is negative"},
		{"socket that is 0 in 32 bits", 16, ring.Config{Socket: dpdk.Socket(1 << 32)}, dpdk.ErrInvalid, "socket 4294967296 does not exist"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := name()
			// 1 KiB elements: a ring that is too large is so on any machine, and DPDK
			// does not try all the hugepages first.
			r, err := ring.Create[[1024]byte](n, tc.count, tc.cfg)
			require.Error(t, err)
			assert.Nil(t, r)
			if tc.want != nil {
				assert.ErrorIs(t, err, tc.want)
			}
			assert.Contains(t, err.Error(), `rte_ring_create_elem "`+n+`"`)
			assert.Contains(t, err.Error(), tc.says)
			leftNothing(t, n)
		})
	}
}

// leftNothing checks that neither a ring nor its memory is there.
func leftNothing(t *testing.T, name string) {
	t.Helper()
	_, err := ring.Lookup[e8](name)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = memzone.Lookup("RG_" + name)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestSockets(t *testing.T) {
	r := create[e8](t, 16, ring.Config{Socket: dpdk.Socket(0)})
	z, err := memzone.Lookup("RG_" + r.Name())
	require.NoError(t, err)
	zone, err := z.Info()
	require.NoError(t, err)
	assert.Equal(t, dpdk.Socket(0), zone.Socket)

	for _, socket := range []int{7, 1000} { // no such socket; beyond DPDK's table
		n := name()
		r, err := ring.Create[e8](n, 16, ring.Config{Socket: dpdk.Socket(socket)})
		if socket == 7 && zone.HugepageSize == os.Getpagesize() { // no hugepages: one heap for all sockets
			require.NoError(t, err)
			require.NoError(t, r.Free())
			continue
		}
		require.Error(t, err, "socket %d", socket)
		assert.Contains(t, err.Error(), n)
		leftNothing(t, n)
	}
}

func TestNames(t *testing.T) {
	longest := strings.Repeat("n", ring.MaxName)
	r, err := ring.Create[e8](longest, 16, ring.Config{})
	require.NoError(t, err)
	assert.Equal(t, longest, r.Name())
	found, err := ring.Lookup[e8](longest)
	require.NoError(t, err)
	require.True(t, r.Enqueue(5))
	v, ok := found.Dequeue()
	assert.Equal(t, [2]any{e8(5), true}, [2]any{v, ok})
	infos, err := ring.List()
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(infos, func(i ring.Info) bool { return i.Name == longest }), "in full")
	require.NoError(t, r.Free())

	for _, tc := range []struct {
		what, name string
		want       error
	}{
		{"one byte too long", longest + "n", dpdk.ErrNameTooLong},
		{"far too long", strings.Repeat("n", 1<<16), dpdk.ErrNameTooLong},
		{"empty", "", dpdk.ErrInvalid},
		{"NUL", "a\x00b", dpdk.ErrInvalid},
	} {
		_, err := ring.Create[e8](tc.name, 16, ring.Config{})
		assert.ErrorIs(t, err, tc.want, "Create: %s", tc.what)
		_, err = ring.Lookup[e8](tc.name)
		assert.ErrorIs(t, err, tc.want, "Lookup: %s", tc.what)
	}
}

func TestLookupOfAnUnknownNameReturnsErrNotFound(t *testing.T) {
	r, err := ring.Lookup[e8]("nobody made this")
	assert.Nil(t, r)
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Contains(t, err.Error(), `rte_ring_lookup "nobody made this"`)
}

func TestCreateOfATakenNameReturnsErrExist(t *testing.T) {
	r := create[e8](t, 16, ring.Config{})
	require.True(t, r.Enqueue(7))
	for _, cfg := range []ring.Config{{}, {ExactSize: true}, {Producer: ring.Single}} {
		_, err := ring.Create[e8](r.Name(), 16, cfg)
		require.ErrorIs(t, err, dpdk.ErrExist)
	}
	v, ok := r.Dequeue()
	assert.Equal(t, [2]any{e8(7), true}, [2]any{v, ok}, "the ring is as it was")
}

func TestElementTypesThatAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		create func(name string) error
		lookup func(name string) error
		says   string
	}{
		{"pointer", tryCreate[*int], tryLookup[*int], "Go pointer (*int)"},
		{"unsafe.Pointer", tryCreate[unsafe.Pointer], tryLookup[unsafe.Pointer], "Go pointer"},
		{"string", tryCreate[string], tryLookup[string], "Go pointer (string)"},
		{"slice", tryCreate[[]byte], tryLookup[[]byte], "Go pointer ([]uint8)"},
		{"map", tryCreate[map[int]int], tryLookup[map[int]int], "Go pointer"},
		{"channel", tryCreate[chan int], tryLookup[chan int], "Go pointer"},
		{"func", tryCreate[func()], tryLookup[func()], "Go pointer"},
		{"interface", tryCreate[any], tryLookup[any], "Go pointer"},
		{"pointer deep inside", tryCreate[[2]struct{ A, B [2]struct{ P *int } }], tryLookup[[2]struct{ A, B [2]struct{ P *int } }], "Go pointer (A P *int)"},
		{"1 byte", tryCreate[uint8], tryLookup[uint8], "uint8 has 1 bytes, which is not a multiple of 4"},
		{"2 bytes", tryCreate[uint16], tryLookup[uint16], "2 bytes"},
		{"3 bytes", tryCreate[[3]byte], tryLookup[[3]byte], "3 bytes"},
		{"6 bytes", tryCreate[[3]uint16], tryLookup[[3]uint16], "6 bytes"},
		{"no bytes", tryCreate[struct{}], tryLookup[struct{}], "0 bytes"},
		{"no elements", tryCreate[[0]uint64], tryLookup[[0]uint64], "0 bytes"},
		{"more than 1 MiB", tryCreate[[1<<20 + 4]byte], tryLookup[[1<<20 + 4]byte], "the limit is 1 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := name()
			err := tc.create(n)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
			leftNothing(t, n)

			r := create[e8](t, 16, ring.Config{})
			err = tc.lookup(r.Name())
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.says)
		})
	}
}

func tryCreate[T any](name string) error {
	_, err := ring.Create[T](name, 16, ring.Config{})
	return err
}

func tryLookup[T any](name string) error {
	_, err := ring.Lookup[T](name)
	return err
}

func TestLargestElements(t *testing.T) {
	r := create[[1 << 20]byte](t, 2, ring.Config{})
	in, out := new([1 << 20]byte), make([][1 << 20]byte, 1)
	for i := range in {
		in[i] = byte(i * 7)
	}
	require.Equal(t, 1, r.EnqueueBulk(unsafe.Slice(in, 1)))
	require.Equal(t, 1, r.DequeueBulk(out))
	assert.True(t, *in == out[0])
}

func TestLookupWithAnotherElementSizeIsRefused(t *testing.T) {
	r := create[e8](t, 64, ring.Config{})
	require.True(t, r.Enqueue(7))
	for size, lookup := range map[int]func(string) error{
		4: tryLookup[e4], 12: tryLookup[e12], 16: tryLookup[e16], 20: tryLookup[e20], 64: tryLookup[e64],
	} {
		err := lookup(r.Name())
		require.ErrorIs(t, err, dpdk.ErrInvalid, "%d bytes", size)
		assert.Contains(t, err.Error(), fmt.Sprintf("has %d bytes, but the ring of 64 slots was made for elements of about 8", size))
	}
	require.NoError(t, tryLookup[struct{ N atomic.Uint64 }](r.Name()), "another type of the same layout")
	v, ok := r.Dequeue()
	assert.Equal(t, [2]any{e8(7), true}, [2]any{v, ok}, "the ring still works")
	assert.True(t, r.Empty())
}

func TestTwoHandlesShareOneRing(t *testing.T) {
	for _, sync := range syncs {
		a := create[e16](t, 32, ring.Config{Producer: sync, Consumer: sync})
		b, err := ring.Lookup[e16](a.Name())
		require.NoError(t, err)
		in, out := 0, 0
		for range 20 {
			require.Equal(t, 5, a.EnqueueBurst(values[e16](in, 5)))
			require.Equal(t, 6, b.EnqueueBurst(values[e16](in+5, 6)))
			require.Equal(t, 11, a.Len())
			require.Equal(t, 11, b.Len())
			in += 11
			got := make([]e16, 11)
			require.Equal(t, 4, b.DequeueBurst(got[:4]))
			require.Equal(t, 7, a.DequeueBurst(got[4:]))
			require.Equal(t, values[e16](out, 11), got)
			out += 11
		}
	}
}

func TestFreedRingMovesNothingAndFreeTwiceReturnsErrNotFound(t *testing.T) {
	for _, sync := range syncs {
		r := create[e8](t, 16, ring.Config{Producer: sync, Consumer: sync})
		stale, err := ring.Lookup[e8](r.Name())
		require.NoError(t, err)
		require.Equal(t, 3, r.EnqueueBulk(values[e8](0, 3)))
		require.NoError(t, r.Free())
		leftNothing(t, r.Name())

		// The handle moves nothing any more.
		out := make([]e8, 4)
		assert.False(t, r.Enqueue(1))
		assert.Zero(t, r.EnqueueBulk(out))
		assert.Zero(t, r.EnqueueBurst(out))
		assert.Zero(t, r.DequeueBulk(out))
		assert.Zero(t, r.DequeueBurst(out))
		_, ok := r.Dequeue()
		assert.False(t, ok)
		n, free := r.EnqueueBurstFree(out)
		assert.Equal(t, [2]int{}, [2]int{n, free})
		n, left := r.DequeueBurstAvailable(out)
		assert.Equal(t, [2]int{}, [2]int{n, left})
		assert.Equal(t, make([]e8, 4), out)
		assert.True(t, r.Empty())
		assert.True(t, r.Full())
		assert.Zero(t, r.Capacity())
		_, err = r.Dump()
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
		_, err = r.ReserveBurst(1)
		assert.NoError(t, err)

		assert.ErrorIs(t, r.Free(), dpdk.ErrNotFound, "the handle that freed it")
		assert.ErrorIs(t, stale.Free(), dpdk.ErrNotFound, "another handle")
	}
}

func TestSecondFreeDoesNotFreeANewerRingOfTheName(t *testing.T) {
	r := create[e8](t, 16, ring.Config{})
	n := r.Name()
	require.NoError(t, r.Free())
	again, err := ring.Create[e8](n, 16, ring.Config{})
	require.NoError(t, err)
	require.True(t, again.Enqueue(7))
	assert.ErrorIs(t, r.Free(), dpdk.ErrNotFound)
	assert.False(t, r.Enqueue(1), "nor does it reach it")
	found, err := ring.Lookup[e8](n)
	require.NoError(t, err)
	assert.Equal(t, 1, found.Len())
	require.NoError(t, again.Free())
}

func TestStaleHandleDoesNotFreeANewerRingOfTheName(t *testing.T) {
	r := create[e8](t, 16, ring.Config{})
	stale, err := ring.Lookup[e8](r.Name())
	require.NoError(t, err)
	require.NoError(t, r.Free())
	create[e8](t, 16, ring.Config{}) // takes the place
	current, err := ring.Create[e8](stale.Name(), 16, ring.Config{})
	require.NoError(t, err)
	require.True(t, current.Enqueue(7))

	assert.ErrorIs(t, stale.Free(), dpdk.ErrNotFound)
	found, err := ring.Lookup[e8](stale.Name())
	require.NoError(t, err, "the new ring stays")
	v, ok := found.Dequeue()
	assert.Equal(t, [2]any{e8(7), true}, [2]any{v, ok})
	require.NoError(t, current.Free())
}

func TestNameAndMemoryCanBeUsedAgainAfterFree(t *testing.T) {
	n := name()
	for i := range 3000 { // more than DPDK has memzones
		r, err := ring.Create[e8](n, 16, ring.Config{})
		require.NoError(t, err)
		require.True(t, r.Empty(), "a new ring is empty")
		require.True(t, r.Enqueue(e8(i)))
		require.NoError(t, r.Free())
	}
}

func TestDroppedHandleFreesNothing(t *testing.T) {
	n := name()
	func() {
		r, err := ring.Create[e8](n, 64, ring.Config{})
		require.NoError(t, err)
		require.Equal(t, 5, r.EnqueueBulk(values[e8](0, 5)))
	}()
	for range 5 {
		runtime.GC() // would run finalizers and cleanups
		runtime.Gosched()
	}
	r, err := ring.Lookup[e8](n)
	require.NoError(t, err)
	got := make([]e8, 6)
	require.Equal(t, 5, r.DequeueBurst(got))
	assert.Equal(t, append(values[e8](0, 5), 0), got)
	require.NoError(t, r.Free())
}

func TestInfoDescribesTheRingUntilItIsFreed(t *testing.T) {
	r := create[e8](t, 16, ring.Config{Producer: ring.RTS})
	require.Equal(t, 2, r.EnqueueBurst(make([]e8, 2)))
	i, err := r.Info()
	require.NoError(t, err)
	assert.Equal(t, ring.Info{Name: r.Name(), Size: 16, Capacity: 15, Len: 2, Producer: ring.RTS, Consumer: ring.Multi}, i)
	all, err := ring.List()
	require.NoError(t, err)
	assert.Contains(t, all, i)
	stale, err := ring.Lookup[e8](r.Name())
	require.NoError(t, err)
	require.NoError(t, r.Free())
	for _, r := range []*ring.Ring[e8]{r, stale} {
		_, err = r.Info()
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
	}
}

func TestDump(t *testing.T) {
	r := create[e8](t, 64, ring.Config{})
	require.Equal(t, 5, r.EnqueueBulk(values[e8](0, 5)))
	text, err := r.Dump()
	require.NoError(t, err)
	assert.Contains(t, text, "<"+r.Name()+">")
	assert.Contains(t, text, "size=64")
	assert.Contains(t, text, "capacity=63")
	assert.Contains(t, text, "used=5")
	assert.Equal(t, strings.TrimSpace(text), text)
}

func TestListHasEveryRingOnce(t *testing.T) {
	const n = 150 // more than C's first array of them
	var rings []*ring.Ring[e8]
	for i := range n {
		r := create[e8](t, 16, ring.Config{})
		r.EnqueueBurst(values[e8](0, i%16))
		rings = append(rings, r)
	}
	all, err := ring.List()
	require.NoError(t, err)
	for i, r := range rings {
		var found []ring.Info
		for _, info := range all {
			if info.Name == r.Name() {
				found = append(found, info)
			}
		}
		require.Equal(t, []ring.Info{{Name: r.Name(), Size: 16, Capacity: 15, Len: i % 16, Producer: ring.Multi, Consumer: ring.Multi}}, found)
	}
	require.NoError(t, rings[0].Free())
	after, err := ring.List()
	require.NoError(t, err)
	assert.Len(t, after, len(all)-1)
}

func TestElementsWithPaddingAndFloatsAreCopiedWhole(t *testing.T) {
	type quote struct {
		Symbol [8]byte
		Bid    float64
		Size   uint16 // and 2 bytes of padding
		Flags  uint32
	}
	r := create[quote](t, 32, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	q := quote{[8]byte{'D', 'P', 'D', 'K'}, math.Inf(-1), 65535, 0xDEADBEEF}
	require.True(t, r.Enqueue(q))
	got, ok := r.Dequeue()
	require.True(t, ok)
	assert.Equal(t, q, got)
}

// ticket is an element in which every byte follows from its number.
type ticket struct{ Producer, Number, Sum, Inverse uint64 }

func newTicket(producer, number uint64) ticket {
	return ticket{producer, number, producer*0x9E3779B97F4A7C15 + number, ^number}
}

// Users' calls, all of them, from more goroutines than CPUs, through handles of
// their own. (Package ringcore has the same for its own two functions.)
func TestConcurrentGoroutinesLoseAndDuplicateNothing(t *testing.T) {
	const goroutines, each = 4, 4000
	for _, sync := range []ring.Sync{ring.Multi, ring.RTS, ring.HTS} {
		for _, count := range []int{4, 64, 1024} {
			t.Run(fmt.Sprintf("%v, %d slots", sync, count), func(t *testing.T) {
				r := create[ticket](t, count, ring.Config{Producer: sync, Consumer: sync})
				var left atomic.Int64
				left.Store(goroutines * each)
				var received [goroutines][]ticket
				var wg gosync.WaitGroup
				for g := range goroutines {
					wg.Go(func() {
						buf := make([]ticket, 8)
						for sent := 0; sent < each; {
							n := min(1+(sent+g)%8, each-sent)
							for i := range n {
								buf[i] = newTicket(uint64(g), uint64(sent+i))
							}
							done := 0
							switch sent % 3 {
							case 0:
								done = r.EnqueueBurst(buf[:n])
							case 1:
								done, _ = r.EnqueueBulkFree(buf[:min(n, r.Capacity())])
							case 2:
								if r.Enqueue(buf[0]) {
									done = 1
								}
							}
							if done == 0 {
								runtime.Gosched()
							}
							sent += done
						}
					})
					wg.Go(func() {
						buf := make([]ticket, 8)
						for round := 0; left.Load() > 0; round++ {
							n := 0
							switch round % 3 {
							case 0:
								n, _ = r.DequeueBurstAvailable(buf)
							case 1:
								n = r.DequeueBulk(buf[:2])
							case 2:
								var ok bool
								if buf[0], ok = r.Dequeue(); ok {
									n = 1
								}
							}
							if n == 0 {
								runtime.Gosched()
							}
							received[g] = append(received[g], buf[:n]...)
							left.Add(-int64(n))
						}
					})
				}
				wg.Wait()
				var seen [goroutines][each]bool
				for _, tickets := range received {
					var next [goroutines]uint64
					for _, got := range tickets {
						require.Less(t, got.Producer, uint64(goroutines))
						require.Equal(t, newTicket(got.Producer, got.Number), got, "torn")
						require.GreaterOrEqual(t, got.Number, next[got.Producer], "out of order")
						next[got.Producer] = got.Number + 1
						require.False(t, seen[got.Producer][got.Number], "doubled")
						seen[got.Producer][got.Number] = true
					}
				}
				require.True(t, r.Empty())
				for g := range seen {
					require.NotContains(t, seen[g][:], false, "lost")
				}
			})
		}
	}
}

func TestRingsFromManyGoroutines(t *testing.T) {
	const goroutines, rounds = 8, 50
	var wg gosync.WaitGroup
	var made atomic.Int32
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				r, err := ring.Create[e8](fmt.Sprintf("own %d", g), 16, ring.Config{})
				if !assert.NoError(t, err) {
					return
				}
				// All want this one: exactly one gets it.
				if err := tryCreate[e8](fmt.Sprintf("common %d", i)); err == nil {
					made.Add(1)
				} else {
					assert.ErrorIs(t, err, dpdk.ErrExist)
				}
				found, err := ring.Lookup[e8](r.Name())
				if assert.NoError(t, err) {
					assert.True(t, r.Enqueue(e8(g)))
					v, _ := found.Dequeue()
					assert.Equal(t, e8(g), v)
				}
				_, err = ring.List()
				assert.NoError(t, err)
				assert.NoError(t, r.Free())
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, rounds, made.Load())
	for i := range rounds {
		r, err := ring.Lookup[e8](fmt.Sprintf("common %d", i))
		require.NoError(t, err)
		require.NoError(t, r.Free())
	}
}

// yield lets the others run, on a machine with fewer CPUs than goroutines.
func yield() { runtime.Gosched() }
