package ring_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// Rings come and go, of 64 slots and of 8 MiB that the kernel gets back, while others
// look them up and list them.
func TestLookupBesideFree(t *testing.T) {
	gone := func(err error) error {
		if errors.Is(err, dpdk.ErrNotFound) {
			return nil
		}
		return err
	}
	var over atomic.Bool
	var all sync.WaitGroup
	again := func(f func() error) {
		all.Go(func() {
			for !over.Load() && !t.Failed() {
				assert.NoError(t, f())
			}
		})
	}
	for _, count := range []int{64, 1 << 20} {
		name := fmt.Sprint("beside ", count)
		again(func() error {
			r, err := ring.Create[uint64](name, count, ring.Config{})
			if err != nil {
				return err
			}
			return r.Free()
		})
		for range 2 {
			again(func() error {
				r, err := ring.Lookup[uint64](name)
				if err != nil {
					return gone(err)
				}
				_, err = r.Dump()
				return gone(err)
			})
		}
	}
	again(func() error { _, err := ring.List(); return err })
	time.Sleep(harness.Size(time.Second, 200*time.Millisecond))
	over.Store(true)
	all.Wait()
}

// Two handles, each freed by several goroutines: one of all these ends the ring.
func TestConcurrentFreesSucceedOnce(t *testing.T) {
	for range 100 {
		a, err := ring.Create[uint64]("many frees", 64, ring.Config{})
		require.NoError(t, err)
		b, err := ring.Lookup[uint64]("many frees")
		require.NoError(t, err)
		var freed atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			for _, r := range []*ring.Ring[uint64]{a, b} {
				all.Go(func() {
					if err := r.Free(); err == nil {
						freed.Add(1)
					} else {
						assert.ErrorIs(t, err, dpdk.ErrNotFound)
					}
				})
			}
		}
		all.Wait()
		require.EqualValues(t, 1, freed.Load())
	}
}
