package ethdev_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/test/harness"
)

func TestOwnersAreSetAndRemoved(t *testing.T) {
	pool := newPool(t)
	p, other := open(t, null(""), ethdev.Config{Pool: pool}), open(t, null(""), ethdev.Config{Pool: pool})
	a, err := ethdev.NewOwner("router")
	require.NoError(t, err)
	b, err := ethdev.NewOwner("capture")
	require.NoError(t, err)
	assert.NotEqual(t, a.ID, b.ID)

	is, err := p.Owner()
	require.NoError(t, err)
	assert.Equal(t, ethdev.Owner{}, is)
	err = p.UnsetOwner(a)
	require.ErrorIs(t, err, syscall.EPERM)
	assert.Contains(t, err.Error(), "the port has no owner")

	require.NoError(t, p.SetOwner(a))
	require.NoError(t, other.SetOwner(a))
	is, err = p.Owner()
	require.NoError(t, err)
	assert.Equal(t, a, is)
	err = p.SetOwner(b)
	require.ErrorIs(t, err, syscall.EPERM)
	assert.Contains(t, err.Error(), "router")
	require.ErrorIs(t, p.UnsetOwner(b), syscall.EPERM)
	owned, err := a.Ports()
	require.NoError(t, err)
	assert.Equal(t, []*ethdev.Port{p, other}, owned)

	require.NoError(t, p.UnsetOwner(a))
	require.NoError(t, p.SetOwner(b))
	owned, err = a.Ports()
	require.NoError(t, err)
	assert.Equal(t, []*ethdev.Port{other}, owned)
	require.NoError(t, a.Close())
	is, err = other.Owner()
	require.NoError(t, err)
	assert.Equal(t, ethdev.Owner{}, is)
	is, err = p.Owner()
	require.NoError(t, err)
	assert.Equal(t, b, is)
	require.NoError(t, b.Close())
}

func TestBadOwnersAreRefused(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	_, err := ethdev.NewOwner("")
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = ethdev.NewOwner(strings.Repeat("x", ethdev.MaxOwnerName+1))
	require.ErrorIs(t, err, dpdk.ErrNameTooLong)
	for _, o := range []ethdev.Owner{{ID: 0, Name: "nobody"}, {ID: 1 << 60, Name: "never made"}} {
		require.ErrorIs(t, p.SetOwner(o), dpdk.ErrInvalid, o)
		require.ErrorIs(t, p.UnsetOwner(o), dpdk.ErrInvalid, o)
		require.ErrorIs(t, o.Close(), dpdk.ErrInvalid, o)
	}
}

// The secondary makes an owner, gives it a port, and waits to be killed.
var _ = harness.Role("owner", func(args []string) error {
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	p, err := ethdev.Lookup(args[1])
	if err != nil {
		return err
	}
	o, err := ethdev.NewOwner("capture")
	if err != nil {
		return err
	}
	if err := p.SetOwner(o); err != nil {
		return err
	}
	harness.Say("owns")
	harness.Hear()
	return nil
})

func TestAPortOfAKilledOwnerHasNone(t *testing.T) {
	pool := newPool(t)
	p, other := open(t, null(""), ethdev.Config{Pool: pool}), open(t, null(""), ethdev.Config{Pool: pool})
	mine, err := ethdev.NewOwner("router")
	require.NoError(t, err)
	require.NoError(t, other.SetOwner(mine))
	c := harness.Start(t, "owner", ealtest.Runtime().FilePrefix(), p.Name())
	c.Expect("owns")
	is, err := p.Owner()
	require.NoError(t, err)
	require.Equal(t, "capture", is.Name)
	require.ErrorIs(t, p.SetOwner(mine), dpdk.ErrPermission)
	c.Kill()
	require.Eventually(t, func() bool { return p.SetOwner(mine) == nil }, 10*time.Second, 10*time.Millisecond)
	owned, err := mine.Ports()
	require.NoError(t, err)
	assert.Equal(t, []*ethdev.Port{p, other}, owned, "the owner of a living process keeps its port")
	require.NoError(t, mine.Close())
}
