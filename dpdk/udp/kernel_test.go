//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/header"
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

// whole is the sizes that an MTU of 1500 holds over IPv4. The kernel reassembles IPv4 fragments for AF_PACKET itself (the
// flag PACKET_FANOUT_FLAG_DEFRAG of the driver), so they never reach the host.
var whole = everySize[:slices.Index(everySize, 1473)]

func TestKernelAndHostEchoOverAFPacket(t *testing.T) {
	testEcho(t, veth(t, nil), whole)
}

func TestKernelAndHostEchoOverAFXDP(t *testing.T) {
	testEcho(t, xdp(t, nil), everySize)
}

func testEcho(t *testing.T, s station, v4 []int) {
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
		{"kernel to host, IPv4", k, s.host, "udp4", our4 + ":700", v4, len(v4) > len(whole)},
		{"kernel to host, IPv6", k, s.host, "udp6", "[" + our6 + "]:700", v6, true},
		{"host to kernel, IPv4", s.host, k, "udp4", peer4 + ":700", v4, len(v4) > len(whole)},
		{"host to kernel, IPv6", s.host, k, "udp6", "[" + peer6 + "]:700", v6, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.host.Stats()
			echo(t, test.from, test.to, test.network, test.address, test.sizes)
			n := uint64(len(test.sizes))
			assert.Eventually(t, func() bool { // the last ones may not be counted yet
				after := s.host.Stats()
				return after.RxDatagrams-before.RxDatagrams == n && after.TxDatagrams-before.TxDatagrams == n
			}, 10*time.Second, time.Millisecond)
			after := s.host.Stats()
			assert.Equal(t, test.fragments, after.Reassembled > before.Reassembled)
			assert.Zero(t, after.Drops[udp.DropChecksum]+after.Drops[udp.DropMalformed]+after.Drops[udp.DropFragments]+after.Drops[udp.DropOverlap])
		})
	}
}

// ping runs the system's ping at the kernel's end, and checks that the kernel receives one answer to each of its packets. ping itself does not
// wait for the last ones: it ends after twice the longest round trip so far, and reports them as lost if the machine is busy.
func (s station) ping(t *testing.T, args ...string) {
	t.Helper()
	harness.Need(t, harness.Ping)
	const pings = 50
	answers, replies := s.answers(t), s.host.Stats().EchoReplies
	require.NoError(t, s.far.Do(func() error {
		out, err := exec.Command("ping", append([]string{"-n", "-q", "-c", fmt.Sprint(pings), "-i", "0.002", "-W", "20"}, args...)...).CombinedOutput()
		assert.Contains(t, string(out), fmt.Sprint(pings, " packets transmitted"))
		assert.NotContains(t, string(out), "duplicates")
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	}))
	assert.Eventually(t, func() bool { return s.host.Stats().EchoReplies == replies+pings }, 10*time.Second, time.Millisecond, "%v: %+v", args, s.host.Stats())
	assert.Eventually(t, func() bool { return s.answers(t) == answers+pings }, 10*time.Second, time.Millisecond, "%v: the kernel has received %d answers", args, s.answers(t)-answers)
}

// answers returns the number of answers to pings, of both IP versions, that the kernel has received. It also fails the test if
// the kernel has found an error in a packet of the host.
func (s station) answers(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, s.far.Do(func() error {
		v4, err := os.ReadFile("/proc/thread-self/net/snmp")
		if err != nil {
			return err
		}
		lines := strings.Split(string(v4), "\n")
		for i := 0; i+1 < len(lines); i += 2 { // names, then values
			names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
			for k, name := range names {
				n += s.counter(t, names[0]+name, values[k])
			}
		}
		v6, err := os.ReadFile("/proc/thread-self/net/snmp6")
		for line := range strings.Lines(string(v6)) {
			if f := strings.Fields(line); len(f) == 2 {
				n += s.counter(t, f[0], f[1])
			}
		}
		return err
	}))
	return n
}

// counter returns the value of a counter of answers.
func (s station) counter(t *testing.T, name, value string) int {
	n, _ := strconv.Atoi(value) // or a name
	switch name {
	case "Icmp:InEchoReps", "Icmp6InEchoReplies":
		return n
	case "Ip:InHdrErrors", "Icmp:InErrors", "Icmp:InCsumErrors", "Udp:InCsumErrors", "Ip:ReasmFails", "Ip6InHdrErrors", "Icmp6InErrors", "Icmp6InCsumErrors", "Udp6InCsumErrors", "Ip6ReasmFails":
		assert.Zero(t, n, name)
	}
	return 0
}

func TestPingIsAnswered(t *testing.T) {
	s := veth(t, nil)
	for _, args := range [][]string{{our4}, {our6}, {"-s", "1472", our4}, {"-s", "1452", our6}, {"-s", "4000", our6}, {"-s", "0", our4}} {
		s.ping(t, args...)
	}
}

// The kernel omits its Ethernet address in the answer to a neighbor solicitation that was sent to that address.
func TestTheKernelConfirmsItsAddress(t *testing.T) {
	s := veth(t, nil)
	for _, peer := range []string{peer4, peer6} {
		far := listen(t, kernelNet{t, s}, "udp", net.JoinHostPort(peer, "700"))
		c := dial(t, s.host, "udp", far.LocalAddr().String())
		send := func() {
			_, err := c.Write([]byte("x"))
			require.NoError(t, err)
			_, _, err = far.ReadFromUDPAddrPort(make([]byte, 1))
			require.NoError(t, err)
		}
		reachable := func() bool { return udp.Reachable(s.host, netip.MustParseAddr(peer)) }
		send()
		require.Eventually(t, reachable, 10*time.Second, time.Millisecond, peer)
		udp.Tick(s.host, time.Now().Add(time.Minute)) // the answer is old
		require.False(t, reachable(), peer)
		send() // asks again
		assert.Eventually(t, reachable, 10*time.Second, time.Millisecond, peer)
	}
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

func TestLongPingIsAnswered(t *testing.T) {
	s := xdp(t, nil)
	s.ping(t, "-s", "4000", our4)
}

// An ICMP error of a router lowers the path MTU: datagrams with the bit DF become an error, others fragments.
func TestPathMTU(t *testing.T) {
	s := xdp(t, nil)
	for _, v6 := range []bool{false, true} {
		to, headers := peer4+":701", 28
		if v6 {
			to, headers = "["+peer6+"]:701", 48
		}
		server := listen(t, kernelNet{t, s}, "udp", to)
		c := dial(t, s.host, "udp", to)
		buf := make([]byte, 4096)
		exchange := func(n int) {
			t.Helper()
			_, err := c.Write(payload(n, n))
			require.NoError(t, err)
			got, _, err := server.ReadFromUDPAddrPort(buf)
			require.NoError(t, err)
			require.Equal(t, payload(n, n), buf[:got])
		}
		exchange(1400)
		before := s.host.Stats()
		s.tooBig(t, c, v6, 1300)
		assert.Eventually(t, func() bool { return s.host.Stats().RxErrors == before.RxErrors+1 }, 10*time.Second, time.Millisecond)
		exchange(1300 - headers)
		assert.Equal(t, before.TxFragments, s.host.Stats().TxFragments)
		exchange(1301 - headers)
		assert.Equal(t, before.TxFragments+2, s.host.Stats().TxFragments)
		require.NoError(t, c.(*udp.Conn).SetDontFragment(true))
		exchange(1300 - headers)
		_, err := c.Write(make([]byte, 1301-headers))
		require.ErrorIs(t, err, syscall.EMSGSIZE)
		assert.Contains(t, err.Error(), "write: message too long")
		// Ten minutes later the host tries again.
		udp.Tick(s.host, time.Now().Add(11*time.Minute))
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		exchange(1400)
	}
}

// tooBig sends the host an ICMP error for a datagram of c.
func (s station) tooBig(t *testing.T, c udp.PacketConn, v6 bool, mtu uint16) {
	t.Helper()
	from, to := netip.MustParseAddrPort(c.LocalAddr().String()), netip.MustParseAddrPort(c.RemoteAddr().String())
	u := make([]byte, 8)
	header.UDP(u).SetSource(from.Port())
	header.UDP(u).SetDestination(to.Port())
	header.UDP(u).SetLen(1408)
	network, icmp := "ip4:icmp", []byte{header.ICMPUnreachable, 4, 0, 0, 0, 0, byte(mtu >> 8), byte(mtu)}
	if v6 {
		network, icmp = "ip6:ipv6-icmp", []byte{header.ICMPv6TooBig, 0, 0, 0, 0, 0, byte(mtu >> 8), byte(mtu)}
		ip := header.IPv6(make([]byte, 40))
		ip.Init(1408)
		ip.SetNextHeader(header.ProtocolUDP)
		ip.SetSource(from.Addr())
		ip.SetDestination(to.Addr())
		icmp = append(append(icmp, ip...), u...)
	} else {
		ip := header.IPv4(make([]byte, 20))
		ip.Init(1408)
		ip.SetProtocol(header.ProtocolUDP)
		ip.SetSource(from.Addr())
		ip.SetDestination(to.Addr())
		icmp = append(append(icmp, ip...), u...)
		header.ICMP(icmp).SetChecksum(header.Checksum(icmp))
	}
	require.NoError(t, s.far.Do(func() error {
		raw, err := net.Dial(network, from.Addr().String())
		if err != nil {
			return err
		}
		defer raw.Close()
		_, err = raw.Write(icmp)
		return err
	}))
}

// Control messages have the format of the kernel, in both directions.
func TestControlMessages(t *testing.T) {
	s := veth(t, nil)
	k := kernelNet{t, s}
	for _, v6 := range []bool{false, true} {
		network, here, there := "udp4", our4+":702", peer4+":702"
		if v6 {
			network, here, there = "udp6", "["+our6+"]:702", "["+peer6+"]:702"
		}
		ours, peers := listen(t, s.host, network, here), listen(t, k, network, there)
		require.NoError(t, ours.(*udp.Conn).SetControl(udp.ControlTOS|udp.ControlTTL|udp.ControlDestination))
		raw, err := peers.(*net.UDPConn).SyscallConn()
		require.NoError(t, err)
		require.NoError(t, raw.Control(func(fd uintptr) {
			for _, o := range [][2]int{{unix.IPPROTO_IP, unix.IP_RECVTOS}, {unix.IPPROTO_IP, unix.IP_RECVTTL}, {unix.IPPROTO_IP, unix.IP_PKTINFO}} {
				if v6 {
					o = map[int][2]int{unix.IP_RECVTOS: {unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS}, unix.IP_RECVTTL: {unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT},
						unix.IP_PKTINFO: {unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO}}[o[1]]
				}
				assert.NoError(t, unix.SetsockoptInt(int(fd), o[0], o[1], 1))
			}
		}))
		var found [2]map[[2]int32][]byte
		for i, one := range []struct {
			from, to udp.PacketConn
			at       string
		}{{ours, peers, there}, {peers, ours, here}} {
			_, oobn, err := one.from.WriteMsgUDPAddrPort([]byte("hello"), control(v6, 0x2e<<2|2, 33), netip.MustParseAddrPort(one.at))
			require.NoError(t, err)
			assert.Equal(t, len(control(v6, 0, 0)), oobn)
			buf, oob := make([]byte, 64), make([]byte, 256)
			n, oobn, flags, from, err := one.to.ReadMsgUDPAddrPort(buf, oob)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(buf[:n]))
			assert.Zero(t, flags)
			assert.Equal(t, one.from.LocalAddr().String(), from.String())
			messages, err := unix.ParseSocketControlMessage(oob[:oobn])
			require.NoError(t, err)
			found[i] = map[[2]int32][]byte{}
			for _, m := range messages {
				found[i][[2]int32{m.Header.Level, m.Header.Type}] = m.Data
			}
		}
		require.Len(t, found[0], 3)
		for key, kernels := range found[0] {
			ours := found[1][key]
			require.Len(t, ours, len(kernels), "%v", key)
			switch len(ours) {
			case 12, 20: // the addresses and the interface differ
			default:
				assert.Equal(t, kernels, ours, "%v", key)
			}
		}
	}
}

// control is the messages for a traffic class and a number of hops.
func control(v6 bool, tos, ttl uint32) (oob []byte) {
	level, kinds := uint32(unix.IPPROTO_IP), [2]uint32{unix.IP_TOS, unix.IP_TTL}
	if v6 {
		level, kinds = unix.IPPROTO_IPV6, [2]uint32{unix.IPV6_TCLASS, unix.IPV6_HOPLIMIT}
	}
	for i, v := range [2]uint32{tos, ttl} {
		b := make([]byte, 24)
		binary.NativeEndian.PutUint64(b, 20)
		binary.NativeEndian.PutUint32(b[8:], level)
		binary.NativeEndian.PutUint32(b[12:], kinds[i])
		binary.NativeEndian.PutUint32(b[16:], v)
		oob = append(oob, b...)
	}
	return oob
}

func TestMulticastWithTheKernel(t *testing.T) {
	s := veth(t, nil)
	k := kernelNet{t, s}
	for _, group := range []string{"239.1.2.3", "ff15::77"} {
		addr := netip.AddrPortFrom(netip.MustParseAddr(group), 703)
		ours := listen(t, s.host, "udp", ":703").(*udp.Conn)
		stranger := listen(t, s.host, "udp", map[bool]string{true: our4 + ":704", false: "[" + our6 + "]:704"}[addr.Addr().Is4()])
		require.NoError(t, ours.JoinGroup(addr.Addr()))
		require.ErrorIs(t, ours.JoinGroup(addr.Addr()), syscall.EADDRINUSE)
		var members *net.UDPConn
		require.NoError(t, s.far.Do(func() error {
			i, err := net.InterfaceByName(s.far.Name)
			if err == nil {
				members, err = net.ListenMulticastUDP("udp", i, net.UDPAddrFromAddrPort(addr))
			}
			return err
		}))
		guard(t, members)
		buf := make([]byte, 16)
		_, err := stranger.WriteToUDPAddrPort([]byte("to all"), addr)
		require.NoError(t, err)
		n, _, err := members.ReadFromUDPAddrPort(buf)
		require.NoError(t, err)
		assert.Equal(t, "to all", string(buf[:n]))
		from := listen(t, k, "udp", map[bool]string{true: peer4 + ":0", false: "[" + peer6 + "]:0"}[addr.Addr().Is4()])
		raw, err := from.(*net.UDPConn).SyscallConn()
		require.NoError(t, err)
		require.NoError(t, raw.Control(func(fd uintptr) {
			if addr.Addr().Is4() {
				i, err := s.far.Link(s.far.Name)
				require.NoError(t, err)
				assert.NoError(t, unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(i.Index)}))
			} else {
				i, err := s.far.Link(s.far.Name)
				require.NoError(t, err)
				assert.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, i.Index))
			}
		}))
		_, err = from.WriteToUDPAddrPort([]byte("hi"), addr)
		require.NoError(t, err)
		n, _, err = ours.ReadFromUDPAddrPort(buf)
		require.NoError(t, err)
		assert.Equal(t, "hi", string(buf[:n]))
		require.NoError(t, ours.LeaveGroup(addr.Addr()))
		require.ErrorIs(t, ours.LeaveGroup(addr.Addr()), syscall.EADDRNOTAVAIL)
		before := s.host.Stats().Drops[udp.DropOtherHost]
		_, err = from.WriteToUDPAddrPort([]byte("hi"), addr)
		require.NoError(t, err)
		assert.Eventually(t, func() bool { return s.host.Stats().Drops[udp.DropOtherHost] > before }, 10*time.Second, time.Millisecond)
		require.NoError(t, ours.Close())
		require.NoError(t, members.Close())
	}
}
