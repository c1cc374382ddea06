//go:build linux

package objects

import (
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/examples/exporter/metrics"
)

func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{}) }

func TestPortThatCannotBeReadLeavesTheRest(t *testing.T) {
	pool, err := mbuf.CreatePool("objects", 255, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, pool.Free()) }()
	for _, name := range []string{"net_ring_bad", "net_ring_good"} {
		cable, err := netring.Loopback(netring.CableConfig{Name: name}, ethdev.Config{Pool: pool})
		require.NoError(t, err)
		defer func() { assert.NoError(t, cable.Close()) }()
	}
	c := collector{ealtest.Runtime(), func(p *ethdev.Port) (metrics.Port, error) {
		if p.Name() == "net_ring_bad" {
			return metrics.Port{}, syscall.EIO
		}
		return readPort(p)
	}}
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(c))
	families, err := registry.Gather()
	require.NoError(t, err)
	text, ports := "", ""
	for _, f := range families {
		for _, m := range f.GetMetric() {
			text += f.GetName() + " " + m.String() + "\n"
			if strings.HasPrefix(f.GetName(), "dpdk_port_") {
				ports += m.String()
			}
		}
	}
	assert.NotContains(t, ports, "net_ring_bad")
	assert.Contains(t, ports, "net_ring_good")
	assert.Contains(t, text, "dpdk_mempool_objects")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "dpdk_failed_commands ") {
			assert.Contains(t, line, "value:1")
		}
	}
	assert.Equal(t, 1, testutil.CollectAndCount(c, "dpdk_failed_commands"))
}
