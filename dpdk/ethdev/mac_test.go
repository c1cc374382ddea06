package ethdev_test

import (
	"bytes"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

func mac(last byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0x77, last} }

func TestMACIsSetAndFound(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	require.NoError(t, p.SetMAC(mac(1)))
	is, err := p.MAC()
	require.NoError(t, err)
	assert.Equal(t, mac(1), is)
	all, err := p.MACs()
	require.NoError(t, err)
	assert.Equal(t, []net.HardwareAddr{mac(1)}, all)

	found, err := ethdev.ByMAC(mac(1))
	require.NoError(t, err)
	assert.Same(t, p, found)
	_, err = ethdev.ByMAC(mac(2))
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
	assert.Contains(t, err.Error(), "02:00:00:00:77:02")
	_, err = ethdev.ByMAC(mac(2)[:5])
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestMACsAreAddedAndRemoved(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	i, err := p.Info()
	require.NoError(t, err)
	require.Equal(t, 1, i.MaxMACs)
	first, err := p.MAC()
	require.NoError(t, err)
	if bytes.Equal(first, make([]byte, 6)) { // a net_ring has no address of its own
		require.NoError(t, p.AddMAC(mac(4)))
		first = mac(4)
	}
	require.ErrorIs(t, p.AddMAC(mac(3)), dpdk.ErrNoSpace)
	require.NoError(t, p.AddMAC(first), "it has it")
	require.ErrorIs(t, p.RemoveMAC(first), syscall.EADDRINUSE)
	require.NoError(t, p.RemoveMAC(mac(9)), "it does not have it")
	all, err := p.MACs()
	require.NoError(t, err)
	assert.Equal(t, []net.HardwareAddr{first}, all)
}

func TestBadMACsAreRefused(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	before, err := p.MAC()
	require.NoError(t, err)
	for name, bad := range map[string]net.HardwareAddr{
		"nil": nil, "5 bytes": mac(1)[:5], "8 bytes": {2, 0, 0, 0, 0, 1, 2, 3}, "zero": make(net.HardwareAddr, 6),
		"multicast": {1, 0, 0x5e, 0, 0, 1}, "broadcast": {255, 255, 255, 255, 255, 255},
	} {
		require.ErrorIs(t, p.SetMAC(bad), dpdk.ErrInvalid, name)
		require.ErrorIs(t, p.AddMAC(bad), dpdk.ErrInvalid, name)
		require.ErrorIs(t, p.RemoveMAC(bad), dpdk.ErrInvalid, name)
	}
	require.ErrorIs(t, p.SetMulticast([]net.HardwareAddr{mac(1)}), dpdk.ErrInvalid)
	require.ErrorIs(t, p.SetMulticast([]net.HardwareAddr{nil}), dpdk.ErrInvalid)
	after, err := p.MAC()
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestVLANArgumentsAreChecked(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	for _, id := range []int{-1, 4096, 1<<16 + 1} {
		require.ErrorIs(t, p.SetVLANFilter(id, true), dpdk.ErrInvalid, id)
		require.ErrorIs(t, p.SetPVID(id, true), dpdk.ErrInvalid, id)
	}
	err := p.SetVLANFilter(7, true)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "RxVLANFilter")
	o, err := p.VLANOffloads()
	require.NoError(t, err)
	assert.Zero(t, o)
	require.NoError(t, p.SetVLANOffloads(0))
	err = p.SetVLANOffloads(ethdev.RxVLANStrip)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "does not support VLAN_STRIP")
	err = p.SetVLANOffloads(ethdev.RxScatter)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "SCATTER is not in RxVLAN")
	require.ErrorIs(t, p.RxQueue(1).SetVLANStrip(true), dpdk.ErrInvalid)
	require.ErrorIs(t, ethdev.RxQueue{}.SetVLANStrip(true), dpdk.ErrInvalid)
}
