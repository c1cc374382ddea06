//go:build linux

package examples

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// router is l3fwd between two hosts: 10.1.0.2 and 2001:db8:1::2 at port 0, 10.2.0.2 and 2001:db8:2::2 at port 1.
type router struct {
	*harness.Child
	a, b wire.End // the hosts
}

// startRouter starts it, with more arguments.
func startRouter(t *testing.T, queues int, args ...string) *router {
	bin, one, two := built(t, "l3fwd"), harness.Wire(t), harness.Wire(t)
	for i, w := range []*wire.Wire{one, two} {
		near, far := i+1, 2-i
		require.NoError(t, w.Far.Address(w.Far.Name, fmt.Sprintf("10.%d.0.2/24", near)))
		require.NoError(t, w.Far.Address(w.Far.Name, fmt.Sprintf("2001:db8:%d::2/64", near)))
		for _, gateway := range []string{fmt.Sprintf("10.%d.0.1", near), fmt.Sprintf("2001:db8:%d::1", near)} {
			require.NoError(t, w.Far.Neighbour(w.Far.Name, net.ParseIP(gateway), w.Near.MAC))
		}
		for to, gateway := range map[string]string{"10.0.0.0/8": fmt.Sprintf("10.%d.0.1", near), fmt.Sprintf("2001:db8:%d::/48", far): fmt.Sprintf("2001:db8:%d::1", near)} {
			require.NoError(t, w.Far.Route(to, net.ParseIP(gateway)))
		}
	}
	args = append([]string{"-port", fmt.Sprintf("net_af_packet0,iface=%s,qpairs=%d", one.Near.Name, queues), "-port", fmt.Sprintf("net_af_packet1,iface=%s,qpairs=%d", two.Near.Name, queues),
		"-eth-dest", "0=" + one.Far.MAC.String(), "-eth-dest", "1=" + two.Far.MAC.String(), "-lcores", harness.Lcores(0, queues), "-period", "0"}, args...)
	r := &router{harness.Command(t, bin, args...), one.Far, two.Far}
	r.Expect("forwarding between 2 ports")
	return r
}

// ping sends count requests from the first host, and returns what ping prints.
func (r *router) ping(to string, count int, options ...string) string {
	var out []byte
	_ = r.a.Do(func() (err error) {
		args := append([]string{"-n", "-q", "-c", strconv.Itoa(count), "-i", "0.002", "-W", "1"}, append(options, to)...)
		out, err = exec.Command("ping", args...).CombinedOutput()
		return err
	})
	return string(out)
}

func answered(t *testing.T, out string, count int) {
	t.Helper()
	assert.Contains(t, out, fmt.Sprintf("%d packets transmitted, %d received, 0%% packet loss", count, count))
}

// end ends the router, and returns the counters of its last line: received, sent, no route, expired, ignored, unsent.
func (r *router) end(t *testing.T) []string {
	r.Signal(syscall.SIGTERM)
	fields := strings.Fields(last(r.Wait(), "total"))
	require.Greater(t, len(fields), 6)
	return fields[1:7]
}

var twoRoutes = []string{"-route", "10.1.0.0/24=0", "-route", "10.2.0.0/24=1", "-route", "2001:db8:1::/48=0", "-route", "2001:db8:2::/48=1"}

// Kernels on both sides ping each other. The counters show each packet.
func TestL3fwdRoutesBothFamilies(t *testing.T) {
	harness.Need(t, harness.Ping)
	for _, lookup := range []string{"lpm", "fib"} {
		t.Run(lookup, func(t *testing.T) {
			r := startRouter(t, 1, append(twoRoutes, "-lookup", lookup)...)
			for _, to := range []string{"10.2.0.2", "2001:db8:2::2"} {
				answered(t, r.ping(to, 50, "-s", "1400"), 50)
			}
			assert.Contains(t, r.ping("10.2.0.2", 3, "-t", "1"), " 100% packet loss", "its TTL expires in the router")
			assert.Contains(t, r.ping("2001:db8:2::2", 4, "-t", "1"), " 100% packet loss")
			answered(t, r.ping("10.2.0.2", 5, "-t", "2"), 5)
			assert.Contains(t, r.ping("10.3.0.2", 6), " 100% packet loss", "no route")
			sent := strconv.Itoa(2 * (50 + 50 + 5))
			c := r.end(t)
			assert.Equal(t, []string{sent, "6", "7"}, c[1:4], "sent, no route, expired")
			assert.Equal(t, "0", c[5], "unsent")
			clean(t)
		})
	}
}

// Two lcores share the packets of each port.
func TestL3fwdSpreadsPacketsOverQueues(t *testing.T) {
	harness.Need(t, harness.Ping)
	r := startRouter(t, 2, twoRoutes...)
	answered(t, r.ping("10.2.0.2", 200), 200)
	answered(t, r.ping("2001:db8:2::2", 200), 200)
	assert.Equal(t, []string{"800", "0", "0"}, r.end(t)[1:4])
	clean(t)
}

// SIGHUP loads the file again while packets flow, and none is lost. Routes that are not in the new file are gone.
func TestL3fwdLoadsItsRoutesAgainWithoutLoss(t *testing.T) {
	harness.Need(t, harness.Ping)
	for _, lookup := range []string{"lpm", "fib"} {
		t.Run(lookup, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "routes")
			write := func(lines ...string) {
				lines = append(lines, "# comments and empty lines count for nothing", "", "R10.1.0.0/24 0")
				require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
			}
			write("10.2.0.0/24 1")
			r := startRouter(t, 1, "-routes", file, "-lookup", lookup)
			pinged := make(chan string)
			const count = 1000
			go func() { pinged <- r.ping("10.2.0.2", count) }()
			for i := range 20 {
				write("10.2.0.0/24 1", fmt.Sprintf("10.2.%d.0/30 0", i+1))
				r.Signal(syscall.SIGHUP)
				r.Expect("loaded 3 IPv4 and 0 IPv6 routes")
			}
			answered(t, <-pinged, count)
			write("10.2.0.0/24")
			r.Signal(syscall.SIGHUP)
			assert.Contains(t, r.Expect("the routes stay as they were:"), "routes:1: use a prefix and the number of a port")
			answered(t, r.ping("10.2.0.2", 3), 3)
			write("10.2.0.0/30 1") // 10.2.0.2 is in it
			r.Signal(syscall.SIGHUP)
			r.Expect("loaded 2 IPv4 and 0 IPv6 routes")
			assert.Contains(t, r.ping("10.2.0.9", 4), " 100% packet loss")
			c := r.end(t)
			assert.Equal(t, []string{strconv.Itoa(2 * (count + 3)), "4", "0"}, c[1:4])
			clean(t)
		})
	}
}
