//go:build linux

package guest

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// The NIC is pulled out of its slot and a new one is plugged in, while a goroutine polls the port.
func TestUnplugAndPlugWhilePolled(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	pool := newPool(t, 8191, 0)
	p := open(t, pool, ethdev.Config{}, "A", "B")
	p.both(t, 20, standard)
	devices, err := ethdev.SubscribeDevices()
	require.NoError(t, err)
	defer devices.Close()

	polls, end := poll(p.b.RxQueue(0))
	defer end()
	require.Empty(t, monitor(t, "device_del nic1"))
	// The kernel waits 5 s for a second push of the slot's button.
	event(t, devices, ethdev.DeviceEvent{Type: ethdev.DeviceRemoved, Device: nic("B")})
	before := polls.Load()
	require.NoError(t, p.b.Detach())
	eventually(t, "the slot is empty", func() bool { return !exists(nic("B")) && !strings.Contains(monitor(t, "info qtree"), `id "nic1"`) })
	eventually(t, "the goroutine polls on", func() bool { return polls.Load() > before })
	assert.True(t, p.b.Removed())
	end()

	require.Empty(t, monitor(t, "device_add "+os.Getenv("GODPDK_NIC_DEVICE_B")))
	bind(t, nic("B"))
	p.b, err = ethdev.Open(nic("B"), ethdev.Config{Pool: pool})
	require.NoError(t, err)
	p.linked(t)
	p.both(t, 200, standard)
	require.NoError(t, p.b.Detach())
}

// poll polls a queue until end is called.
func poll(rx ethdev.RxQueue) (polls *atomic.Int64, end func()) {
	polls = new(atomic.Int64)
	var stop atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var pkts [32]*mbuf.Mbuf
		for !stop.Load() {
			mbuf.FreeBulk(pkts[:rx.Burst(pkts[:])])
			polls.Add(1)
		}
	}()
	return polls, func() {
		stop.Store(true)
		<-ended
	}
}

func exists(address string) bool {
	_, err := os.Stat("/sys/bus/pci/devices/" + address)
	return err == nil
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); !is(); time.Sleep(10 * time.Millisecond) {
		require.Less(t, time.Since(start), 20*time.Second, what)
	}
}
