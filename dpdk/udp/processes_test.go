//go:build linux

package udp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// softRSS is the RSS of a switch, as a NIC has it in hardware.
type softRSS struct {
	ethdev.RSSHash
	reta     []int
	toeplitz hash.Toeplitz
}

func newSoftRSS(queues int) (s softRSS) {
	s.Types, s.Key = ethdev.RSSIPv4UDP|ethdev.RSSIPv6UDP, make([]byte, 40)
	for i := range s.Key {
		s.Key[i] = byte(i*73 + 41)
	}
	for i := range 128 {
		s.reta = append(s.reta, i%queues)
	}
	s.toeplitz, _ = hash.NewToeplitz(s.Key)
	return s
}

func (s softRSS) flow(from, to netip.AddrPort) int {
	return s.reta[s.toeplitz.Flow(from, to)%uint32(len(s.reta))]
}

// queue returns the queue of a frame: queue 0 if it is not UDP over IPv4.
func (s softRSS) queue(f []byte) int {
	if len(f) < 42 || f[12] != 8 || f[13] != 0 || f[23] != 17 {
		return 0
	}
	ip, u := header.IPv4(f[14:]), header.UDP(f[34:])
	return s.flow(netip.AddrPortFrom(ip.Source(), u.Source()), netip.AddrPortFrom(ip.Destination(), u.Destination()))
}

// lan is a port of several queues with the kernel as the peer. A goroutine moves the frames, because no driver here spreads packets by
// RSS and can be polled by secondaries too.
type lan struct {
	station
	softRSS
	pool   *mbuf.Pool
	hosts  *ethdev.Port
	shared *udp.Shared
	done   chan struct{}
	worker sync.WaitGroup

	asked, askedUs atomic.Int64 // ARP requests of the hosts, and of the kernel to all stations
}

func newLAN(t *testing.T, queues int) *lan {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages)
	pool, err := mbuf.CreatePool(fmt.Sprint("udp", number()), 8191, mbuf.PoolConfig{}) // killed processes keep mbufs
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	w := harness.Wire(t)
	require.NoError(t, w.Far.Address(w.Far.Name, peer4+"/24"))
	wire, err := ethdev.Open(fmt.Sprintf("net_af_packet%d,iface=%s", number(), w.Near.Name), ethdev.Config{Pool: pool})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, wire.Detach()) })
	cable, err := netring.Pair(netring.CableConfig{Queues: queues, Sync: ring.Single}, ethdev.Config{Pool: pool, RxQueues: queues, TxQueues: queues})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cable.Close()) })
	l := &lan{station: station{port: wire, far: w.Far}, softRSS: newSoftRSS(queues), pool: pool, hosts: cable.A, shared: newShared(t), done: make(chan struct{})}
	l.worker.Go(func() { l.move(cable.B, queues) })
	t.Cleanup(func() { close(l.done); l.worker.Wait() })
	return l
}

func (l *lan) move(hosts *ethdev.Port, queues int) {
	var pkts [32]*mbuf.Mbuf
	rx, tx := l.port.RxQueue(0), l.port.TxQueue(0)
	for {
		select {
		case <-l.done:
			return
		default:
		}
		moved := rx.Burst(pkts[:])
		for _, m := range pkts[:moved] {
			count(&l.askedUs, m.Data(), our4)
			if hosts.TxQueue(l.queue(m.Data())).Burst([]*mbuf.Mbuf{m}) == 0 {
				m.Free()
			}
		}
		for q := range queues {
			n := hosts.RxQueue(q).Burst(pkts[:])
			moved += n
			for _, m := range pkts[:n] {
				count(&l.asked, m.Data(), peer4)
				if tx.Burst([]*mbuf.Mbuf{m}) == 0 {
					m.Free()
				}
			}
		}
		if moved == 0 {
			time.Sleep(50 * time.Microsecond)
		} else {
			runtime.Gosched()
		}
	}
}

// count counts ARP requests to all stations for an address.
func count(n *atomic.Int64, f []byte, ip string) {
	if len(f) < 42 || f[12] != 8 || f[13] != 6 || f[0] != 0xff {
		return
	}
	if a, ok := header.ParseARP(f[14:]); ok && a.Op() == header.ARPRequest && a.TargetIP() == netip.MustParseAddr(ip) && a.SenderIP() != a.TargetIP() {
		n.Add(1)
	}
}

// serve answers the datagrams to a port with the number of the host.
func serve(h udp.Network, n int) error {
	c, err := h.ListenPacket("udp4", fmt.Sprint(our4, ":", 700+n))
	if err != nil {
		return err
	}
	go func() {
		buf := make([]byte, 2048)
		for {
			k, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = c.WriteToUDPAddrPort(fmt.Appendf(nil, "%d:%s", n, buf[:k]), from) // the client repeats it
		}
	}()
	return nil
}

// dials exchanges a datagram with the kernel's server on each of n sockets, and returns the number of answers that other hosts had to
// hand over.
func dials(h *udp.Host, n int) (handed uint64, err error) {
	before := h.Stats().TakenOver
	for i := range n {
		c, err := h.Dial("udp4", peer4+":800")
		if err != nil {
			return 0, err
		}
		text := fmt.Sprint("dial", i)
		got, err := ask(c, text)
		if err = errors.Join(err, c.Close()); err != nil || got != text {
			return 0, fmt.Errorf("%q for %q: %w", got, text, err)
		}
	}
	return h.Stats().TakenOver - before, nil
}

// ask sends a text, again after a second as UDP may lose it, and returns the answer.
func ask(c udp.PacketConn, text string) (string, error) {
	buf := make([]byte, 2048)
	for try := 0; ; try++ {
		if _, err := c.Write([]byte(text)); err != nil {
			return "", err
		}
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return "", err
		}
		n, err := c.Read(buf)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || try == 10 {
			return string(buf[:n]), err
		}
	}
}

// memberOf finds a port, a pool and a Shared by their names, for a host at a queue of the port.
func memberOf(names []string, queue int) (*ethdev.Port, udp.Config, error) {
	port, errPort := ethdev.Lookup(names[0])
	pool, errPool := mbuf.LookupPool(names[1])
	shared, errShared := udp.LookupShared(names[2])
	return port, udp.Config{Addrs: prefixes(our4 + "/24"), Pool: pool, Shared: shared, FirstQueue: queue, Queues: 1, NoLinkLocal: true},
		errors.Join(errPort, errPool, errShared)
}

// "udp server" is a host at a queue of the primary's port.
var _ = harness.Role("udp server", func(args []string) error {
	n, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	rt, err := eal.Init(ealtest.Secondary(args[0], 3+n))
	if err != nil {
		return err
	}
	port, c, err := memberOf(args[1:], n)
	if err != nil {
		return err
	}
	h, err := udp.NewHost(port, c)
	if err != nil {
		return err
	}
	rss := newSoftRSS(3)
	udp.SetRSS(h, rss.RSSHash, rss.reta)
	if err := serve(h, n); err != nil {
		return err
	}
	_, err = h.ListenPacket("udp4", fmt.Sprint(our4, ":700"))
	harness.Say("serves %v %v", errors.Is(err, syscall.EADDRINUSE), h.MAC())
	for word := harness.Hear(); word != ""; word = harness.Hear() {
		if to, ok := strings.CutPrefix(word, "ask "); ok {
			c, err := h.Dial("udp4", our4+":"+to)
			if err != nil {
				return err
			}
			answer, err := ask(c, "hello")
			harness.Say("answer %q %v", answer, errors.Is(err, syscall.ECONNREFUSED))
			_ = c.Close() // the socket is open
			continue
		}
		handed, err := dials(h, 20)
		if err != nil {
			return fmt.Errorf("%w: %+v", err, h.Stats())
		}
		harness.Say("dialed %d", handed)
	}
	return errors.Join(h.Close(), rt.Close())
})

func (l *lan) start(t *testing.T, n int) *harness.Child {
	t.Helper()
	c := harness.Start(t, "udp server", ealtest.Runtime().FilePrefix(), l.hosts.Name(), l.pool.Name(), l.shared.Name(), fmt.Sprint(n))
	assert.True(t, strings.HasPrefix(c.Expect("serves "), "true "), "the port 700 is the primary's")
	return c
}

// clients lets kernel sockets ask the server of host n, on flows of each of these queues.
func (l *lan) clients(t *testing.T, n int, queues ...int) {
	t.Helper()
	to := netip.AddrPortFrom(netip.MustParseAddr(our4), uint16(700+n))
	for _, q := range queues {
		c := l.client(t, to, q)
		text := fmt.Sprint("queue", q)
		got, err := ask(c, text)
		require.NoError(t, err, "server %d, queue %d", n, q)
		require.Equal(t, fmt.Sprintf("%d:%s", n, text), got)
		require.NoError(t, c.Close())
	}
}

var clientPort = uint16(20000)

// client makes a kernel socket of which the datagrams arrive at a queue.
func (l *lan) client(t *testing.T, to netip.AddrPort, queue int) *net.UDPConn {
	t.Helper()
	from := netip.AddrPortFrom(netip.MustParseAddr(peer4), clientPort)
	for l.flow(from, to) != queue {
		clientPort++
		from = netip.AddrPortFrom(from.Addr(), clientPort)
	}
	clientPort++
	var c *net.UDPConn
	require.NoError(t, l.far.Do(func() (err error) {
		c, err = net.DialUDP("udp4", net.UDPAddrFromAddrPort(from), net.UDPAddrFromAddrPort(to))
		return err
	}))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestProcessesShareAPort(t *testing.T) {
	l := newLAN(t, 3)
	h := newHost(t, l.hosts, udp.Config{Addrs: prefixes(our4 + "/24"), Pool: l.pool, Shared: l.shared, Queues: 1, NoLinkLocal: true})
	udp.SetRSS(h, l.RSSHash, l.reta)
	require.NoError(t, serve(h, 0))
	echoServer := listen(t, kernelNet{t, l.station}, "udp4", peer4+":800")
	require.NoError(t, echoServer.SetDeadline(noDeadline))
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := echoServer.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = echoServer.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	children := map[int]*harness.Child{1: l.start(t, 1), 2: l.start(t, 2)}
	all := []int{0, 1, 2}
	dial := func(n int) {
		t.Helper()
		children[n].Send("dial")
		assert.Equal(t, "0", children[n].Expect("dialed "), "RSS brings the answers to the process that asked")
	}
	for n := range 3 {
		l.clients(t, n, all...)
	}
	dial(1)
	dial(2)
	handed, err := dials(h, 20)
	require.NoError(t, err)
	assert.Zero(t, handed)
	assert.Positive(t, h.Stats().HandedOver)
	asked, askedUs := l.asked.Load(), l.askedUs.Load()
	assert.LessOrEqual(t, asked, int64(1))
	i, err := l.shared.Info()
	require.NoError(t, err)
	assert.Len(t, i.Hosts, 3)
	assert.Equal(t, 1, i.Neighbors)

	// One dies: the others go on, and its port is closed.
	children[1].Kill()
	for n := range 3 {
		if n != 1 {
			l.clients(t, n, 0, 2)
		}
	}
	dial(2)
	c := l.client(t, netip.MustParseAddrPort(our4+":701"), 2)
	require.Eventually(t, func() bool {
		_, err := ask(c, "is it there?")
		return errors.Is(err, syscall.ECONNREFUSED)
	}, 20*time.Second, time.Millisecond)
	children[1] = l.start(t, 1)
	for n := range 3 {
		l.clients(t, n, all...)
	}
	dial(1)

	// Two die at once.
	children[1].Kill()
	children[2].Kill()
	l.clients(t, 0, 0)
	children[2], children[1] = l.start(t, 2), l.start(t, 1)
	for n := range 3 {
		l.clients(t, n, all...)
	}
	dial(1)
	dial(2)
	assert.Equal(t, asked, l.asked.Load(), "no process has asked for the neighbor again")
	assert.Equal(t, askedUs, l.askedUs.Load(), "the neighbor has not asked for the hosts again")
	s := h.Stats()
	assert.Zero(t, s.Drops[udp.DropChecksum]+s.Drops[udp.DropMalformed]+s.Drops[udp.DropUnresolved]+s.Drops[udp.DropHandover], "%+v", s)
	for _, c := range children {
		c.Wait()
	}
	i, err = l.shared.Info()
	require.NoError(t, err)
	assert.Len(t, i.Hosts, 1)
}

// "udp holder" takes a lock of a Shared and waits for its death.
var _ = harness.Role("udp holder", func(args []string) error {
	harness.EndWithParent()
	if _, err := eal.Init(ealtest.Secondary(args[0], 3)); err != nil {
		return err
	}
	s, err := udp.LookupShared(args[1])
	if err != nil {
		return err
	}
	if args[2] == "hosts" {
		err = udp.HoldHosts(s)
	} else if !udp.HoldNeighbour(s, netip.MustParseAddr(args[2])) {
		err = errors.New("the entry is locked")
	}
	if err != nil {
		return err
	}
	harness.Say("in")
	select {}
})

func TestLocksOfTheDeadAreTaken(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	for _, what := range []string{b4, "hosts"} {
		t.Run(what, func(t *testing.T) {
			pa, pb, pool := funnel(t)
			s := newShared(t)
			host := func(n int) (*udp.Host, error) {
				return udp.NewHost(pa, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Shared: s, Queues: 1, FirstQueue: n})
			}
			first, err := host(0)
			require.NoError(t, err)
			defer first.Close()
			b := newHost(t, pb, udp.Config{Addrs: prefixes(b4 + "/24"), Pool: pool})
			hold := func() *harness.Child {
				c := harness.Start(t, "udp holder", ealtest.Runtime().FilePrefix(), s.Name(), what)
				c.Expect("in")
				return c
			}
			// A living holder delays others only for a while.
			c := hold()
			if what == "hosts" {
				_, err := host(1)
				require.ErrorIs(t, err, dpdk.ErrTimeout)
			} else {
				echo(t, first, b, "udp4", b4+":700", []int{1, 2})
			}
			c.Kill()
			second, err := host(1)
			require.NoError(t, err)
			defer second.Close()
			echo(t, second, b, "udp4", b4+":701", []int{1, 2}) // the answer of b to the ARP request arrives at the first host
			assert.True(t, udp.Reachable(second, netip.MustParseAddr(b4)))
			i, err := s.Info()
			require.NoError(t, err)
			assert.Equal(t, 1, i.Neighbors)
			hold().Kill()
			require.NoError(t, second.Close())
			again, err := host(1)
			require.NoError(t, err)
			defer again.Close()
			echo(t, again, b, "udp4", b4+":702", []int{1, 2})
		})
	}
}

// "udp primary" makes a port of three queues and what its hosts share, and serves no queue.
var _ = harness.Role("udp primary", func(args []string) error {
	cfg := harness.Config(1)
	cfg.FilePrefix = args[0]
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	pool, err := mbuf.CreatePool("primary", 4095, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	cable, err := netring.Loopback(netring.CableConfig{Queues: 3, Sync: ring.Single}, ethdev.Config{Pool: pool, RxQueues: 3, TxQueues: 3})
	if err != nil {
		return err
	}
	shared, err := udp.CreateShared("primary")
	if err != nil {
		return err
	}
	h, err := udp.NewHost(cable.A, udp.Config{Addrs: prefixes(our4 + "/24"), Shared: shared, Queues: 1, NoLinkLocal: true})
	if err != nil {
		return err
	}
	if _, err := h.ListenPacket("udp4", our4+":700"); err != nil {
		return err
	}
	harness.Say("ready %s", cable.A.Name())
	harness.Hear()
	return rt.Close()
})

// Without the primary its secondaries go on, and still notice when one of them dies.
func TestHostsOutliveThePrimary(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	prefix := fmt.Sprint(ealtest.Runtime().FilePrefix(), "udp")
	p := harness.Start(t, "udp primary", prefix)
	port := p.Expect("ready ")
	start := func(n int) *harness.Child {
		c := harness.Start(t, "udp server", prefix, port, "primary", "primary", fmt.Sprint(n))
		assert.True(t, strings.HasPrefix(c.Expect("serves "), "true "))
		return c
	}
	one, two := start(1), start(2)
	ask := func(c *harness.Child, to string) string {
		t.Helper()
		c.Send("ask " + to)
		return c.Expect("answer ")
	}
	assert.Equal(t, `"2:hello" false`, ask(one, "702"))
	p.Kill()
	assert.Equal(t, `"2:hello" false`, ask(one, "702"))
	assert.Equal(t, `"1:hello" false`, ask(two, "701"))
	assert.Eventually(t, func() bool { return ask(one, "700") == `"" true` }, 20*time.Second, time.Millisecond, "the primary's port is closed")
	two.Kill()
	assert.Eventually(t, func() bool { return ask(one, "702") == `"" true` }, 20*time.Second, time.Millisecond)
	one.Kill()
}
