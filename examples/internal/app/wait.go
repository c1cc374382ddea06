package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// Lookup finds a shared object, and waits while the primary has not created it.
func Lookup[T any](ctx context.Context, lookup func(name string) (T, error), name string) (T, error) {
	for {
		found, err := lookup(name)
		if !errors.Is(err, dpdk.ErrNotFound) || !pause(ctx) {
			return found, err
		}
	}
}

// Join waits until workers 1 to n have joined, or ctx ends.
func Join(ctx context.Context, n int, joined func(worker int) bool) error {
	deadline := time.Now().Add(Patience)
	for w := 1; w <= n; {
		switch {
		case joined(w):
			w++
		case time.Now().After(deadline):
			return fmt.Errorf("worker %d did not join within %v: start it with --proc-type=secondary … -- -worker=%d", w, Patience, w)
		case !pause(ctx):
			return nil
		}
	}
	return nil
}

// pause sleeps for a moment. It returns false if ctx has ended.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Millisecond):
		return true
	}
}

// EnqueueAll enqueues all items, and waits while the ring is full. It returns false if ctx
// ends meanwhile.
func EnqueueAll[T any](ctx context.Context, r *ring.Ring[T], items []T) bool {
	var idle lcore.Idle
	for len(items) > 0 {
		n := r.EnqueueBurst(items)
		items = items[n:]
		if idle.After(n); n == 0 && ctx.Err() != nil {
			return false
		}
	}
	return true
}

// SwapMAC swaps the Ethernet addresses of a frame in place.
func SwapMAC(frame []byte) {
	if len(frame) < 12 {
		return
	}
	destination := [6]byte(frame)
	copy(frame, frame[6:12])
	copy(frame[6:], destination[:])
}
