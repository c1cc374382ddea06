//go:build linux

package device_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/test/hosttest"
)

// recorded returns the host of a recorded tree.
func recorded(t *testing.T, tree string) device.Host {
	t.Helper()
	h := device.Host{Root: t.TempDir()}
	require.NoError(t, hosttest.Unpack(h.Root, filepath.Join("testdata", tree)))
	return h
}

// lookup returns a device of a recorded tree.
func lookup(t *testing.T, h device.Host, name string) device.Info {
	t.Helper()
	i, err := h.Lookup(name)
	require.NoError(t, err)
	return i
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, s := range texts {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func TestListHasNetworkDevicesOnly(t *testing.T) {
	for tree, want := range map[string][]string{
		"server.tree": {"0000:00:1f.6", "0000:01:00.0", "0000:01:00.1", "0000:03:00.0", "0000:03:02.0", "0000:03:02.1", "0000:05:00.0"},
		"virtio.tree": {"0000:00:03.0"},
	} {
		devices, err := recorded(t, tree).List()
		require.NoError(t, err)
		var got []string
		for _, i := range devices {
			got = append(got, i.Address)
		}
		assert.Equal(t, want, got, tree)
	}
}

func TestListWithoutSysfs(t *testing.T) {
	_, err := device.Host{Root: t.TempDir()}.List()
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Contains(t, err.Error(), "mount sysfs")
}

func TestDeviceWithTheDefaultRoute(t *testing.T) {
	h := recorded(t, "server.tree")
	i := lookup(t, h, "eno1")
	assert.Equal(t, device.Info{
		Address: "0000:00:1f.6", ID: "8086:15b8", Class: "0200", Name: "Intel Corporation Ethernet Connection (2) I219-V",
		Driver: "e1000e", Modules: []string{"e1000e"},
		Interfaces: []device.Interface{{Name: "eno1", MAC: "52:54:00:00:00:01", MTU: 1500, Up: true, Link: true, SpeedMbps: 1000,
			Addresses: prefixes("2001:db8::1/64"), Routes: prefixes("0.0.0.0/0", "192.0.2.0/24")}},
		Group: &device.Group{ID: 5}, Socket: dpdk.Socket(0),
	}, i)
	assert.Equal(t, []string{"eno1 carries the route to 0.0.0.0/0", "eno1 carries the route to 192.0.2.0/24",
		"eno1 has the address 2001:db8::1/64"}, i.InUse())
	assert.False(t, i.Usable())
}

// The interface of a virtio device is one folder deeper.
func TestVirtioDevice(t *testing.T) {
	i := lookup(t, recorded(t, "virtio.tree"), "0000:00:03.0")
	require.Len(t, i.Interfaces, 1)
	f := i.Interfaces[0]
	assert.Equal(t, []any{"eth0", 1400, true, true, 0}, []any{f.Name, f.MTU, f.Up, f.Link, f.SpeedMbps})
	assert.Equal(t, prefixes("fd00::2/64"), f.Addresses, "without fe80::")
	assert.Equal(t, prefixes("0.0.0.0/0", "192.0.2.0/24", "fd00::/64", "::/0"), f.Routes, "without fe80::, ff00:: and those of addresses")
	assert.Nil(t, i.Group)
	assert.Equal(t, dpdk.AnySocket, i.Socket)
	assert.Empty(t, i.Override, `the kernel writes "(null)"`)
}

func TestGroupOfTwoDevicesAndABridge(t *testing.T) {
	h := recorded(t, "server.tree")
	i := lookup(t, h, "01:00.0")
	assert.Empty(t, i.InUse(), "up, but without a route, an address or a bridge")
	assert.Equal(t, &device.Group{ID: 7, Members: []device.Member{
		{Address: "0000:00:01.0", Driver: "pcieport"}, {Address: "0000:01:00.1", Driver: "igb", Blocks: true}}}, i.Group)
	assert.Equal(t, "/dev/vfio/7", i.Group.Path())
	assert.False(t, i.Interfaces[0].Link)
	assert.False(t, lookup(t, h, "ens2f1").Interfaces[0].Up)
}

func TestPhysicalFunctionAndItsVFs(t *testing.T) {
	h := recorded(t, "server.tree")
	pf := lookup(t, h, "ens1f0")
	assert.Equal(t, 64, pf.TotalVFs)
	assert.Equal(t, []string{"0000:03:02.0", "0000:03:02.1"}, pf.VFs)
	assert.Equal(t, []string{"it has 2 VFs, which end with its driver"}, pf.InUse())
	assert.Equal(t, dpdk.Socket(1), pf.Socket)
	for _, vf := range pf.VFs {
		assert.Equal(t, "0000:03:00.0", lookup(t, h, vf).PF)
	}
}

func TestDeviceOfADPDKProcess(t *testing.T) {
	vf := lookup(t, recorded(t, "server.tree"), "0000:03:02.1")
	assert.Equal(t, "vfio-pci", vf.Override)
	assert.True(t, vf.Usable())
	assert.Equal(t, []device.Process{{PID: 4711, Command: "l2fwd", File: "/dev/vfio/32"}}, vf.Processes, "once, with two descriptors")
	assert.Equal(t, []string{"process 4711 (l2fwd) has /dev/vfio/32 open"}, vf.InUse())
}

func TestBifurcatedDriver(t *testing.T) {
	h := recorded(t, "server.tree")
	i := lookup(t, h, "0000:05:00.0")
	assert.True(t, i.Usable(), "DPDK works beside mlx5_core")
	assert.Empty(t, i.InUse())
	assert.Equal(t, []string{"mlx5_core"}, i.Modules, "built into the kernel")

	require.NoError(t, os.Symlink("/dev/infiniband/uverbs0", filepath.Join(h.Root, "proc/4712/fd/3")))
	assert.Equal(t, []string{"process 4712 (sh) has /dev/infiniband/uverbs0 open"}, lookup(t, h, "0000:05:00.0").InUse())
}

func TestNoIOMMUGroup(t *testing.T) {
	h := recorded(t, "noiommu.tree")
	i := lookup(t, h, "0000:00:04.0")
	assert.Equal(t, &device.Group{ID: 0, NoIOMMU: true}, i.Group)
	assert.Equal(t, "/dev/vfio/noiommu-0", i.Group.Path())
	assert.Equal(t, []string{"process 4711 (l2fwd) has /dev/vfio/noiommu-0 open"}, i.InUse())
}

func TestInterfaceInAnotherNamespace(t *testing.T) {
	i := lookup(t, recorded(t, "noiommu.tree"), "0000:00:05.0")
	assert.Empty(t, i.Interfaces)
	assert.Equal(t, []string{"its interface is in another network namespace"}, i.InUse())
}

func TestInterfaceBelowABond(t *testing.T) {
	h := recorded(t, "server.tree")
	require.NoError(t, os.Symlink("../../../../virtual/net/bond0", filepath.Join(h.Root, "sys/bus/pci/devices/0000:01:00.1/net/ens2f1/upper_bond0")))
	assert.Equal(t, []string{"ens2f1 is below bond0"}, lookup(t, h, "ens2f1").InUse())
}

// The kernel lets readers of driver_override wait while it waits for the end of a driver.
func TestDeviceThatTheKernelHasLocked(t *testing.T) {
	h := recorded(t, "server.tree")
	file := filepath.Join(h.Root, "sys/bus/pci/devices/0000:01:00.0/driver_override")
	require.NoError(t, os.Remove(file))
	require.NoError(t, unix.Mkfifo(file, 0o600))
	i := lookup(t, h, "ens2f0")
	assert.Equal(t, []string{"the kernel is binding or unbinding it, and waits"}, i.InUse())
	require.ErrorIs(t, h.Bind(t.Context(), "e1000e", device.Config{Force: true}, "ens2f0"), dpdk.ErrBusy, "it would wait too")
	f, err := os.OpenFile(file, os.O_WRONLY, 0) // the readers end
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestLookup(t *testing.T) {
	h := recorded(t, "server.tree")
	for _, name := range []string{"eno1", "0000:00:1f.6", "00:1f.6", "0000:00:1F.6"} {
		assert.Equal(t, "0000:00:1f.6", lookup(t, h, name).Address, name)
	}
	assert.Equal(t, "pcieport", lookup(t, h, "00:01.0").Driver, "other devices too")
	for name, want := range map[string]error{
		"0000:00:1f.5": dpdk.ErrNoDevice, "lo": dpdk.ErrNoDevice,
		"": dpdk.ErrInvalid, "eth9": dpdk.ErrInvalid, "..": dpdk.ErrInvalid, "0000:00:1f.6/..": dpdk.ErrInvalid, "0000:00:1f.8": dpdk.ErrInvalid,
	} {
		tree := h
		if name == "lo" {
			tree = recorded(t, "virtio.tree")
		}
		_, err := tree.Lookup(name)
		assert.ErrorIs(t, err, want, "%q", name)
	}
}

func TestVFIO(t *testing.T) {
	v := recorded(t, "server.tree").VFIO()
	assert.Equal(t, []any{true, true, []string{"dmar0", "dmar1"}, 6, true, false, true},
		[]any{v.Loaded, v.Available, v.IOMMUs, v.Groups, v.Firmware, v.NoIOMMU, v.CanNoIOMMU})
	require.Len(t, v.Files, 2)
	assert.Equal(t, device.File{Path: "/dev/vfio/32", Mode: 0o644, UID: os.Getuid(), GID: os.Getgid(), Usable: true}, v.Files[0])

	v = recorded(t, "noiommu.tree").VFIO()
	assert.Equal(t, []any{true, 0, 1, true}, []any{v.NoIOMMU, len(v.IOMMUs), v.Groups, v.CanNoIOMMU})
	assert.Zero(t, recorded(t, "virtio.tree").VFIO())
}

// An Arm host has the table IORT for its interrupts too.
func TestIORTWithoutAnSMMUIsNoIOMMU(t *testing.T) {
	iort := func(kinds ...byte) []byte {
		b := make([]byte, 48) // with the ACPI header
		b[36], b[40] = byte(len(kinds)), 48
		for _, kind := range kinds {
			b = append(b, append([]byte{kind, 20}, make([]byte, 18)...)...)
		}
		return b
	}
	const itsGroup, rootComplex, smmuV2, smmuV3 = 0, 2, 3, 4
	h := recorded(t, "virtio.tree")
	file := filepath.Join(h.Root, "sys/firmware/acpi/tables/IORT")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	for _, test := range []struct {
		table []byte
		want  bool
	}{
		{iort(itsGroup, rootComplex), false}, {iort(itsGroup, smmuV3, rootComplex), true}, {iort(smmuV2), true},
		{nil, false}, {iort(itsGroup)[:47], false}, {iort(smmuV3)[:50], false},
		{append(iort(itsGroup), smmuV3, 0, 0), true}, {append(iort(itsGroup), itsGroup, 0, 0), false},
	} {
		require.NoError(t, os.WriteFile(file, test.table, 0o600))
		assert.Equal(t, test.want, h.VFIO().Firmware, "%v", test.table)
	}
}

// modprobe finds a module before the kernel has loaded it.
func TestVFIOAvailable(t *testing.T) {
	h := recorded(t, "server.tree")
	require.NoError(t, os.Remove(filepath.Join(h.Root, "sys/bus/pci/drivers/vfio-pci")))
	v := h.VFIO()
	assert.Equal(t, []bool{false, true}, []bool{v.Loaded, v.Available})
}

func TestInfoInJSON(t *testing.T) {
	b, err := json.Marshal(lookup(t, recorded(t, "server.tree"), "eno1"))
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(b, &got))
	assert.Equal(t, []any{"8086:15b8", "0"}, []any{got["id"], got["socket"]})
	assert.Contains(t, string(b), `"routes":["0.0.0.0/0","192.0.2.0/24"]`)
}

// The NIC of this host is only looked at.
func TestListOfThisHost(t *testing.T) {
	devices, err := device.Host{}.List()
	if _, none := os.Stat("/sys/bus/pci/devices"); none != nil { // some virtual machines have no PCI
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		return
	}
	require.NoError(t, err)
	for _, i := range devices {
		assert.Regexp(t, `^[0-9a-f]{4}:[0-9a-f]{4}$`, i.ID)
		for _, f := range i.Interfaces {
			assert.Equal(t, i.Address, lookup(t, device.Host{}, f.Name).Address)
		}
	}
}
