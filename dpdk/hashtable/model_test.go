//go:build linux && cgo

package hashtable_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	chash "github.com/godpdk/godpdk/cgo/hash"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

// after returns a function that reports whether d has passed.
func after(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().After(end) }
}

// model is a Go map that a table must be equal to.
type model[K comparable, V comparable] struct {
	table   *hashtable.Table[K, V]
	of      map[K]V
	entries int
	key     func(r *rand.Rand) K
	value   func(r *rand.Rand) V
	seed    uint32
}

// noSpace checks the error of adding a key, and returns whether the table was full.
func (m *model[K, V]) noSpace(t *testing.T, has bool, err error) bool {
	if err == nil {
		return false
	}
	require.ErrorIs(t, err, dpdk.ErrNoSpace)
	require.False(t, has)
	require.Len(t, m.of, m.entries)
	return true
}

// change makes a random change.
func (m *model[K, V]) change(t *testing.T, r *rand.Rand) {
	k, v := m.key(r), m.value(r)
	old, has := m.of[k]
	room := has || len(m.of) < m.entries
	switch r.IntN(8) {
	case 0, 1, 2:
		err := m.table.Add(k, v)
		if m.noSpace(t, has, err) {
			return
		}
		require.True(t, room)
		m.of[k] = v
	case 3:
		got, loaded, err := m.table.LookupOrAdd(k, v)
		if m.noSpace(t, has, err) {
			return
		}
		require.Equal(t, has, loaded)
		switch {
		case has:
			require.Equal(t, old, got)
		case room:
			require.Equal(t, v, got)
			m.of[k] = v
		}
	case 4:
		keys, vals := make([]K, r.IntN(100)), make([]V, 100)
		for i := range keys {
			keys[i], vals[i] = m.key(r), m.value(r)
		}
		done, err := m.table.AddBulk(keys, vals[:len(keys)])
		for i, k := range keys[:done] {
			m.of[k] = vals[i]
		}
		require.LessOrEqual(t, len(m.of), m.entries)
		if err != nil {
			require.NotContains(t, m.of, keys[done])
			m.noSpace(t, false, err)
		} else {
			require.Len(t, keys, done)
		}
	default:
		err := m.table.Delete(k)
		require.Equal(t, has, err == nil, err)
		delete(m.of, k)
	}
}

// check compares the table with the map, and with what C finds in the rte_hash.
func (m *model[K, V]) check(t *testing.T, r *rand.Rand) {
	m.compare(t, r)
	missed := 0
	for k, want := range m.of {
		word, c := twin.HashLookup(m.table.Pointer(), unsafe.Pointer(&k), int(unsafe.Sizeof(k)), m.seed)
		if !c {
			missed++
		} else if unsafe.Sizeof(want) <= 8 {
			require.Equal(t, want, *(*V)(unsafe.Pointer(&word)))
		}
	}
	info, err := m.table.Info()
	require.NoError(t, err)
	require.Equal(t, info.Overflow, missed)
}

// compare compares the table with the map.
func (m *model[K, V]) compare(t *testing.T, r *rand.Rand) {
	require.Equal(t, len(m.of), m.table.Len())
	require.Equal(t, m.of, maps.Collect(m.table.All()))
	keys := make([]K, r.IntN(150))
	vals, ok := make([]V, len(keys)), make([]bool, len(keys))
	for i := range keys {
		keys[i] = m.key(r)
	}
	hits := m.table.LookupBulk(vals, ok, keys)
	for i, k := range keys {
		v, found := m.table.Lookup(k)
		want, has := m.of[k]
		require.Equal(t, []any{has, has}, []any{ok[i], found})
		require.Equal(t, []V{want, want}, []V{vals[i], v})
		if has {
			hits--
		}
	}
	require.Zero(t, hits)
}

func differential[K, V comparable](t *testing.T, entries int, withRCU bool, key func(r *rand.Rand) K, value func(r *rand.Rand) V) {
	t.Run(fmt.Sprintf("%T %T %d %v", *new(K), *new(V), entries, withRCU), func(t *testing.T) {
		r := harness.Random(t)
		cfg := hashtable.Config{Seed: r.Uint32()}
		if withRCU {
			q, err := rcu.Create(name(), 4, rcu.Config{})
			require.NoError(t, err)
			defer q.Free()
			cfg.RCU = q
		}
		m := &model[K, V]{newTable[K, V](t, entries, cfg), map[K]V{}, entries, key, value, cfg.Seed}
		for i := range harness.Size(100_000, 10_000) {
			m.change(t, r)
			if i%997 == 0 {
				m.check(t, r)
			}
			if i%50_000 == 7_000 {
				require.NoError(t, m.table.Reset())
				clear(m.of)
			}
		}
		m.check(t, r)
		require.NoError(t, m.table.Free())
	})
}

func TestATableIsAMap(t *testing.T) {
	for _, withRCU := range []bool{false, true} {
		differential(t, 112, withRCU, func(r *rand.Rand) uint32 { return r.Uint32N(160) }, func(r *rand.Rand) uint64 { return r.Uint64() })
		differential(t, 500, withRCU, func(r *rand.Rand) flow { return flow{r.Uint32N(20), uint16(r.IntN(20)), uint16(r.IntN(2))} },
			func(r *rand.Rand) wide { return wide{r.Uint64(), r.Uint64(), r.Uint64()} })
		differential(t, 1000, withRCU, func(r *rand.Rand) (k [16]byte) { k[15], k[0] = byte(r.IntN(256)), byte(r.IntN(6)); return k },
			func(r *rand.Rand) (v [5]byte) { v[r.IntN(5)] = byte(r.IntN(256)); return v })
	}
}

// All ways through cgo give the results of fast calls.
func TestLookupsThroughCgo(t *testing.T) {
	table := newTable[uint64, wide](t, 64, hashtable.Config{})
	at, _, errno := chash.Find(table.Name())
	require.Zero(t, errno)
	keys, vals, byCgo := make([]uint64, 32), make([]wide, 32), make([]wide, 32)
	ok, okCgo := make([]bool, 32), make([]bool, 32)
	for i := range keys {
		keys[i] = uint64(i)
		if i%3 != 0 {
			require.NoError(t, table.Add(keys[i], wide{1, 2, keys[i]}))
		}
	}
	hits := table.LookupBulk(vals, ok, keys)
	done, h := chash.Bulk(at, unsafe.Pointer(&keys[0]), unsafe.Pointer(&byCgo[0]), unsafe.Pointer(&okCgo[0]), 32)
	require.Equal(t, []any{hits, 32, vals, ok}, []any{h, done, byCgo, okCgo})
	for i := range keys {
		var v wide
		r := chash.Get(at, unsafe.Pointer(&keys[i]), unsafe.Pointer(&v))
		require.Equal(t, []any{ok[i], vals[i]}, []any{r == 1, v})
	}
}

// A fast call has 64 KiB. The first calls of a process also count, in which the linker may run.
func TestLookupsUseLittleStack(t *testing.T) {
	table := newTable[[16]byte, wide](t, 64, hashtable.Config{Function: hashtable.ByJenkins})
	at, _, errno := chash.Find(table.Name())
	require.Zero(t, errno)
	b := &struct {
		keys  [32][16]byte
		vals  [32]wide
		found [32]bool
		bulk  chash.BulkArg
		one   chash.GetArg
	}{}
	for i := range b.keys {
		b.keys[i][0] = byte(i)
		require.NoError(t, table.Add(b.keys[i], wide{}))
	}
	b.bulk = chash.BulkArg{Table: at, Keys: unsafe.Pointer(&b.keys), Values: unsafe.Pointer(&b.vals), Found: unsafe.Pointer(&b.found), N: 32}
	b.one = chash.GetArg{Table: at, Key: unsafe.Pointer(&b.keys), Value: unsafe.Pointer(&b.vals)}
	for range 2 {
		n, bulk := twin.CallStack(chash.BulkAddress, unsafe.Pointer(&b.bulk))
		ok, one := twin.CallStack(chash.GetAddress, unsafe.Pointer(&b.one))
		require.Equal(t, []int32{32, 1}, []int32{n, ok})
		t.Logf("a bulk uses %d bytes, a lookup %d", bulk, one)
		require.Less(t, max(bulk, one), fastcall.StackSize/8)
	}
	runtime.KeepAlive(b)
}
