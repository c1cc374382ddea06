package memzone_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// Zones of different sizes take each other's slots, and a lookup gets a whole
// description of the one it asked for, or none. A variable of package rcu
// describes itself in the zone's memory, which may be unmapped by then.
func TestLookupBesideFree(t *testing.T) {
	var over atomic.Bool
	var all sync.WaitGroup
	again := func(f func() error) {
		all.Go(func() {
			for !over.Load() && !t.Failed() {
				if err := f(); !errors.Is(err, dpdk.ErrNotFound) {
					assert.NoError(t, err)
				}
			}
		})
	}
	for i := range 4 {
		name, size := fmt.Sprint("beside ", i), 64<<i
		again(func() error {
			z, err := memzone.Reserve(name, size, memzone.Config{})
			if err != nil {
				return err
			}
			return z.Free()
		})
		again(func() error {
			z, err := memzone.Lookup(name)
			if err != nil {
				return err
			}
			assert.Equal(t, name, z.Name())
			assert.Len(t, z.Bytes(), size)
			return nil
		})
	}
	again(func() error {
		q, err := rcu.Create("beside rcu", 1<<16, rcu.Config{})
		if err != nil {
			return err
		}
		return q.Free()
	})
	again(func() error {
		q, err := rcu.Lookup("beside rcu")
		if errors.Is(err, syscall.EAGAIN) {
			return nil // its maker is at it
		}
		if err == nil {
			assert.Equal(t, 1<<16, q.MaxReaders())
		}
		return err
	})
	again(func() error { _, err := memzone.List(); return err })
	time.Sleep(harness.Size(time.Second, 200*time.Millisecond))
	over.Store(true)
	all.Wait()
}
