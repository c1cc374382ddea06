package ethdev_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/test/twin"
)

// subscribe returns a subscription that is closed at the test's end.
func subscribe(t testing.TB, types ethdev.EventType) *ethdev.Subscription {
	t.Helper()
	s, err := ethdev.Subscribe(types)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// next returns the next event. It must come soon.
func next(t testing.TB, s *ethdev.Subscription) ethdev.Event {
	t.Helper()
	select {
	case e, ok := <-s.C:
		require.True(t, ok, "the stream has ended")
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
	}
	return ethdev.Event{}
}

func TestAttachAndDetachAreReported(t *testing.T) {
	all := subscribe(t, ethdev.EventNew|ethdev.EventDestroy)
	gone := subscribe(t, ethdev.EventDestroy)
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	require.NoError(t, p.Detach())
	assert.Equal(t, ethdev.Event{Type: ethdev.EventNew, Port: p.ID()}, next(t, all))
	assert.Equal(t, ethdev.Event{Type: ethdev.EventDestroy, Port: p.ID()}, next(t, all))
	assert.Equal(t, ethdev.Event{Type: ethdev.EventDestroy, Port: p.ID()}, next(t, gone))

	late := subscribe(t, ethdev.EventNew|ethdev.EventDestroy)
	p, err = ethdev.Attach(null(""))
	require.NoError(t, err)
	assert.Equal(t, ethdev.Event{Type: ethdev.EventNew, Port: p.ID()}, next(t, late), "no earlier events")
	require.NoError(t, p.Detach())
}

func TestPortSubscribeReportsOnlyThatPort(t *testing.T) {
	a, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	b, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	s, err := b.Subscribe(ethdev.EventAll)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, a.Detach())
	require.NoError(t, b.Detach())
	assert.Equal(t, ethdev.Event{Type: ethdev.EventDestroy, Port: b.ID()}, next(t, s))
	_, err = b.Subscribe(ethdev.EventLink)
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
}

// Several goroutines attach and detach while no goroutine receives.
func TestConcurrentAttachesAndDetachesAreAllReported(t *testing.T) {
	const workers, rounds = 4, 25
	s := subscribe(t, ethdev.EventNew|ethdev.EventDestroy)
	var wg sync.WaitGroup
	errs := make(chan error, workers*rounds)
	for range workers {
		devargs := null("")
		wg.Go(func() {
			for range rounds {
				p, err := ethdev.Attach(devargs)
				if err == nil {
					err = p.Detach()
				}
				errs <- err
			}
		})
	}
	wg.Wait()
	for range workers * rounds {
		require.NoError(t, <-errs)
	}
	open := map[int]bool{} // a port ends before another gets its number
	for range 2 * workers * rounds {
		e := next(t, s)
		assert.Equal(t, e.Type == ethdev.EventDestroy, open[e.Port], "%v", e)
		open[e.Port] = e.Type == ethdev.EventNew
	}
	assertQuiet(t, s)
}

// Many threads at once call the callback, faster than the events are received.
func TestManyEventsAtOnceAreAllDelivered(t *testing.T) {
	const threads, each = 8, 5000
	all := subscribe(t, ethdev.EventLink|ethdev.EventQueueState)
	links := subscribe(t, ethdev.EventLink)
	idle := subscribe(t, ethdev.EventLink) // never received from
	var wg sync.WaitGroup
	for thread := range threads {
		wg.Go(func() {
			for n := range each {
				if n%2 == 0 {
					twin.EthEventFire(uint16(thread), cgo.EthEventLSC)
				} else {
					twin.EthEventFire(uint16(thread), cgo.EthEventQueueState)
				}
			}
		})
	}
	count := [threads]int{}
	for range threads * each {
		e := next(t, all)
		want := ethdev.EventLink
		if count[e.Port]%2 == 1 {
			want = ethdev.EventQueueState
		}
		require.Equal(t, want, e.Type, "out of order")
		count[e.Port]++
	}
	wg.Wait()
	for thread, n := range count {
		assert.Equal(t, each, n, "thread %d", thread)
	}
	for range threads * each / 2 {
		require.Equal(t, ethdev.EventLink, next(t, links).Type)
	}
	assertQuiet(t, all)
	assertQuiet(t, links)
	idle.Close()
	closed(t, idle)
}

// assertQuiet fires one more event, which must be the next to come.
func assertQuiet(t testing.TB, s *ethdev.Subscription) {
	t.Helper()
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	require.NoError(t, p.Detach())
	twin.EthEventFire(uint16(p.ID()), cgo.EthEventLSC)
	e := next(t, s)
	assert.Equal(t, p.ID(), e.Port, fmt.Sprint(e))
}

// closed waits for the end of a stream. One event may come before it.
func closed(t testing.TB, s *ethdev.Subscription) {
	t.Helper()
	for range 2 {
		select {
		case _, ok := <-s.C:
			if !ok {
				return
			}
		case <-time.After(10 * time.Second):
			t.Fatal("C is not closed")
		}
	}
	t.Error("events after Close")
}

func TestSubscriptionsAreClosed(t *testing.T) {
	s := subscribe(t, ethdev.EventAll)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(s.Close)
	}
	wg.Wait()
	s.Close()
	closed(t, s)
	twin.EthEventFire(0, cgo.EthEventLSC)
	_, ok := <-s.C
	assert.False(t, ok)
}

func TestBadEventTypesAreRefused(t *testing.T) {
	for _, types := range []ethdev.EventType{0, 1, ethdev.EventAll + 1, 1 << 31} {
		_, err := ethdev.Subscribe(types)
		require.ErrorIs(t, err, dpdk.ErrInvalid, types)
		assert.Contains(t, err.Error(), "link|")
	}
	assert.Equal(t, "link|removal", (ethdev.EventLink | ethdev.EventRemoval).String())
}
