package ethdev_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

func TestStopReturnsErrBusyIfABurstDoesNotEnd(t *testing.T) {
	defer ethdev.SetBurstTimeout(10 * time.Millisecond)()
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	tx := p.TxQueue(0)
	leave := tx.Enter()
	require.ErrorIs(t, p.Stop(), dpdk.ErrBusy)
	assert.True(t, p.Started())
	assert.True(t, tx.IsOpen(), "the port runs as before")
	require.ErrorIs(t, tx.Stop(), dpdk.ErrBusy)
	assert.True(t, tx.IsOpen(), "the queue runs as before")
	leave()
	require.NoError(t, p.Stop())
	require.NoError(t, p.Start())
}

// The memory of an ended port is about to be freed: bursts are refused even if one that runs
// does not end.
func TestEndedPortRefusesBursts(t *testing.T) {
	defer ethdev.SetBurstTimeout(10 * time.Millisecond)()
	pool := newPool(t)
	name := null("")
	p, err := ethdev.Open(name, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	tx := p.TxQueue(0)
	leave := tx.Enter()
	p.End()
	assert.False(t, tx.IsOpen())
	leave()

	// When the primary attaches the device again, a secondary finds a port with the name
	// and number of the old one.
	again, err := ethdev.Lookup(name)
	require.NoError(t, err)
	assert.NotSame(t, p, again)
	_, err = again.Info()
	assert.NoError(t, err)
	require.NoError(t, again.Detach())
}

func TestLockFreeQueueCountsItsBursts(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	require.NoError(t, p.Stop())
	tx := p.TxQueue(0)
	tx.Share(ethdev.TxLockFree) // no driver without hardware has it in DPDK 22.11
	require.NoError(t, p.Start())
	leave := tx.Enter()
	assert.Equal(t, 8, tx.Burst(numbered(t, pool, 0, 8)))
	assert.True(t, tx.Busy(), "the other burst still runs")
	leave()
	assert.False(t, tx.Busy())
	require.NoError(t, p.Stop())
}
