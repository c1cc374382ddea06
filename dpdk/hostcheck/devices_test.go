package hostcheck

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/hosttest"
)

func TestDevicesOfRecordedHosts(t *testing.T) {
	tests := []struct {
		recording string
		files     tree
		level     Level
		found     []string // each in one finding
		fixes     []string
	}{
		{"server", nil, OK, []string{"0000:00:1f.6 8086:15b8", "eno1 carries the route to 0.0.0.0/0", "devbind bind vfio-pci 0000:01:00.0", "driver mlx5_core", "vfio-pci is loaded; 1 network devices are bound to it", " on, "}, nil},
		{"noiommu", nil, Warning, []string{"VFIO's unsafe mode is on"}, []string{"an IOMMU (QEMU: -device intel-iommu,intremap=on,caching-mode=on)"}},
	}
	for _, test := range tests {
		t.Run(test.recording, func(t *testing.T) {
			host := prepared.with(test.files).write(t)
			require.NoError(t, hosttest.Unpack(host.Root, "../device/testdata/"+test.recording+".tree"))
			all := host.Devices()
			text := ""
			for _, f := range all {
				text += f.Check + ": " + f.Found + "\n"
			}
			for _, found := range test.found {
				assert.Contains(t, text, found)
			}
			worst := Worst(all)
			assert.Equal(t, test.level, worst.Level, text)
			for i, fix := range test.fixes {
				assert.Equal(t, fix, worst.Fixes[i].Commands[0])
			}
		})
	}
}

func TestAHostWithoutPCIDevicesNeedsNoVFIO(t *testing.T) {
	for found, files := range map[string]tree{"no PCI bus": nil, "none of 0 PCI network devices": {"/sys/bus/pci/devices": "dir 0755"}} {
		all := prepared.with(files).write(t).Devices()
		require.Len(t, all, 1)
		assert.Equal(t, OK, all[0].Level)
		assert.Contains(t, all[0].Found, found)
	}
}
