//go:build linux

package netdev

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

// "logged" opens an AF_XDP port and fails with what the logger was given of libxdp.
var _ = harness.Role("logged", func(args []string) (err error) {
	var log bytes.Buffer
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
	p, err := ethdev.Open("net_af_xdp0,force_copy=1,iface="+args[0], ethdev.Config{Pool: pool})
	if err == nil {
		err = p.Detach()
	}
	if err = errors.Join(err, rt.Close()); err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level=DEBUG") && strings.Contains(line, "libxdp: ") {
			n++
		}
	}
	return fmt.Errorf("%v lines", n > 0)
})

// libbpf and libxdp print to standard error by themselves.
func TestLibrariesOfXDPPrintToTheLogger(t *testing.T) {
	harness.Need(t, harness.Root, harness.XDP, harness.Hugepages)
	said := harness.Start(t, "logged", harness.Wire(t).Near.Name).Fail()
	assert.Equal(t, "role logged: true lines\n", said)
}
