//go:build linux

package examples

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/hosttest"
)

// The devices are those of a recorded host: no test changes devices of this one.
func TestDevbindOnARecordedHost(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, hosttest.Unpack(root, "../../dpdk/device/testdata/server.tree"))
	lines := harness.Command(t, built(t, "devbind"), "-root", root).Wait()
	require.Len(t, lines, 1+7+3, "a line of titles, one for each device, and one for each in use")
	assert.Equal(t, strings.Fields("0000:03:00.0 8086:1572 i40e no 30 1 ens1f0 up 2 of 64 Intel Corporation Ethernet Controller X710 for 10GbE SFP+"), strings.Fields(lines[4]))
	assert.Contains(t, lines[8], "0000:00:1f.6 is in use: eno1 carries the route to 0.0.0.0/0;")

	var got struct {
		Devices []device.Info
		VFIO    device.VFIO
	}
	require.NoError(t, json.Unmarshal([]byte(strings.Join(harness.Command(t, built(t, "devbind"), "-json", "-root", root).Wait(), "\n")), &got))
	assert.Len(t, got.Devices, 7)
	assert.True(t, got.VFIO.Loaded)

	refused := harness.Command(t, built(t, "devbind"), "-root", root, "bind", "vfio-pci", "eno1").Fail()
	assert.Contains(t, refused, "device or resource busy")
	assert.Contains(t, harness.Command(t, built(t, "devbind"), "bind", "vfio-pci").Fail(), "use: devbind")
}
