package mbuf_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// LookupPool finds a pool that is being created or freed either complete or not at all.
func TestLookupWhileOtherPoolsAreFreed(t *testing.T) {
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
	again(func() error {
		p, err := mbuf.CreatePool("beside", 1023, mbuf.PoolConfig{CacheSize: 32})
		if err != nil {
			return err
		}
		return p.Free()
	})
	for range 3 {
		again(func() error {
			p, err := mbuf.LookupPool("beside")
			if err == nil {
				assert.Equal(t, 1023, p.Size())
				assert.Equal(t, mbuf.DefaultDataRoom, p.DataRoom())
			}
			return err
		})
	}
	time.Sleep(harness.Size(time.Second, 200*time.Millisecond))
	over.Store(true)
	all.Wait()
}
