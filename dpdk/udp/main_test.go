//go:build linux

package udp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var numbers int

// number makes names different.
func number() int {
	numbers++
	return numbers
}

// newPool creates a pool. The test fails if an mbuf is missing at its end.
func newPool(t testing.TB, size int) *mbuf.Pool {
	t.Helper()
	p, err := mbuf.CreatePool(fmt.Sprint("udp", number()), size, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

func prefixes(s ...string) (all []netip.Prefix) {
	for _, one := range s {
		all = append(all, netip.MustParsePrefix(one))
	}
	return all
}

const (
	a4, b4 = "10.9.0.1", "10.9.0.2"
	a6, b6 = "2001:db8::1", "2001:db8::2"
)

// pair is two hosts that are connected back to back.
func pair(t testing.TB, change func(a, b *udp.Config)) (a, b *udp.Host) {
	t.Helper()
	cable, pool := cables(t, 1)
	ca := udp.Config{Addrs: prefixes(a4+"/24", a6+"/64"), Pool: pool}
	cb := udp.Config{Addrs: prefixes(b4+"/24", b6+"/64"), Pool: pool}
	if change != nil {
		change(&ca, &cb)
	}
	return newHost(t, cable.A, ca), newHost(t, cable.B, cb)
}

func cables(t testing.TB, queues int) (*netring.Cable, *mbuf.Pool) {
	t.Helper()
	pool := newPool(t, 8191)
	cable, err := netring.Pair(netring.CableConfig{Queues: queues}, ethdev.Config{Pool: pool, RxQueues: queues, TxQueues: queues})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cable.Close()) })
	return cable, pool
}

func newHost(t testing.TB, port *ethdev.Port, cfg udp.Config) *udp.Host {
	t.Helper()
	h, err := udp.NewHost(port, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, h.Close()) })
	return h
}

// listen makes a socket with a deadline that ends a test that hangs.
func listen(t testing.TB, h udp.Network, network, address string) udp.PacketConn {
	t.Helper()
	c, err := h.ListenPacket(network, address)
	require.NoError(t, err)
	return guard(t, c)
}

func dial(t testing.TB, h udp.Network, network, address string) udp.PacketConn {
	t.Helper()
	c, err := h.Dial(network, address)
	require.NoError(t, err)
	return guard(t, c)
}

func guard(t testing.TB, c udp.PacketConn) udp.PacketConn {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	return c
}

func port(c udp.PacketConn) uint16 {
	return netip.MustParseAddrPort(c.LocalAddr().String()).Port()
}

// station is a host at a veth interface. The kernel is at the other end, in a network namespace.
type station struct {
	host *udp.Host
	port *ethdev.Port
	far  wire.End
}

const (
	our4, peer4 = "10.8.0.2", "10.8.0.1"
	our6, peer6 = "fd00:8::2", "fd00:8::1"
)

// veth makes a host with the kernel as its neighbor.
func veth(t testing.TB, change func(c *udp.Config)) station {
	t.Helper()
	return toKernel(t, "net_af_packet%d,iface=%s", newPool(t, 8191), change)
}

// xdp does the same with AF_XDP, which delivers the frames that the kernel sends as they are.
func xdp(t testing.TB, change func(c *udp.Config)) station {
	t.Helper()
	harness.Need(t, harness.XDP)
	// The driver keeps mbufs when it closes: the pool is not full then.
	pool, err := mbuf.CreatePool(fmt.Sprint("udp", number()), 16383, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	return toKernel(t, "net_af_xdp%d,iface=%s,force_copy=1", pool, change)
}

func toKernel(t testing.TB, devargs string, pool *mbuf.Pool, change func(c *udp.Config)) station {
	t.Helper()
	w := harness.Wire(t)
	p, err := ethdev.Open(fmt.Sprintf(devargs, number(), w.Near.Name), ethdev.Config{Pool: pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	require.NoError(t, w.Far.Do(func() error { // an address of IPv6 is ready at once
		var errs []error
		for _, iface := range []string{"all", w.Far.Name} {
			errs = append(errs, os.WriteFile("/proc/sys/net/ipv6/conf/"+iface+"/accept_dad", []byte("0"), 0))
		}
		return errors.Join(errs...)
	}))
	require.NoError(t, w.Far.Address(w.Far.Name, peer4+"/24"))
	require.NoError(t, w.Far.Address(w.Far.Name, peer6+"/64"))
	require.Eventually(t, func() bool { // the kernel lets sockets have the address a moment later
		return w.Far.Do(func() error {
			c, err := net.ListenPacket("udp", net.JoinHostPort(peer6, "0"))
			if err == nil {
				err = c.Close()
			}
			return err
		}) == nil
	}, 10*time.Second, time.Millisecond)
	cfg := udp.Config{Addrs: prefixes(our4+"/24", our6+"/64")}
	if change != nil {
		change(&cfg)
	}
	return station{newHost(t, p, cfg), p, w.Far}
}

// noDeadline ends the deadline of a socket.
var noDeadline time.Time
