package devices

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// testpmd starts DPDK's own program with a device. It returns the device's packets.
func testpmd(t *testing.T, d vdev.Device) *harness.Child {
	t.Helper()
	harness.Need(t, harness.Testpmd)
	devargs, err := d.Devargs()
	require.NoError(t, err)
	lcore := nextLcore()
	prefix := fmt.Sprint("c", os.Getpid(), "-", lcore)
	t.Cleanup(func() { // rte_eal_cleanup leaves them to the prefix's next primary
		files, err := filepath.Glob(filepath.Join(harness.HugeDir(), prefix+"map_*"))
		require.NoError(t, err)
		for _, f := range files {
			require.NoError(t, os.Remove(f))
		}
	})
	path, err := exec.LookPath("dpdk-testpmd")
	require.NoError(t, err)
	c := harness.Command(t, path, "--no-pci", "--file-prefix="+prefix, "-m", "64", single, "--no-telemetry",
		"--lcores="+harness.Lcore(lcore)+","+harness.Lcore(nextLcore()), "--vdev="+devargs,
		"--", "-i", "--port-topology=loop", "--nb-cores=1", "--total-num-mbufs=4096", "--no-flush-rx", "--no-lsc-interrupt", "--disable-link-check")
	c.Send("set fwd io retry") // a memif's client has no buffers for it before its first Burst
	c.Send("set burst tx delay 10 retry 100000")
	c.Send("start")
	c.Expect("testpmd> start")
	return c
}

// stop ends testpmd, and returns its count of the packets that it forwarded.
func stop(t *testing.T, c *harness.Child) string {
	t.Helper()
	c.Send("stop")
	c.Send("quit")
	for _, line := range c.Wait() {
		if strings.HasPrefix(strings.TrimSpace(line), "RX-packets:") {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return ""
}

// DPDK's testpmd sends back each packet that comes.
func TestTestpmdReturnsPackets(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    func(socket string) vdev.Device
		kind string
		goes bool // first is Go
	}{
		{"memif server", kinds["memif-server"], "memif-client", false},
		{"memif client", kinds["memif-client"], "memif-server", true},
		{"vhost", kinds["vhost"], "virtio", false},
		{"virtio-user", kinds["virtio"], "vhost", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			harness.Need(t, harness.Hugepages)
			socket := filepath.Join(t.TempDir(), "s")
			var c, g *harness.Child
			if tc.goes {
				g = device(t, tc.kind, socket, single)
				g.Expect("open")
				c = testpmd(t, tc.c(socket))
			} else {
				c = testpmd(t, tc.c(socket))
				g = device(t, tc.kind, socket, single)
				g.Expect("open")
			}
			g.Send(fmt.Sprint("send ", packets()))
			g.Expect("done send")
			assert.Equal(t, fmt.Sprintf("RX-packets: %d RX-dropped: 0 RX-total: %[1]d", packets()), stop(t, c))
			assert.Empty(t, g.Wait())
		})
	}
}
