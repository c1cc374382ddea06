package lock

import (
	"context"

	"github.com/godpdk/godpdk/dpdk/internal/wait"
)

// lockContext tries until it has the lock or ctx ends. It takes a free lock even if ctx has
// ended. It does not queue, because a waiter cannot leave a queue.
func lockContext(ctx context.Context, try func() bool) error {
	var w wait.Backoff
	for !try() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.Turn()
	}
	return nil
}
