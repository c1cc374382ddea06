//go:build linux

package guest

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

// An operator removes a NIC, and waits until the program has detached it.
func TestARequestToRemoveANICIsReported(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	p.both(t, 20, standard)
	devices, err := ethdev.SubscribeDevices()
	require.NoError(t, err)
	defer devices.Close()

	removed := make(chan error, 1)
	go func() { removed <- os.WriteFile("/sys/bus/pci/devices/"+nic("B")+"/remove", []byte("1"), 0) }()
	event(t, devices, ethdev.DeviceEvent{Type: ethdev.DeviceRemoved, Device: nic("B")})
	select {
	case <-removed:
		t.Fatal("the kernel has removed the NIC")
	default:
	}
	p.both(t, 20, standard) // the NIC works until it is detached
	ports, err := ethdev.Match(nic("B"))
	require.NoError(t, err)
	require.Equal(t, []*ethdev.Port{p.b}, ports)
	require.NoError(t, p.b.Detach())
	require.NoError(t, <-removed)
	event(t, devices, ethdev.DeviceEvent{Type: ethdev.DeviceRemoved, Device: nic("B")}) // now it is

	require.NoError(t, os.WriteFile("/sys/bus/pci/rescan", []byte("1"), 0))
	event(t, devices, ethdev.DeviceEvent{Type: ethdev.DeviceAdded, Device: nic("B")})
	bind(t, nic("B"))
	p.b, err = ethdev.Open(nic("B"), ethdev.Config{Pool: p.pool})
	require.NoError(t, err)
	p.linked(t)
	p.both(t, 20, standard)
	require.NoError(t, p.b.Detach())
}

// event waits for an event. Others may come before it: of the NIC's driver, and repetitions.
func event(t testing.TB, s *ethdev.DeviceSubscription, want ethdev.DeviceEvent) {
	t.Helper()
	for timeout := time.After(20 * time.Second); ; {
		select {
		case e := <-s.C:
			if assert.NotEmpty(t, e.Device) && e == want {
				return
			}
		case <-timeout:
			t.Fatalf("no event %v", want)
		}
	}
}
