//go:build linux

package netdev

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/safchain/ethtool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// "logged" opens a device on an interface, and fails with whether the logger was given a
// line of that level with that text.
var _ = harness.Role("logged", func(args []string) (err error) {
	var log harness.Buffer
	cfg := harness.Config(1)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	pool, err := mbuf.CreatePool("packets", 4095, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	device := map[string]vdev.Device{
		"AF_XDP":             vdev.AFXDP{Interface: args[1], ForceCopy: true},
		"AF_PACKET":          vdev.AFPacket{Interface: args[1]},
		"AF_PACKET, cutting": vdev.AFPacket{Interface: args[1], Truncate: true},
	}[args[0]]
	p, err := vdev.Open(device, ethdev.Config{Pool: pool})
	if err == nil {
		err = p.Detach()
	}
	if err = errors.Join(err, rt.Close()); err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level="+args[2]) && strings.Contains(line, args[3]) {
			n++
		}
	}
	return fmt.Errorf("%v", n > 0)
})

// libbpf and libxdp print to standard error by themselves.
func TestLibrariesOfXDPPrintToTheLogger(t *testing.T) {
	harness.Need(t, harness.Root, harness.XDP, harness.Hugepages)
	said := harness.Start(t, "logged", "AF_XDP", harness.Wire(t).Near.Name, "DEBUG", "libxdp: ").Fail()
	assert.Equal(t, "role logged: true\n", said)
}

func TestAFPacketWarnsOfPacketsThatTheKernelJoins(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	near := harness.Wire(t).Near
	e, err := ethtool.NewEthtool()
	require.NoError(t, err)
	defer e.Close()
	warned := func(kind, text string) string {
		return harness.Start(t, "logged", kind, near.Name, "WARN", text).Fail()
	}
	require.NoError(t, e.Change(near.Name, map[string]bool{"rx-gro": true}))
	assert.Equal(t, "role logged: true\n", warned("AF_PACKET", near.Name+" has GRO"))
	assert.Equal(t, "role logged: false\n", warned("AF_PACKET, cutting", near.Name+" has"))
	require.NoError(t, e.Change(near.Name, map[string]bool{"rx-gro": false, "tx-generic-segmentation": false}))
	assert.Equal(t, "role logged: false\n", warned("AF_PACKET", near.Name+" has"))
}
