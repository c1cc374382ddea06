package mempool_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

// churn makes and frees pools with these names in a loop, and runs each of the others in a
// loop, for some time.
func churn(t *testing.T, names []string, others ...func() error) {
	t.Helper()
	var over atomic.Bool
	var all sync.WaitGroup
	again := func(f func() error) {
		all.Go(func() {
			for !over.Load() && !t.Failed() {
				if err := f(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i, name := range names {
		again(func() error {
			// Every second one is large, so that its memory goes back to the kernel.
			p, err := mempool.Create(name, 63+i%2*1024, 64+i%2*4096, mempool.Config{CacheSize: 32})
			if err != nil {
				return err
			}
			return p.Free()
		})
	}
	for _, f := range others {
		again(f)
	}
	time.Sleep(harness.Size(time.Second, 200*time.Millisecond))
	over.Store(true)
	all.Wait()
}

// pools returns names for pools.
func pools() []string { return []string{name(), name(), name(), name()} }

// gone returns nil for an error that means that the pool does not exist.
func gone(err error) error {
	if errors.Is(err, dpdk.ErrNotFound) {
		return nil
	}
	return err
}

func TestLookupWhileOtherPoolsAreFreed(t *testing.T) {
	names := pools()
	churn(t, names,
		func() error { _, err := mempool.Lookup(names[0]); return gone(err) },
		func() error { _, err := mempool.Lookup(names[1]); return gone(err) },
		func() error { _, err := mempool.List(); return err },
	)
}

// The methods that describe a pool on one handle run while another handle frees it.
func TestHandlesAreUsedWhileThePoolIsFreed(t *testing.T) {
	names := pools()
	ask := func() error {
		p, err := mempool.Lookup(names[rand.IntN(2)])
		if err != nil {
			return gone(err)
		}
		for range 10 {
			p.Available()
			p.InUse()
			if err := gone(p.Audit()); err != nil {
				return err
			}
			if _, err := p.Dump(); gone(err) != nil {
				return err
			}
			if _, err := p.Chunks(); gone(err) != nil {
				return err
			}
			for i := range p.All() {
				if i == 10 {
					break
				}
			}
		}
		return nil
	}
	churn(t, names, ask, ask)
}

func TestTelemetryListsPoolsWhileOthersAreFreed(t *testing.T) {
	names := pools()
	var polls []func() error
	for range 4 {
		client := telemetry(t)
		polls = append(polls, func() error {
			if _, err := client.ask("/mempool/list"); err != nil {
				return err
			}
			_, err := client.ask("/mempool/info," + names[0])
			return err
		})
	}
	churn(t, names, polls...)
}

// The ops of a pool without objects have no data. Telemetry called them anyway.
func TestTelemetryDescribesAPoolWithoutObjects(t *testing.T) {
	p, err := mempool.CreateEmpty("telemetry empty", 63, 64, mempool.Config{})
	require.NoError(t, err)
	answer, err := telemetry(t).ask("/mempool/info,telemetry empty")
	require.NoError(t, err)
	assert.Contains(t, answer, "/mempool/info")
	require.NoError(t, p.Free())
}

// telemetryClient is a connection to the telemetry thread of DPDK in this process.
type telemetryClient struct {
	conn *net.UnixConn
	buf  []byte
}

func telemetry(t *testing.T) *telemetryClient {
	t.Helper()
	listening, err := os.ReadFile("/proc/net/unix")
	require.NoError(t, err)
	path := ""
	for line := range strings.Lines(string(listening)) {
		if f := strings.Fields(line); strings.HasSuffix(f[len(f)-1], fmt.Sprintf("/t%d/dpdk_telemetry.v2", os.Getpid())) {
			path = f[len(f)-1]
		}
	}
	require.NotEmpty(t, path, "this process's socket")
	conn, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: path, Net: "unixpacket"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	c := &telemetryClient{conn, make([]byte, 1<<20)}
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = conn.Read(c.buf) // its greeting
	require.NoError(t, err)
	return c
}

func (c *telemetryClient) ask(command string) (map[string]any, error) {
	if _, err := c.conn.Write([]byte(command)); err != nil {
		return nil, err
	}
	n, err := c.conn.Read(c.buf)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	if err := json.Unmarshal(c.buf[:n], &answer); err != nil {
		return nil, fmt.Errorf("%s: %q: %w", command, c.buf[:n], err)
	}
	return answer, nil
}
