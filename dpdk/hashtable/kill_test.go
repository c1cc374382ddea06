//go:build linux && cgo

package hashtable_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

const sigcont = syscall.SIGCONT

// maxSteps is more than the instructions of any change.
const maxSteps = 1_000_000

// victim is the table of writers that are killed. Its values have the same number in all words.
type victim[V comparable] struct {
	table *hashtable.Table[uint64, V]
	word  func(V) uint64
	value func(uint64) V
	of    map[uint64]uint64
	rcu   *rcu.Reader // or nil
}

// check compares the table with the map. The change of key, if it is not 0, may have been made or not.
func (v *victim[V]) check(t *testing.T, key, before, after uint64) {
	t.Helper()
	all := map[uint64]uint64{}
	for k, value := range v.table.All() {
		require.NotContains(t, all, k)
		all[k] = v.word(value)
	}
	if key != 0 {
		got := all[key]
		require.True(t, got == before || got == after, "key %d has %d, not %d or %d", key, got, before, after)
		if delete(v.of, key); got != 0 {
			v.of[key] = got
		}
	}
	require.Equal(t, v.of, all)
	for k, want := range v.of {
		value, ok := v.table.Lookup(k)
		require.True(t, ok && v.word(value) == want, "key %d: %d, not %d", k, v.word(value), want)
	}
	if key != 0 && v.of[key] == 0 {
		_, ok := v.table.Lookup(key)
		require.False(t, ok)
	}
}

// fill adds keys until the table is full, and removes them: no place was lost, and none is used twice.
func (v *victim[V]) fill(t *testing.T) {
	t.Helper()
	extra := []uint64{}
	for k := uint64(1 << 40); len(v.of) < v.table.Capacity(); k++ {
		v.add(t, k, k)
		extra = append(extra, k)
	}
	require.ErrorIs(t, v.table.Add(1<<41, v.value(1)), dpdk.ErrNoSpace)
	v.check(t, 0, 0, 0)
	for _, k := range extra {
		require.NoError(t, v.table.Delete(k))
		delete(v.of, k)
	}
}

func (v *victim[V]) add(t *testing.T, key, number uint64) {
	t.Helper()
	require.NoError(t, v.table.Add(key, v.value(number)))
	v.of[key] = number
}

// churn deletes keys that the table has and adds them again: each had one entry only.
func (v *victim[V]) churn(t *testing.T, keys []uint64) {
	t.Helper()
	if v.rcu != nil {
		v.rcu.Quiescent() // but not for the keys that are deleted now: they keep their places until the next time
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k uint64) bool { return v.of[k] == 0 })
	for _, k := range keys {
		require.NoError(t, v.table.Delete(k))
		_, ok := v.table.Lookup(k)
		require.False(t, ok, "key %d was deleted", k)
	}
	for _, k := range keys {
		v.add(t, k, v.of[k])
	}
}

// killEverywhere kills a C process at instructions of a change. The table is nearly full, so that cuckoo hashing moves keys, or, if the
// keys collide, that all but a few overflow.
func killEverywhere[V comparable](t *testing.T, withRCU, collide bool, word func(V) uint64, value func(uint64) V) {
	t.Run(fmt.Sprintf("%T RCU %v colliding %v", *new(V), withRCU, collide), func(t *testing.T) {
		const entries = 112 // of 128 in the buckets
		r := harness.Random(t)
		var cfg hashtable.Config
		if withRCU {
			q, err := rcu.Create(name(), 4, rcu.Config{})
			require.NoError(t, err)
			defer q.Free()
			cfg.RCU = q
		}
		v := &victim[V]{table: newTable[uint64, V](t, entries, cfg), word: word, value: value, of: map[uint64]uint64{}}
		if withRCU {
			var err error
			v.rcu, err = cfg.RCU.RegisterAny()
			require.NoError(t, err)
			v.rcu.Online()
			defer v.rcu.Unregister()
		}
		last := r.Uint32N(1 << 30)
		another := func() uint64 {
			if !collide {
				return r.Uint64N(1<<62) + 1<<62
			}
			last++
			return colliding(last, cfg.Seed)
		}
		for len(v.of) < entries-1 {
			k := another()
			v.add(t, k, k)
		}
		stay, others := map[uint64]uint64{}, []uint64{}
		for k := range v.of {
			if len(others) < entries/2 {
				others = append(others, k)
			} else {
				stay[k] = k
			}
		}
		c := peer(t, v.table.Name())
		if line := ask(c, "stepped", "step a %d %d %d", others[0], others[0], maxSteps); !strings.HasPrefix(line, "done") {
			t.Skip("single steps do not complete a change: each one breaks the exclusive load of an arm64 processor without LSE")
		}

		// Readers must find the keys that no change touches at any time.
		end := make(chan struct{})
		var readers sync.WaitGroup
		stop := sync.OnceFunc(func() { close(end); readers.Wait() })
		defer stop()
		var missed atomic.Int64
		readers.Go(func() {
			for {
				for k, want := range stay {
					if got, ok := v.table.Lookup(k); !ok || word(got) != want {
						missed.Add(1)
					}
				}
				select {
				case <-end:
					return
				default:
				}
			}
		})

		killed, repaired := 0, 0
		kill := func(op byte, key, number, before, after uint64, limit int) (done bool, steps int) {
			line := ask(c, "stepped", "step %c %d %d %d", op, key, number, limit)
			if line, ok := strings.CutPrefix(line, "done "); ok {
				var err int
				_, scan := fmt.Sscanf(line, "%d %d", &err, &steps)
				require.NoError(t, scan)
				require.Zero(t, err)
				v.check(t, key, after, after)
				return true, steps
			}
			killed++
			v.check(t, key, before, after) // readers do not need the repair
			info, err := v.table.Info()
			require.NoError(t, err)
			if present := v.of[key] != 0; present {
				require.NoError(t, v.table.Add(key, value(v.of[key])))
			} else {
				require.ErrorIs(t, v.table.Delete(key), dpdk.ErrNotFound)
			}
			now, err := v.table.Info()
			require.NoError(t, err)
			repaired += now.Repairs - info.Repairs
			require.Equal(t, len(v.of), now.Len)
			v.check(t, 0, 0, 0)
			v.churn(t, others)
			return false, limit
		}
		// round makes the change with kills after each of several numbers of instructions, or after each if kills is large.
		round := func(op byte, key, number, before, after uint64, restore func(), kills int) {
			done, total := kill(op, key, number, before, after, maxSteps)
			require.True(t, done)
			t.Logf("%c %d: %d instructions", op, key, total)
			restore()
			n := min(kills, total)
			for i := range n {
				limit := 1 + total*i/n
				if n < total {
					limit += r.IntN(total/n + 1)
				}
				kill(op, key, number, before, after, limit)
				restore()
			}
			v.fill(t)
		}
		kills := harness.Kills(30, 5)
		for range max(1, min(2, 400/max(kills, 1))) { // once is enough for kills after each instruction
			// Cuckoo hashing moves keys if the first bucket of a new one is full.
			for i := 0; i < 4*min(kills, 250) && !collide; i++ {
				key := another()
				kill('a', key, 5, 0, 5, 400+r.IntN(1600))
				if v.of[key] != 0 {
					require.NoError(t, v.table.Delete(key))
					delete(v.of, key)
				}
			}
			key, add := another(), byte('a')
			if collide {
				add = 'o'
			}
			round(add, key, 5, 0, 5, func() {
				if v.of[key] != 0 {
					require.NoError(t, v.table.Delete(key))
					delete(v.of, key)
				}
			}, kills)
			v.add(t, key, 6)
			round('a', key, 7, 6, 7, func() {
				v.add(t, key, 6)
			}, kills)
			round('d', key, 0, 6, 0, func() {
				if v.of[key] == 0 {
					v.add(t, key, 6)
				}
			}, kills)
			require.NoError(t, v.table.Delete(key))
			delete(v.of, key)
		}
		stop()
		assert.Zero(t, missed.Load(), "lookups of keys that stay")
		for keys := range slices.Chunk(slices.Collect(maps.Keys(v.of)), entries/2) {
			v.churn(t, keys)
		}
		assert.Positive(t, repaired)
		t.Logf("%d kills, %d repairs", killed, repaired)
		c.Wait()
		require.NoError(t, v.table.Free())
	})
}

func TestAWriterIsKilledAtAnyInstruction(t *testing.T) {
	for _, withRCU := range []bool{false, true} {
		for _, collide := range []bool{false, true} {
			killEverywhere(t, withRCU, collide, func(v uint64) uint64 { return v }, func(n uint64) uint64 { return n })
			killEverywhere(t, withRCU, collide, func(v wide) uint64 {
				if v[1] != v[0] || v[2] != v[0] {
					return 1 // torn
				}
				return v[0]
			}, func(n uint64) wide { return wide{n, n, n} })
		}
	}
}

// Processes are killed at random moments, one after the other. The changes of the next ones repair the table.
func TestWritersAreKilledAtRandom(t *testing.T) {
	const n = 100
	table := newTable[uint64, wide](t, n, hashtable.Config{})
	r := harness.Random(t)
	for range harness.Kills(40, 6) {
		c := peer(t, table.Name())
		ask(c, "busy", "busy %d %d", n, r.Uint64())
		also := r.IntN(2) == 0 // this process makes changes, too
		for range r.IntN(20_000) {
			k := 1 + r.Uint64N(n)
			if !also {
				table.Lookup(k)
			} else if err := table.Delete(k); err != nil {
				require.ErrorIs(t, err, dpdk.ErrNotFound)
			}
		}
		c.Kill()
		for k := uint64(1); k <= n; k++ {
			if v, ok := table.Lookup(k); ok {
				require.Equal(t, wide{v[0], v[0], v[0]}, v)
				require.Equal(t, uint32(k), uint32(v[0]))
			}
		}
		for k := uint64(1); k <= n; k++ {
			require.NoError(t, table.Add(k, wide{k, k, k}))
		}
		require.ErrorIs(t, table.Add(n+1, wide{}), dpdk.ErrNoSpace)
		all := maps.Collect(table.All())
		require.Len(t, all, n)
		for k, v := range all {
			require.Equal(t, wide{k, k, k}, v)
		}
	}
	info, err := table.Info()
	require.NoError(t, err)
	t.Logf("%d repairs", info.Repairs)
	assert.Equal(t, n, info.Len)
}
