package devices

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/vdev"
	"github.com/godpdk/godpdk/test/harness"
)

// "vdevs" starts EAL with devices, opens one, and holds them until its input ends.
var _ = harness.Role("vdevs", func(args []string) (err error) {
	cfg := harness.Config(0)
	cfg.FilePrefix = args[0]
	cfg.Vdevs, err = vdev.Args(vdev.Null{}, vdev.Null{},
		vdev.Bond{Name: "net_bonding_x", Mode: vdev.ActiveBackup, Members: []string{"net_null0", "net_null1"}})
	if err != nil {
		return err
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("packets", 1023, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	if _, err := ring.Create[*mbuf.Mbuf]("ring", 64, ring.Config{}); err != nil {
		return err
	}
	bond, err := ethdev.Open("net_bonding_x", ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	ports, err := ethdev.List()
	if err != nil {
		return err
	}
	next, err := vdev.Open(vdev.Null{}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	harness.Say("open %v, then %v", ports, next)
	harness.Hear()
	return errors.Join(next.Detach(), bond.Detach())
})

// "visitor" is a secondary that tries to make devices.
var _ = harness.Role("visitor", func(args []string) (err error) {
	cfg := harness.Config(1)
	cfg.FilePrefix, cfg.ProcessType = args[0], eal.Secondary
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	r, err := ring.Lookup[*mbuf.Mbuf]("ring")
	if err != nil {
		return err
	}
	rings := []*ring.Ring[*mbuf.Mbuf]{r}
	_, null := vdev.Open(vdev.Null{}, ethdev.Config{})
	_, over := netring.Attach(netring.Config{Rx: rings, Tx: rings})
	_, there := ethdev.Lookup("net_null0")
	harness.Say("null %v, rings %v, found %v", errors.Is(null, dpdk.ErrSecondary), errors.Is(over, dpdk.ErrSecondary), there == nil)
	return nil
})

func TestDevicesAreMadeByThePrimary(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	prefix := fmt.Sprint(t.Name(), os.Getpid())
	primary := harness.Start(t, "vdevs", prefix)
	assert.Equal(t, "[port 0 (net_null0) port 1 (net_null1) port 2 (net_bonding_x)], then port 3 (net_null2)", primary.Expect("open"))
	secondary := harness.Start(t, "visitor", prefix)
	assert.Equal(t, "true, rings true, found true", secondary.Expect("null"))
	assert.Empty(t, secondary.Wait())
	assert.Empty(t, primary.Wait())
}
