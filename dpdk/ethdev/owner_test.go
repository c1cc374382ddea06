package ethdev_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
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
