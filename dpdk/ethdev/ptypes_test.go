//go:build linux

package ethdev_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
)

func TestPacketTypesAreThoseOfTheLayersInTheMask(t *testing.T) {
	p, _ := newTap(t, ethdev.Config{Pool: newPool(t)})
	all, err := p.PacketTypes(header.AllLayers)
	require.NoError(t, err)
	assert.Subset(t, all, []header.PacketType{header.L2Ether, header.L3IPv4, header.L3IPv6, header.L4TCP, header.L4UDP})
	some, err := p.PacketTypes(header.L4Mask)
	require.NoError(t, err)
	assert.Subset(t, some, []header.PacketType{header.L4TCP, header.L4UDP})
	for _, t2 := range some {
		assert.NotZero(t, t2&header.L4Mask, "%v", t2)
		assert.Contains(t, all, t2)
	}
	none, err := p.PacketTypes(0)
	require.NoError(t, err)
	assert.Empty(t, none)

	set, err := p.SetPacketTypes(header.L3Mask | header.L4Mask)
	require.NoError(t, err)
	assert.Empty(t, set, "the driver has no choice")
	after, err := p.PacketTypes(header.AllLayers)
	require.NoError(t, err)
	assert.Equal(t, all, after)
}

func TestPortWithoutPacketTypesHasNone(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	types, err := p.PacketTypes(header.AllLayers)
	require.NoError(t, err)
	assert.Empty(t, types)
	types, err = p.SetPacketTypes(0)
	require.NoError(t, err)
	assert.Empty(t, types)
}

func TestPacketTypesOfAPartOfALayerAreRefused(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	for _, mask := range []header.PacketType{header.L3IPv4, header.L4TCP, header.L2Mask | header.L4UDP, header.InnerL3IPv4} {
		_, err := p.SetPacketTypes(mask)
		require.ErrorIs(t, err, dpdk.ErrInvalid, "%v", mask)
		assert.ErrorContains(t, err, "use header.L2Mask")
	}
}

func TestPacketTypesOfADetachedPortReturnErrNoDevice(t *testing.T) {
	p, err := ethdev.Open(null(""), ethdev.Config{Pool: newPool(t)})
	require.NoError(t, err)
	require.NoError(t, p.Detach())
	_, err = p.PacketTypes(header.AllLayers)
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
	_, err = p.SetPacketTypes(0)
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
}
