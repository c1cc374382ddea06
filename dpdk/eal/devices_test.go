package eal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

// EAL reads through NULL at most of these, in DPDK 22.11 to 25.11.
func TestDevargsThatCrashEALAreRefused(t *testing.T) {
	for _, devargs := range []string{"class=eth", "class", "class=", "bus", "bus=", "bus=vdev", "net_null0/class=eth", "net_null0,size", "net_null0,mac", "vdev", "pci:"} {
		for _, option := range []string{"-a", "-b", "--vdev"} {
			_, _, err := eal.InitArgs(append(slices.Clone(private), option, devargs))
			require.ErrorIs(t, err, dpdk.ErrInvalid, "%s %s", option, devargs)
			assert.ErrorContains(t, err, devargs)
		}
	}
}

// EAL skips devices that fail, and reports that only in its log.
var _ = harness.Role("devices", func(args []string) error {
	rt, _, err := eal.InitArgs(append(slices.Clone(private), args...))
	if err == nil {
		err = rt.Close()
		harness.Say("started")
		return err
	}
	var e *dpdk.Error
	if rt != nil || !errors.As(err, &e) || !errors.Is(err, dpdk.ErrNoDevice) || len(e.Log) == 0 {
		return fmt.Errorf("%v, runtime %v", err, rt)
	}
	if _, _, again := eal.InitArgs(private); !errors.Is(again, dpdk.ErrAlreadyRunning) {
		return fmt.Errorf("a second start: %v", again)
	}
	harness.Say("%s", strings.ReplaceAll(err.Error(), "\n", " "))
	return nil
})

func TestADeviceThatFailsIsAnError(t *testing.T) {
	harness.Need(t, harness.Root)
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{"--vdev=net_null0", "--vdev=net_null1,size=64"}, "started"},
		{[]string{"-a", "net_null0"}, "started"},
		{[]string{"--vdev=bus=vdev,name=net_null0"}, "started"},
		{[]string{"-b", "0000:ff:1f.7", "--vdev=net_null0"}, "started"},
		{[]string{"--vdev=net_null0", "--vdev=net_af_packet0,iface=nosuchdev"}, `"net_af_packet0,iface=nosuchdev": no such device: EAL has started without the device`},
		{[]string{"--vdev=net_null0,nosucharg=1"}, `"net_null0,nosucharg=1": no such device`},
		{[]string{"-a", "0000:ff:1f.7"}, `"0000:ff:1f.7": no such device`},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			c := harness.Start(t, "devices", tc.args...)
			assert.Contains(t, strings.Join(c.Wait(), "\n"), tc.says)
		})
	}
}
