//go:build linux && cgo

package main

import (
	"errors"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/test/harness"
)

const first = `{"backends": [{"address": "10.1.0.1"}]}`

// firstAddr is its address, and other that of a backend that only everyone has.
var firstAddr, other = netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.2")

func parsed(t *testing.T, config string) Set {
	t.Helper()
	set, err := readConfig(strings.NewReader(config))
	require.NoError(t, err)
	return set
}

// "neighbour" changes the table of hops until its input ends.
var _ = harness.Role("neighbour", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	table, err := hashtable.Lookup[Addr, Hop](neighboursName)
	if err != nil {
		return err
	}
	go func() {
		for {
			_ = table.Add(addrOf(firstAddr), Hop{})
		}
	}()
	harness.Say("ready")
	harness.Hear()
	return rt.Close()
})

// stopped starts a process, and stops it while it changes the table of hops.
func stopped(t *testing.T, b *balancer) *harness.Child {
	t.Helper()
	c := harness.Start(t, "neighbour", ealtest.Runtime().FilePrefix())
	c.Expect("ready")
	for end := time.Now().Add(time.Minute); ; {
		require.True(t, time.Now().Before(end), "it was never stopped inside a change")
		c.Stop()
		if err := b.neighbours.Add(addrOf(firstAddr), Hop{}); errors.Is(err, dpdk.ErrBusy) {
			return c
		}
		c.Signal(syscall.SIGCONT)
	}
}

// until waits until a goroutine has text in its stack, or done is closed.
func until(t *testing.T, done <-chan struct{}, text string) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(time.Minute); !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), text); runtime.Gosched() {
		require.True(t, time.Now().Before(end), text)
		select {
		case <-done:
			return
		default:
		}
	}
}

// A backend that comes back may have moved. An answer of it that comes during the reload that removes it must not be kept.
func TestAnAnswerDuringAReloadIsForgottenWithItsBackend(t *testing.T) {
	b, _ := start(t)
	require.NoError(t, b.neighbours.Reset())
	c := stopped(t, b)
	var all sync.WaitGroup
	learned, used := make(chan struct{}), make(chan struct{})
	all.Go(func() {
		defer close(learned)
		b.learned(other, Hop{backendMACs[other.String()], 1})
	})
	until(t, learned, "loadbalancer.(*balancer).learned") // it waits for the lock of the table, for at most a second
	until(t, learned, "hashtable.(*Table[...]).change")
	all.Go(func() {
		defer close(used)
		assert.NoError(t, b.use(t.Context(), parsed(t, first)))
	})
	until(t, used, "[sync.Mutex.Lock")
	c.Signal(syscall.SIGCONT)
	all.Wait()
	_, known := b.neighbours.Lookup(addrOf(other))
	assert.False(t, known, "the backend was removed")
	c.Kill()
}

// While a process is stopped in the table of hops, a reload cannot delete hops. It must switch, or change nothing.
func TestAReloadThatCannotForgetAHopIsNotHalfDone(t *testing.T) {
	b, _ := start(t)
	c := stopped(t, b)
	active := b.shared.Active.Load()
	require.NoError(t, b.use(t.Context(), parsed(t, first)), "no new flow uses the hops that remain")
	require.NotEqual(t, active, b.shared.Active.Load())
	assert.Equal(t, []netip.Addr{firstAddr}, *b.wanted.Load())

	err := b.use(t.Context(), parsed(t, everyone))
	require.ErrorIs(t, err, dpdk.ErrBusy, "it must not use the old hop of a backend that comes back")
	assert.ErrorContains(t, err, "the backends were not changed")
	require.NotEqual(t, active, b.shared.Active.Load())
	assert.EqualValues(t, 1, b.shared.Sets[b.shared.Active.Load()].N)
	assert.Equal(t, []netip.Addr{firstAddr}, *b.wanted.Load())

	c.Signal(syscall.SIGCONT)
	c.Kill()
	require.NoError(t, b.use(t.Context(), parsed(t, everyone)))
	_, known := b.neighbours.Lookup(addrOf(other))
	assert.False(t, known, "it is asked for again")
}
