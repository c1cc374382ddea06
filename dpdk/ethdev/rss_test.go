package ethdev_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

func TestRSSHashIsChanged(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t), RxQueues: 2, RSS: ethdev.RSSIPv4UDP})
	h, err := p.RSSHash()
	require.NoError(t, err)
	assert.Equal(t, ethdev.RSSIPv4UDP, h.Types)
	assert.Len(t, h.Key, 40)

	key := bytes.Repeat([]byte{0x6d, 0x5a}, 20)
	require.NoError(t, p.SetRSSHash(ethdev.RSSHash{Types: ethdev.RSSIPv4TCP, Key: key}))
	h, err = p.RSSHash()
	require.NoError(t, err)
	assert.Equal(t, ethdev.RSSHash{Types: ethdev.RSSIPv4TCP, Key: key}, h)
	require.NoError(t, p.SetRSSHash(ethdev.RSSHash{Types: ethdev.RSSIPv4UDP}))
	h, err = p.RSSHash()
	require.NoError(t, err)
	assert.Equal(t, ethdev.RSSHash{Types: ethdev.RSSIPv4UDP, Key: key}, h, "the key stays")

	for _, n := range []int{1, 39, 41, 300} {
		require.ErrorIs(t, p.SetRSSHash(ethdev.RSSHash{Types: ethdev.RSSIPv4, Key: make([]byte, n)}), dpdk.ErrInvalid, n)
	}
	err = p.SetRSSHash(ethdev.RSSHash{Types: 1 << 63})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "cannot hash")
}

func TestRETAIsChanged(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t), RxQueues: 3, RSS: ethdev.RSSIPv4})
	i, err := p.Info()
	require.NoError(t, err)
	require.Equal(t, 128, i.RETASize, "two groups")
	want := make([]int, 128)
	for n := range want {
		want[n] = n % 3
	}
	require.NoError(t, p.SetRETA(0, want...))
	table, err := p.RETA()
	require.NoError(t, err)
	assert.Equal(t, want, table)

	// Across the border of the groups; the rest stays.
	require.NoError(t, p.SetRETA(62, 2, 2, 2, 2))
	copy(want[62:], []int{2, 2, 2, 2})
	require.NoError(t, p.SetRETA(127, 0))
	want[127] = 0
	table, err = p.RETA()
	require.NoError(t, err)
	assert.Equal(t, want, table)

	for _, bad := range []struct {
		first  int
		queues []int
	}{{0, nil}, {-1, []int{0}}, {128, []int{0}}, {127, []int{0, 0}}, {0, []int{3}}, {0, []int{-1}}, {0, []int{1 << 16}}, {0, make([]int, 129)}} {
		require.ErrorIs(t, p.SetRETA(bad.first, bad.queues...), dpdk.ErrInvalid, "%d %v", bad.first, bad.queues)
	}
	table, err = p.RETA()
	require.NoError(t, err)
	assert.Equal(t, want, table)
}

func TestRSSNeedsItsConfig(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	for _, err := range []error{p.SetRETA(0, 0), p.SetRSSHash(ethdev.RSSHash{Types: ethdev.RSSIPv4})} {
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.Contains(t, err.Error(), "Config.RSS")
	}
}

func TestFlowControlArgumentsAreChecked(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	for _, f := range []ethdev.FlowControl{
		{Mode: -1}, {Mode: ethdev.FlowFull + 1}, {HighWater: -1}, {HighWater: 1 << 32}, {LowWater: -1}, {LowWater: 1 << 32}, {PauseTime: -1}, {PauseTime: 1 << 16},
	} {
		require.ErrorIs(t, p.SetFlowControl(f), dpdk.ErrInvalid, "%+v", f)
	}
	assert.Equal(t, "full", ethdev.FlowFull.String())
	assert.Equal(t, "FlowMode(9)", ethdev.FlowMode(9).String())
}
