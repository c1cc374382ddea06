//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/header"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

func TestHostsEcho(t *testing.T) {
	for _, vlan := range []int{0, 7} {
		a, b := pair(t, func(a, b *udp.Config) { a.VLAN, b.VLAN = vlan, vlan })
		for _, address := range []string{b4 + ":700", "[" + b6 + "]:700"} {
			echo(t, a, b, "udp", address, everySize)
		}
		echo(t, a, a, "udp", a4+":700", everySize) // the host itself
		for _, h := range []*udp.Host{a, b} {
			assert.Zero(t, h.Stats().Drops.Total()-h.Stats().Drops[udp.DropOtherHost], "%v", h.Stats())
		}
	}
}

func TestOtherVLANIsDropped(t *testing.T) {
	a, b := pair(t, func(a, b *udp.Config) { a.VLAN = 7 })
	before := b.Stats()
	c := dial(t, a, "udp", b4+":9")
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return b.Stats().Drops[udp.DropOtherHost] > before.Drops[udp.DropOtherHost] }, 10*time.Second, time.Millisecond)
	assert.Zero(t, b.Stats().TxErrors)
}

// Many sockets of several goroutines exchange datagrams over two queues, and none is lost.
func TestQueuesAndGoroutines(t *testing.T) {
	cable, pool := cables(t, 2)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool})
	b := newHost(t, cable.B, udp.Config{Addrs: prefixes(b4 + "/24"), Pool: pool})
	server := listen(t, b, "udp4", ":700")
	var servers, clients sync.WaitGroup
	for range 3 {
		servers.Go(func() {
			buf := make([]byte, 2048)
			for {
				n, from, err := server.ReadFromUDPAddrPort(buf)
				if err != nil {
					return
				}
				if _, err := server.WriteToUDPAddrPort(buf[:n], from); err != nil {
					t.Error(err)
				}
			}
		})
	}
	const sockets, each = 8, 1000
	for i := range sockets {
		c := dial(t, a, "udp4", b4+":700")
		clients.Go(func() {
			buf := make([]byte, 2048)
			for j := range each {
				sent := payload(i*each+j, 8+j%1400)
				binary.BigEndian.PutUint64(sent, uint64(i*each+j))
				if _, err := c.Write(sent); err != nil {
					t.Error(err)
					return
				}
				n, err := c.Read(buf)
				if err != nil || !bytes.Equal(sent, buf[:n]) {
					t.Errorf("socket %d, datagram %d: %v", i, j, err)
					return
				}
			}
		})
	}
	clients.Wait()
	require.NoError(t, server.Close())
	servers.Wait()
	assert.EqualValues(t, sockets*each, b.Stats().RxDatagrams)
	assert.EqualValues(t, sockets*each, a.Stats().RxDatagrams)
	for _, h := range []*udp.Host{a, b} {
		assert.Zero(t, h.Stats().Drops.Total()-h.Stats().Drops[udp.DropOtherHost], "%v", h.Stats()) // reports of groups
	}
}

// A socket that is not read drops what has no room, and counts it.
func TestUnreadSocketDropsAndCounts(t *testing.T) {
	a, b := pair(t, func(a, b *udp.Config) { b.ReadQueue = 20 })
	server := listen(t, b, "udp", ":700")
	c := dial(t, a, "udp", b4+":700")
	for range 100 {
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
	}
	assert.Eventually(t, func() bool { return b.Stats().Drops[udp.DropSocketFull] == 80 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, udp.ConnStats{RxDatagrams: 20, RxBytes: 20, RxDropped: 80, Waiting: 20}, server.(*udp.Conn).Stats())
	assert.EqualValues(t, 100, c.(*udp.Conn).Stats().TxDatagrams)
	require.NoError(t, server.SetReadBuffer(30*4096))
	for range 20 {
		_, err := server.Read(make([]byte, 1))
		require.NoError(t, err)
	}
}

// A full queue of the port makes a call wait for its deadline, or one second.
func TestFullQueueIsAnError(t *testing.T) {
	cable, pool := cables(t, 1)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool}) // nobody receives at the other end
	c := listen(t, a, "udp4", ":700")
	to := netip.MustParseAddrPort("10.9.0.255:700") // needs no neighbor
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(200*time.Millisecond)))
	var err error
	sent := 0
	for ; err == nil && sent < 2000; sent++ {
		_, err = c.WriteToUDPAddrPort([]byte("x"), to)
	}
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetWriteDeadline(time.Time{}))
	_, err = c.WriteToUDPAddrPort([]byte("x"), to)
	require.ErrorIs(t, err, syscall.ENOBUFS)
	n, err := c.(*udp.Conn).WriteBatch([]udp.Message{{Data: []byte("x"), To: to}})
	require.ErrorIs(t, err, syscall.ENOBUFS)
	assert.Zero(t, n)
	assert.EqualValues(t, sent-1, c.(*udp.Conn).Stats().TxDatagrams)
}

func TestEmptyPoolIsAnError(t *testing.T) {
	pool := newPool(t, 300)
	cable, _ := cables(t, 1)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool})
	c := listen(t, a, "udp4", ":700")
	var held []*mbuf.Mbuf
	for m, ok := pool.Alloc(); ok; m, ok = pool.Alloc() {
		held = append(held, m)
	}
	var err error
	for range 400 { // what the caches of the host have
		if _, err = c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.9.0.255:700")); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, syscall.ENOBUFS)
	mbuf.FreeBulk(held)
	_, err = c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.9.0.255:700"))
	require.NoError(t, err)
}

func TestBatches(t *testing.T) {
	a, b := pair(t, nil)
	server := listen(t, b, "udp", ":700").(*udp.Conn)
	c := listen(t, a, "udp", ":0").(*udp.Conn)
	var ms []udp.Message
	for i := range 100 {
		to := b4
		if i%3 == 0 {
			to = b6
		}
		size := i
		if i%10 == 9 {
			size = 3000 // in fragments
		}
		ms = append(ms, udp.Message{Data: payload(i, size), To: netip.AddrPortFrom(netip.MustParseAddr(to), 700), TOS: uint8(i % 4)})
	}
	n, err := c.WriteBatch(ms)
	require.NoError(t, err)
	assert.Equal(t, len(ms), n)
	seen := map[string]int{}
	var ds [16]udp.Datagram
	for got := 0; got < len(ms); {
		n, err := server.ReadBatch(ds[:])
		require.NoError(t, err)
		got += n
		for i := range ds[:n] {
			d := &ds[i]
			seen[fmt.Sprint(d.TOS, d.To, d.Data())]++
			assert.EqualValues(t, 64, d.TTL)
			assert.Equal(t, port(c), d.From.Port())
			d.Release()
			d.Release()
			assert.Nil(t, d.Data())
		}
	}
	for _, m := range ms {
		assert.Equal(t, 1, seen[fmt.Sprint(m.TOS, m.To.Addr(), m.Data)], "%d bytes", len(m.Data))
	}
	n, err = c.WriteBatch([]udp.Message{ms[0], {Data: []byte("x")}})
	require.ErrorContains(t, err, "missing address")
	assert.Equal(t, 1, n)
}

// segmentSize is the control message that makes datagrams of n bytes of a payload.
func segmentSize(n uint16) []byte {
	oob := make([]byte, 24)
	binary.NativeEndian.PutUint64(oob, 18)
	binary.NativeEndian.PutUint32(oob[8:], 17)
	binary.NativeEndian.PutUint32(oob[12:], 103)
	binary.NativeEndian.PutUint16(oob[16:], n)
	return oob
}

// A payload with a segment size arrives as datagrams in order, from connected and from other sockets, to a neighbor with an unknown address, and
// to the host itself.
func TestSegments(t *testing.T) {
	a, b := pair(t, nil)
	for _, to := range []struct {
		host *udp.Host
		ip   string
	}{{b, b4}, {a, a4}} {
		server := listen(t, to.host, "udp", ":700")
		address := netip.MustParseAddrPort(to.ip + ":700")
		for _, c := range []udp.PacketConn{dial(t, a, "udp", address.String()), listen(t, a, "udp", ":0")} {
			if c.RemoteAddr() != nil {
				address = netip.AddrPort{}
			} else {
				address = netip.MustParseAddrPort(to.ip + ":700")
			}
			for _, size := range []int{2500, 1000, 999, 32000, 40001} {
				n, _, err := c.WriteMsgUDPAddrPort(payload(1, size), segmentSize(1000), address)
				require.NoError(t, err)
				assert.Equal(t, size, n)
				var back []byte
				for left := size; left > 0; left -= 1000 {
					buf := make([]byte, 2000)
					n, err := server.Read(buf)
					require.NoError(t, err)
					assert.Equal(t, min(left, 1000), n)
					back = append(back, buf[:n]...)
				}
				assert.True(t, bytes.Equal(payload(1, size), back))
			}
		}
	}
}

// A datagram that is written and read back allocates nothing.
func TestNoAllocations(t *testing.T) {
	harness.CountsAllocations(t)
	a, b := pair(t, nil)
	for _, address := range []string{b4 + ":700", "[" + b6 + "]:700"} {
		server := listen(t, b, "udp", address)
		c := dial(t, a, "udp", address)
		buf, data := make([]byte, 2048), payload(1, 1000)
		batch, ds := []udp.Message{{Data: data}, {Data: data}}, make([]udp.Datagram, 4)
		segments := segmentSize(400) // of data: 3 datagrams
		step := func() {
			if _, err := c.Write(data); err != nil {
				t.Fatal(err)
			}
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := server.WriteToUDPAddrPort(buf[:n], from); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(buf); err != nil {
				t.Fatal(err)
			}
			if _, err := c.(*udp.Conn).WriteBatch(batch); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.WriteMsgUDPAddrPort(data, segments, netip.AddrPort{}); err != nil {
				t.Fatal(err)
			}
			for got := 0; got < len(batch)+3; {
				n, err := server.(*udp.Conn).ReadBatch(ds)
				if err != nil {
					t.Fatal(err)
				}
				for i := range ds[:n] {
					ds[i].Release()
				}
				got += n
			}
			if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		step()
		assert.Zero(t, testing.AllocsPerRun(200, step))
		require.NoError(t, server.Close())
	}
}

// A neighbor that stops answering is asked again when it is used, and then unreachable.
func TestNeighborLife(t *testing.T) {
	a, b := pair(t, nil)
	server := listen(t, b, "udp", ":700")
	c := dial(t, a, "udp", b4+":700")
	exchange := func() {
		t.Helper()
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 1))
		require.NoError(t, err)
	}
	exchange()
	assert.Equal(t, 1, a.Stats().Neighbors)
	neighbor := netip.MustParseAddr(b4)
	// An announcement of b may have come before the answer.
	assert.Eventually(t, func() bool { return udp.Reachable(a, neighbor) }, 10*time.Second, time.Millisecond)
	frames := a.Stats().TxFrames
	udp.Tick(a, time.Now().Add(31*time.Second)) // stale
	assert.False(t, udp.Reachable(a, neighbor))
	exchange()
	// The datagram, and a solicitation, which b answers.
	assert.Eventually(t, func() bool { return a.Stats().TxFrames == frames+2 && udp.Reachable(a, neighbor) }, 10*time.Second, time.Millisecond)
	exchange()
	assert.Equal(t, frames+3, a.Stats().TxFrames)

	require.NoError(t, b.Close())
	now := time.Now().Add(40 * time.Second)
	udp.Tick(a, now) // stale again
	frames = a.Stats().TxFrames
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return a.Stats().TxFrames == frames+2 }, 10*time.Second, time.Millisecond)
	for i := range uint64(2) { // it is asked three times
		now = now.Add(2 * time.Second)
		udp.Tick(a, now)
		assert.Equal(t, frames+3+i, a.Stats().TxFrames)
	}
	_, err = c.Write([]byte("x")) // its address still counts
	require.NoError(t, err)
	udp.Tick(a, now.Add(2*time.Second))
	assert.Zero(t, a.Stats().Neighbors)
	frames = a.Stats().TxFrames
	_, err = c.Write([]byte("x")) // it may have another Ethernet address: all stations are asked
	require.NoError(t, err)       // it waits
	assert.Equal(t, frames+1, a.Stats().TxFrames)
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.EHOSTUNREACH)
	_, err = c.Write([]byte("x"))
	require.ErrorIs(t, err, syscall.EHOSTUNREACH)
	udp.Tick(a, time.Now().Add(2*time.Second)) // a new attempt
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
}

func TestConfigErrors(t *testing.T) {
	cable, pool := cables(t, 1)
	good := prefixes("10.0.0.2/24", "2001:db8::2/64")
	gw := netip.MustParseAddr
	for name, test := range map[string]struct {
		cfg  udp.Config
		want string
	}{
		"no address":          {udp.Config{}, "Addrs is empty"},
		"a group":             {udp.Config{Addrs: prefixes("224.0.0.1/24")}, "not the address of a host"},
		"twice":               {udp.Config{Addrs: append(good, good...)}, "twice"},
		"a far gateway":       {udp.Config{Addrs: good, Gateways: []netip.Addr{gw("10.0.1.1")}}, "in no subnet"},
		"two gateways":        {udp.Config{Addrs: good, Gateways: []netip.Addr{gw("10.0.0.1"), gw("10.0.0.3")}}, "use Routes"},
		"a far router":        {udp.Config{Addrs: good, Routes: []udp.Route{{To: good[0], Via: gw("10.0.1.1")}}}, "the router must be"},
		"too many queues":     {udp.Config{Addrs: good, Queues: 2}, "Queues is 2"},
		"a wrong VLAN":        {udp.Config{Addrs: good, VLAN: 5000}, "VLAN is 5000"},
		"a group's MAC":       {udp.Config{Addrs: good, MAC: net.HardwareAddr{1, 0, 0, 0, 0, 1}}, "MAC is 01:"},
		"a small MTU":         {udp.Config{Addrs: good, MTU: 1000}, "MTU is 1000"},
		"a negative ReadSize": {udp.Config{Addrs: good, ReadQueue: -1}, "ReadQueue is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Pool = pool
			_, err := udp.NewHost(cable.A, test.cfg)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := udp.NewHost(nil, udp.Config{Addrs: good})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

// raw is a peer that sends frames as a test makes them.
type raw struct {
	t    *testing.T
	port *ethdev.Port
	pool *mbuf.Pool
}

func (r raw) send(frames ...[]byte) {
	r.t.Helper()
	for _, f := range frames {
		m, ok := r.pool.Alloc()
		require.True(r.t, ok)
		require.True(r.t, m.AppendBytes(f))
		require.Equal(r.t, 1, r.port.TxQueue(0).Burst([]*mbuf.Mbuf{m}))
	}
}

// fragments are those of a datagram of IPv4 to the host, of n bytes each.
func fragments(id uint16, data []byte, n int) (frames [][]byte) {
	u := header.UDP(append(make([]byte, 8), data...))
	u.SetSource(5)
	u.SetDestination(700)
	u.SetLen(uint16(len(u)))
	for off := 0; off < len(u); off += n {
		end := min(off+n, len(u))
		f := make([]byte, 34+end-off)
		copy(f, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0})
		ip := header.IPv4(f[14:])
		ip.Init(end - off)
		ip.SetID(id)
		ip.SetTTL(64)
		ip.SetProtocol(header.ProtocolUDP)
		ip.SetSource(netip.MustParseAddr("10.9.0.9"))
		ip.SetDestination(netip.MustParseAddr(a4))
		ip.SetFragmentOffset(off)
		ip.SetMoreFragments(end < len(u))
		ip.UpdateHeaderChecksum()
		copy(f[34:], u[off:end])
		frames = append(frames, f)
	}
	return frames
}

func TestReassembly(t *testing.T) {
	cable, pool := cables(t, 1)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}})
	server := listen(t, a, "udp4", ":700")
	peer := raw{t, cable.B, pool}
	buf := make([]byte, 4096)
	comes := func(data []byte) {
		t.Helper()
		n, err := server.Read(buf)
		require.NoError(t, err)
		assert.Equal(t, data, buf[:n])
	}
	data := payload(3, 2000)
	f := fragments(1, data, 800)
	peer.send(f[2], f[0], f[0], f[2], f[1]) // in another order, and twice
	comes(data)
	padded := fragments(2, []byte("a short one"), 8)
	for i := range padded {
		padded[i] = append(padded[i], make([]byte, 60-len(padded[i]))...) // as Ethernet does
	}
	peer.send(padded...)
	comes([]byte("a short one"))

	// Overlapping fragments void the datagram, and what comes later of it.
	f = fragments(3, data, 800)
	shifted := fragments(3, data, 400)
	peer.send(f[0], shifted[1], f[1], f[2])
	assert.Eventually(t, func() bool { return a.Stats().Drops[udp.DropOverlap] == 4 }, 10*time.Second, time.Millisecond, "%v", a.Stats())

	// A missing fragment: the others do not wait for ever.
	f = fragments(4, data, 800)
	peer.send(f[0], f[2])
	received := a.Stats().RxFragments
	assert.Eventually(t, func() bool { return a.Stats().RxFragments >= received }, 10*time.Second, time.Millisecond)
	assert.Eventually(t, func() bool {
		udp.Tick(a, time.Now().Add(31*time.Second))
		return a.Stats().Drops[udp.DropTimeout] == 2
	}, 10*time.Second, time.Millisecond)

	// More datagrams than fit: the oldest ones go.
	for id := range 1200 {
		peer.send(fragments(uint16(1000+id), data, 800)[0])
		for a.Stats().RxFrames < uint64(id) {
			time.Sleep(time.Microsecond)
		}
	}
	assert.Eventually(t, func() bool { return a.Stats().Drops[udp.DropFragments] == 1200-256 }, 10*time.Second, time.Millisecond, "%v", a.Stats())
	f = fragments(9, data, 800)
	peer.send(f...)
	comes(data)
	assert.EqualValues(t, 3, a.Stats().Reassembled)
}

// A datagram with a wrong checksum is dropped, one without a checksum is not.
func TestWrongChecksumIsDropped(t *testing.T) {
	cable, pool := cables(t, 1)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}})
	server := listen(t, a, "udp4", ":700")
	peer := raw{t, cable.B, pool}
	f := fragments(1, []byte("hello"), 800)[0] // a whole datagram
	right := header.IPv4(f[14:34]).L4Checksum(f[34:])
	for _, sum := range []uint16{right ^ 1, right, 0} {
		one := bytes.Clone(f)
		header.UDP(one[34:]).SetChecksum(sum)
		peer.send(one)
	}
	for range 2 {
		n, err := server.Read(make([]byte, 9))
		require.NoError(t, err)
		assert.Equal(t, 5, n)
	}
	assert.EqualValues(t, 1, a.Stats().Drops[udp.DropChecksum])
	assert.EqualValues(t, 2, a.Stats().RxDatagrams)
}

// A socket that joins and leaves a group makes the host report it by IGMP and MLD, and again when a router asks.
func TestGroupsAreReported(t *testing.T) {
	cable, pool := cables(t, 1)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}})
	c := listen(t, a, "udp", ":700").(*udp.Conn)
	v4, v6 := netip.MustParseAddr("239.1.2.3"), netip.MustParseAddr("ff15::77")
	// reported waits for a frame with bytes of this kind at the offset of the IGMP or MLD message.
	reported := func(at int, kind byte, group netip.Addr) {
		t.Helper()
		assert.Eventually(t, func() bool {
			var pkts [32]*mbuf.Mbuf
			n := cable.B.RxQueue(0).Burst(pkts[:])
			defer mbuf.FreeBulk(pkts[:n])
			for _, m := range pkts[:n] {
				if f := m.Data(); len(f) > at && f[at] == kind && bytes.HasSuffix(f, group.AsSlice()) {
					return true
				}
			}
			return false
		}, 10*time.Second, time.Millisecond)
	}
	const igmp, mld = 14 + 24, 14 + 40 + 8
	require.NoError(t, c.JoinGroup(v4))
	reported(igmp, 0x16, v4)
	require.NoError(t, c.JoinGroup(v6))
	reported(mld, 131, v6)

	query := make([]byte, 14+20+8)
	copy(query, []byte{1, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0})
	ip := header.IPv4(query[14:])
	ip.Init(8)
	ip.SetTTL(1)
	ip.SetProtocol(header.ProtocolIGMP)
	ip.SetSource(netip.MustParseAddr("10.9.0.9"))
	ip.SetDestination(netip.MustParseAddr("224.0.0.1"))
	ip.UpdateHeaderChecksum()
	query[34] = 0x11
	binary.BigEndian.PutUint16(query[36:], header.Checksum(query[34:]))
	raw{t, cable.B, pool}.send(query)
	reported(igmp, 0x16, v4)

	require.NoError(t, c.LeaveGroup(v4))
	reported(igmp, 0x17, v4)
	require.NoError(t, c.Close())
	reported(mld, 132, v6)
}

// ICMP errors are limited in rate.
func TestICMPErrorsAreLimited(t *testing.T) {
	cable, pool := cables(t, 1)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}})
	peer := raw{t, cable.B, pool}
	f := fragments(1, []byte("x"), 800)[0] // a whole datagram, without a socket
	for i := range 500 {
		peer.send(f)
		if i%100 == 99 {
			assert.Eventually(t, func() bool { return a.Stats().RxFrames >= uint64(i+1) }, 10*time.Second, time.Millisecond)
		}
	}
	s := a.Stats()
	assert.EqualValues(t, 500, s.Drops[udp.DropNoSocket])
	assert.Equal(t, uint64(500), s.TxErrors+s.Drops[udp.DropICMPLimited])
	assert.Positive(t, s.Drops[udp.DropICMPLimited])
	assert.Positive(t, s.TxErrors)
	var pkts [32]*mbuf.Mbuf
	for n := cable.B.RxQueue(0).Burst(pkts[:]); n > 0; n = cable.B.RxQueue(0).Burst(pkts[:]) {
		mbuf.FreeBulk(pkts[:n])
	}
}
