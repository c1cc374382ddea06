package ethdev_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/test/twin"
)

func TestEventsOfDevicesReachAllSubscriptions(t *testing.T) {
	first, err := ethdev.SubscribeDevices()
	require.NoError(t, err)
	defer first.Close()
	twin.DevEventFire("0000:03:00.0", cgo.DevEventAdd)
	second, err := ethdev.SubscribeDevices()
	require.NoError(t, err)
	defer second.Close()
	twin.DevEventFire("0000:03:00.0", cgo.DevEventRemove)

	receive := func(s *ethdev.DeviceSubscription) ethdev.DeviceEvent {
		select {
		case e := <-s.C:
			return e
		case <-time.After(10 * time.Second):
			t.Fatal("no event")
		}
		return ethdev.DeviceEvent{}
	}
	removed := ethdev.DeviceEvent{Type: ethdev.DeviceRemoved, Device: "0000:03:00.0"}
	assert.Equal(t, ethdev.DeviceEvent{Type: ethdev.DeviceAdded, Device: "0000:03:00.0"}, receive(first))
	assert.Equal(t, removed, receive(first))
	assert.Equal(t, removed, receive(second), "no earlier events")

	first.Close()
	first.Close()
	for range first.C { // it is closed
	}
	twin.DevEventFire("0000:04:00.0", cgo.DevEventRemove)
	assert.Equal(t, "0000:04:00.0", receive(second).Device)
	assert.Equal(t, "removed added DeviceEventType(7)", ethdev.DeviceRemoved.String()+" "+ethdev.DeviceAdded.String()+" "+ethdev.DeviceEventType(7).String())
}
