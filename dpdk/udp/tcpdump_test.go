//go:build linux

package udp_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// capture runs tcpdump at the kernel's end. The function that it returns stops it, and returns its description of what came from
// the host.
func (s station) capture(t *testing.T) (stop func() string) {
	t.Helper()
	harness.Need(t, harness.Tcpdump)
	file := filepath.Join(t.TempDir(), "packets")
	cmd := exec.Command("tcpdump", "-i", s.far.Name, "-Z", "root", "--immediate-mode", "-U", "-s", "2048", "-B", "16384", "-w", file, "ether", "src", s.host.MAC().String())
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.far.Do(cmd.Start))
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.Contains(lines.Text(), "listening on") {
	}
	require.NoError(t, lines.Err())
	return func() string {
		t.Helper()
		last := []byte("the last packet") // tcpdump may be behind
		_, err := listen(t, s.host, "udp4", ":0").WriteToUDPAddrPort(last, netip.MustParseAddrPort(peer4+":9"))
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			packets, err := os.ReadFile(file)
			return err == nil && bytes.Contains(packets, last)
		}, 30*time.Second, 10*time.Millisecond)
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		rest, err := io.ReadAll(stderr)
		require.NoError(t, err)
		require.NoError(t, cmd.Wait())
		ended = true
		assert.Contains(t, string(rest), "\n0 packets dropped by kernel")
		out, err := exec.Command("tcpdump", "-n", "-vvv", "-e", "-r", file).Output()
		require.NoError(t, err)
		return string(out)
	}
}

// tcpdump finds nothing wrong in any kind of packet that a host sends.
func TestPacketsAreWellFormed(t *testing.T) {
	more4, more6 := "10.8.0.3", "fd00:8::3" // the kernel has to ask for their Ethernet address
	s := veth(t, func(c *udp.Config) { c.Addrs = append(c.Addrs, prefixes(more4+"/24", more6+"/64")...) })
	k := kernelNet{t, s}
	stop := s.capture(t)
	buf := make([]byte, 65536)
	for _, at := range []string{peer4, peer6} {
		server := listen(t, k, "udp", net.JoinHostPort(at, "7010"))
		c := dial(t, s.host, "udp", server.LocalAddr().String()).(*udp.Conn)
		require.NoError(t, c.SetTOS(0xb8|1))
		for _, n := range []int{0, 1, 2, 511, 1400, 3000, 9001} {
			_, err := c.Write(payload(n, n))
			require.NoError(t, err)
			got, _, err := server.ReadFromUDPAddrPort(buf)
			require.NoError(t, err)
			require.Equal(t, n, got)
		}
		group := map[bool]string{true: "239.1.2.3", false: "ff15::77"}[at == peer4]
		joined := listen(t, s.host, "udp", ":703").(*udp.Conn)
		require.NoError(t, joined.JoinGroup(netip.MustParseAddr(group)))
		_, err := joined.WriteToUDPAddrPort([]byte("to all"), netip.AddrPortFrom(netip.MustParseAddr(group), 703))
		require.NoError(t, err)
		require.NoError(t, joined.Close())
	}
	all := listen(t, s.host, "udp4", ":704")
	_, err := all.WriteToUDPAddrPort([]byte("to all"), netip.MustParseAddrPort("10.8.0.255:9"))
	require.NoError(t, err)
	for _, args := range [][]string{{our4}, {our6}, {more4}, {more6}, {"-s", "1472", our4}, {"-s", "4000", our6}} {
		s.ping(t, args...)
	}
	for _, to := range []string{our4, our6} {
		c := dial(t, k, "udp", net.JoinHostPort(to, "9"))
		for _, n := range []int{1, 1400} {
			_, err := c.Write(make([]byte, n))
			require.NoError(t, err)
			_, err = c.Read(buf)
			require.Error(t, err)
		}
		network := map[bool]string{true: "ip4:253", false: "ip6:253"}[to == our4]
		errors := s.host.Stats().TxErrors
		require.NoError(t, s.far.Do(func() error { // a protocol that nobody knows
			raw, err := net.Dial(network, to)
			if err != nil {
				return err
			}
			defer raw.Close()
			_, err = raw.Write([]byte("what is this"))
			return err
		}))
		require.Eventually(t, func() bool { return s.host.Stats().TxErrors == errors+1 }, 10*time.Second, time.Millisecond)
	}
	udp.Tick(s.host, time.Now().Add(31*time.Second)) // the neighbors are asked again
	for _, at := range []string{peer4, peer6} {
		c := listen(t, s.host, "udp", ":0")
		_, err := c.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(netip.MustParseAddr(at), 7010))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return udp.Reachable(s.host, netip.MustParseAddr(at)) }, 10*time.Second, time.Millisecond)
	}
	out := stop()
	for _, kind := range []string{
		`ARP.* Request [^ ]* 10\.8\.0\.1 [^ ]* 10\.8\.0\.2`, `ARP.* Reply 10\.8\.0\.3 is-at`, `neighbor solicitation.* fd00:8::1`, `neighbor advertisement.* tgt is fd00:8::3`,
		`ICMP echo reply`, `ICMP6, echo reply`, `udp port 9 unreachable`, `unreachable port.* udp port 9`, `protocol 253 unreachable`, `parameter problem`,
		`igmp v2 report 239\.1\.2\.3`, `igmp leave 239\.1\.2\.3`, `multicast listener report.*ff15::77`, `multicast listener done.*ff15::77`,
		`flags \[\+\], proto UDP`, `frag \(0x[0-9a-f]+:0\|`, `tos 0xb9`, `class 0xb9`, `10\.8\.0\.255\.9: \[udp sum ok\]`,
	} {
		assert.Regexp(t, kind, out)
	}
	wrong := regexp.MustCompile(`(?i)bad|incorrect|wrong|truncated|\[\||malformed|invalid`)
	for line := range strings.Lines(out) {
		assert.NotRegexp(t, wrong, line)
	}
	assert.GreaterOrEqual(t, strings.Count(out, "[udp sum ok]"), 2*5+3)
	assert.GreaterOrEqual(t, strings.Count(out, "[icmp6 sum ok]"), 50)
}
