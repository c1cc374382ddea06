//go:build linux

package udp_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

func newShared(t testing.TB) *udp.Shared {
	t.Helper()
	s, err := udp.CreateShared(fmt.Sprint("s", number()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Free()) })
	return s
}

// funnel is two ports. The frames from the second one arrive at queue 0 of the first one, which has two queues.
func funnel(t testing.TB) (a, b *ethdev.Port, pool *mbuf.Pool) {
	t.Helper()
	pool = newPool(t, 8191)
	var rings [3]*ring.Ring[*mbuf.Mbuf]
	for i := range rings {
		r, err := ring.Create[*mbuf.Mbuf](fmt.Sprint("funnel", number()), 1024, ring.Config{Producer: ring.RTS, Consumer: ring.RTS})
		require.NoError(t, err)
		t.Cleanup(func() {
			for m, ok := r.Dequeue(); ok; m, ok = r.Dequeue() {
				m.Free()
			}
			assert.NoError(t, r.Free())
		})
		rings[i] = r
	}
	there := rings[2]
	open := func(rx, tx []*ring.Ring[*mbuf.Mbuf]) *ethdev.Port {
		p, err := netring.Open(netring.Config{Rx: rx, Tx: tx}, ethdev.Config{Pool: pool})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, p.Detach()) })
		return p
	}
	return open(rings[:2], []*ring.Ring[*mbuf.Mbuf]{there, there}), open(rings[2:], rings[:1]), pool
}

// trio is two hosts that share a port, each with a queue, and a host at the other end that sends all its frames to the
// queue of the first one.
func trio(t testing.TB, change func(n int, c *udp.Config)) (a [2]*udp.Host, b *udp.Host, s *udp.Shared) {
	t.Helper()
	pa, pb, pool := funnel(t)
	s = newShared(t)
	for n := range a {
		cfg := udp.Config{Addrs: prefixes(a4+"/24", a6+"/64"), Pool: pool, Shared: s, FirstQueue: n, Queues: 1}
		if change != nil {
			change(n, &cfg)
		}
		a[n] = newHost(t, pa, cfg)
	}
	return a, newHost(t, pb, udp.Config{Addrs: prefixes(b4+"/24", b6+"/64"), Pool: pool}), s
}

// The answers to the second host, and to its ARP requests, arrive at the first one.
func TestSharedHostsHandOver(t *testing.T) {
	a, b, s := trio(t, nil)
	at := 700
	each := func(from, to *udp.Host, ips ...string) {
		for _, ip := range ips {
			at++
			echo(t, from, to, "udp", fmt.Sprint(ip, ":", at), everySize)
		}
	}
	for n, h := range a {
		each(h, b, b4, "["+b6+"]")
		each(b, h, a4, "["+a6+"]")
		each(a[1-n], h, a4, "["+a6+"]") // from host to host of one address
		each(h, h, a4, "["+a6+"]")
	}
	for _, h := range append(a[:], b) {
		stats := h.Stats()
		assert.Zero(t, stats.Drops.Total()-stats.Drops[udp.DropOtherHost]-stats.Drops[udp.DropNoSocket], "%+v", stats)
	}
	assert.Positive(t, a[0].Stats().HandedOver)
	for n, h := range a { // the last ones may not be counted yet
		assert.Eventually(t, func() bool { return h.Stats().HandedOver == a[1-n].Stats().TakenOver }, 10*time.Second, time.Millisecond)
	}
	i, err := s.Info()
	require.NoError(t, err)
	assert.Equal(t, []udp.SharedHost{{Pid: syscall.Getpid(), FirstQueue: 0, Queues: 1}, {Pid: syscall.Getpid(), FirstQueue: 1, Queues: 1}}, i.Hosts)
	assert.Equal(t, 2, i.Neighbors)
	require.ErrorIs(t, s.Free(), dpdk.ErrBusy)
}

// The peer answers into the queue of the first host, also if the second one asks.
func TestSharedNeighborsAreAskedOnce(t *testing.T) {
	pa, pb, pool := funnel(t)
	s := newShared(t)
	cfg := udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Shared: s, Queues: 1, NoLinkLocal: true}
	host := func(n int) *udp.Host {
		c := cfg
		c.FirstQueue = n
		return newHost(t, pa, c)
	}
	first, second := host(0), host(1)
	assert.Equal(t, first.MAC(), second.MAC(), "net_ring has no address")
	peer := newPeer(raw{t, pb, pool})
	defer peer.close()
	send := func(h *udp.Host) {
		t.Helper()
		n := peer.datagrams()
		c := dial(t, h, "udp4", b4+":9")
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return peer.datagrams() == n+1 }, 10*time.Second, time.Millisecond)
	}
	send(second)
	assert.Equal(t, 1, peer.requests())
	assert.True(t, udp.Reachable(second, netip.MustParseAddr(b4)), "the first host knew that it was an answer")
	send(first)
	require.NoError(t, second.Close())
	second = host(1)
	send(second)
	require.NoError(t, first.Close())
	first = host(0)
	send(first)
	assert.Equal(t, 1, peer.requests(), "a host that comes back finds the neighbor")

	// A host with an old entry does not ask while another one knows the neighbor.
	b := netip.MustParseAddr(b4)
	udp.Tick(second, time.Now().Add(31*time.Second))
	assert.False(t, udp.Reachable(second, b))
	send(second)
	assert.Eventually(t, func() bool { return udp.Reachable(second, b) }, 10*time.Second, time.Millisecond)
	assert.Equal(t, 1, peer.requests())
	// When all entries are old, one of them asks for all.
	udp.Age(s, b, 31*time.Second)
	for _, h := range []*udp.Host{first, second} {
		udp.Tick(h, time.Now().Add(31*time.Second))
	}
	send(second)
	for _, h := range []*udp.Host{first, second} {
		assert.Eventually(t, func() bool { return udp.Reachable(h, b) }, 10*time.Second, time.Millisecond)
	}
	send(first)
	assert.Equal(t, 2, peer.requests())
}

// peer is a station that answers ARP requests, and counts.
type peer struct {
	raw
	done   chan struct{}
	worker sync.WaitGroup
	mu     sync.Mutex
	asked  int
	got    int
}

func newPeer(r raw) *peer {
	p := &peer{raw: r, done: make(chan struct{})}
	p.worker.Go(func() {
		var pkts [32]*mbuf.Mbuf
		for {
			select {
			case <-p.done:
				return
			default:
			}
			n := p.port.RxQueue(0).Burst(pkts[:])
			for _, m := range pkts[:n] {
				p.receive(m.Data())
				m.Free()
			}
			runtime.Gosched()
		}
	})
	return p
}

func (p *peer) receive(f []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case bytes.Equal(f[12:14], []byte{8, 0}) && f[23] == 17:
		p.got++
	case bytes.Equal(f[12:14], []byte{8, 6}):
		a, ok := header.ParseARP(f[14:])
		if !ok || a.Op() != header.ARPRequest || a.TargetIP() != netip.MustParseAddr(b4) {
			return
		}
		p.asked++
		mac := header.MAC{2, 0, 0, 0, 0, 0xb}
		out := make([]byte, 14+header.ARPLen)
		sender := a.SenderMAC()
		copy(out, sender[:])
		copy(out[6:], mac[:])
		out[12], out[13] = 8, 6
		r := header.ARP(out[14:])
		r.Init(header.ARPReply)
		r.SetSenderMAC(mac)
		r.SetSenderIP(a.TargetIP())
		r.SetTargetMAC(a.SenderMAC())
		r.SetTargetIP(a.SenderIP())
		p.send(out)
	}
}

func (p *peer) datagrams() int { p.mu.Lock(); defer p.mu.Unlock(); return p.got }
func (p *peer) requests() int  { p.mu.Lock(); defer p.mu.Unlock(); return p.asked }
func (p *peer) close()         { close(p.done); p.worker.Wait() }

func TestSharedPortsDoNotCollide(t *testing.T) {
	a, _, _ := trio(t, nil)
	seen := map[uint16]bool{}
	for range 1500 { // 80 collisions would be expected
		for _, h := range a {
			c, err := h.ListenUDP("udp", nil)
			require.NoError(t, err)
			defer c.Close()
			require.False(t, seen[port(c)], "port %d", port(c))
			seen[port(c)] = true
		}
	}
	c := listen(t, a[0], "udp4", ":700")
	for _, address := range []string{":700", a4 + ":700"} {
		_, err := a[1].ListenPacket("udp4", address)
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
	require.NoError(t, c.Close())
	listen(t, a[1], "udp4", ":700")
	require.NoError(t, a[1].Close()) // the end of a host frees its ports
	listen(t, a[0], "udp4", ":700")
}

func TestReusePort(t *testing.T) {
	a, b, _ := trio(t, func(n int, c *udp.Config) { c.ReusePort = true })
	group := netip.MustParseAddr("239.1.2.3")
	var servers [2]*udp.Conn
	for n, h := range a {
		servers[n] = listen(t, h, "udp4", ":700").(*udp.Conn)
		require.NoError(t, servers[n].JoinGroup(group))
	}
	// What arrives at the queue of the first host is for its socket.
	c := dial(t, b, "udp4", a4+":700")
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = servers[0].Read(make([]byte, 1))
	require.NoError(t, err)
	assert.Zero(t, servers[1].Stats().RxDatagrams)
	// Multicast and broadcast datagrams are for all.
	multi := listen(t, b, "udp4", ":0")
	for _, to := range []netip.Addr{group, netip.MustParseAddr("10.9.0.255")} {
		_, err = multi.WriteToUDPAddrPort([]byte("y"), netip.AddrPortFrom(to, 700))
		require.NoError(t, err)
		for _, s := range servers {
			buf := make([]byte, 1)
			_, err = s.Read(buf)
			require.NoError(t, err)
			assert.Equal(t, "y", string(buf))
		}
	}
	// Without the first socket the second one gets all.
	require.NoError(t, servers[0].Close())
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = servers[1].Read(make([]byte, 1))
	require.NoError(t, err)
	// A socket of DialUDP shares its port with none.
	_, err = a[0].DialUDP("udp4", &net.UDPAddr{Port: 700}, &net.UDPAddr{IP: net.ParseIP(b4), Port: 1})
	require.ErrorIs(t, err, syscall.EADDRINUSE)
}

// An ICMP error arrives at the first host, and is about a socket of the second one.
func TestSharedHostsHandOverErrors(t *testing.T) {
	a, _, _ := trio(t, nil)
	for _, address := range []string{b4 + ":9", "[" + b6 + "]:9"} {
		c := dial(t, a[1], "udp", address)
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
	assert.Positive(t, a[1].Stats().TakenOver)
}

// idleGate stops the poller of a host while it is closed.
type idleGate struct{ gate *sync.RWMutex }

func (i idleGate) After(int) {
	i.gate.RLock()
	defer i.gate.RUnlock()
	runtime.Gosched()
}

// Frames for a host that does not take them are dropped and counted.
func TestFullHandoverDrops(t *testing.T) {
	var gate sync.RWMutex
	a, b, _ := trio(t, func(n int, c *udp.Config) {
		if n == 1 {
			c.Idle = func(int) udp.Idle { return idleGate{&gate} }
		}
	})
	listen(t, a[1], "udp4", ":700")
	c := dial(t, b, "udp4", a4+":700")
	_, err := c.Write([]byte("x")) // the neighbor
	require.NoError(t, err)
	gate.Lock()
	open := sync.OnceFunc(gate.Unlock)
	t.Cleanup(open) // before the host waits for its poller
	const sent = 2000
	for i := range sent {
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		for a[0].Stats().RxFrames+50 < uint64(i) {
			runtime.Gosched()
		}
	}
	assert.Eventually(t, func() bool { s := a[0].Stats(); return s.HandedOver+s.Drops[udp.DropHandover] == sent+1 }, 10*time.Second, time.Millisecond)
	open()
	s := a[0].Stats()
	assert.Greater(t, s.Drops[udp.DropHandover], uint64(sent/2), "%+v", s)
	assert.Eventually(t, func() bool { return a[1].Stats().TakenOver == a[0].Stats().HandedOver }, 10*time.Second, time.Millisecond)
}

func TestSharedConfigErrors(t *testing.T) {
	cable, pool := cables(t, 2)
	s := newShared(t)
	good := udp.Config{Addrs: prefixes("10.0.0.2/24"), Pool: pool, Shared: s, Queues: 1}
	newHost(t, cable.A, good)
	for name, test := range map[string]struct {
		change func(c *udp.Config)
		want   string
		is     error
	}{
		"the same queue":    {func(c *udp.Config) {}, "Config.FirstQueue", dpdk.ErrBusy},
		"another address":   {func(c *udp.Config) { c.FirstQueue, c.Addrs = 1, prefixes("10.0.0.3/24") }, "differs", dpdk.ErrInvalid},
		"another VLAN":      {func(c *udp.Config) { c.FirstQueue, c.VLAN = 1, 5 }, "differs", dpdk.ErrInvalid},
		"another MAC":       {func(c *udp.Config) { c.FirstQueue, c.MAC = 1, net.HardwareAddr{2, 0, 0, 0, 0, 9} }, "differs", dpdk.ErrInvalid},
		"no such queue":     {func(c *udp.Config) { c.FirstQueue = 2 }, "FirstQueue is 2", dpdk.ErrInvalid},
		"too many queues":   {func(c *udp.Config) { c.FirstQueue, c.Queues = 1, 2 }, "from queue 1 on", dpdk.ErrInvalid},
		"the zero Shared":   {func(c *udp.Config) { c.Shared = &udp.Shared{} }, "freed", dpdk.ErrNotFound},
		"a negative number": {func(c *udp.Config) { c.FirstQueue = -1 }, "FirstQueue is -1", dpdk.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			test.change(&c)
			_, err := udp.NewHost(cable.A, c)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := udp.CreateShared(s.Name())
	require.ErrorIs(t, err, dpdk.ErrExist)
	_, err = udp.LookupShared("none")
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	again, err := udp.LookupShared(s.Name())
	require.NoError(t, err)
	assert.Equal(t, s.Name(), again.Name())
	all, err := udp.ListShared()
	require.NoError(t, err)
	i, err := again.Info()
	require.NoError(t, err)
	assert.Equal(t, []udp.SharedInfo{i}, all)
}

// Handed-over datagrams allocate nothing.
func TestHandoverDoesNotAllocate(t *testing.T) {
	harness.CountsAllocations(t)
	a, b, _ := trio(t, nil)
	server := listen(t, a[1], "udp4", ":700")
	c := dial(t, b, "udp4", a4+":700")
	buf := make([]byte, 2048)
	step := func() {
		if _, err := c.Write(buf[:1000]); err != nil {
			t.Fatal(err)
		}
		if _, _, err := server.ReadFromUDPAddrPort(buf); err != nil {
			t.Fatal(err)
		}
	}
	step()
	assert.Zero(t, testing.AllocsPerRun(200, step))
	assert.Positive(t, a[0].Stats().HandedOver)
}

// For a key and a table of the port, the source ports of DialUDP bring the answers to a queue of the host.
func TestDialChoosesThePortByRSS(t *testing.T) {
	const queues = 4
	pool := newPool(t, 8191)
	key := make([]byte, 40)
	for i := range key {
		key[i] = byte(i*37 + 11)
	}
	rss := ethdev.RSSIPv4UDP | ethdev.RSSIPv6UDP
	p, err := ethdev.Open(fmt.Sprintf("net_null%d,no-rx=1", number()), ethdev.Config{Pool: pool, RxQueues: queues, TxQueues: queues, RSS: rss})
	require.NoError(t, err)
	require.NoError(t, p.SetRSSHash(ethdev.RSSHash{Types: rss, Key: key}))
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	table := make([]int, 128)
	for i := range table {
		table[i] = i * i % queues // uneven: mostly queues 0 and 1
	}
	require.NoError(t, p.SetRETA(0, table...))
	toeplitz, err := hash.NewToeplitz(key)
	require.NoError(t, err)
	s := newShared(t)
	wrong := 0
	for n := range queues {
		h := newHost(t, p, udp.Config{Addrs: prefixes(a4+"/24", a6+"/64"), Pool: pool, Shared: s, FirstQueue: n, Queues: 1, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}})
		require.True(t, h.RSS())
		for i := range 250 {
			to := netip.AddrPortFrom(netip.MustParseAddr(b4), uint16(1000+i))
			if i%2 == 1 {
				to = netip.AddrPortFrom(netip.MustParseAddr(b6), uint16(1000+i))
			}
			c, err := h.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
			require.NoError(t, err)
			defer c.Close()
			at := netip.MustParseAddrPort(c.LocalAddr().String())
			q := table[toeplitz.Flow(to, at)%uint32(len(table))]
			if q != n {
				wrong++
			}
			if n >= 2 { // the table names only queues 0 and 1, so such a port does not exist
				require.NotEqual(t, n, q)
			} else {
				require.Equal(t, n, q, "%v to %v", at, to)
			}
		}
	}
	assert.Equal(t, 500, wrong)
	cable, err := netring.Loopback(netring.CableConfig{Queues: 2}, ethdev.Config{Pool: pool, RxQueues: 2, TxQueues: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cable.Close()) })
	alone := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Queues: 1})
	assert.False(t, alone.RSS(), "net_ring does not report RSS")
}

func TestFrameQueueKeepsOrder(t *testing.T) {
	pool := newPool(t, 1023)
	var q udp.FrameQueue
	held := make([]*mbuf.Mbuf, 512)
	require.True(t, pool.AllocBulk(held))
	defer mbuf.FreeBulk(held)
	const total = 100000
	var receiver sync.WaitGroup
	receiver.Go(func() {
		var ms [7]*mbuf.Mbuf
		for n := 0; n < total; {
			k := q.Take(ms[:])
			for _, m := range ms[:k] {
				if m != held[n%len(held)] {
					t.Errorf("mbuf %d is another one", n)
					return
				}
				n++
			}
			if k == 0 {
				runtime.Gosched()
			}
		}
	})
	for n := range total {
		for !q.Put(held[n%len(held)]) {
			runtime.Gosched()
		}
	}
	receiver.Wait()
}

// A datagram for a socket of another host that has another peer is refused by that host.
func TestSharedHostsRefuseDatagramsOfEachOther(t *testing.T) {
	a, b, _ := trio(t, nil)
	for _, ips := range [][2]string{{a4, b4}, {"[" + a6 + "]", "[" + b6 + "]"}} {
		local, remote := netip.MustParseAddrPort(ips[0]+":700"), netip.MustParseAddrPort(ips[1]+":9")
		_, err := a[1].DialUDP("udp", net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(remote))
		require.NoError(t, err)
		for _, from := range []*udp.Host{b, a[0]} { // over the wire, and from host to host
			c := dial(t, from, "udp", local.String())
			_, err = c.Write([]byte("x"))
			require.NoError(t, err)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
		}
	}
	assert.Positive(t, a[1].Stats().TakenOver)
}

// A broadcast datagram in fragments reaches the sockets of all hosts, and each segment returns to the pool once.
func TestSharedHostsHandOverFragments(t *testing.T) {
	a, b, _ := trio(t, func(_ int, c *udp.Config) { c.ReusePort = true })
	sockets := []udp.PacketConn{listen(t, a[1], "udp4", ":701")}
	c := listen(t, b, "udp4", ":0")
	for i := range 200 {
		if i == 100 {
			sockets = append(sockets, listen(t, a[0], "udp4", ":701"))
		}
		data, in := payload(i, 5000), make([]byte, 6000)
		_, err := c.WriteToUDPAddrPort(data, netip.MustParseAddrPort("10.9.0.255:701"))
		require.NoError(t, err)
		for _, s := range sockets {
			require.NoError(t, s.SetReadDeadline(time.Now().Add(10*time.Second)))
			n, err := s.Read(in)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, in[:n]))
		}
	}
}
