package memzone_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

// One of them frees it, the others get an error.
func TestSeveralGoroutinesFreeAZoneOnce(t *testing.T) {
	z, err := memzone.Reserve(name(), 64, memzone.Config{})
	require.NoError(t, err)
	var freed atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_ = z.Bytes()
			if err := z.Free(); err == nil {
				freed.Add(1)
			} else {
				assert.True(t, errors.Is(err, dpdk.ErrNotFound), err)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int32(1), freed.Load())
	assert.Nil(t, z.Bytes())
}
