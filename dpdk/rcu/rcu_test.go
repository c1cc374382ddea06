package rcu_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var names atomic.Int64

func name() string { return fmt.Sprintf("rcu %d", names.Add(1)) }

func create(t *testing.T, readers int) *rcu.QSBR {
	t.Helper()
	q, err := rcu.Create(name(), readers, rcu.Config{})
	require.NoError(t, err)
	t.Cleanup(func() {
		all, err := q.Readers()
		if err != nil {
			return // the test has freed it
		}
		for _, r := range all {
			assert.NoError(t, q.Unregister(r.ID))
		}
		assert.NoError(t, q.Free())
	})
	return q
}

func register(t *testing.T, q *rcu.QSBR, id int) *rcu.Reader {
	t.Helper()
	r, err := q.Register(id)
	require.NoError(t, err)
	return r
}

func TestArgumentsAreChecked(t *testing.T) {
	for _, n := range []int{0, -1, rcu.MaxReaders + 1} {
		_, err := rcu.Create(name(), n, rcu.Config{})
		assert.ErrorIs(t, err, dpdk.ErrInvalid, n)
	}
	_, err := rcu.Create(strings.Repeat("x", 32), 1, rcu.Config{})
	assert.ErrorIs(t, err, dpdk.ErrNameTooLong)
	_, err = rcu.Create("", 1, rcu.Config{})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	q := create(t, 65)
	_, err = rcu.Create(q.Name(), 1, rcu.Config{})
	assert.ErrorIs(t, err, dpdk.ErrExist)
	for _, id := range []int{-1, 65} {
		_, err = q.Register(id)
		assert.ErrorIs(t, err, dpdk.ErrInvalid, id)
		assert.ErrorIs(t, q.Unregister(id), dpdk.ErrInvalid, id)
	}
}

func TestLookup(t *testing.T) {
	_, err := rcu.Lookup("nobody made this")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	for _, n := range []int{1, 64, 65, 1000} {
		q := create(t, n)
		same, err := rcu.Lookup(q.Name())
		require.NoError(t, err)
		assert.Equal(t, n, same.MaxReaders())
		assert.Equal(t, q.Pointer(), same.Pointer())
	}
	for _, size := range []int{64, 4096} {
		z, err := memzone.Reserve(name(), size, memzone.Config{})
		require.NoError(t, err)
		for _, fill := range []byte{0, 1, 255} {
			for i := range z.Bytes() {
				z.Bytes()[i] = fill
			}
			_, err = rcu.Lookup(z.Name())
			assert.ErrorIs(t, err, dpdk.ErrAgain, "%d bytes of %d", size, fill)
		}
		require.NoError(t, z.Free())
	}
}

func TestReadersHaveIDsOfTheirOwn(t *testing.T) {
	q := create(t, 66)
	r := register(t, q, 65)
	assert.Equal(t, 65, r.ID())
	_, err := q.Register(65)
	assert.ErrorIs(t, err, dpdk.ErrExist)
	assert.Equal(t, 1, q.NumReaders())
	var wg sync.WaitGroup
	var ids [66]atomic.Int32
	for range 65 {
		wg.Go(func() {
			r, err := q.RegisterAny()
			if assert.NoError(t, err) {
				ids[r.ID()].Add(1)
			}
		})
	}
	wg.Wait()
	for id := range 65 {
		assert.EqualValues(t, 1, ids[id].Load(), id)
	}
	_, err = q.RegisterAny()
	assert.ErrorIs(t, err, dpdk.ErrNoSpace)
	assert.Equal(t, 66, q.NumReaders())
	require.NoError(t, r.Unregister())
	assert.ErrorIs(t, r.Unregister(), dpdk.ErrNotFound)
	r.Online() // and nothing happens
	r.Quiescent()
	r.Offline()
	assert.ErrorIs(t, r.Synchronize(t.Context()), dpdk.ErrNotFound)
	assert.Equal(t, 65, q.NumReaders())
	r, err = q.RegisterAny()
	require.NoError(t, err)
	assert.Equal(t, 65, r.ID())
}

// Go reports as C does: after each step the counters are what the twin leaves.
func TestReportsAreThoseOfC(t *testing.T) {
	q := create(t, 3)
	r, v := register(t, q, 1), q.Pointer()
	register(t, q, 2)
	states := func() [2]rcu.ReaderState {
		all, err := q.Readers()
		require.NoError(t, err)
		require.Len(t, all, 2)
		all[1].ID = all[0].ID
		return [2]rcu.ReaderState(all)
	}
	for i, step := range []struct{ inGo, inC func() }{
		{r.Online, func() { cgo.RCUOnline(v, 2) }},
		{r.Quiescent, func() { cgo.RCUQuiescent(v, 2) }},
		{func() { q.Start() }, func() {}},
		{r.Lock, func() { cgo.RCULock(v, 2) }},
		{r.Unlock, func() { cgo.RCUUnlock(v, 2) }},
		{r.Quiescent, func() { cgo.RCUQuiescent(v, 2) }},
		{r.Offline, func() { cgo.RCUOffline(v, 2) }},
		{r.Online, func() { cgo.RCUOnline(v, 2) }},
	} {
		step.inGo()
		step.inC()
		s := states()
		assert.Equal(t, s[0], s[1], "step %d", i)
	}
}

func TestCheck(t *testing.T) {
	for _, readers := range []int{1, 100} { // all registered; a few
		t.Run(fmt.Sprint(readers), func(t *testing.T) {
			q := create(t, readers)
			r := register(t, q, readers-1)
			check := func(token rcu.Token) bool {
				passed := q.Check(token)
				if !passed {
					assert.False(t, cgo.RCUCheck(q.Pointer(), uint64(token)))
				}
				return passed
			}
			assert.True(t, check(q.Start()), "offline")
			r.Online()
			token := q.Start()
			assert.False(t, check(token))
			r.Quiescent()
			assert.True(t, check(token))
			token = q.Start()
			later := q.Start()
			r.Quiescent()
			assert.True(t, check(later))
			assert.True(t, check(token))
			token = q.Start()
			r.Offline()
			assert.True(t, check(token))
			r.Online()
			assert.True(t, check(token), "it came after")
			token = q.Start()
			assert.False(t, check(token))
			require.NoError(t, r.Unregister())
			assert.True(t, check(token))
			// The id's next reader is not late for what it never saw.
			register(t, q, readers-1)
			assert.True(t, check(q.Start()))
		})
	}
}

func TestSynchronize(t *testing.T) {
	q := create(t, 8)
	a, b := register(t, q, 3), register(t, q, 5)
	a.Online()
	b.Online()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	err := q.Synchronize(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "readers 3, 5 have not passed")
	assert.Less(t, time.Since(begin), 10*time.Second)

	err = a.Synchronize(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "reader 5 has not passed", "its own id is none to wait for")

	long, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error)
	var passed atomic.Bool
	go func() {
		err := q.Synchronize(long)
		if !passed.Load() {
			err = fmt.Errorf("returned before b was quiescent: %w", err)
		}
		done <- err
	}()
	for token := q.Start(); q.Start() < token+3; { // the other has begun
		time.Sleep(time.Millisecond)
	}
	a.Offline()
	time.Sleep(5 * time.Millisecond)
	passed.Store(true)
	for { // until it has seen this reader often enough
		b.Quiescent()
		select {
		case err := <-done:
			require.NoError(t, err)
			return
		default:
			time.Sleep(time.Millisecond)
		}
	}
}

func TestFree(t *testing.T) {
	q := create(t, 4)
	register(t, q, 2)
	err := q.Free()
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "reader 2")
	require.NoError(t, q.Unregister(2))
	assert.ErrorIs(t, q.Unregister(2), dpdk.ErrNotFound)
	require.NoError(t, q.Free())
	assert.ErrorIs(t, q.Free(), dpdk.ErrNotFound)
	assert.ErrorIs(t, q.Synchronize(t.Context()), dpdk.ErrNotFound)
	_, err = q.Register(1)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = q.Dump()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = rcu.Lookup(q.Name())
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
}

func TestInfoAndListDescribeAVariable(t *testing.T) {
	q := create(t, 4)
	r := register(t, q, 2)
	want := rcu.Info{Name: q.Name(), MaxReaders: 4, NumReaders: 1}
	i, err := q.Info()
	require.NoError(t, err)
	assert.Equal(t, want, i)
	all, err := rcu.List()
	require.NoError(t, err)
	assert.Contains(t, all, want)
	require.NoError(t, r.Unregister())
	require.NoError(t, q.Free())
	_, err = q.Info()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	all, err = rcu.List()
	require.NoError(t, err)
	for _, i := range all {
		assert.NotEqual(t, want.Name, i.Name)
	}
}

func TestDump(t *testing.T) {
	q := create(t, 8)
	register(t, q, 3).Online()
	text, err := q.Dump()
	require.NoError(t, err)
	assert.Contains(t, text, "Registered thread IDs = 3")
}

// Elements go back to their slots when no reader has them; with -race the detector must
// see the order.
func TestElementsAreNotReusedTooEarly(t *testing.T) {
	q := create(t, 4)
	type element struct{ a, b int }
	var pool [2]element
	var current atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for id := range 3 {
		r := register(t, q, id)
		wg.Go(func() {
			r.Online()
			defer r.Offline()
			for ctx.Err() == nil {
				e := &pool[current.Load()]
				if !assert.Equal(t, e.a, e.b) {
					return
				}
				r.Quiescent()
			}
		})
	}
	long, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range 300 {
		next := 1 - current.Load()
		pool[next].a = i
		pool[next].b = i
		current.Store(next)
		if !assert.NoError(t, q.Synchronize(long)) {
			break
		}
	}
	stop()
	wg.Wait()
}

func TestReportsDoNotAllocate(t *testing.T) {
	q := create(t, 4)
	r := register(t, q, 0)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.Online()
		token := q.Start()
		r.Quiescent()
		q.Check(token)
		r.Offline()
	}))
}

func TestDeferQueue(t *testing.T) {
	type item struct{ a, b uint32 }
	newQueue := func(t *testing.T, cfg rcu.DeferConfig) (*rcu.Reader, *rcu.DeferQueue[item], *[]item) {
		q := create(t, 4)
		freed := new([]item)
		d, err := rcu.NewDeferQueue(q, name(), cfg, func(i item) { *freed = append(*freed, i) })
		require.NoError(t, err)
		r := register(t, q, 0)
		r.Online()
		t.Cleanup(func() {
			r.Offline()
			if err := d.Close(); err != nil {
				assert.ErrorIs(t, err, dpdk.ErrNotFound)
			}
		})
		return r, d, freed
	}
	items := func(from, to int) (all []item) {
		for i := from; i < to; i++ {
			all = append(all, item{uint32(i), ^uint32(i)})
		}
		return all
	}
	fill := func(t *testing.T, d *rcu.DeferQueue[item]) int {
		for i := range 1000 {
			if err := d.Enqueue(items(i, i+1)[0]); err != nil {
				require.ErrorIs(t, err, dpdk.ErrNoSpace)
				return i
			}
		}
		require.Fail(t, "never full")
		return 0
	}
	for name, cfg := range map[string]rcu.DeferConfig{
		"automatic": {Size: 60}, "one at a time": {Size: 60, MaxReclaim: 1}, "triggered": {Size: 60, TriggerReclaim: 60, MaxReclaim: 60},
		"only by Reclaim": {Size: 60, OnlyReclaim: true}, "one thread": {Size: 60, SingleThread: true},
	} {
		t.Run(name, func(t *testing.T) {
			r, d, freed := newQueue(t, cfg)
			n := fill(t, d)
			assert.Equal(t, 63, n, "Size rounded up")
			assert.Empty(t, *freed, "the reader may have them")
			got, err := d.Reclaim(1000)
			require.NoError(t, err)
			assert.Zero(t, got)
			assert.ErrorIs(t, d.Close(), dpdk.ErrAgain)
			assert.Empty(t, *freed)

			r.Quiescent()
			got, err = d.Reclaim(5)
			require.NoError(t, err)
			assert.Equal(t, 5, got)
			assert.Equal(t, items(0, 5), *freed, "in order, and no more than asked for")
			got, err = d.Reclaim(1000)
			require.NoError(t, err)
			assert.Equal(t, n-5, got)
			assert.Equal(t, items(0, n), *freed)

			require.NoError(t, d.Enqueue(item{}))
			r.Quiescent()
			require.NoError(t, d.Close())
			assert.Len(t, *freed, n+1)
			assert.NoError(t, d.Close(), "a second Close is a no-op")
			assert.ErrorIs(t, d.Enqueue(item{}), dpdk.ErrNotFound)
			_, err = ring.Lookup[[4]uint32](d.Name())
			assert.ErrorIs(t, err, dpdk.ErrNotFound, "its ring")
		})
	}
	t.Run("Enqueue frees elements after their grace periods", func(t *testing.T) {
		r, d, freed := newQueue(t, rcu.DeferConfig{Size: 60, TriggerReclaim: 10, MaxReclaim: 4})
		for _, i := range items(0, 10) {
			require.NoError(t, d.Enqueue(i))
		}
		r.Quiescent()
		require.NoError(t, d.Enqueue(items(10, 11)[0]))
		assert.Empty(t, *freed)
		require.NoError(t, d.Enqueue(items(11, 12)[0]))
		assert.Equal(t, items(0, 4), *freed)
	})
	t.Run("free may use the queue", func(t *testing.T) {
		q := create(t, 1)
		var d *rcu.DeferQueue[item]
		n := 0
		d, err := rcu.NewDeferQueue(q, name(), rcu.DeferConfig{Size: 7}, func(i item) {
			if n++; n < 20 {
				assert.NoError(t, d.Enqueue(i))
			}
		})
		require.NoError(t, err)
		require.NoError(t, d.Enqueue(item{}))
		require.NoError(t, d.Close())
		assert.Equal(t, 20, n)
	})
	t.Run("many goroutines", func(t *testing.T) {
		q := create(t, 1)
		var sum atomic.Uint64
		d, err := rcu.NewDeferQueue(q, name(), rcu.DeferConfig{Size: 100}, func(i uint64) { sum.Add(i) })
		require.NoError(t, err)
		r := register(t, q, 0)
		r.Online()
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					r.Offline()
					return
				default:
					r.Quiescent()
				}
			}
		}()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := range uint64(2000) {
					for d.Enqueue(i) != nil {
						time.Sleep(10 * time.Microsecond)
					}
				}
			})
		}
		wg.Wait()
		close(stop)
		<-stopped
		require.NoError(t, d.Close())
		assert.EqualValues(t, 4*1999*1000, sum.Load())
	})
}

func TestDeferQueueArgumentsAreChecked(t *testing.T) {
	q := create(t, 1)
	for why, cfg := range map[string]rcu.DeferConfig{
		"Size is 0": {}, "Size is -1": {Size: -1}, "TriggerReclaim is 9": {Size: 8, TriggerReclaim: 9},
		"TriggerReclaim is -1": {Size: 8, TriggerReclaim: -1}, "MaxReclaim is 9": {Size: 8, MaxReclaim: 9}, "MaxReclaim is -1": {Size: 8, MaxReclaim: -1},
	} {
		_, err := rcu.NewDeferQueue(q, name(), cfg, func(uint64) {})
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, why)
	}
	ok := rcu.DeferConfig{Size: 8}
	_, err := rcu.NewDeferQueue(q, name(), ok, func(*int) {})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = rcu.NewDeferQueue(q, name(), ok, func([3]byte) {})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = rcu.NewDeferQueue(q, name(), ok, func([4100]byte) {})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = rcu.NewDeferQueue[uint64](q, name(), ok, nil)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = rcu.NewDeferQueue(nil, name(), ok, func(uint64) {})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "QSBR is nil")
}

// Check after Free, and on a zero QSBR, once crashed in C. Start wrote into freed memory.
func TestFreedQSBRWaitsForNoReader(t *testing.T) {
	q, err := rcu.Create("freed", 8, rcu.Config{})
	require.NoError(t, err)
	token := q.Start()
	require.NoError(t, q.Free())
	for _, q := range []*rcu.QSBR{q, {}} {
		assert.Zero(t, q.Start())
		assert.True(t, q.Check(token))
	}
	_, err = rcu.NewDeferQueue(nil, "no QSBR", rcu.DeferConfig{Size: 1}, func(uint64) {})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	var none rcu.DeferQueue[uint64]
	assert.ErrorIs(t, none.Enqueue(1), dpdk.ErrNotFound)
	assert.NoError(t, none.Close())
}
