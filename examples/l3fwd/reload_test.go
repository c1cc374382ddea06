//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

// held are tables in which a lookup waits for the test.
type held struct {
	routes
	inside, leave chan struct{}
	looking       atomic.Bool
	early, freed  atomic.Bool
}

func (h *held) lookup4(hops []uint16, ips []uint32) {
	h.looking.Store(true)
	h.inside <- struct{}{}
	<-h.leave
	h.routes.lookup4(hops, ips)
	h.looking.Store(false)
}

func (h *held) free() error {
	if h.looking.Load() {
		h.early.Store(true)
		return nil // freed memory would end the test
	}
	h.freed.Store(true)
	return h.routes.free()
}

// A lookup in the old tables is under way while the routes are loaded again.
func TestReloadFreesTheOldTablesAfterTheLastLookup(t *testing.T) {
	for _, lookup := range []string{"lpm", "fib"} {
		t.Run(lookup, func(t *testing.T) {
			pool, err := mbuf.CreatePool("packets "+lookup, 1023, mbuf.PoolConfig{})
			require.NoError(t, err)
			defer func() { assert.NoError(t, pool.Free()) }()
			p, err := open("net_ring_"+lookup, pool, 1) // it receives what it sends
			require.NoError(t, err)
			defer func() { assert.NoError(t, p.Detach()) }()
			f, err := newForwarder(settings{ports: []string{p.Name()}, lookup: lookup}, 1)
			require.NoError(t, err)
			require.NoError(t, f.addPort(p, header.MAC{}))
			old := &held{routes: *f.tables.Load(), inside: make(chan struct{}), leave: make(chan struct{})}
			tables := routes(old)
			f.tables.Store(&tables)
			reader, err := f.readers.Register(0)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			polled := make(chan struct{})
			go func() {
				defer close(polled)
				newWorker(f, 0, reader).poll(ctx)
			}()
			send(t, f, pool)
			<-old.inside

			first, own := uint64(f.readers.Start()), uint64(0)
			reloaded := make(chan struct{})
			go func() {
				defer close(reloaded)
				f.reload(ctx)
			}()
			waits := func() bool { // a grace period of another began
				own++
				return uint64(f.readers.Start()) > first+own
			}
			for done := false; !done && !waits(); {
				select {
				case <-reloaded:
					done = true
				case <-time.After(time.Millisecond):
				}
			}
			assert.False(t, old.freed.Load())
			close(old.leave)
			<-reloaded
			assert.False(t, old.early.Load(), "freed beside a lookup")
			assert.True(t, old.freed.Load())
			cancel()
			<-polled
			require.NoError(t, reader.Unregister())
			require.NoError(t, f.close())
			require.NoError(t, p.Stop())
		})
	}
}

// send sends an IPv4 packet to the port of f.
func send(t *testing.T, f *forwarder, pool *mbuf.Pool) {
	t.Helper()
	m, ok := pool.Alloc()
	require.True(t, ok)
	frame, ok := m.Append(60)
	require.True(t, ok)
	clear(frame)
	copy(frame, f.ports[0].mac[:])
	binary.BigEndian.PutUint16(frame[12:], uint16(header.EtherTypeIPv4))
	frame[14], frame[17], frame[22] = 0x45, 46, 64 // version, length and TTL
	require.Equal(t, 1, f.ports[0].TxQueue(0).Burst([]*mbuf.Mbuf{m}))
}
