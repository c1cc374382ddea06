//go:build !race

package ringcore_test

import (
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/godpdk/godpdk/dpdk/internal/ringcore/ringtest"
	"github.com/stretchr/testify/require"
)

// Not with -race: reporting a buffer to the race detector makes it escape.
func TestNothingAllocates(t *testing.T) {
	for _, sync := range []ringcore.Sync{ringcore.Multi, ringcore.Single, ringcore.RTS, ringcore.HTS} {
		t.Run(sync.String(), func(t *testing.T) {
			r := ring[uint64]{*ringtest.NewLocal(t, 8, 64, sync, sync, false)}
			require.Zero(t, testing.AllocsPerRun(100, func() {
				var objs [8]uint64 // on the stack, unless an operation lets it escape
				r.enqueue(objs[:])
				r.dequeue(objs[:])
				r.enqueue(nil)
				r.core.EnqueueGo(unsafe.Pointer(&objs), 8, true)
				r.core.DequeueGo(unsafe.Pointer(&objs), 8, true)
			}))
		})
	}
}
