//go:build linux

package main

import (
	"context"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

// asProgram makes the test binary the program quic.
const asProgram = "GODPDK_QUIC"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	harness.MainEAL(m, mbuftest.Leaks)
}

// program starts the program.
func program(t *testing.T, args ...string) *harness.Child {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages)
	t.Setenv(asProgram, "1")
	return harness.Command(t, "/proc/self/exe", args...)
}

// tap is a connection that counts ECN marks of received datagrams, and loses some of them.
type tap struct {
	quic.OOBCapablePacketConn
	batch interface {
		ReadBatch(ms []ipv4.Message, flags int) (int, error)
	}
	every  int // one of so many datagrams is lost; 0 loses none
	random *rand.Rand

	mu              sync.Mutex
	all, ect0, lost int // datagrams
	largest         int // of them, in bytes
	destinations    map[netip.Addr]bool
}

func newTap(c net.PacketConn, every int) *tap {
	p := &tap{OOBCapablePacketConn: c.(quic.OOBCapablePacketConn), every: every, random: rand.New(rand.NewPCG(1, 2)), destinations: map[netip.Addr]bool{}}
	if s, ok := c.(*socket); ok {
		p.batch = s
	} else {
		p.batch = ipv4.NewPacketConn(c)
	}
	return p
}

func (p *tap) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	n, err := p.batch.ReadBatch(ms, flags)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range ms[:max(n, 0)] {
		m := &ms[i]
		p.all++
		p.largest = max(p.largest, m.N)
		for rest := m.OOB[:m.NN]; len(rest) > 0; {
			h, body, more, err := unix.ParseOneSocketControlMessage(rest)
			if err != nil {
				return 0, err
			}
			switch {
			case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS, h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_TCLASS:
				if body[0]&3 == 2 {
					p.ect0++
				}
			case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO:
				p.destinations[netip.AddrFrom4([4]byte(body[8:12]))] = true
			case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO:
				p.destinations[netip.AddrFrom16([16]byte(body)).Unmap()] = true
			}
			rest = more
		}
		if p.every > 0 && p.random.IntN(p.every) == 0 {
			p.lost++
			m.N = 0 // quic-go ignores it
		}
	}
	return n, err
}

const (
	near4, far4 = "10.8.0.2", "10.8.0.1"
	near6, far6 = "fd00:8::2", "fd00:8::1"
)

// station is a host at one end of a veth pair. The kernel is at the other.
type station struct {
	host *udp.Host
	far  wire.End
}

func newStation(t *testing.T, driver string) station {
	t.Helper()
	w := harness.Wire(t)
	pool, err := mbuf.CreatePool("quic", 8191, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	mbuftest.CheckFull(t, pool)
	port, err := ethdev.Open(driver+w.Near.Name, ethdev.Config{Pool: pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, port.Detach()) })
	host, err := udp.NewHost(port, udp.Config{Addrs: []netip.Prefix{netip.MustParsePrefix(near4 + "/24"), netip.MustParsePrefix(near6 + "/64")}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, host.Close()) })
	require.NoError(t, w.Far.Address(w.Far.Name, far4+"/24"))
	require.NoError(t, w.Far.Address(w.Far.Name, far6+"/64"))
	return station{host, w.Far}
}

const afPacket = "net_af_packet0,iface="

// listen makes a socket of the host or of the kernel.
func (s station) listen(t *testing.T, dpdk bool, address string) net.PacketConn {
	t.Helper()
	var conn net.PacketConn
	var err error
	if dpdk {
		var c udp.PacketConn
		c, err = s.host.ListenPacket("udp", address)
		require.NoError(t, err)
		conn, err = newSocket(c.(*udp.Conn))
	} else {
		err = s.far.Do(func() (err error) { conn, err = net.ListenPacket("udp", address); return err })
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // the end of the host may have closed it
	return conn
}

// transfer runs a client against a server.
func transfer(t *testing.T, client, server *tap, w work) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	ending, end := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- serve(ending, server) }()
	r, err := w.run(ctx, client)
	end()
	assert.NoError(t, <-done)
	require.NoError(t, err)
	return r
}

// The kernel's sockets and those of a host exchange 10 MB in each direction and on each side. Both ends see the ECN marks of the other, and use all of the path's MTU.
func TestTheKernelAndDPDKExchangeMegabytes(t *testing.T) {
	s := newStation(t, afPacket)
	const bytes = 5_000_000 // of each stream
	for _, test := range []struct {
		name           string
		client, server bool // has DPDK
		address        string
	}{
		{"the server has DPDK, IPv4", false, true, near4},
		{"the server has DPDK, IPv6", false, true, near6},
		{"the client has DPDK, IPv4", true, false, far4},
		{"the client has DPDK, IPv6", true, false, far6},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newTap(s.listen(t, test.server, ":4433"), 0)
			client := newTap(s.listen(t, test.client, ":0"), 0)
			to := netip.MustParseAddr(test.address)
			r := transfer(t, client, server, work{server: netip.AddrPortFrom(to, 4433), streams: 2, get: bytes, put: bytes})
			for name, p := range map[string]*tap{"server": server, "client": client} {
				assert.Greater(t, p.all, int(bytes/1500), name)
				// A sender stops to mark if the other side does not report marks.
				assert.Greater(t, p.ect0*10, p.all*8, "marks that the %s got, of %d", name, p.all)
				assert.Greater(t, p.largest, 1400, "the largest packet that the %s got", name)
			}
			assert.Equal(t, map[netip.Addr]bool{to: true}, server.destinations)
			if test.client {
				assert.True(t, r.GSO, "several packets are sent with one call")
			}
		})
	}
}

// One of 50 datagrams is lost in each direction.
func TestLossIsRepaired(t *testing.T) {
	s := newStation(t, afPacket)
	server, client := newTap(s.listen(t, true, ":4433"), 50), newTap(s.listen(t, false, ":0"), 50)
	transfer(t, client, server, work{server: netip.MustParseAddrPort(near4 + ":4433"), streams: 4, get: 1e6, put: 1e6})
	for _, p := range []*tap{server, client} {
		assert.Positive(t, p.lost)
	}
}

// The driver keeps mbufs when its port ends, so this host is in a process of its own.
func TestTheKernelAndDPDKExchangeMegabytesOverAFXDP(t *testing.T) {
	harness.Need(t, harness.XDP)
	w := harness.Wire(t)
	require.NoError(t, w.Far.Address(w.Far.Name, far4+"/24"))
	server := program(t, "server", "-mode", "dpdk", "-port", "net_af_xdp0,force_copy=1,iface="+w.Near.Name, "-ip", near4+"/24")
	certificate := sum(t, server)
	s := station{far: w.Far}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_, err := work{server: netip.MustParseAddrPort(near4 + ":4433"), certificate: certificate, streams: 2, get: 5e6, put: 5e6}.run(ctx, s.listen(t, false, ":0"))
	require.NoError(t, err)
	server.Signal(syscall.SIGTERM)
	server.Wait()
}

var (
	good   = regexp.MustCompile(`client: 3 streams, 1000000 bytes received and 2000000 sent on each, all hashes are right: \d+ MB/s received, \d+ MB/s sent`)
	allIn  = regexp.MustCompile(`quic: (\d+) of (\d+) mbufs are back in the pool`)
	theSum = regexp.MustCompile(`with the certificate ([0-9a-f]{64})$`)
)

var flagsOfClient = []string{"-streams", "3", "-get", "1000000", "-put", "2000000"}

// full checks that a process has all its mbufs at its end.
func full(t *testing.T, lines []string) {
	t.Helper()
	m := allIn.FindStringSubmatch(strings.Join(lines, "\n"))
	require.NotNil(t, m, "%v", lines)
	assert.Equal(t, m[2], m[1])
}

// sum waits until the server listens, and returns the sum of its certificate.
func sum(t *testing.T, server *harness.Child) string {
	t.Helper()
	m := theSum.FindStringSubmatch(server.Expect("server: listening on "))
	require.NotNil(t, m)
	return m[1]
}

func TestTwoProcessesWithDPDKOverRings(t *testing.T) {
	client := []string{"client", "-mode", "dpdk", "-cable", "-prefix", "quictest", "-ip", "10.0.0.1/24"}
	server := program(t, "server", "-mode", "dpdk", "-cable", "-prefix", "quictest", "-ip", "10.0.0.2/24")
	certificate := sum(t, server)
	for range 2 { // a second client finds the cable as the first one has left it
		out := program(t, append(append(client, flagsOfClient...), "-certificate", certificate, "10.0.0.2:4433")...).Wait()
		assert.Regexp(t, good, strings.Join(out, "\n"))
	}
	wrong := program(t, append(append(client, flagsOfClient...), "-certificate", "00"+certificate[2:], "10.0.0.2:4433")...)
	assert.Contains(t, wrong.Fail(), "the server has another certificate")

	// Ctrl-C ends both, while they transfer data.
	busy := program(t, append(client, "-get", "1000000000000", "10.0.0.2:4433")...)
	busy.Expect("client: connected to")
	server.Signal(syscall.SIGINT)
	full(t, server.Wait())
	busy.Fail() // its server has gone
}

func TestCtrlCEndsTheClient(t *testing.T) {
	server := program(t, "server", "-mode", "kernel", "-listen", "127.0.0.1:4434")
	sum(t, server)
	client := program(t, "client", "-mode", "kernel", "-get", "1000000000000", "127.0.0.1:4434")
	client.Expect("client: connected to")
	client.Signal(syscall.SIGINT)
	client.Wait()
	server.Signal(syscall.SIGTERM)
	server.Wait()
}

func TestDemonstration(t *testing.T) {
	out := strings.Join(program(t).Wait(), "\n")
	assert.Equal(t, 4, strings.Count(out, "all hashes are right"), out)
	assert.Equal(t, 3, len(allIn.FindAllString(out, -1)), out)
	for _, m := range allIn.FindAllStringSubmatch(out, -1) {
		assert.Equal(t, m[2], m[1])
	}
}

func TestErrorsNameTheFix(t *testing.T) {
	for _, test := range []struct{ args, err string }{
		{"-mode xdp", "use kernel or dpdk"},
		{"-ip 10.0.0.1/24", "are for -mode dpdk: add it"},
		{"-mode dpdk -ip 10.0.0.1/24", "use either -port, with devargs such as net_af_packet0,iface=eth1, or -cable"},
		{"-mode dpdk -cable", "add -ip 10.0.0.2/24"},
	} {
		var s side
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		s.flags(flags)
		assert.ErrorContains(t, s.parse(flags, strings.Fields(test.args), 0), test.err, test.args)
	}
	assert.Contains(t, program(t, "client", "-mode", "kernel").Fail(), "add one such as 10.0.0.2:4433")
	assert.Contains(t, program(t, "client", "-mode", "kernel", "-streams", "0", "127.0.0.1:9").Fail(), "1 to 256 for -streams")
	assert.Contains(t, program(t, "serve").Fail(), `"serve": use server or client`)
}
