package lcore

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/test/harness"
)

// Functions and services use one lcore alternately, and none of them blocks it.
func TestLaunchBesideServiceCores(t *testing.T) {
	id, ctx := Workers()[0], soon(t)
	var over atomic.Bool
	var all sync.WaitGroup
	again := func(f func() error) {
		all.Go(func() {
			for !over.Load() && !t.Failed() {
				// Another goroutine has it, or has changed its role.
				if err := f(); err != nil && !errors.Is(err, dpdk.ErrBusy) && !errors.Is(err, dpdk.ErrInvalid) {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		again(func() error {
			task, err := Launch(ctx, id, nothing)
			if err != nil {
				return err
			}
			return task.Wait(ctx)
		})
		again(func() error { return AddServiceCore(id) })
		again(func() error { return StartServiceCore(id) })
		again(func() error { return StopServiceCore(id) })
		again(func() error { return RemoveServiceCore(id) })
	}
	time.Sleep(harness.Size(time.Second, 200*time.Millisecond))
	over.Store(true)
	end := time.Now()
	all.Wait()
	assert.Less(t, time.Since(end), grace/2, "a call waited for what another one had undone")

	cores, err := ServiceCores()
	require.NoError(t, err)
	if slices.Contains(cores, id) {
		// A start counts only if the thread is in the loop.
		require.NoError(t, StartServiceCore(id))
		inUse, err := InUse(id)
		require.NoError(t, err)
		assert.True(t, inUse)
		require.NoError(t, StopServiceCore(id))
		require.NoError(t, RemoveServiceCore(id))
	}
	assert.NoError(t, on(t, id, func() error { return nil }), "the lcore is free")
}
