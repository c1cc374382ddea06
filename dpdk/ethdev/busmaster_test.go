package ethdev_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/test/harness"
)

// The devices are virtual ones with files like those of a PCI device.
func TestDMAOfAStartedPortOnUIOPCIGenericIsEnabledAgain(t *testing.T) {
	dir := t.TempDir()
	defer ethdev.SetSysPCI(dir)()
	pool := newPool(t)
	device := func(driver string) (name, config string) {
		name = null("")
		config = filepath.Join(dir, name, "config")
		require.NoError(t, os.Mkdir(filepath.Dir(config), 0o700))
		require.NoError(t, os.Symlink("../../drivers/"+driver, filepath.Join(dir, name, "driver")))
		require.NoError(t, os.WriteFile(config, []byte{0x86, 0x80, 0xd3, 0x10, 0x03, 0x01}, 0o600)) // as the end of a secondary leaves it
		return name, config
	}
	command := func(config string) byte {
		data, err := os.ReadFile(config)
		require.NoError(t, err)
		require.Len(t, data, 6)
		return data[4]
	}
	vfio, untouched := device("vfio-pci")
	open(t, vfio, ethdev.Config{Pool: pool})
	assert.Zero(t, ethdev.Masters())

	uio, config := device("uio_pci_generic")
	p, err := ethdev.Open(uio, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	require.Equal(t, 1, ethdev.Masters())
	assert.Eventually(t, func() bool { return command(config) == 0x07 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, byte(0x03), command(untouched))

	require.NoError(t, p.Stop())
	assert.Zero(t, ethdev.Masters())
	require.NoError(t, p.Start())
	assert.Equal(t, 1, ethdev.Masters())
	require.NoError(t, p.Detach())
	assert.Zero(t, ethdev.Masters())
}

// The device is a file that can be read, and not written.
func TestDMAThatCannotBeEnabledIsLoggedOnce(t *testing.T) {
	dir := t.TempDir()
	defer ethdev.SetSysPCI(dir)()
	name := null("")
	config := filepath.Join(dir, name, "config")
	require.NoError(t, os.Mkdir(filepath.Dir(config), 0o700))
	require.NoError(t, os.Symlink("../../drivers/uio_pci_generic", filepath.Join(dir, name, "driver")))
	require.NoError(t, os.Symlink("/dev/full", config))
	var log harness.Buffer
	before := control.Logger()
	control.SetLogger(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { control.SetLogger(before) })

	p, err := ethdev.Open(name, ethdev.Config{Pool: newPool(t)})
	require.NoError(t, err)
	const says = "the DMA of a device could not be enabled again"
	assert.Eventually(t, func() bool { return strings.Contains(log.String(), says) }, 10*time.Second, time.Millisecond)
	assert.Contains(t, log.String(), "no space left on device")
	errs, failed := ethdev.SetMasters()
	assert.Zero(t, errs, "the error is not new")
	assert.Equal(t, []bool{true}, failed)
	assert.Equal(t, 1, strings.Count(log.String(), says))

	require.NoError(t, os.Remove(config))
	errs, failed = ethdev.SetMasters()
	assert.Zero(t, errs)
	assert.Equal(t, []bool{false}, failed, "the device has gone")
	require.NoError(t, p.Detach())
}
