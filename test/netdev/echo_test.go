//go:build linux

package netdev

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// The system's ping, a thousand requests a second, is answered by examples/echo on
// every datapath, and nothing is lost. ARP, which ping needs first, too.
func TestPingIsAnswered(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages, harness.Ping)
	bin := filepath.Join(t.TempDir(), "echo")
	out, err := exec.Command("go", "build", "-ldflags=-w", "-o", bin, "../../examples/echo").CombinedOutput()
	require.NoError(t, err, "%s", out)

	veth := func(devargs string) func(t *testing.T) (string, wire.End) {
		return func(t *testing.T) (string, wire.End) {
			w := harness.Wire(t)
			return devargs + w.Near.Name, w.Far
		}
	}
	count := fmt.Sprint(harness.Size(1000, 200))
	tests := []struct {
		name  string
		needs []harness.Thing
		open  func(t *testing.T) (devargs string, far wire.End)
	}{
		{"AF_PACKET", nil, veth("net_af_packet0,iface=")},
		{"AF_XDP", []harness.Thing{harness.XDP}, veth("net_af_xdp0,force_copy=1,iface=")},
		{"TAP", nil, func(t *testing.T) (string, wire.End) {
			here, err := wire.Here()
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, here.Close()) })
			return "net_tap0,iface=tping", wire.End{Host: here, Name: "tping"}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			harness.Need(t, test.needs...)
			devargs, far := test.open(t)
			echo := harness.Command(t, bin, "-port", devargs, "-ip", "10.2.0.2/24")
			echo.Expect("echo: answering for 10.2.0.2")
			require.NoError(t, far.Address(far.Name, "10.2.0.1/24"))
			wrong := counter(t, far.Host, "Icmp", "InCsumErrors")
			var ping []byte
			err := far.Do(func() (err error) {
				ping, err = exec.Command("ping", "-n", "-q", "-c", count, "-i", "0.001", "-s", "1472", "-W", "2", "10.2.0.2").CombinedOutput()
				return err
			})
			assert.NoError(t, err, "%s", ping)
			assert.Contains(t, string(ping), count+" packets transmitted, "+count+" received, 0% packet loss")
			assert.NotContains(t, string(ping), "duplicates")
			assert.Zero(t, counter(t, far.Host, "Icmp", "InCsumErrors")-wrong, "wrong checksums, which ping takes too")
			echo.Signal(syscall.SIGTERM)
			assert.Regexp(t, `^answered [1-9]\d* ARP, `+count+` ping, 0 UDP; \d+ packets ignored, 0 answers not sent$`, echo.Expect("echo:"))
			echo.Wait()
		})
	}
}
