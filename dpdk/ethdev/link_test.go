package ethdev_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

func TestLinkGoesDownAndUp(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	l, err := p.Link()
	require.NoError(t, err)
	assert.Equal(t, ethdev.Link{Up: true, Speed: 10000, FullDuplex: true}, l)
	assert.Equal(t, "up at 10000 Mb/s, full duplex, fixed", l.String())

	require.NoError(t, p.SetLinkDown())
	l, err = p.Link()
	require.NoError(t, err)
	assert.False(t, l.Up)
	assert.Equal(t, "down", l.String())

	up := make(chan error, 1)
	go func() {
		_, err := p.WaitLink(context.Background(), true)
		up <- err
	}()
	require.NoError(t, p.SetLinkUp())
	require.NoError(t, <-up)
}

func TestWaitLinkEndsWithItsContext(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	l, err := p.WaitLink(ctx, false)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.True(t, l.Up)
}

func TestWaitLinkEndsWithThePort(t *testing.T) {
	p, err := ethdev.Attach(loop())
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := p.WaitLink(context.Background(), true) // it is not started
		ended <- err
	}()
	require.NoError(t, p.Detach())
	require.ErrorIs(t, <-ended, dpdk.ErrNoDevice)
}

func TestLinkStrings(t *testing.T) {
	for want, l := range map[string]ethdev.Link{
		"down":                   {Speed: 1000, FullDuplex: true},
		"up, half duplex, fixed": {Up: true},
		"up at unknown speed, full duplex, autoneg": {Up: true, Speed: ethdev.UnknownSpeed, FullDuplex: true, Autoneg: true},
		"up at 2500 Mb/s, full duplex, autoneg":     {Up: true, Speed: 2500, FullDuplex: true, Autoneg: true},
	} {
		assert.Equal(t, want, l.String())
	}
}

func TestPromiscuousAndAllMulticast(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	for _, f := range []struct {
		name string
		get  func() (bool, error)
		set  func(bool) error
	}{
		{"promiscuous", p.Promiscuous, p.SetPromiscuous},
		{"all multicast", p.AllMulticast, p.SetAllMulticast},
	} {
		t.Run(f.name, func(t *testing.T) {
			for _, on := range []bool{true, true, false, false, true} {
				require.NoError(t, f.set(on))
				is, err := f.get()
				require.NoError(t, err)
				assert.Equal(t, on, is)
			}
		})
	}
}

func TestMTU(t *testing.T) {
	pool := newPool(t)
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Detach()) }()
	require.ErrorIs(t, p.SetMTU(1400), dpdk.ErrInvalid)
	require.NoError(t, p.Configure(ethdev.Config{Pool: pool}))
	mtu, err := p.MTU()
	require.NoError(t, err)
	assert.Equal(t, 1500, mtu)
	require.NoError(t, p.SetMTU(1400))
	mtu, err = p.MTU()
	require.NoError(t, err)
	assert.Equal(t, 1400, mtu)
	assert.Equal(t, 1400, p.Config().MTU)
	i, err := p.Info()
	require.NoError(t, err)
	for _, bad := range []int{-1, 0, i.MinMTU - 1, i.MaxMTU + 1, 1<<16 + 1400} {
		err := p.SetMTU(bad)
		require.ErrorIs(t, err, dpdk.ErrInvalid, bad)
		assert.Contains(t, err.Error(), "net_null supports")
	}
	mtu, err = p.MTU()
	require.NoError(t, err)
	assert.Equal(t, 1400, mtu)
}

// What a driver cannot is the same error for all calls.
func TestUnsupportedOperationsReturnErrUnsupported(t *testing.T) {
	pool := newPool(t)
	ring := open(t, loop(), ethdev.Config{Pool: pool})
	null := open(t, null(""), ethdev.Config{Pool: pool, RSS: ethdev.RSSIPv4})
	mac := []byte{2, 0, 0, 0, 0, 1}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"link up", null.SetLinkUp()},
		{"link down", null.SetLinkDown()},
		{"promiscuous", null.SetPromiscuous(false)},
		{"all multicast", null.SetAllMulticast(false)},
		{"MTU", ring.SetMTU(1400)},
		{"MAC", ring.SetMAC(mac)},
		{"another MAC", null.AddMAC(mac)},
		{"remove MAC", null.RemoveMAC(mac)},
		{"multicast", null.SetMulticast(nil)},
		{"VLAN strip of a queue", ring.RxQueue(0).SetVLANStrip(true)},
		{"PVID", ring.SetPVID(3, true)},
		{"flow control", ring.SetFlowControl(ethdev.FlowControl{})},
		{"flow control", second(ring.FlowControl())},
		{"RSS hash", second(ring.RSSHash())},
		{"RETA", second(ring.RETA())},
		{"queue start", null.RxQueue(0).Stop()},
		{"in other words", null.Failed("rte_eth_dev_any", int(syscall.ENOSYS))},
	} {
		assert.ErrorIs(t, c.err, dpdk.ErrUnsupported, c.name)
	}
}

func second[T any](_ T, err error) error { return err }
