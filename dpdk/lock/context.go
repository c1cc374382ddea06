package lock

import (
	"context"

	"github.com/godpdk/godpdk/dpdk/internal/lockops"
)

// lockContext tries until it has the lock, which it takes even if ctx has ended if
// it is free at once. It stands in no queue: one cannot leave a queue again.
func lockContext(ctx context.Context, try func() bool) error {
	var w lockops.Wait
	for !try() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.Turn()
	}
	return nil
}
