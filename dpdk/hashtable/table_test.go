//go:build linux && cgo

package hashtable_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var names atomic.Int64

func name() string { return fmt.Sprint("table ", names.Add(1)) }

type (
	flow struct {
		Addr        uint32
		Port, Proto uint16
	}
	wide [3]uint64
)

func newTable[K comparable, V any](t *testing.T, entries int, cfg hashtable.Config) *hashtable.Table[K, V] {
	t.Helper()
	table, err := hashtable.Create[K, V](name(), entries, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if table.Pointer() != nil {
			assert.NoError(t, table.Free())
		}
	})
	return table
}

func refused[K comparable, V any](t *testing.T, says string) {
	t.Helper()
	_, err := hashtable.Create[K, V]("refused", 8, hashtable.Config{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.ErrorContains(t, err, says)
	_, err = hashtable.Lookup[K, V]("refused")
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestTypesThatATableCannotHoldAreRefused(t *testing.T) {
	refused[string, int](t, "Go pointer")
	refused[*int, int](t, "Go pointer")
	refused[any, int](t, "Go pointer")
	refused[int, string](t, "Go pointer")
	refused[int, []byte](t, "Go pointer")
	refused[struct{}, int](t, "0 bytes")
	refused[[0]int, int](t, "0 bytes")
	refused[float64, int](t, "math.Float64bits")
	refused[[2]complex64, int](t, "0 equals -0")
	refused[struct {
		A uint8
		B uint32
	}, int](t, "3 bytes of padding at offset 1")
	refused[struct {
		A uint32
		B uint8
	}, int](t, "3 bytes of padding at offset 5")
	refused[[2]struct {
		X struct {
			A uint64
			B uint16
		}
	}, int](t, "6 bytes of padding at offset 10")
	refused[struct {
		A uint32
		_ uint32
	}, int](t, "the field _")
	refused[[4097]byte, int](t, "at most 4096")
	refused[int, [4097]byte](t, "at most 4096")
}

func TestTableArgumentsAreChecked(t *testing.T) {
	gone, err := rcu.Create(name(), 1, rcu.Config{})
	require.NoError(t, err)
	require.NoError(t, gone.Free())
	for _, test := range []struct {
		name    string
		entries int
		cfg     hashtable.Config
		want    error
		says    string
	}{
		{"", 8, hashtable.Config{}, dpdk.ErrInvalid, "empty"},
		{strings.Repeat("x", hashtable.MaxName+1), 8, hashtable.Config{}, dpdk.ErrNameTooLong, fmt.Sprint(hashtable.MaxName)},
		{"x", 0, hashtable.Config{}, dpdk.ErrInvalid, "0 entries"},
		{"x", -1, hashtable.Config{}, dpdk.ErrInvalid, "-1 entries"},
		{"x", hashtable.MaxEntries + 1, hashtable.Config{}, dpdk.ErrInvalid, "entries"},
		{"x", 8, hashtable.Config{Function: 2}, dpdk.ErrInvalid, "hash function 2"},
		{"x", 8, hashtable.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket"},
		{"x", 8, hashtable.Config{RCU: gone}, dpdk.ErrInvalid, "was freed"},
	} {
		_, err := hashtable.Create[int, int](test.name, test.entries, test.cfg)
		require.ErrorIs(t, err, test.want, test)
		assert.ErrorContains(t, err, test.says)
	}
	_, err = hashtable.Create[[4096]byte, int]("x", 1<<20, hashtable.Config{})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "32 bits")
	_, err = hashtable.Lookup[int, int]("nobody made this")
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = hashtable.Lookup[int, int](strings.Repeat("x", hashtable.MaxName+1))
	require.ErrorIs(t, err, dpdk.ErrNameTooLong)
	_, err = hashtable.Create[int, [512]uint64](name(), 1<<21, hashtable.Config{})
	require.ErrorIs(t, err, dpdk.ErrNoMemory)
	q, err := rcu.Create(name(), 1, rcu.Config{})
	require.NoError(t, err)
	for _, size := range []uint32{8, 1000, 4088, chash.MaxSize} {
		// The largest table is valid, also with the places for deleted keys. The socket has no memory for it.
		_, errno := chash.Create("large", &chash.Config{Shape: chash.Shape{KeySize: size}, Entries: uint32(chash.MaxEntriesOf(size)), Socket: 30, RCU: q.Pointer()})
		require.Equal(t, int(dpdk.ErrNoMemory), errno, size)
	}
	require.NoError(t, q.Free())
	for _, c := range []chash.Config{{}, {Entries: 1}, {Entries: chash.MaxEntries + 1, Shape: chash.Shape{KeySize: 8}}, {Entries: 1, Shape: chash.Shape{KeySize: 4097}},
		{Entries: 1, Shape: chash.Shape{KeySize: 8, ValueSize: 4097}}, {Entries: 1, Shape: chash.Shape{KeySize: 8}, Function: 2},
		{Entries: 1 << 20, Shape: chash.Shape{KeySize: 4096}}} {
		_, errno := chash.Create("from C", &c)
		require.Equal(t, int(dpdk.ErrInvalid), errno, c)
	}
	_, errno := chash.Create(strings.Repeat("x", hashtable.MaxName+1), &chash.Config{Entries: 1, Shape: chash.Shape{KeySize: 8}})
	require.Equal(t, int(dpdk.ErrInvalid), errno)
	all, err := hashtable.List()
	require.NoError(t, err)
	assert.Empty(t, all, "nothing is left")
}

func TestATableIsANamedObject(t *testing.T) {
	q, err := rcu.Create(name(), 1, rcu.Config{})
	require.NoError(t, err)
	table := newTable[flow, wide](t, 100, hashtable.Config{Function: hashtable.ByJenkins, Seed: 7, RCU: q})
	_, err = hashtable.Create[flow, wide](table.Name(), 100, hashtable.Config{})
	require.ErrorIs(t, err, dpdk.ErrExist)
	same, err := hashtable.Lookup[flow, wide](table.Name())
	require.NoError(t, err)
	assert.Equal(t, table.Pointer(), same.Pointer())
	require.NoError(t, table.Add(flow{1, 2, 3}, wide{4, 5, 6}))
	got, ok := same.Lookup(flow{1, 2, 3})
	assert.Equal(t, []any{wide{4, 5, 6}, true}, []any{got, ok})
	info, err := same.Info()
	require.NoError(t, err)
	want := hashtable.Info{Name: table.Name(), Entries: 100, Len: 1, KeySize: 8, ValueSize: 24, Function: hashtable.ByJenkins, Seed: 7, RCU: q.Name()}
	assert.Equal(t, want, info)
	longest, err := hashtable.Create[uint8, struct{}](strings.Repeat("x", hashtable.MaxName), 256, hashtable.Config{})
	require.NoError(t, err)
	all, err := hashtable.List()
	require.NoError(t, err)
	assert.ElementsMatch(t, []hashtable.Info{want, {Name: longest.Name(), Entries: 256, KeySize: 1}}, all)
	require.NoError(t, longest.Free())
	require.NoError(t, table.Free())

	assert.Nil(t, table.Pointer())
	assert.Equal(t, []int{0, 0}, []int{table.Len(), table.Capacity()})
	_, ok = table.Lookup(flow{1, 2, 3})
	assert.False(t, ok)
	found := []bool{true}
	assert.Zero(t, table.LookupBulk(make([]wide, 1), found, make([]flow, 1)))
	assert.Equal(t, []bool{false}, found)
	assert.Empty(t, maps.Collect(table.All()))
	for _, h := range []*hashtable.Table[flow, wide]{table, same} {
		require.ErrorIs(t, h.Free(), dpdk.ErrNotFound)
		require.ErrorIs(t, h.Add(flow{}, wide{}), dpdk.ErrNotFound)
		require.ErrorIs(t, h.Delete(flow{}), dpdk.ErrNotFound)
		require.ErrorIs(t, h.Reset(), dpdk.ErrNotFound)
		_, _, err = h.LookupOrAdd(flow{}, wide{})
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		_, err = h.Info()
		require.ErrorIs(t, err, dpdk.ErrNotFound)
	}
	require.NoError(t, q.Free())
}

func found[K comparable, V any](table string) error {
	_, err := hashtable.Lookup[K, V](table)
	return err
}

func TestLookupChecksTheTypes(t *testing.T) {
	type sameFlow struct {
		A    uint32
		B, C uint16
	}
	type words [3]struct{ X uint64 }
	n := newTable[flow, wide](t, 8, hashtable.Config{}).Name()
	require.NoError(t, found[sameFlow, wide](n), "names do not matter")
	require.NoError(t, found[flow, words](n), "nor do structs")
	for _, err := range []error{found[uint64, wide](n), found[[8]byte, wide](n), found[struct{ A, B uint32 }, wide](n), found[flow, [3]int64](n), found[flow, [24]byte](n)} {
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, "other fields")
	}
	for _, err := range []error{found[uint32, wide](n), found[flow, uint64](n), found[flow, struct{}](n)} {
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, "bytes, not of")
	}
}

// values tests a table with values of one type, which make converts from a number.
func values[V comparable](t *testing.T, convert func(n int) V) {
	t.Run(fmt.Sprintf("%T", *new(V)), func(t *testing.T) {
		const n = 100
		table := newTable[uint16, V](t, n, hashtable.Config{})
		for i := range n {
			require.NoError(t, table.Add(uint16(i), convert(i)))
		}
		require.ErrorIs(t, table.Add(n, convert(n)), dpdk.ErrNoSpace)
		assert.ErrorContains(t, table.Add(n, convert(n)), "100 of 100 keys")
		require.NoError(t, table.Add(n-1, convert(7)), "it replaces a value")
		require.NoError(t, table.Add(n-1, convert(n-1)))
		keys, got, ok := make([]uint16, n+1), make([]V, n+1), make([]bool, n+1)
		for i := range keys {
			keys[i], got[i], ok[i] = uint16(n-i), convert(1), i == 0
		}
		assert.Equal(t, n, table.LookupBulk(got, ok, keys))
		for i, k := range keys {
			v, found := table.Lookup(k)
			want := k < n
			require.Equal(t, []any{want, want}, []any{found, ok[i]}, k)
			if want {
				require.Equal(t, []any{convert(int(k)), convert(int(k))}, []any{v, got[i]})
			} else {
				require.Equal(t, []any{*new(V), *new(V)}, []any{v, got[i]})
			}
		}
		assert.Equal(t, []int{n, n}, []int{table.Len(), table.Capacity()})
		all := maps.Collect(table.All())
		require.Len(t, all, n)
		for k, v := range all {
			require.Equal(t, convert(int(k)), v)
		}
		require.NoError(t, table.Delete(5))
		require.ErrorIs(t, table.Delete(5), dpdk.ErrNotFound)
		assert.ErrorContains(t, table.Delete(5), "does not have the key")
		_, found := table.Lookup(5)
		assert.False(t, found)
		v, loaded, err := table.LookupOrAdd(6, convert(1))
		require.NoError(t, err)
		assert.Equal(t, []any{convert(6), true}, []any{v, loaded})
		v, loaded, err = table.LookupOrAdd(n, convert(n))
		require.NoError(t, err)
		assert.Equal(t, []any{convert(n), false}, []any{v, loaded})
		_, _, err = table.LookupOrAdd(5, convert(5))
		require.ErrorIs(t, err, dpdk.ErrNoSpace)
		require.NoError(t, table.Reset())
		assert.Empty(t, maps.Collect(table.All()))
		assert.Zero(t, table.Len())
		all = map[uint16]V{}
		for i := range n {
			all[uint16(1000+i)] = convert(i)
		}
		ks := slices.Collect(maps.Keys(all))
		vs := make([]V, n)
		for i, k := range ks {
			vs[i] = all[k]
		}
		done, err := table.AddBulk(ks, vs)
		require.NoError(t, err)
		assert.Equal(t, n, done)
		assert.Equal(t, all, maps.Collect(table.All()))
	})
}

func TestValuesOfAllSizes(t *testing.T) {
	values(t, func(int) struct{} { return struct{}{} })
	values(t, func(n int) bool { return n%2 == 1 })
	values(t, func(n int) [3]byte { return [3]byte{byte(n), 1, byte(n)} })
	values(t, func(n int) float32 { return float32(n) / 3 })
	values(t, func(n int) uint64 { return math.MaxUint64 - uint64(n) })
	values(t, func(n int) [9]byte { return [9]byte{8: byte(n), 0: byte(n)} })
	values(t, func(n int) wide { return wide{uint64(n), 1 << 60, uint64(n)} })
	values(t, func(n int) (v [4096]byte) { v[0], v[4095] = byte(n), byte(n); return v })
}

// keys tests a table with keys of one type.
func keys[K comparable](t *testing.T, convert func(n int) K) {
	for _, f := range []hashtable.Function{hashtable.ByCRC32C, hashtable.ByJenkins} {
		t.Run(fmt.Sprintf("%T %d", *new(K), f), func(t *testing.T) {
			const n = 200
			table := newTable[K, int](t, n, hashtable.Config{Function: f, Seed: 3})
			for i := range n {
				require.NoError(t, table.Add(convert(i), i))
			}
			for i := range n {
				v, ok := table.Lookup(convert(i))
				require.Equal(t, []any{i, true}, []any{v, ok})
			}
			_, ok := table.Lookup(convert(n))
			assert.False(t, ok)
			for i := range n {
				require.NoError(t, table.Delete(convert(i)))
			}
			assert.Empty(t, maps.Collect(table.All()))
		})
	}
}

func TestKeysOfAllSizes(t *testing.T) {
	keys(t, func(n int) uint8 { return uint8(n) })
	keys(t, func(n int) [3]byte { return [3]byte{2: byte(n)} })
	keys(t, func(n int) flow { return flow{uint32(n), 1, 2} })
	keys(t, func(n int) [13]byte { return [13]byte{12: byte(n)} })
	for _, size := range []int{16, 32} {
		if size == 16 {
			keys(t, func(n int) [16]byte { return [16]byte{15: byte(n)} })
		} else {
			keys(t, func(n int) [32]byte { return [32]byte{31: byte(n)} })
		}
	}
	keys(t, func(n int) [128]byte { return [128]byte{127: byte(n)} })
	keys(t, func(n int) [4096]byte { return [4096]byte{4095: byte(n)} })
}

func TestBulksUseTheShortestSlice(t *testing.T) {
	table := newTable[uint32, uint32](t, 100, hashtable.Config{})
	for i := range uint32(100) {
		require.NoError(t, table.Add(i, i))
	}
	keys := make([]uint32, 100)
	for i := range keys {
		keys[i] = uint32(i)
	}
	values, ok := make([]uint32, 90), make([]bool, 80)
	assert.Equal(t, 80, table.LookupBulk(values, ok, keys))
	assert.Equal(t, []uint32{79, 0}, values[79:81])
	assert.Zero(t, table.LookupBulk(nil, nil, nil))
	done, err := table.AddBulk(keys[:2], values[:1])
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Zero(t, done)
	done, err = table.AddBulk(nil, nil)
	require.NoError(t, err)
	assert.Zero(t, done)
	done, err = table.AddBulk([]uint32{1, 1000, 2}, []uint32{5, 6, 7})
	require.ErrorIs(t, err, dpdk.ErrNoSpace)
	assert.Equal(t, 1, done, "the keys before the error")
	v, _ := table.Lookup(1)
	assert.EqualValues(t, 5, v)
}

// A caller's slices may be parts of objects with Go pointers.
func TestSlicesOfObjectsWithPointers(t *testing.T) {
	table := newTable[uint32, wide](t, 8, hashtable.Config{})
	o := &struct {
		s    []string
		keys [2]uint32
		vals [2]wide
		ok   [2]bool
		m    map[int]int
	}{s: []string{"x"}, keys: [2]uint32{1, 2}, vals: [2]wide{{1}, {2}}, m: map[int]int{}}
	_, err := table.AddBulk(o.keys[:], o.vals[:])
	require.NoError(t, err)
	assert.Equal(t, 2, table.LookupBulk(o.vals[:], o.ok[:], o.keys[:]))
}

func TestTheZeroTableIsRefused(t *testing.T) {
	var table hashtable.Table[int, int]
	require.ErrorIs(t, table.Add(1, 1), dpdk.ErrNotFound)
	assert.ErrorContains(t, table.Add(1, 1), "Create")
	_, err := table.Info()
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	require.ErrorIs(t, table.Free(), dpdk.ErrNotFound)
	_, ok := table.Lookup(1)
	assert.False(t, ok)
}

func TestAllMayStopAndChangeTheTable(t *testing.T) {
	table := newTable[int, int](t, 1000, hashtable.Config{})
	for i := range 1000 {
		require.NoError(t, table.Add(i, i))
	}
	for k := range table.All() {
		require.NoError(t, table.Delete(k))
		if table.Len() == 500 {
			break
		}
	}
	assert.Len(t, maps.Collect(table.All()), 500)
	for k, v := range table.All() {
		require.NoError(t, table.Add(k, v+1))
	}
	for k, v := range table.All() {
		require.Equal(t, k+1, v)
	}
}

func TestTableOperationsDoNotAllocate(t *testing.T) {
	table := newTable[flow, wide](t, 100, hashtable.Config{})
	keys, vals, ok := make([]flow, 32), make([]wide, 32), make([]bool, 32)
	for i := range keys {
		keys[i].Addr = uint32(i)
		require.NoError(t, table.Add(keys[i], wide{1}))
	}
	for name, f := range map[string]func(){
		"Lookup":      func() { table.Lookup(keys[3]) },
		"LookupBulk":  func() { table.LookupBulk(vals, ok, keys) },
		"Add":         func() { _ = table.Add(keys[4], wide{2}) },
		"LookupOrAdd": func() { _, _, _ = table.LookupOrAdd(keys[4], wide{2}) },
		"Delete and Add": func() {
			_ = table.Delete(keys[5])
			_ = table.Add(keys[5], wide{2})
		},
		"AddBulk": func() { _, _ = table.AddBulk(keys, vals) },
	} {
		assert.Zero(t, testing.AllocsPerRun(100, f), name)
	}
}

func TestTablesOfOtherReleasesAreUnsupported(t *testing.T) {
	table, err := hashtable.Create[int, int](name(), 16, hashtable.Config{})
	require.NoError(t, err)
	defer table.Free()
	zone, err := memzone.Lookup("GDT_" + table.Name())
	require.NoError(t, err)
	magic := (*uint64)(zone.Pointer())
	for value, want := range map[uint64]error{0: dpdk.ErrAgain, *magic - 1<<56: dpdk.ErrUnsupported, *magic: nil} {
		was := *magic
		*magic = value
		_, err = hashtable.Lookup[int, int](table.Name())
		*magic = was
		require.ErrorIs(t, err, want)
	}
}

func TestRCUKeepsThePlacesOfDeletedKeys(t *testing.T) {
	q, err := rcu.Create(name(), 4, rcu.Config{})
	require.NoError(t, err)
	table, err := hashtable.Create[int, wide](name(), 16, hashtable.Config{RCU: q})
	require.NoError(t, err)
	reader, err := q.RegisterAny()
	require.NoError(t, err)
	reader.Online()
	churn := func(most int) (n int, err error) {
		for ; n < most; n++ {
			if err = table.Add(n, wide{}); err != nil {
				return n, err
			}
			if err = table.Delete(n); err != nil {
				return n, err
			}
		}
		return n, nil
	}
	n, err := churn(1 << 20)
	require.ErrorIs(t, err, dpdk.ErrAgain)
	assert.ErrorContains(t, err, q.Name())
	assert.GreaterOrEqual(t, n, 16)
	_, err = churn(1)
	require.ErrorIs(t, err, dpdk.ErrAgain)
	reader.Quiescent()
	again, err := churn(1 << 20)
	require.ErrorIs(t, err, dpdk.ErrAgain)
	assert.Equal(t, n, again, "all places were used again, and once only")
	reader.Offline()
	_, err = churn(10_000)
	require.NoError(t, err)
	require.NoError(t, reader.Unregister())
	require.NoError(t, table.Free())
	require.NoError(t, q.Free())
}

// Goroutines replace, delete and add keys while others look them up. Each value is a key's number and its copies. If
// the keys collide, most of them are in one list.
func TestLookupsBesideChangesSeeWholeValues(t *testing.T) {
	const n = 64
	for i := range 4 {
		withRCU, collide := i&1 != 0, i&2 != 0
		t.Run(fmt.Sprint("RCU ", withRCU, " colliding ", collide), func(t *testing.T) {
			key := func(n uint64) uint64 { return n }
			if collide {
				key = func(n uint64) uint64 { return colliding(uint32(n), 0) }
			}
			var cfg hashtable.Config
			if withRCU {
				q, err := rcu.Create(name(), 4, rcu.Config{})
				require.NoError(t, err)
				defer func() { assert.NoError(t, q.Free()) }()
				cfg.RCU = q
			}
			table := newTable[uint64, wide](t, n+n/2, cfg) // few places, which are used again at once
			for k := range uint64(n) {
				require.NoError(t, table.Add(key(k), wide{k, k, k})) // the even ones stay
			}
			r := harness.Random(t)
			end := make(chan struct{})
			var readers sync.WaitGroup
			var lookups atomic.Int64
			for range 2 {
				readers.Go(func() {
					keys, vals, ok := make([]uint64, 32), make([]wide, 32), make([]bool, 32)
					for i := uint64(0); ; i++ {
						select {
						case <-end:
							return
						default:
						}
						for j := range keys {
							keys[j] = key((i*7 + uint64(j)) % (2 * n))
						}
						table.LookupBulk(vals, ok, keys)
						v, found := table.Lookup(keys[0])
						vals, ok, keys := append(vals, v), append(ok, found), append(keys, keys[0])
						for j, k := range keys {
							k := uint64(uint32(k))
							if v := vals[j]; ok[j] && (v[0]%1000 != k || v[1] != v[0] || v[2] != v[0]) || !ok[j] && (k%2 == 0 && k < n || v != wide{}) {
								t.Errorf("key %d: %v %v", k, ok[j], v)
								return
							}
						}
						lookups.Add(33)
						if i%64 == 0 {
							seen := map[uint64]int{}
							for k, v := range table.All() {
								k := uint64(uint32(k))
								if seen[k]++; v[0]%1000 != k || v[1] != v[0] || v[2] != v[0] {
									t.Errorf("All: key %d: %v", k, v)
									return
								}
							}
							for k := uint64(0); k < n; k += 2 {
								if seen[k] != 1 {
									t.Errorf("All yielded %d %d times", k, seen[k])
									return
								}
							}
						}
					}
				})
			}
			changes := 0
			for stop := after(harness.Soak(t) / 4); !stop(); changes++ {
				k := r.Uint64N(2 * n)
				v := k + 1000*uint64(changes)
				if k%2 == 0 && k < n {
					require.NoError(t, table.Add(key(k), wide{v, v, v}))
				} else if _, ok := table.Lookup(key(k)); ok {
					require.NoError(t, table.Delete(key(k)))
				} else if err := table.Add(key(k), wide{v, v, v}); err != nil {
					require.ErrorIs(t, err, dpdk.ErrNoSpace)
				}
			}
			close(end)
			readers.Wait()
			assert.Positive(t, lookups.Load())
			t.Logf("%d changes, %d lookups", changes, lookups.Load())
		})
	}
}

// The name is at the beginning of struct rte_hash.
func TestPointerIsTheHashOfC(t *testing.T) {
	table := newTable[uint64, uint64](t, 8, hashtable.Config{})
	assert.Equal(t, table.Name(), strings.TrimRight(string(unsafe.Slice((*byte)(table.Pointer()), 32)), "\x00"))
}

// The memory of a table returns to the kernel in Free.
func TestTablesAreDescribedBesideFree(t *testing.T) {
	n, end := name(), make(chan struct{})
	var seen atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		defer close(end)
		for i := 0; i < harness.Size(100, 20) || seen.Load() == 0 && ctx.Err() == nil; i++ {
			table, err := hashtable.Create[uint64, wide](n, 1<<16, hashtable.Config{})
			if !assert.NoError(t, err) || !assert.NoError(t, table.Free()) {
				return
			}
		}
	}()
	for {
		all, err := hashtable.List()
		require.NoError(t, err)
		for _, info := range all {
			require.Equal(t, hashtable.Info{Name: n, Entries: 1 << 16, KeySize: 8, ValueSize: 24}, info)
			seen.Add(1)
		}
		if err := found[uint64, wide](n); err != nil {
			require.True(t, errors.Is(err, dpdk.ErrNotFound) || errors.Is(err, dpdk.ErrAgain), err)
		}
		select {
		case <-end:
			assert.Positive(t, seen.Load())
			return
		default:
		}
	}
}
