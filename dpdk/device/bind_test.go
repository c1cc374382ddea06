//go:build linux

package device

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

const eno1, left, right, pf, vf, busyVF, mlx = "0000:00:1f.6", "0000:01:00.0", "0000:01:00.1", "0000:03:00.0", "0000:03:02.0", "0000:03:02.1", "0000:05:00.0"

var force = Config{Force: true}

func TestBindAGroupAndRestoreIt(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, h.Bind(t.Context(), "vfio-pci", Config{}, "ens2f0", right))
	for _, a := range []string{left, right} {
		assert.Equal(t, []string{"vfio-pci", "vfio-pci"}, []string{k.driver(a), k.override(a)})
	}
	assert.Equal(t, []string{left + "/driver_override=vfio-pci", "igb/unbind=" + left, "vfio-pci/bind=" + left}, k.writes[:3])

	k.writes = nil
	require.NoError(t, h.Bind(t.Context(), "vfio-pci", Config{}, left))
	assert.Empty(t, k.writes, "bound already")

	require.NoError(t, h.Restore(t.Context(), Config{}, left, right, left))
	for _, a := range []string{left, right} {
		assert.Equal(t, []string{"igb", "(null)"}, []string{k.driver(a), k.override(a)})
	}
	assert.Len(t, k.writes, 6, "a device that is named twice is restored once")

	k.writes = nil
	require.NoError(t, h.Restore(t.Context(), Config{}, left))
	assert.Empty(t, k.writes, "it has its own driver")
}

func TestUnbind(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, h.Unbind(t.Context(), Config{}, left))
	assert.Equal(t, []string{"", "(null)"}, []string{k.driver(left), k.override(left)})
	k.writes = nil
	require.NoError(t, h.Unbind(t.Context(), Config{}, left))
	assert.Empty(t, k.writes)
	require.NoError(t, h.Restore(t.Context(), Config{}, left))
	assert.Equal(t, "igb", k.driver(left))
}

// dpdk-devbind.py clears driver_override after binding.
func TestRestoreWithoutOverride(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, h.Bind(t.Context(), "vfio-pci", force, left))
	require.NoError(t, os.WriteFile(h.path(pciDevices, left, "driver_override"), []byte("(null)\n"), 0o644))
	require.NoError(t, h.Restore(t.Context(), Config{}, left))
	assert.Equal(t, "igb", k.driver(left))
}

func TestBindRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, tree, driver, device string
		want                       error
		says                       string
		never                      bool // not even by force
	}{
		{"a route", "server.tree", "vfio-pci", eno1, dpdk.ErrBusy, "eno1 carries the route to 0.0.0.0/0", false},
		{"VFs", "server.tree", "vfio-pci", pf, dpdk.ErrBusy, "2 VFs", false},
		{"a process", "server.tree", "iavf", busyVF, dpdk.ErrBusy, "process 4711 (l2fwd) has /dev/vfio/32 open", false},
		{"another namespace", "noiommu.tree", "vfio-pci", "0000:00:05.0", dpdk.ErrBusy, "another network namespace", false},
		{"a member of the group", "server.tree", "vfio-pci", left, dpdk.ErrBusy, right + " in the same IOMMU group 7 is bound to igb", false},
		{"a bifurcated driver", "server.tree", "vfio-pci", mlx, dpdk.ErrInvalid, "beside mlx5_core", false},
		{"a bridge", "server.tree", "vfio-pci", "0000:00:01.0", dpdk.ErrInvalid, "class 0604", false},
		{"a driver that is not loaded", "server.tree", "igb_uio", left, dpdk.ErrNotFound, "modprobe igb_uio", true},
		{"a path as driver", "server.tree", "../drivers/igb", vf, dpdk.ErrInvalid, "not the name of a driver", true},
		{"no driver", "server.tree", "", vf, dpdk.ErrInvalid, "use Unbind", true},
		{"no device", "server.tree", "vfio-pci", "0000:09:00.0", dpdk.ErrNoDevice, "List", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, k := booted(t, tc.tree)
			err := h.Bind(t.Context(), tc.driver, Config{}, vfIn(tc.tree, tc.driver), tc.device)
			require.ErrorIs(t, err, tc.want)
			assert.Contains(t, err.Error(), tc.says)
			assert.Empty(t, k.writes, "also for a device that could be bound, and is named before")
			err = h.Bind(t.Context(), tc.driver, force, tc.device)
			if tc.never {
				require.ErrorIs(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.driver, k.driver(tc.device))
		})
	}
}

// vfIn returns a device of the tree that may be bound.
func vfIn(tree, driver string) string {
	if tree == "server.tree" {
		return vf
	}
	return "0000:00:04.0" // on vfio-pci already
}

func TestBindWithoutIOMMU(t *testing.T) {
	h, k := booted(t, "noiommu.tree")
	const a = "0000:00:05.0"
	require.NoError(t, os.RemoveAll(h.path(pciDevices, a, "virtio3")))
	require.NoError(t, h.Bind(t.Context(), "vfio-pci", Config{}, a))
	assert.Equal(t, "vfio-pci", k.driver(a))
	require.NoError(t, h.Restore(t.Context(), Config{}, a))

	require.NoError(t, os.WriteFile(h.path("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"), []byte("N\n"), 0o644))
	k.writes = nil
	err := h.Bind(t.Context(), "vfio-pci", force, a)
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.Contains(t, err.Error(), "intel_iommu=on")
	assert.Empty(t, k.writes)
}

func TestFailedBindPutsAllBack(t *testing.T) {
	for name, fail := range map[string]func(k *kernel){
		"the driver fails": func(k *kernel) { k.broken = "vfio-pci" },
		"the driver fails for the second device": func(k *kernel) {
			k.before = func(file, text string) error {
				if file == "bind" && text == right && k.override(text) == "vfio-pci" {
					return syscall.EINVAL
				}
				return nil
			}
		},
		"the former driver does not let go": func(k *kernel) {
			k.before = func(file, text string) error {
				if file == "unbind" && text == right {
					return syscall.EINVAL
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, k := booted(t, "server.tree")
			fail(k)
			err := h.Bind(t.Context(), "vfio-pci", Config{}, left, right)
			require.ErrorIs(t, err, syscall.EINVAL)
			for _, a := range []string{left, right} {
				assert.Equal(t, []string{"igb", "(null)"}, []string{k.driver(a), k.override(a)}, a)
			}
		})
	}
}

// The former driver need not be the one that the kernel would choose.
func TestFailedBindPutsBackAChosenDriver(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, os.Mkdir(h.path(pciDrivers, "uio_pci_generic"), 0o755))
	require.NoError(t, h.Bind(t.Context(), "uio_pci_generic", Config{}, vf))
	require.NoError(t, os.WriteFile(h.path(pciDevices, vf, "driver_override"), []byte("(null)\n"), 0o644))
	k.broken = "vfio-pci"
	require.ErrorIs(t, h.Bind(t.Context(), "vfio-pci", Config{}, vf), syscall.EINVAL)
	assert.Equal(t, []string{"uio_pci_generic", "(null)"}, []string{k.driver(vf), k.override(vf)})
}

func TestBindSaysWhatCouldNotBeUndone(t *testing.T) {
	h, k := booted(t, "server.tree")
	k.before = func(file, text string) error {
		if file == "bind" {
			return map[bool]error{true: syscall.EINVAL, false: syscall.ENOSPC}[k.override(text) == "vfio-pci"]
		}
		return nil
	}
	err := h.Bind(t.Context(), "vfio-pci", Config{}, vf)
	require.ErrorIs(t, err, syscall.EINVAL)
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.Contains(t, err.Error(), "undo: ")
}

func TestBindChecksTheDriverAfterwards(t *testing.T) {
	h, k := booted(t, "server.tree")
	h.write = func(path, text string) error {
		if filepath.Base(path) == "bind" && k.override(vf) == "vfio-pci" {
			return nil
		}
		return k.write(path, text)
	}
	require.ErrorIs(t, h.Bind(t.Context(), "vfio-pci", Config{}, vf), syscall.EIO)
	assert.Equal(t, "iavf", k.driver(vf))
}

// A container has a sysfs that is mounted read-only.
func TestReadOnlySysfs(t *testing.T) {
	for errno, says := range map[syscall.Errno]string{syscall.EROFS: "read-only", syscall.EACCES: "as root"} {
		h, k := booted(t, "server.tree")
		k.before = func(string, string) error { return errno }
		for _, call := range []func() error{
			func() error { return h.Bind(t.Context(), "vfio-pci", Config{}, vf) },
			func() error { return h.Unbind(t.Context(), Config{}, vf) },
			func() error { return h.SetVFs(t.Context(), Config{}, mlx, 1) },
		} {
			err := call()
			require.ErrorIs(t, err, errno)
			assert.Contains(t, err.Error(), says)
			assert.NotContains(t, err.Error(), "undo", "there is nothing to undo")
		}
		assert.Equal(t, "iavf", k.driver(vf))
	}
}

func TestRestoreWithoutADriver(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, h.Bind(t.Context(), "vfio-pci", Config{}, vf))
	require.NoError(t, os.Remove(h.path(pciDrivers, "iavf")))
	err := h.Restore(t.Context(), Config{}, vf)
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Contains(t, err.Error(), "modprobe iavf")
	assert.Equal(t, []string{"vfio-pci", "vfio-pci"}, []string{k.driver(vf), k.override(vf)}, "as before")
}

// The kernel lets the writer of unbind wait, for as long as a process has the device open.
func TestBlockedUnbindEndsWithTheContext(t *testing.T) {
	for name, limited := range map[string]bool{"the caller's": true, "the own limit": false} {
		t.Run(name, func(t *testing.T) {
			h, k := booted(t, "server.tree")
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				closed := make(chan struct{})
				k.before = func(file, _ string) error {
					if file == "unbind" {
						if limited {
							cancel()
						}
						<-closed
					}
					return nil
				}
				start := time.Now()
				err := h.Bind(ctx, "vfio-pci", Config{}, vf)
				require.ErrorIs(t, err, dpdk.ErrTimeout)
				assert.Contains(t, err.Error(), "will be undone")
				if limited {
					require.ErrorIs(t, err, context.Canceled)
					assert.Equal(t, grace, time.Since(start))
				} else {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					assert.Equal(t, limit+grace, time.Since(start))
				}
				assert.Equal(t, "iavf", k.driver(vf))

				close(closed)
				synctest.Wait()
				assert.Equal(t, []string{"iavf", "(null)"}, []string{k.driver(vf), k.override(vf)})
				assert.Contains(t, k.writes, "iavf/bind="+vf, "it was unbound, and bound again")
			})
		})
	}
}

func TestEndedContextChangesNothing(t *testing.T) {
	h, k := booted(t, "server.tree")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := h.Bind(ctx, "vfio-pci", Config{}, vf)
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, h.SetVFs(ctx, force, pf, 5), context.Canceled)
	assert.Equal(t, []string{"iavf", "(null)", "2"}, []string{k.driver(vf), k.override(vf), h.text(pciDevices, pf, "sriov_numvfs")})
	assert.Empty(t, k.writes)
}

func TestSetVFs(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, h.SetVFs(t.Context(), Config{}, mlx, 3))
	require.NoError(t, h.SetVFs(t.Context(), Config{}, "enp5s0np0", 3))
	assert.Equal(t, []string{mlx + "/sriov_numvfs=3"}, k.writes, "a second call finds them")
	k.writes = nil
	require.NoError(t, h.SetVFs(t.Context(), force, pf, 5))
	assert.Equal(t, []string{pf + "/sriov_numvfs=0", pf + "/sriov_numvfs=5"}, k.writes)
	require.NoError(t, h.SetVFs(t.Context(), force, pf, 0))
	assert.Equal(t, "0", h.text(pciDevices, pf, "sriov_numvfs"))
}

func TestSetVFsRefuses(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, h.Unbind(t.Context(), Config{}, mlx))
	k.writes = nil
	for _, tc := range []struct {
		device string
		n      int
		want   error
		says   string
	}{
		{eno1, 1, dpdk.ErrUnsupported, "no SR-IOV"},
		{pf, -1, dpdk.ErrInvalid, "0 to 64"},
		{pf, 65, dpdk.ErrInvalid, "0 to 64"},
		{pf, 1, dpdk.ErrBusy, "process 4711 (l2fwd)"},
		{mlx, 1, dpdk.ErrUnsupported, "use Restore"},
		{"eth9", 1, dpdk.ErrInvalid, "no interface"},
	} {
		err := h.SetVFs(t.Context(), Config{}, tc.device, tc.n)
		require.ErrorIs(t, err, tc.want)
		assert.Contains(t, err.Error(), tc.says)
	}
	assert.Empty(t, k.writes)
}

// The driver of the physical function lets the writer wait until its VFs are closed.
func TestSetVFsThatEndsLateIsUndone(t *testing.T) {
	for _, n := range []int{0, 5} {
		h, k := booted(t, "server.tree")
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			closed := make(chan struct{})
			k.before = func(_, text string) error {
				if text == strconv.Itoa(n) {
					cancel()
					<-closed
				}
				return nil
			}
			err := h.SetVFs(ctx, force, pf, n)
			require.ErrorIs(t, err, dpdk.ErrTimeout)
			assert.Contains(t, err.Error(), "will be undone")
			close(closed)
			synctest.Wait()
			assert.Equal(t, "2", h.text(pciDevices, pf, "sriov_numvfs"))
		})
	}
}

// Without the files of process 1 each device looks like one without routes.
func TestBindRefusesDevicesOfUnknownUse(t *testing.T) {
	h, k := booted(t, "server.tree")
	require.NoError(t, os.RemoveAll(h.path("/proc/1")))
	err := h.Bind(t.Context(), "vfio-pci", Config{}, left, right)
	require.ErrorIs(t, err, dpdk.ErrBusy)
	assert.Contains(t, err.Error(), "the device may be in use: its routes and addresses are unknown: open "+h.path("/proc/1/net/route")+": no such file or directory. Give this process the host's /proc, or force it")
	assert.Empty(t, k.writes)
	require.NoError(t, h.Bind(t.Context(), "vfio-pci", force, left, right))

	require.NoError(t, os.RemoveAll(h.path("/proc")))
	require.ErrorIs(t, h.Unbind(t.Context(), Config{}, busyVF), dpdk.ErrBusy)
	i, err := h.Lookup(busyVF)
	require.NoError(t, err)
	assert.Equal(t, []string{"its processes are unknown: " + h.path("/proc") + " has none"}, i.InUse())
}

// The processes of a container, or of this user, may not be all.
func TestDevicesWithHiddenProcessesAreOfUnknownUse(t *testing.T) {
	for _, test := range []struct{ ns, why string }{
		{linux.InitialPIDs, ""},
		{"pid:[4026532500]", " has only those of a container"},
	} {
		h, _ := booted(t, "server.tree")
		require.NoError(t, os.MkdirAll(h.path("/proc/1/ns"), 0o700))
		require.NoError(t, os.Symlink(test.ns, h.path("/proc/1/ns/pid")))
		i, err := h.Lookup(busyVF)
		require.NoError(t, err)
		if test.why == "" {
			assert.Empty(t, i.Unknown)
		} else {
			assert.Equal(t, []string{"its processes are unknown: " + h.path("/proc") + test.why}, i.Unknown)
		}
	}
	if os.Getuid() == 0 {
		return // it may read each folder
	}
	h, _ := booted(t, "server.tree")
	require.NoError(t, os.Mkdir(h.path("/proc/9"), 0o700))
	require.NoError(t, os.Mkdir(h.path("/proc/9/fd"), 0))
	i, err := h.Lookup(busyVF)
	require.NoError(t, err)
	assert.Equal(t, []string{"its processes are unknown: this process may not read the descriptors of all in " + h.path("/proc")}, i.Unknown)
}

func TestFailedSetVFsPutsTheNumberBack(t *testing.T) {
	h, k := booted(t, "server.tree")
	k.before = func(_, text string) error {
		if text == "64" {
			return syscall.ENOMEM
		}
		return nil
	}
	require.ErrorIs(t, h.SetVFs(t.Context(), force, pf, 64), dpdk.ErrNoMemory)
	assert.Equal(t, "2", h.text(pciDevices, pf, "sriov_numvfs"))
}
