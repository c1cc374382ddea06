//go:build linux && cgo

package hashtable_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// peerProgram is the C program that uses tables, compiled once.
var peerProgram string

// cSources makes the C compiler find the headers of tables, and table.c.
func cSources(t *testing.T) {
	headers, err := filepath.Abs("../../include")
	require.NoError(t, err)
	code, err := filepath.Abs("../../cgo/hash")
	require.NoError(t, err)
	t.Setenv("CPATH", headers+":"+code)
}

// peer starts the C program that uses a table.
func peer(t *testing.T, table string) *harness.Child {
	t.Setenv("LD_BIND_NOW", "1") // the linker does not run in the middle of a change
	if peerProgram == "" {
		cSources(t)
		built, err := os.ReadFile(harness.CC(t, "testdata/peer.c"))
		require.NoError(t, err)
		program := filepath.Join(filepath.Dir(harness.HugeDir()), "table-peer")
		require.NoError(t, os.WriteFile(program, built, 0o755))
		peerProgram = program
	}
	c := harness.Command(t, peerProgram, "--proc-type=secondary", "--file-prefix="+ealtest.Runtime().FilePrefix(), "--no-pci", "--lcores", harness.Lcore(6),
		"--huge-dir="+harness.HugeDir(), "--log-level=error", "--", table)
	c.Expect("ready")
	return c
}

func ask(c *harness.Child, answer, format string, args ...any) string {
	c.Send(fmt.Sprintf(format, args...))
	return c.Expect(answer)
}

func TestACProgramReadsAndWrites(t *testing.T) {
	small := newTable[uint64, uint64](t, 100, hashtable.Config{Seed: 99})
	require.NoError(t, small.Add(1, 11))
	c := peer(t, small.Name())
	assert.Equal(t, "1 11", ask(c, "got", "get 1"))
	assert.Equal(t, "1 11", ask(c, "plain", "plain 1"), "only with functions of DPDK")
	assert.Equal(t, "0 0", ask(c, "got", "get 2"))
	assert.Equal(t, "0 0", ask(c, "plain", "plain 2"))
	assert.Equal(t, "0", ask(c, "added", "add 2 22"))
	assert.Equal(t, "0", ask(c, "added", "add 1 111"))
	assert.Equal(t, map[uint64]uint64{1: 111, 2: 22}, maps.Collect(small.All()))
	assert.Equal(t, "0", ask(c, "deleted", "delete 1"))
	assert.Equal(t, "2", ask(c, "deleted", "delete 1"), "ENOENT")
	require.NoError(t, small.Add(3, 33))
	assert.Equal(t, map[uint64]uint64{2: 22, 3: 33}, maps.Collect(small.All()))
	assert.Equal(t, "1 33", ask(c, "got", "get 3"))
	c.Wait()

	large := newTable[uint64, wide](t, 100, hashtable.Config{})
	c = peer(t, large.Name())
	require.NoError(t, large.Add(1, wide{7, 7, 7}))
	assert.Equal(t, "1 7", ask(c, "got", "get 1"))
	assert.Equal(t, "0", ask(c, "added", "add 2 22"))
	v, ok := large.Lookup(2)
	assert.Equal(t, []any{wide{22, 22, 22}, true}, []any{v, ok})
	require.NoError(t, large.Free())
	assert.Equal(t, strconv.Itoa(int(dpdk.ErrStale)), ask(c, "added", "add 2 22"), "it was freed")
	c.Wait()
}

// "table maker" makes a table as a secondary, and changes it until its input ends.
var _ = harness.Role("table maker", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	table, err := hashtable.Create[flow, wide](args[1], 50, hashtable.Config{})
	if err != nil {
		return err
	}
	_, wrong := hashtable.Lookup[uint64, wide](args[1])
	err = table.Add(flow{1, 2, 3}, wide{1, 2, 3})
	harness.Say("made %v %v %v", errors.Is(wrong, dpdk.ErrInvalid), err, table.Len())
	harness.Hear()
	v, ok := table.Lookup(flow{4, 5, 6})
	all, err := hashtable.List()
	harness.Say("saw %v %v %v %d", v, ok, table.Delete(flow{1, 2, 3}), len(all))
	return errors.Join(err, rt.Close())
})

func TestASecondaryMakesATable(t *testing.T) {
	n := name()
	c := harness.Start(t, "table maker", ealtest.Runtime().FilePrefix(), n)
	assert.Equal(t, "true <nil> 1", c.Expect("made"))
	table, err := hashtable.Lookup[flow, wide](n)
	require.NoError(t, err)
	require.NoError(t, table.Add(flow{4, 5, 6}, wide{4, 5, 6}))
	c.Send("go on")
	assert.Equal(t, "[4 5 6] true <nil> 1", c.Expect("saw"))
	c.Wait()
	assert.Equal(t, map[flow]wide{{4, 5, 6}: {4, 5, 6}}, maps.Collect(table.All()), "it lives longer than the process that made it")
	require.NoError(t, table.Free())
}

// "table reader" looks up keys until its input has a line, and prints the number of wrong answers. The even keys below args[2]
// are always in the table. Each value is its key plus a multiple of 1000, three times.
var _ = harness.Role("table reader", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	table, err := hashtable.Lookup[uint64, wide](args[1])
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	harness.Say("online")
	end := make(chan string, 1)
	go func() { end <- harness.Hear() }()
	r := rand.New(rand.NewPCG(1, 2))
	keys, vals, ok := make([]uint64, 32), make([]wide, 32), make([]bool, 32)
	lookups, hits, wrong := 0, 0, 0
	for {
		select {
		case <-end:
			harness.Say("lookups %d hits %d wrong %d", lookups, hits, wrong)
			return rt.Close()
		default:
		}
		for i := range keys {
			keys[i] = r.Uint64N(2 * n)
		}
		hits += table.LookupBulk(vals, ok, keys)
		lookups += len(keys)
		for i, k := range keys {
			if v := vals[i]; ok[i] && (v[0]%1000 != k || v[1] != v[0] || v[2] != v[0]) || !ok[i] && k%2 == 0 && k < n {
				wrong++
			}
		}
	}
})

// Two Go processes and a C process write, two Go processes read.
func TestProcessesWriteAndReadATable(t *testing.T) {
	const n = 64
	q, err := rcu.Create(name(), 4, rcu.Config{})
	require.NoError(t, err)
	table, err := hashtable.Create[uint64, wide](name(), n+n/2, hashtable.Config{RCU: q})
	require.NoError(t, err)
	for k := uint64(0); k < n; k += 2 {
		require.NoError(t, table.Add(k, wide{k, k, k}))
	}
	reader := harness.Start(t, "table reader", ealtest.Runtime().FilePrefix(), table.Name(), strconv.Itoa(n))
	reader.Expect("online")
	writer := harness.Start(t, "table writer", ealtest.Runtime().FilePrefix(), table.Name(), strconv.Itoa(n))
	writer.Expect("busy")
	c := peer(t, table.Name())
	r := harness.Random(t)
	changes := 0
	for stop := after(harness.Soak(t)); !stop(); changes++ {
		k := 1 + 2*r.Uint64N(n)
		assert.Equal(t, "0", ask(c, "added", "add %d %d", k&^1%n, k&^1%n+1000*uint64(changes))) // an even key
		if err := table.Add(k, wide{k, k, k}); err != nil {
			require.ErrorIs(t, err, dpdk.ErrNoSpace)
		}
	}
	for _, p := range []*harness.Child{writer, reader} {
		p.Send("end")
	}
	assert.Contains(t, writer.Expect("changes"), "errors 0")
	line := reader.Expect("lookups")
	assert.Contains(t, line, "wrong 0")
	t.Logf("%d changes; %s", changes, line)
	reader.Wait()
	writer.Wait()
	c.Wait()
	info, err := table.Info()
	require.NoError(t, err)
	assert.Zero(t, info.Repairs)
	require.NoError(t, table.Free())
	require.NoError(t, q.Free())
}

// "table writer" adds and deletes odd keys, until its input has a line.
var _ = harness.Role("table writer", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 5))
	if err != nil {
		return err
	}
	table, err := hashtable.Lookup[uint64, wide](args[1])
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	end := make(chan string, 1)
	go func() { end <- harness.Hear() }()
	harness.Say("busy")
	r, changes, bad := rand.New(rand.NewPCG(3, 4)), 0, 0
	for {
		select {
		case <-end:
			harness.Say("changes %d errors %d", changes, bad)
			return rt.Close()
		default:
		}
		k := 1 + 2*r.Uint64N(n)
		v := k + 1000*uint64(changes)
		if changes%2 == 0 {
			err = table.Add(k, wide{v, v, v})
		} else {
			err = table.Delete(k)
		}
		if err != nil && !errors.Is(err, dpdk.ErrNotFound) && !errors.Is(err, dpdk.ErrNoSpace) {
			bad++
		}
		changes++
	}
})

// Exactly one of several callers adds a key.
func TestLookupOrAddAddsOnce(t *testing.T) {
	table := newTable[int, int](t, 1000, hashtable.Config{})
	var all sync.WaitGroup
	var mu sync.Mutex
	added := map[int]int{}
	for g := range 4 {
		all.Go(func() {
			same, err := hashtable.Lookup[int, int](table.Name())
			if !assert.NoError(t, err) {
				return
			}
			for k := range 1000 {
				v, loaded, err := same.LookupOrAdd(k, g)
				assert.NoError(t, err)
				if !loaded {
					assert.Equal(t, g, v)
					mu.Lock()
					added[k]++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	assert.Len(t, added, 1000)
	for k, n := range added {
		assert.Equal(t, 1, n, k)
	}
}

func TestAStoppedWriterIsNamed(t *testing.T) {
	table := newTable[uint64, uint64](t, 64, hashtable.Config{})
	c := peer(t, table.Name())
	ask(c, "busy", "busy 64 1")
	for expired := after(time.Minute); ; { // until it was stopped inside a change
		require.False(t, expired(), "it was never stopped inside a change")
		c.Stop()
		err := table.Add(1000, 1)
		if err != nil {
			require.ErrorIs(t, err, dpdk.ErrBusy)
			require.ErrorContains(t, err, fmt.Sprintf("thread %d has kept the lock", c.Pid()))
			var all sync.WaitGroup
			start := time.Now()
			for range 20 {
				all.Go(func() { assert.ErrorIs(t, table.Add(1000, 1), dpdk.ErrBusy) })
			}
			all.Wait()
			assert.Less(t, time.Since(start), 10*time.Second, "each waits for the lock on its own")
			require.ErrorIs(t, table.Free(), dpdk.ErrBusy)
			_, ok := table.Lookup(1000)
			require.False(t, ok, "lookups do not wait")
			break
		}
		require.NoError(t, table.Delete(1000))
		c.Signal(sigcont)
	}
	c.Signal(sigcont)
	require.NoError(t, table.Add(1000, 1), "it goes on")
	c.Kill()
}

// The numbers of deleted keys have 64 bits: with 32, places are lost and used twice when they wrap.
func TestPlacesReturnAfterManyDeletes(t *testing.T) {
	q, err := rcu.Create(name(), 4, rcu.Config{})
	require.NoError(t, err)
	reader, err := q.RegisterAny()
	require.NoError(t, err)
	reader.Online()
	table := newTable[uint64, uint64](t, 100, hashtable.Config{RCU: q})
	c := peer(t, table.Name())
	c.Send(fmt.Sprintf("count %d", uint64(1<<32-60)))
	c.Expect("counted")
	want := map[uint64]uint64{}
	for round := range uint64(10) {
		for i := range uint64(100) {
			k := round*1000 + i
			require.NoError(t, table.Add(k, k))
			want[k] = k
		}
		require.Equal(t, want, maps.Collect(table.All()))
		for k := range want {
			if len(want) == 24 && round == 0 {
				break // 76 places wait for the reader, some on each side of the wrap
			}
			require.NoError(t, table.Delete(k))
			delete(want, k)
		}
		reader.Quiescent()
		if round == 0 {
			require.NoError(t, table.Reset())
			clear(want)
			reader.Quiescent()
		}
	}
	c.Wait()
	reader.Offline()
	require.NoError(t, reader.Unregister())
	require.NoError(t, table.Free())
	require.NoError(t, q.Free())
}

// Another thread may free a table at any step of its description.
func TestADescriptionReadsNoMemoryThatWasFreed(t *testing.T) {
	cSources(t)
	c := harness.Command(t, harness.CC(t, "testdata/describe.c"), "--in-memory", "--no-pci", "--lcores", harness.Lcore(6),
		"--file-prefix="+ealtest.Runtime().FilePrefix()+"-c", "--log-level=error")
	assert.Equal(t, []string{fmt.Sprint("described ", int(dpdk.ErrNotFound))}, c.Wait())
}

// The owner of the lock has died, and the table is freed. Other threads that still have it do not find out more than that.
func TestATableIsFreedAfterTheOwnerOfItsLockHasDied(t *testing.T) {
	table := newTable[uint64, uint64](t, 64, hashtable.Config{})
	same, err := hashtable.Lookup[uint64, uint64](table.Name())
	require.NoError(t, err)
	c, other := peer(t, table.Name()), peer(t, table.Name())
	assert.Equal(t, "0", ask(c, "held", "hold"))
	require.ErrorIs(t, table.Free(), dpdk.ErrBusy)
	c.Kill()
	require.NoError(t, table.Free())
	assert.Equal(t, strconv.Itoa(int(dpdk.ErrStale)), ask(other, "added", "add 1 2"))
	require.ErrorIs(t, same.Add(1, 2), dpdk.ErrNotFound)
	other.Wait()

	// A change that began before Free takes the lock after it.
	cSources(t)
	c = harness.Command(t, harness.CC(t, "testdata/orphan.c"), "--in-memory", "--no-pci", "--lcores", harness.Lcore(6),
		"--file-prefix="+ealtest.Runtime().FilePrefix()+"-c", "--log-level=error")
	assert.Equal(t, []string{fmt.Sprint("changed ", int(dpdk.ErrStale))}, c.Wait())
}
