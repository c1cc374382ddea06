//go:build linux

package guest

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/device"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
)

var host device.Host

// kernelDrivers has the kernel's drivers of the NICs, as far as the guest has them.
var kernelDrivers = map[string]string{"virtio": "virtio-pci", "vmxnet3": "vmxnet3"}

func lookup(t testing.TB, address string) device.Info {
	t.Helper()
	i, err := host.Lookup(address)
	require.NoError(t, err)
	return i
}

// comes waits until the device is as it should be.
func comes(t testing.TB, address string, is func(device.Info) bool) device.Info {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		i := lookup(t, address)
		if is(i) {
			return i
		}
		require.Less(t, time.Since(start), 20*time.Second, "%+v", i)
	}
}

func TestDevicesOfTheHost(t *testing.T) {
	devices, err := host.List()
	require.NoError(t, err)
	require.Len(t, devices, 4)
	v := host.VFIO()
	assert.True(t, v.Loaded)
	assert.True(t, v.Firmware)
	assert.Equal(t, []string{"dmar0"}, v.IOMMUs)
	assert.Greater(t, v.Groups, 4)
	assert.False(t, v.NoIOMMU)
	usable := map[string]bool{}
	for _, f := range v.Files {
		usable[f.Path] = f.Usable
	}
	assert.True(t, usable["/dev/vfio/vfio"])
	for n, name := range []string{"A", "B", "C", "D"} {
		i := devices[n]
		assert.Equal(t, []string{nic(name), "0200", "vfio-pci"}, []string{i.Address, i.Class, i.Driver})
		assert.True(t, i.Usable())
		assert.Empty(t, i.InUse())
		require.NotNil(t, i.Group)
		assert.True(t, usable[i.Group.Path()], i.Group.Path())
		for _, m := range i.Group.Members {
			assert.False(t, m.Blocks, "%+v", m)
		}
	}
}

func TestDeviceGoesToTheKernelAndBack(t *testing.T) {
	a := nic("A")
	require.NoError(t, host.Bind(t.Context(), "vfio-pci", device.Config{}, a), "bound already")
	if driver, ok := kernelDrivers[kind]; ok {
		require.NoError(t, host.Restore(t.Context(), device.Config{}, a))
		i := comes(t, a, func(i device.Info) bool { return len(i.Interfaces) == 1 })
		assert.Equal(t, []string{driver, ""}, []string{i.Driver, i.Override})
		assert.Equal(t, "52:54:00:00:00:01", i.Interfaces[0].MAC)
		assert.Empty(t, i.InUse())
		refusedWithAddress(t, a)
		refusedFromAnotherNamespace(t, a)
		require.NoError(t, host.Bind(t.Context(), "vfio-pci", device.Config{}, a))
	} else {
		require.ErrorIs(t, host.Restore(t.Context(), device.Config{}, a), dpdk.ErrNotFound)
		i := lookup(t, a)
		assert.Equal(t, []string{"vfio-pci", "vfio-pci"}, []string{i.Driver, i.Override}, "as before")
		require.NoError(t, host.Unbind(t.Context(), device.Config{}, a))
		require.NoError(t, host.Bind(t.Context(), "vfio-pci", device.Config{}, a))
	}
	start(t, eal.Config{}, "A", "B")
	open(t, newPool(t, 8191, 0), ethdev.Config{}, "A", "B").both(t, 50, standard)
}

// refusedWithAddress gives the interface an address, and with it a route.
func refusedWithAddress(t *testing.T, a string) {
	link, err := netlink.LinkByName(lookup(t, a).Interfaces[0].Name)
	require.NoError(t, err)
	address, err := netlink.ParseAddr("192.0.2.1/24")
	require.NoError(t, err)
	require.NoError(t, netlink.AddrAdd(link, address))
	require.NoError(t, netlink.LinkSetUp(link))
	name := link.Attrs().Name
	err = host.Bind(t.Context(), "vfio-pci", device.Config{}, a)
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Contains(t, err.Error(), name+" carries the route to 192.0.2.0/24; "+name+" has the address 192.0.2.1/24")
	assert.Equal(t, kernelDrivers[kind], lookup(t, a).Driver)
	require.NoError(t, netlink.AddrDel(link, address))
	assert.Empty(t, lookup(t, a).InUse(), "only up")
}

// Tests do not run on the main thread: its network namespace is the one that /proc/net shows.
func init() { runtime.LockOSThread() }

// refusedFromAnotherNamespace moves the interface to the network namespace of another thread, and back.
func refusedFromAnotherNamespace(t *testing.T, a string) {
	link, err := netlink.LinkByName(lookup(t, a).Interfaces[0].Name)
	require.NoError(t, err)
	thread, end, back := make(chan int), make(chan struct{}), make(chan error)
	go func() {
		runtime.LockOSThread() // without an unlock: the thread ends with the goroutine
		assert.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
		thread <- unix.Gettid()
		<-end
		link, err := netlink.LinkByName(link.Attrs().Name)
		if err == nil {
			err = netlink.LinkSetNsPid(link, os.Getpid())
		}
		back <- err
	}()
	require.NoError(t, netlink.LinkSetNsPid(link, <-thread))
	i := lookup(t, a)
	assert.Empty(t, i.Interfaces)
	assert.Equal(t, []string{"its interface is in another network namespace"}, i.InUse())
	require.ErrorIs(t, host.Bind(t.Context(), "vfio-pci", device.Config{}, a), dpdk.ErrBusy)
	close(end)
	require.NoError(t, <-back)
	assert.Empty(t, lookup(t, a).InUse())
}

// The kernel unbinds a device from vfio-pci when no process has it open.
func TestOpenDeviceIsNotUnbound(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 8191, 0), ethdev.Config{}, "A", "B")
	a := nic("A")
	i := lookup(t, a)
	assert.Equal(t, []device.Process{{PID: os.Getpid(), Command: "guest.test", File: i.Group.Path()}}, i.Processes)
	require.ErrorIs(t, host.Unbind(t.Context(), device.Config{}, a), dpdk.ErrBusy)
	p.both(t, 50, standard)

	bound := inode(t, a)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	err := host.Unbind(ctx, device.Config{Force: true}, a)
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "the kernel has not finished")
	p.both(t, 50, standard) // the NIC works until it is detached

	require.NoError(t, p.a.Detach())
	comes(t, a, func(i device.Info) bool { return i.Driver == "vfio-pci" && inode(t, a) != bound })
	p.a, err = ethdev.Open(a, ethdev.Config{Pool: p.pool})
	require.NoError(t, err)
	p.linked(t)
	p.both(t, 50, standard)
}

// inode is another number after each binding of a device, 0 if it has no driver.
func inode(t testing.TB, address string) uint64 {
	var st syscall.Stat_t
	if err := syscall.Lstat("/sys/bus/pci/devices/"+address+"/driver", &st); err != nil {
		return 0
	}
	return st.Ino
}
