//go:build linux

package udp_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// kernelNet is the network of the kernel in a namespace.
type kernelNet struct {
	t testing.TB
	s station
}

func (k kernelNet) ListenPacket(network, address string) (c udp.PacketConn, err error) {
	err = k.s.far.Do(func() error {
		p, err := net.ListenPacket(network, address)
		if err == nil {
			c = p.(*net.UDPConn)
		}
		return err
	})
	return c, err
}

func (k kernelNet) Dial(network, address string) (c udp.PacketConn, err error) {
	err = k.s.far.Do(func() error {
		p, err := net.Dial(network, address)
		if err == nil {
			c = p.(*net.UDPConn)
		}
		return err
	})
	return c, err
}

// payload is n bytes that differ between datagrams.
func payload(i, n int) []byte {
	p := make([]byte, n)
	for j := range p {
		p[j] = byte(i + j*7)
	}
	return p
}

// echo sends datagrams of many sizes and compares what comes back.
func echo(t *testing.T, from, to udp.Network, network, address string, sizes []int) {
	t.Helper()
	server := listen(t, to, network, address)
	done := make(chan error, 1)
	go func() {
		buf := make([]byte, 65536)
		for range sizes {
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err == nil {
				_, err = server.WriteToUDPAddrPort(buf[:n], from)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	c := dial(t, from, network, server.LocalAddr().String())
	buf := make([]byte, 65536)
	for i, n := range sizes {
		sent := payload(i, n)
		_, err := c.Write(sent)
		require.NoError(t, err, "%d bytes", n)
		got, err := c.Read(buf)
		require.NoError(t, err, "%d bytes", n)
		require.True(t, bytes.Equal(sent, buf[:got]), "%d bytes came back as %d", n, got)
	}
	require.NoError(t, <-done)
}

var everySize = func() (all []int) {
	for n := 0; n <= 1472; n += 23 {
		all = append(all, n)
	}
	return append(all, 1472, 1473, 1480, 1481, 2952, 2953, 8192, 30000, 65507)
}()

func TestKernelAndHostEcho(t *testing.T) {
	s := veth(t, nil)
	k := kernelNet{t, s}
	v6 := everySize
	for _, test := range []struct {
		name      string
		from, to  udp.Network
		network   string
		address   string
		sizes     []int
		fragments bool
	}{
		{"kernel to host, IPv4", k, s.host, "udp4", our4 + ":700", everySize, true},
		{"kernel to host, IPv6", k, s.host, "udp6", "[" + our6 + "]:700", v6, true},
		{"host to kernel, IPv4", s.host, k, "udp4", peer4 + ":700", everySize, true},
		{"host to kernel, IPv6", s.host, k, "udp6", "[" + peer6 + "]:700", v6, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.host.Stats()
			echo(t, test.from, test.to, test.network, test.address, test.sizes)
			after := s.host.Stats()
			n := uint64(len(test.sizes))
			assert.Equal(t, n, after.RxDatagrams-before.RxDatagrams)
			assert.Equal(t, n, after.TxDatagrams-before.TxDatagrams)
			assert.Positive(t, after.Reassembled-before.Reassembled)
			assert.Zero(t, after.Drops[udp.DropChecksum]+after.Drops[udp.DropMalformed]+after.Drops[udp.DropFragments]+after.Drops[udp.DropOverlap])
		})
	}
}

// ping runs the system's ping at the kernel's end.
func (s station) ping(t *testing.T, args ...string) string {
	t.Helper()
	harness.Need(t, harness.Ping)
	var out []byte
	require.NoError(t, s.far.Do(func() (err error) {
		out, err = exec.Command("ping", append([]string{"-n", "-q", "-c", "50", "-i", "0.002", "-W", "5"}, args...)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	}))
	return string(out)
}

func TestPingIsAnswered(t *testing.T) {
	s := veth(t, nil)
	for _, args := range [][]string{{our4}, {our6}, {"-s", "1472", our4}, {"-s", "1452", our6}, {"-s", "4000", our4}, {"-s", "4000", our6}, {"-s", "0", our4}} {
		out := s.ping(t, args...)
		assert.Contains(t, out, "50 packets transmitted, 50 received, 0% packet loss", "%v", args)
		assert.NotContains(t, out, "duplicates")
	}
	assert.EqualValues(t, 7*50, s.host.Stats().EchoReplies)
}

// A connected socket learns that nobody listens, on both sides.
func TestClosedPortIsRefused(t *testing.T) {
	s := veth(t, nil)
	for _, test := range []struct {
		name string
		from udp.Network
		to   string
	}{
		{"host to kernel, IPv4", s.host, peer4 + ":9"},
		{"host to kernel, IPv6", s.host, "[" + peer6 + "]:9"},
		{"kernel to host, IPv4", kernelNet{t, s}, our4 + ":9"},
		{"kernel to host, IPv6", kernelNet{t, s}, "[" + our6 + "]:9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, test.from, "udp", test.to)
			_, err := c.Write([]byte("x"))
			require.NoError(t, err)
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			assert.Equal(t, fmt.Sprintf("read udp %v->%v: read: connection refused", c.LocalAddr(), c.RemoteAddr()), err.Error())
			// The error is reported once.
			require.NoError(t, c.SetReadDeadline(time.Now().Add(-time.Second)))
			_, err = c.Read(make([]byte, 1))
			var ne net.Error
			require.True(t, errors.As(err, &ne) && ne.Timeout(), "%v", err)
		})
	}
}

// A neighbor that does not exist is EHOSTUNREACH, and the queued datagrams are counted.
func TestMissingNeighborIsUnreachable(t *testing.T) {
	s := veth(t, nil)
	for _, to := range []string{"10.8.0.77:5", "[fd00:8::77]:5"} {
		c := dial(t, s.host, "udp", to)
		_, err := c.Write([]byte("x"))
		require.NoError(t, err) // it waits for the answer
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.EHOSTUNREACH)
		_, err = c.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EHOSTUNREACH)
		assert.Contains(t, err.Error(), "write: no route to host")
	}
	assert.EqualValues(t, 2, s.host.Stats().Drops[udp.DropUnresolved])
	c := listen(t, s.host, "udp", ":0")
	_, err := c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("192.0.2.1:1"))
	require.ErrorIs(t, err, syscall.ENETUNREACH)
}
