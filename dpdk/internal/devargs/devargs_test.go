package devargs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

func TestDevargsAreRead(t *testing.T) {
	for _, tc := range []struct {
		devargs string
		want    Device
		match   string
	}{
		{"net_null0", Device{Name: "net_null0"}, "net_null0"},
		{"net_null0,size=64,copy=1", Device{Name: "net_null0", Filter: "size=64,copy=1"}, "net_null0,size=64,copy=1"},
		{"net_null0,", Device{Name: "net_null0"}, "net_null0"},
		{"vdev:net_null0", Device{Name: "net_null0", Bus: "vdev"}, "vdev:net_null0"},
		{"0000:03:00.0,representor=[0-1,3]", Device{Name: "0000:03:00.0", Filter: "representor=[0-1,3]"}, "0000:03:00.0,representor=[0-1,3]"},
		{"pci:0000:03:00.0", Device{Name: "0000:03:00.0", Bus: "pci"}, "pci:0000:03:00.0"},
		{"net_tap0,iface=x,persist", Device{Name: "net_tap0", Filter: "iface=x,persist"}, "net_tap0,iface=x,persist"},
		{"net_pcap0,rx_pcap=/tmp/x.pcap", Device{Name: "net_pcap0", Filter: "rx_pcap=/tmp/x.pcap"}, "net_pcap0,rx_pcap=/tmp/x.pcap"},
		{"net_failsafe0,dev(net_null0,copy=1)", Device{Name: "net_failsafe0", Filter: "dev(net_null0,copy=1)"}, "net_failsafe0,dev(net_null0,copy=1)"},
		{"ifpga_rawdev_cfg0,port=0", Device{Name: "ifpga_rawdev_cfg0", Filter: "port=0"}, "ifpga_rawdev_cfg0,port=0"},
		{"bus=vdev,name=net_null0", Device{Name: "net_null0", Bus: "vdev"}, "vdev:net_null0"},
		{"bus=pci,addr=03:00.0/class=eth,mac=02:00:00:00:00:01/driver=x,y=z",
			Device{Name: "03:00.0", Bus: "pci", Class: "eth", Filter: "mac=02:00:00:00:00:01"}, "pci:03:00.0,mac=02:00:00:00:00:01"},
	} {
		d, err := Parse("op", tc.devargs)
		require.NoError(t, err, tc.devargs)
		assert.Equal(t, tc.want, d, tc.devargs)
		assert.Equal(t, tc.match, d.Match(), tc.devargs)
	}
	for devargs, match := range map[string]string{
		"class=eth": "class=eth,", "class=eth,mac=02:00:00:00:00:01": "class=eth,mac=02:00:00:00:00:01", "class=eth,representor=[0,1]": "class=eth,representor=[0,1]",
	} {
		d, err := ParseFilter("op", devargs)
		require.NoError(t, err, devargs)
		assert.Equal(t, match, d.Match())
		_, err = Parse("op", devargs)
		assert.ErrorContains(t, err, "do not name a device: begin with a name")
	}
}

func TestRefusedDevargsSayWhy(t *testing.T) {
	for devargs, says := range map[string]string{
		"":                               "the name is empty",
		"class":                          "the argument class has no value: write class=…",
		"class=":                         "class has no value: write class=…",
		"class=crypto":                   `the class is "crypto"`,
		"class=eth,mac":                  "the argument mac has no value: write mac=…",
		"class=eth,speed=1":              "ports cannot be found by speed: use mac=… or representor=…",
		"class=eth/class=eth":            "the layer class= occurs twice",
		"class=eth/driver=x":             "a layer driver= needs a layer bus=",
		"bus=usb,name=x":                 `the bus "usb" does not exist: use one of auxiliary`,
		"bus=vdev":                       "the layer bus=vdev needs name=…",
		"bus=pci,name=x":                 "the layer bus=pci needs addr=…",
		"bus=vdev,name=a/b":              "a name cannot contain = or /",
		"pci":                            "pci is a bus: name a device on it, pci:…",
		"vdev:":                          "the device's name is empty",
		"driver=net_null":                "a name cannot contain = or /",
		"net_null0,mac":                  "the argument mac has no value",
		"net_null0,=1":                   "has no key",
		"net_null0,a=b=c":                "DPDK does not support a second =",
		"net_null0,a=[1":                 "the list in \"a=[1\" does not end",
		"net_pcap0,rx_pcap=/x/class=y":   "DPDK interprets /class= inside devargs as the start of a layer",
		"net_null0,a=\n":                 "control character '\\n'",
		"net_null0\x00":                  "NUL",
		strings.Repeat("x", 64):          "has 64 bytes: use at most 63",
		"x" + strings.Repeat(",a=b", 33): "more than the 32 arguments",
		"net_null0,a=" + strings.Repeat("x", 1<<16): "use at most",
	} {
		_, err := ParseFilter("op", devargs)
		if assert.Error(t, err, devargs) {
			assert.ErrorContains(t, err, says)
			assert.NotContains(t, err.Error(), "\x00")
		}
	}
	assert.NoError(t, Short("op", strings.Repeat("x", MaxShared)))
	assert.ErrorIs(t, Short("op", strings.Repeat("x", MaxShared+1)), dpdk.Errno(7)) // E2BIG
}
