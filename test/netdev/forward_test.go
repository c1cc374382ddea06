//go:build linux

package netdev

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// bridge forwards all frames between two ports. The kernel at the other end of each leaves checksums of TCP and UDP to the veth interface. With a VLAN, the
// bridge gives each frame a tag before it handles the checksum, and removes it before it sends the frame: not every kernel has VLAN interfaces.
type bridge struct {
	ends     [2]wire.End // they have addresses 1 and 2 of the networks 10.9.0.0/24 and fd09::/64
	ports    [2]*ethdev.Port
	vlan     bool
	complete bool

	tagged, partial, other atomic.Int64 // frames with a VLAN tag, and packets of TCP and UDP by their checksums
}

// newBridge returns a bridge that works until the test ends.
func newBridge(t *testing.T, vlan, complete bool) *bridge {
	t.Helper()
	harness.Need(t, harness.Root)
	pool, err := mbuf.CreatePool(fmt.Sprint("packets", number()), 8191, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	mbuftest.CheckFull(t, pool)
	b := &bridge{vlan: vlan, complete: complete}
	for i := range b.ends {
		w := harness.Wire(t)
		b.ends[i] = w.Far
		b.ports[i] = open(t, fmt.Sprintf("net_af_packet%d,iface=%s", number(), w.Near.Name), pool)
		require.NoError(t, w.Far.LeaveChecksums(w.Far.Name))
		for _, cidr := range []string{"10.9.0.%d/24", "fd09::%d/64"} {
			require.NoError(t, w.Far.Address(w.Far.Name, fmt.Sprintf(cidr, i+1)))
		}
	}
	ctx, stop := context.WithCancel(context.Background()) // it must still forward the ends of connections when other functions of Cleanup run
	var running sync.WaitGroup
	running.Go(func() { b.run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return b
}

func (b *bridge) run(ctx context.Context) {
	var pkts [32]*mbuf.Mbuf
	for ctx.Err() == nil {
		for i, p := range b.ports {
			n := p.RxQueue(0).Burst(pkts[:])
			for _, m := range pkts[:n] {
				b.handle(m)
			}
			sent := b.ports[1-i].TxQueue(0).Burst(pkts[:n])
			mbuf.FreeBulk(pkts[sent:n])
		}
		runtime.Gosched()
	}
}

// handle counts a frame, and completes its checksum.
func (b *bridge) handle(m *mbuf.Mbuf) {
	if b.vlan {
		m.SetVLAN(7)
		m.InsertVLAN()
		defer m.StripVLAN()
	}
	h := m.Parse()
	if h.Type&header.L2Mask == header.L2EtherVLAN {
		b.tagged.Add(1)
	}
	if l4 := h.Type & header.L4Mask; l4 != header.L4TCP && l4 != header.L4UDP {
		return
	}
	check := m.VerifyChecksum
	if b.complete {
		check = m.CompleteChecksum
	}
	if check(h) != header.ChecksumPartial {
		b.other.Add(1)
		return
	}
	b.partial.Add(1)
	if state := m.VerifyChecksum(h); b.complete && state != header.ChecksumGood {
		panic(state)
	}
}

// serve answers TCP connections and UDP datagrams to an address with their bytes, until the test ends.
func (b *bridge) serve(t *testing.T, address string) (tcp net.Listener, udp net.PacketConn) {
	t.Helper()
	require.NoError(t, b.ends[1].Do(func() (err error) {
		if tcp, err = net.Listen("tcp", address); err == nil {
			udp, err = net.ListenPacket("udp", address)
		}
		return err
	}))
	var running sync.WaitGroup
	t.Cleanup(func() {
		tcp.Close()
		udp.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c) // the client reports bytes that are missing
			c.Close()
		}
	})
	running.Go(func() {
		for buf := make([]byte, 2048); ; {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo(buf[:n], from)
		}
	})
	return tcp, udp
}

// dial connects to the server.
func (b *bridge) dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = b.ends[0].Do(func() error {
		c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

var addresses = []string{"10.9.0.2:7000", "[fd09::2]:7000"}

// A program that forwards between two veth interfaces must complete checksums: see the next test.
func TestForwardedPacketsWithCompletedChecksumsAreAnswered(t *testing.T) {
	for _, vlan := range []bool{false, true} {
		t.Run(fmt.Sprintf("vlan=%v", vlan), func(t *testing.T) {
			b := newBridge(t, vlan, true)
			for _, address := range addresses {
				b.serve(t, address)
				for _, network := range []string{"tcp", "udp"} {
					c, err := b.dial(t.Context(), network, address)
					require.NoError(t, err, "%s to %s", network, address)
					defer c.Close()
					require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
					for size := 1; size <= 1400; size += 97 {
						data, got := bytes.Repeat([]byte{byte(size)}, size), make([]byte, size)
						_, err := c.Write(data)
						require.NoError(t, err)
						_, err = io.ReadFull(c, got)
						require.NoError(t, err, "%d bytes over %s to %s", size, network, address)
						require.Equal(t, data, got)
					}
				}
			}
			assert.Zero(t, b.other.Load(), "the kernel has computed checksums: the test shows nothing")
			assert.GreaterOrEqual(t, b.partial.Load(), int64(2*4*15), "both directions, two protocols, two families")
			assert.Equal(t, vlan, b.tagged.Load() > 0)
			for _, e := range b.ends {
				assert.Zero(t, csumErrors(t, e.Host), "packets that a kernel dropped for their checksums")
			}
		})
	}
}

// csumErrors returns how many packets of TCP and UDP, IPv4 and IPv6, the kernel of a host has dropped for their checksums.
func csumErrors(t *testing.T, h *wire.Host) int {
	t.Helper()
	n := counter(t, h, "Tcp", "InCsumErrors") + counter(t, h, "Udp", "InCsumErrors")
	require.NoError(t, h.Do(func() error {
		snmp6, err := os.ReadFile("/proc/thread-self/net/snmp6")
		if err != nil {
			return err
		}
		_, rest, found := strings.Cut(string(snmp6), "Udp6InCsumErrors")
		if !found {
			return fmt.Errorf("no Udp6InCsumErrors in %s", snmp6)
		}
		var udp6 int
		_, err = fmt.Sscan(rest, &udp6)
		n += udp6
		return err
	}))
	return n
}

// The negative control: with unfinished checksums, the kernel drops each packet, and counts it.
func TestForwardedPacketsWithUnfinishedChecksumsAreDropped(t *testing.T) {
	for _, vlan := range []bool{false, true} {
		t.Run(fmt.Sprintf("vlan=%v", vlan), func(t *testing.T) {
			b := newBridge(t, vlan, false)
			server := b.ends[1].Host
			errors := 0
			for _, address := range addresses {
				b.serve(t, address)
				for _, network := range []string{"tcp", "udp"} {
					ctx, cancel := context.WithCancel(t.Context())
					var dialling sync.WaitGroup
					dialling.Go(func() {
						c, err := b.dial(ctx, network, address)
						if network == "tcp" {
							assert.ErrorIs(t, err, context.Canceled, "a connection over %s to %s", network, address)
							return
						}
						if !assert.NoError(t, err) {
							return
						}
						defer c.Close()
						_, err = c.Write([]byte("hello"))
						assert.NoError(t, err)
						context.AfterFunc(ctx, func() { assert.NoError(t, c.SetReadDeadline(time.Now())) })
						_, err = c.Read(make([]byte, 16))
						assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "an answer over %s to %s", network, address)
					})
					before := errors
					assert.Eventually(t, func() bool { errors = csumErrors(t, server); return errors > before }, 10*time.Second, 10*time.Millisecond,
						"%s to %s: the kernel has not dropped a packet", network, address)
					cancel()
					dialling.Wait()
				}
			}
			assert.Positive(t, b.partial.Load())
			assert.Equal(t, vlan, b.tagged.Load() > 0)
		})
	}
}
