package vdev_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

func TestNullReceivesItsSize(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	for _, tc := range []struct {
		name   string
		device vdev.Null
		n, len int
	}{
		{"defaults", vdev.Null{}, 32, 64},
		{"a size", vdev.Null{Size: 1500}, 32, 1500},
		{"the largest size", vdev.Null{Size: 2048}, 32, 2048},
		{"with copies", vdev.Null{Size: 100, Copy: true}, 32, 100},
		{"receiving nothing", vdev.Null{NoRx: true}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := tc.device.Devargs(); errors.Is(err, dpdk.ErrUnsupported) {
				return // this DPDK leaks copies: see TestDevargsDependsOnTheRelease
			}
			p := open(t, tc.device, ethdev.Config{Pool: pool})
			var pkts [32]*mbuf.Mbuf
			n := p.RxQueue(0).Burst(pkts[:])
			assert.Equal(t, tc.n, n)
			for _, m := range pkts[:n] {
				assert.Equal(t, tc.len, m.Len())
				if tc.device.Copy {
					assert.Equal(t, make([]byte, tc.len), m.Data())
				}
			}
			assert.Equal(t, n, p.TxQueue(0).Burst(pkts[:n]))
		})
	}
	noPorts(t)
}

// The driver would write past the ends of the mbufs.
func TestNullRefusesPacketsLargerThanMbufs(t *testing.T) {
	large := newPool(t, mbuf.PoolConfig{DataRoom: 4096 + mbuf.DefaultHeadroom})
	small := newPool(t, mbuf.PoolConfig{})
	for name, cfg := range map[string]ethdev.Config{
		"in Config":        {Pool: small},
		"in RxQueueConfig": {Pool: large, Rx: ethdev.RxQueueConfig{Pool: small}},
		"in one of RxEach": {Pool: large, RxEach: []ethdev.RxQueueConfig{{Pool: small}}},
	} {
		_, err := vdev.Open(vdev.Null{Size: 2049}, cfg)
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
		assert.Contains(t, err.Error(), "have 2048 bytes", name)
	}
	open(t, vdev.Null{Size: 4096}, ethdev.Config{Pool: large})
}

func TestFailedOpenLeavesNoPort(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	dir := t.TempDir()
	noPcap := filepath.Join(dir, "no pcap")
	require.NoError(t, os.WriteFile(noPcap, []byte("certainly not"), 0o600))
	tooMany := ethdev.Config{Pool: pool, RxQueues: 1000}
	for _, tc := range []struct {
		name   string
		device vdev.Device
		cfg    ethdev.Config
		want   error
	}{
		{"no device", nil, ethdev.Config{Pool: pool}, dpdk.ErrInvalid},
		{"no pool", vdev.Null{}, ethdev.Config{}, dpdk.ErrInvalid},
		{"too many queues of memif", vdev.Memif{Socket: "godpdk-test-none"}, tooMany, dpdk.ErrInvalid},
		{"memif without its server", vdev.Memif{Socket: "godpdk-test-none"}, ethdev.Config{Pool: pool}, syscall.ECONNREFUSED},
		{"too many queues of vhost", vdev.Vhost{Socket: filepath.Join(dir, "s")}, tooMany, dpdk.ErrInvalid},
		{"a file that the driver refuses", vdev.PCAP{Rx: []string{noPcap}}, ethdev.Config{Pool: pool}, dpdk.ErrInvalid},
		{"a field that Devargs refuses", vdev.AFPacket{Interface: "no-such-dev"}, ethdev.Config{Pool: pool}, dpdk.ErrNoDevice},
		{"bond of a missing port", vdev.Bond{Members: []string{"net_null99"}}, ethdev.Config{Pool: pool}, dpdk.ErrNoDevice},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := vdev.Open(tc.device, tc.cfg)
			require.ErrorIs(t, err, tc.want)
			assert.Nil(t, p)
			noPorts(t)
		})
	}
	assert.NoFileExists(t, filepath.Join(dir, "s"))
}

func TestErrorContainsTheDriversLog(t *testing.T) {
	noPcap := filepath.Join(t.TempDir(), "no pcap")
	require.NoError(t, os.WriteFile(noPcap, []byte("certainly not"), 0o600))
	// The pool stays incomplete: Configure removes mbufs that net_af_xdp cannot use.
	pool, err := mbuf.CreatePool("reasons", 2047, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	for devargs, text := range map[string]string{
		"net_af_packet0,iface=typo0":  "No such device",
		"net_pcap0,rx_pcap=" + noPcap: "unknown file format",
		"net_af_xdp0,iface=lo":        "xdp",
	} {
		t.Run(devargs, func(t *testing.T) {
			p, err := ethdev.Open(devargs, ethdev.Config{Pool: pool})
			if err == nil { // this kernel supports AF_XDP on lo
				assert.Equal(t, "xdp", text)
				require.NoError(t, p.Detach())
				return
			}
			var e *dpdk.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, strings.Join(e.Log, "\n"), text)
			noPorts(t)
		})
	}
}

func TestOpenRefusesATakenName(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	named := vdev.Null{Name: "net_null4000"}
	p := open(t, named, ethdev.Config{Pool: pool})
	_, err := vdev.Open(named, ethdev.Config{Pool: pool})
	require.ErrorIs(t, err, dpdk.ErrExist)
	assert.True(t, p.Started(), "the failed Open stopped the existing port")

	// Devargs skips the numbers of existing ports.
	devargs, err := vdev.Null{}.Devargs()
	require.NoError(t, err)
	var n int
	_, err = fmt.Sscanf(devargs, "net_null%d", &n)
	require.NoError(t, err)
	open(t, vdev.Null{Name: fmt.Sprint("net_null", n+1)}, ethdev.Config{Pool: pool})
	next := open(t, vdev.Null{}, ethdev.Config{Pool: pool})
	assert.Equal(t, fmt.Sprint("net_null", n+2), next.Name())
}

func TestOpenRefusesADeviceWithoutAPort(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	named := vdev.Null{Name: fmt.Sprint("net_null_closed", pools)} // the device stays until EAL ends
	p, err := vdev.Open(named, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	_, err = vdev.Open(named, ethdev.Config{Pool: pool})
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
	assert.Contains(t, err.Error(), "has no port")
}

func TestOpenFromManyGoroutines(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				p, err := vdev.Open(vdev.Null{}, ethdev.Config{Pool: pool})
				if assert.NoError(t, err) {
					assert.NoError(t, p.Detach())
				}
			}
		})
	}
	wg.Wait()
	noPorts(t)
}
