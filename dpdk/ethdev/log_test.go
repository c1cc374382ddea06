package ethdev_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/portcall"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// logOf returns the log lines of an error.
func logOf(t *testing.T, err error) string {
	t.Helper()
	var e *dpdk.Error
	require.ErrorAs(t, err, &e)
	return strings.Join(e.Log, "\n")
}

func TestErrorsHaveTheDriversReason(t *testing.T) {
	_, err := ethdev.Attach("net_af_packet_log0,iface=typo0")
	require.Error(t, err)
	assert.Contains(t, logOf(t, err), "net_af_packet_log0: ioctl failed (SIOCGIFINDEX)")
	assert.Contains(t, err.Error(), "\n\t", "each line of the log on a line")

	p, err := ethdev.Attach("net_null_log0")
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Detach()) }()
	err = portcall.Call(p, "rte_eth_dev_start", func(id uint16) error { return control.Errno(cgo.EthStart(id)) })
	require.Error(t, err)
	assert.NotEmpty(t, logOf(t, err), "an error that a function of a port makes")
	_, err = ethdev.Attach("net_af_packet_log2,iface=typo0")
	assert.NotContains(t, logOf(t, err), "log0", "only the log of this call")
}

func TestErrorsHaveNoLogOfOtherCalls(t *testing.T) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-over:
				return
			default:
				_, err := ethdev.Attach("net_af_packet_log1,iface=typo0")
				assert.Contains(t, logOf(t, err), "net_af_packet_log1: ioctl")
			}
		}
	}()
	for range 2000 {
		_, err := ring.Lookup[uint64]("no such ring")
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		require.Empty(t, logOf(t, err))
	}
	close(over)
	wg.Wait()
}
