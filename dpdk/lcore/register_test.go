package lcore

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

func TestRegisterMakesTheThreadAnLcoreUntilUnregister(t *testing.T) {
	pool, err := mempool.Create("registered", 255, 64, mempool.Config{CacheSize: 8})
	require.NoError(t, err)
	defer pool.Free()
	_, ok := Current()
	require.False(t, ok)
	r, err := Register()
	require.NoError(t, err)
	assert.Equal(t, 4, r.Lcore(), "the first that is free")
	id, ok := Current()
	assert.True(t, ok)
	assert.Equal(t, r.Lcore(), id)
	info, err := Lookup(id)
	require.NoError(t, err)
	assert.Equal(t, RoleRegistered, info.Role)
	assert.Equal(t, []int{1, 2, 3}, Workers(), "it takes no functions")
	_, err = Launch(soon(t), id, nothing)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "registered")
	own, err := pool.LcoreCache(id)
	require.NoError(t, err)
	assert.Same(t, own, pool.DefaultCache())

	_, err = Register()
	require.ErrorIs(t, err, dpdk.ErrExist)
	assert.ErrorContains(t, err, "already")
	other := make(chan error)
	go func() { other <- r.Unregister() }()
	require.ErrorIs(t, <-other, dpdk.ErrInvalid)

	require.NoError(t, r.Unregister())
	_, ok = Current()
	assert.False(t, ok, "LCORE_ID_ANY again")
	assert.Nil(t, pool.DefaultCache())
	_, err = Lookup(id)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	require.ErrorIs(t, r.Unregister(), dpdk.ErrInvalid, "a second time")
}

func TestRegisterOnAnLcoreIsRefused(t *testing.T) {
	for _, id := range everywhere(t) {
		assert.ErrorIs(t, on(t, id, func() error { _, err := Register(); return err }), dpdk.ErrExist)
	}
}

// More threads register than there are IDs.
func TestRegisterFailsWhenNoIDIsLeft(t *testing.T) {
	var registered, gone sync.WaitGroup
	var mu sync.Mutex
	ids, failed := map[int]bool{}, []error{}
	end := make(chan struct{})
	registered.Add(Max)
	for range Max {
		gone.Go(func() {
			r, err := Register()
			mu.Lock()
			if err != nil {
				failed = append(failed, err)
			} else {
				ids[r.Lcore()] = true
			}
			mu.Unlock()
			registered.Done()
			<-end
			if err == nil {
				assert.NoError(t, r.Unregister())
			} else if _, ok := Current(); ok {
				t.Error("an lcore despite the error")
			}
		})
	}
	registered.Wait()
	close(end)
	gone.Wait()
	assert.Len(t, ids, Max-4)
	require.Len(t, failed, 4)
	for _, err := range failed {
		assert.ErrorIs(t, err, dpdk.ErrNoMemory)
		assert.ErrorContains(t, err, "IDs are taken")
	}
	lcores, err := List()
	require.NoError(t, err)
	assert.Len(t, lcores, 4, "all gone")
}

// rec records the calls of lcore callbacks.
type rec struct {
	mu    sync.Mutex
	calls []int // lcore, or -1-lcore for uninit
}

func (r *rec) init(refuse int, with error) func(int) error {
	return func(id int) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, id)
		if id == refuse {
			return with
		}
		return nil
	}
}

func (r *rec) uninit(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, -1-id)
}

func (r *rec) take() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

func TestCallbacksRunForEachLcore(t *testing.T) {
	var r rec
	c, err := RegisterCallback("all", r.init(-1, nil), r.uninit)
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3}, r.take(), "for each lcore, sorted by ID")
	reg, err := Register()
	require.NoError(t, err)
	assert.Equal(t, []int{4}, r.take(), "for a new one")
	require.NoError(t, reg.Unregister())
	assert.Equal(t, []int{-5}, r.take())
	require.NoError(t, c.Unregister())
	assert.Equal(t, []int{-1, -2, -3, -4}, r.take())
	reg, err = Register()
	require.NoError(t, err)
	require.NoError(t, reg.Unregister())
	assert.Empty(t, r.take(), "no more")
	assert.ErrorIs(t, c.Unregister(), dpdk.ErrNotFound)
}

func TestCallbackThatRefusesIsRolledBack(t *testing.T) {
	no := errors.New("no")
	t.Run("at once", func(t *testing.T) {
		var r rec
		c, err := RegisterCallback("refuses", r.init(2, no), r.uninit)
		require.ErrorIs(t, err, no)
		assert.Nil(t, c)
		assert.Equal(t, []int{0, 1, 2, -2, -1}, r.take(), "those it had accepted")
		reg, err := Register()
		require.NoError(t, err)
		require.NoError(t, reg.Unregister())
		assert.Empty(t, r.take(), "it is not registered")
	})
	t.Run("a thread that registers", func(t *testing.T) {
		var first, second rec
		a, err := RegisterCallback("accepts", first.init(-1, nil), first.uninit)
		require.NoError(t, err)
		b, err := RegisterCallback("refuses", second.init(4, no), second.uninit)
		require.NoError(t, err)
		first.take()
		second.take()
		reg, err := Register()
		require.ErrorIs(t, err, dpdk.ErrNoMemory)
		assert.ErrorContains(t, err, "refused")
		assert.Nil(t, reg)
		_, ok := Current()
		assert.False(t, ok)
		assert.Equal(t, []int{4, -5}, first.take())
		assert.Equal(t, []int{4}, second.take())
		require.NoError(t, b.Unregister())
		require.NoError(t, a.Unregister())
	})
	for name, f := range map[string]func(int) error{
		"with a panic":  func(int) error { panic(no) },
		"with a Goexit": func(int) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := RegisterCallback("ends", f, nil)
			require.Error(t, err)
			assert.True(t, errors.Is(err, no) || errors.Is(err, ErrGoexit), err)
			_, err = List()
			assert.NoError(t, err, "DPDK's lock is free")
		})
	}
}

func TestLcoreCallsInACallbackReturnErrBusy(t *testing.T) {
	var errs []error
	ask := func() {
		_, err := List()
		errs = append(errs, err)
		_, err = Register()
		errs = append(errs, err)
		_, err = RegisterCallback("inner", nil, func(int) {})
		errs = append(errs, err)
	}
	c, err := RegisterCallback("outer", func(int) error { ask(); return nil }, func(int) { ask() })
	require.NoError(t, err)
	require.NoError(t, c.Unregister())
	assert.Len(t, errs, 2*4*3)
	for _, err := range errs {
		assert.ErrorIs(t, err, dpdk.ErrBusy)
		assert.ErrorContains(t, err, "afterwards")
	}
}

func TestRegisterCallbackRefusesBadArguments(t *testing.T) {
	_, err := RegisterCallback("", nil, func(int) {})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = RegisterCallback("n", nil, nil)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	c, err := RegisterCallback("only init", func(int) error { return nil }, nil)
	require.NoError(t, err)
	assert.NoError(t, c.Unregister())
	c, err = RegisterCallback("uninit panics", nil, func(int) { panic("x") })
	require.NoError(t, err)
	assert.NoError(t, c.Unregister())
}
