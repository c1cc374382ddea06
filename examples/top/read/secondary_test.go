//go:build linux

package read

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/eal"
)

func TestDevicesOfAPrimaryInC(t *testing.T) {
	for line, want := range map[string]eal.Config{
		"testpmd --no-pci -l 0-1 -- -a":                {NoPCI: true},
		"testpmd -a 03:00.0 -a03:00.1 --allow=04:00.0": {Allow: []string{"03:00.0", "03:00.1", "04:00.0"}},
		"testpmd --block 05:00.0 -d /x.so --vdev a":    {Block: []string{"05:00.0"}, DriverPaths: []string{"/x.so"}},
		"testpmd --huge-dir=/mnt/huge -n 4":            {HugeDir: "/mnt/huge"},
		"testpmd -- --no-pci":                          {},
		"":                                             {},
	} {
		var got eal.Config
		devices(&got, strings.ReplaceAll(line, " ", "\x00")+"\x00")
		assert.Equal(t, want, got, line)
	}
	published := eal.Config{Allow: []string{"06:00.0"}}
	devices(&published, "x\x00--no-pci\x00")
	assert.False(t, published.NoPCI, "a primary in Go has published its devices")
}
