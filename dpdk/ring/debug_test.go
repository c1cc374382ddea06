//go:build godpdk_debug

package ring_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ring"
)

// Two goroutines with handles of their own use one side until one of them panics.
func TestTwoGoroutinesOnASingleSidePanic(t *testing.T) {
	for side, use := range map[string]func(*ring.Ring[e8]){
		"producer": func(r *ring.Ring[e8]) { r.EnqueueBurst(make([]e8, 32)) },
		"consumer": func(r *ring.Ring[e8]) { r.DequeueBurst(make([]e8, 32)) },
	} {
		r := create[e8](t, 1024, ring.Config{Producer: ring.Single, Consumer: ring.Single})
		panics, end := make(chan any, 2), make(chan struct{})
		var once sync.Once
		for range 2 {
			own, err := ring.Lookup[e8](r.Name())
			require.NoError(t, err)
			go func() {
				defer func() {
					panics <- recover()
					once.Do(func() { close(end) })
				}()
				for range 20_000_000 {
					select {
					case <-end:
						return
					default:
						use(own)
					}
				}
			}()
		}
		text := fmt.Sprint(<-panics, <-panics)
		assert.Contains(t, text, "two goroutines at once as the Single "+side)
		assert.Contains(t, text, "debug_test.go", "the place of the second one")
	}
}

func TestACallInsideAZeroCopyOperationPanics(t *testing.T) {
	r := create[e8](t, 64, ring.Config{Producer: ring.Single, Consumer: ring.Single})
	s, err := r.ReserveBulk(4)
	require.NoError(t, err)
	require.Equal(t, 4, s.Len())
	assert.Panics(t, func() { r.Enqueue(1) })
	require.Error(t, r.Commit(5))
	assert.Panics(t, func() { r.Enqueue(1) }, "the reservation remains")
	require.NoError(t, r.Commit(4))
	require.True(t, r.Enqueue(1))
	s, err = r.PeekBurst(64)
	require.NoError(t, err)
	require.Equal(t, 5, s.Len())
	assert.Panics(t, func() { r.Dequeue() })
	require.NoError(t, r.Consume(5))
	_, ok := r.Dequeue()
	assert.False(t, ok)
	s, err = r.PeekBurst(1)
	require.NoError(t, err)
	require.Zero(t, s.Len())
	_, ok = r.Dequeue() // an empty peek does not need a Consume
	assert.False(t, ok)
}

func TestOtherModesHaveNoCheck(t *testing.T) {
	for _, mode := range []ring.Sync{ring.Multi, ring.RTS, ring.HTS} {
		r := create[e8](t, 1024, ring.Config{Producer: mode, Consumer: mode})
		var wg sync.WaitGroup
		for range 2 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range 10_000 {
					r.Enqueue(1)
					r.Dequeue()
				}
			}()
		}
		wg.Wait()
	}
}
