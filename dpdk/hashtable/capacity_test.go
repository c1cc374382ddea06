//go:build linux && cgo

package hashtable_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// colliding returns the nth of many keys with one CRC, in a table with this seed. They have the same two buckets and the same list. The
// number is in the low 32 bits.
func colliding(n, seed uint32) uint64 {
	first := binary.LittleEndian.AppendUint32(nil, n)
	return uint64(n) | uint64(hash.CRC32C(first, seed)^1)<<32
}

// crowded returns a random key of which both buckets are the first one, in a table with at most 64 buckets. Such keys have many CRCs.
func crowded(r *rand.Rand) uint64 {
	for {
		key := r.Uint64()
		if crc := hash.CRC32C(binary.LittleEndian.AppendUint64(nil, key), 0); crc&63 == 0 && crc>>16&63 == 0 {
			return key
		}
	}
}

// fit fills a table with keys of which next returns another one each time, and compares it with a map. It returns how many have overflowed.
func fit[V comparable](t *testing.T, entries int, cfg hashtable.Config, r *rand.Rand, next func() uint64, value func(uint64) V) int {
	table := newTable[uint64, V](t, entries, cfg)
	m := &model[uint64, V]{table, map[uint64]V{}, entries, func(r *rand.Rand) uint64 { return next() }, func(r *rand.Rand) V { return value(r.Uint64()) }, cfg.Seed}
	overflow := 0
	for range 3 {
		for len(m.of) < entries {
			k := next()
			v := m.value(r)
			require.NoError(t, table.Add(k, v), "with %d of %d keys", len(m.of), entries)
			m.of[k] = v
		}
		require.ErrorIs(t, table.Add(next(), value(1)), dpdk.ErrNoSpace)
		m.compare(t, r)
		info, err := table.Info()
		require.NoError(t, err)
		overflow = max(overflow, info.Overflow)
		for k := range m.of {
			switch r.IntN(3) {
			case 0:
				require.NoError(t, table.Delete(k))
				delete(m.of, k)
			case 1:
				m.of[k] = m.value(r)
				require.NoError(t, table.Add(k, m.of[k]), "it replaces a value")
			}
		}
		m.compare(t, r)
	}
	require.NoError(t, table.Reset())
	assert.Empty(t, maps.Collect(table.All()))
	info, err := table.Info()
	require.NoError(t, err)
	require.Equal(t, []int{0, 0}, []int{info.Len, info.Overflow})
	require.NoError(t, table.Free())
	return overflow
}

// A table for n entries holds any n keys.
func TestAllEntriesFit(t *testing.T) {
	r := harness.Random(t)
	number, triple := func(n uint64) uint64 { return n }, func(n uint64) wide { return wide{n, n, n} }
	q, err := rcu.Create(name(), 1, rcu.Config{}) // without readers, so that places of deleted keys are used again
	require.NoError(t, err)
	last := uint32(0)
	overflow := map[string]int{}
	for entries := 1; entries <= harness.Size(260, 70); entries += 1 + entries/16 {
		seed := r.Uint32()
		oneCRC := func() uint64 { last++; return colliding(last, seed) }
		one := func() uint64 { return crowded(r) }
		for kind, n := range map[string]int{
			"random keys":                fit(t, entries, hashtable.Config{}, r, r.Uint64, number),
			"random keys, Jenkins":       fit(t, entries, hashtable.Config{Function: hashtable.ByJenkins, Seed: seed}, r, r.Uint64, triple),
			"keys with one CRC":          fit(t, entries, hashtable.Config{Seed: seed}, r, oneCRC, number),
			"keys with one CRC, RCU":     fit(t, entries, hashtable.Config{Seed: seed, RCU: q}, r, oneCRC, triple),
			"keys of one bucket":         fit(t, entries, hashtable.Config{}, r, one, number),
			"keys of one bucket, values": fit(t, entries, hashtable.Config{}, r, one, triple),
		} {
			overflow[kind] = max(overflow[kind], n)
		}
	}
	t.Logf("the most keys that overflowed: %v", overflow)
	for _, kind := range []string{"keys with one CRC", "keys with one CRC, RCU", "keys of one bucket", "keys of one bucket, values"} {
		assert.Positive(t, overflow[kind], kind)
	}
	for _, entries := range []int{1000, 1 << 14} {
		fit(t, entries, hashtable.Config{}, r, r.Uint64, number)
	}
	require.NoError(t, q.Free())
}

// C finds keys that have overflowed with functions of godpdk only.
func TestACProgramFindsKeysThatHaveOverflowed(t *testing.T) {
	const n = 100
	table := newTable[uint64, uint64](t, n, hashtable.Config{})
	for i := range uint32(n) - 1 {
		require.NoError(t, table.Add(colliding(i, 0), uint64(i)))
	}
	c := peer(t, table.Name())
	found := 0
	for i := range uint32(n) - 1 {
		assert.Equal(t, fmt.Sprint(1, " ", i), ask(c, "got", "get %d", colliding(i, 0)))
		if ask(c, "plain", "plain %d", colliding(i, 0)) == fmt.Sprint(1, " ", i) {
			found++
		}
	}
	info, err := table.Info()
	require.NoError(t, err)
	assert.Equal(t, []int{n - 1, n - 1 - 16, 16}, []int{info.Len, info.Overflow, found}, "16 are in buckets")
	assert.Equal(t, "0 0", ask(c, "got", "get %d", colliding(n, 0)))
	assert.Equal(t, "0", ask(c, "added", "add %d 7", colliding(n, 0)))
	v, ok := table.Lookup(colliding(n, 0))
	assert.Equal(t, []any{uint64(7), true}, []any{v, ok})
	assert.Equal(t, "0", ask(c, "added", "add %d 8", colliding(n, 0)))
	v, _ = table.Lookup(colliding(n, 0))
	assert.EqualValues(t, 8, v)
	for i := range uint32(n) - 1 {
		assert.Equal(t, "0", ask(c, "deleted", "delete %d", colliding(i, 0)))
	}
	assert.Equal(t, map[uint64]uint64{colliding(n, 0): 8}, maps.Collect(table.All()))
	c.Wait()
}

// A lookup has a limit in C, however long its list is, and whatever changes are made meanwhile.
func TestTheWorkOfLookupsHasALimit(t *testing.T) {
	cSources(t)
	c := harness.Command(t, harness.CC(t, "testdata/bounds.c"), "--in-memory", "--no-pci", "--lcores", harness.Lcore(6),
		"--file-prefix="+ealtest.Runtime().FilePrefix()+"-c", "--log-level=error")
	assert.Equal(t, []string{"bounded"}, c.Wait())
}

// A C process makes changes as fast as it can, so that no search of a list is completed between two of them.
func TestLongListsBesideChanges(t *testing.T) {
	const n = 3000 // more than a short call of C searches
	table := newTable[uint64, wide](t, n+100, hashtable.Config{})
	for i := range uint32(n) {
		require.NoError(t, table.Add(colliding(i, 0), wide{uint64(i), uint64(i), uint64(i)}))
	}
	r := harness.Random(t)
	keys, vals, ok := make([]uint64, 50), make([]wide, 50), make([]bool, 50)
	check := func(i uint64, v wide, ok bool) {
		t.Helper()
		if want := (wide{i, i, i}); ok != (i < n) || ok && v != want {
			require.Failf(t, "wrong", "key %d: %v %v", i, v, ok)
		}
	}
	lookups := 0
	some := func(rounds int) {
		for range rounds {
			i := r.Uint64N(n + 100)
			v, found := table.Lookup(colliding(uint32(i), 0))
			check(i, v, found)
			for j := range keys {
				keys[j] = colliding(uint32(i)+uint32(j), 0)
			}
			table.LookupBulk(vals, ok, keys)
			for j := range keys {
				check(i+uint64(j), vals[j], ok[j])
			}
			lookups += 1 + len(keys)
		}
		seen := 0
		for k, v := range table.All() {
			if k>>32 != 0 { // not one of the C process
				check(uint64(uint32(k)), v, true)
				seen++
			}
		}
		require.Equal(t, n, seen)
	}
	some(10)
	assert.Zero(t, testing.AllocsPerRun(1, func() { table.LookupBulk(vals, ok, keys); table.Lookup(keys[0]) }))
	c := peer(t, table.Name())
	ask(c, "busy", "busy 50 1")
	for stop := after(harness.Soak(t) / 4); !stop(); {
		some(10)
	}
	c.Kill()
	some(1)
	t.Logf("%d lookups", lookups)
}
