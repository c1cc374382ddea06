//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/udp"
)

// listenUDP makes a socket of any network with an address of package net.
func listenUDP(n udp.Network, network string, laddr *net.UDPAddr) (udp.PacketConn, error) {
	switch n := n.(type) {
	case *udp.Host:
		return orNil(n.ListenUDP(network, laddr))
	case *udp.Kernel:
		return orNil(n.ListenUDP(network, laddr))
	default:
		return orNil(net.ListenUDP(network, laddr))
	}
}

func dialUDP(n udp.Network, network string, laddr, raddr *net.UDPAddr) (udp.PacketConn, error) {
	switch n := n.(type) {
	case *udp.Host:
		return orNil(n.DialUDP(network, laddr, raddr))
	case *udp.Kernel:
		return orNil(n.DialUDP(network, laddr, raddr))
	default:
		return orNil(net.DialUDP(network, laddr, raddr))
	}
}

// orNil returns nil with an error, and not an interface that has a nil pointer.
func orNil(c udp.PacketConn, err error) (udp.PacketConn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// oddAddrs are the addresses of the host, and what a program may pass by mistake.
func oddAddrs(ip, six string, port int) []*net.UDPAddr {
	v4, v6 := net.ParseIP(ip), net.ParseIP(six)
	return []*net.UDPAddr{nil, {Port: port}, {IP: v4.To4(), Port: port}, {IP: v4, Port: port}, {IP: v6, Port: port},
		{IP: net.IPv4zero, Port: port}, {IP: net.IPv4zero.To4(), Port: port}, {IP: net.IPv6unspecified, Port: port},
		{IP: net.IP{1, 2, 3}, Port: port}, {IP: net.IP{1, 2, 3, 4, 5}, Port: port},
		{IP: v4, Port: -1}, {IP: v4, Port: 65536}, {IP: v6, Port: 65536}, {Port: 65536}, {IP: net.IP{1, 2, 3}, Port: 65536}}
}

// made adds a socket to the record, and closes it.
func (r *record) made(call string, c udp.PacketConn, err error) {
	r.add(call, err)
	if err == nil {
		r.add(call, c.LocalAddr(), c.RemoteAddr())
		n, err := c.Write([]byte("x"))
		r.add(call+" write", n, err)
		require.NoError(r.t, c.Close())
	}
}

// checkMakers makes sockets for addresses, also for wrong ones.
func checkMakers(r *record, n udp.Network, ip, six string) {
	away4, away6 := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 77)}, &net.UDPAddr{IP: net.ParseIP("2001:db8:77::7")}
	for _, network := range []string{"udp", "udp4", "udp6", "udp7"} {
		for _, a := range append(oddAddrs(ip, six, 0), away4, away6) {
			c, err := listenUDP(n, network, a)
			r.made(fmt.Sprintf("listen %s %v", network, a), c, err)
		}
		for _, a := range append(oddAddrs(ip, six, 9), &net.UDPAddr{IP: net.ParseIP(ip)}) {
			c, err := dialUDP(n, network, nil, a)
			r.made(fmt.Sprintf("dial %s %v", network, a), c, err)
		}
		for _, a := range append(oddAddrs(ip, six, 0), away4) {
			c, err := dialUDP(n, network, a, &net.UDPAddr{IP: net.ParseIP(ip), Port: 9})
			r.made(fmt.Sprintf("dial %s IPv4 from %v", network, a), c, err)
		}
		for _, a := range append(oddAddrs(ip, six, 0), away6) {
			c, err := dialUDP(n, network, a, &net.UDPAddr{IP: net.ParseIP(six), Port: 9})
			r.made(fmt.Sprintf("dial %s IPv6 from %v", network, a), c, err)
		}
	}
	c, err := n.Dial("udp", ":9") // the local system
	r.made("dial :9", c, err)
	c, err = n.Dial("udp", "")
	r.made("dial nothing", c, err)
	c, err = n.ListenPacket("udp", "")
	r.made("listen", c, err)
}

// checkDestinations sends to addresses, also to wrong ones, from sockets of each IP version. A datagram that can be sent comes back to the socket.
func checkDestinations(r *record, n udp.Network, ip, six string) {
	buf := make([]byte, 9)
	for _, at := range [][2]string{{"udp4", ":0"}, {"udp6", ":0"}, {"udp", ":0"}, {"udp", ip + ":0"}, {"udp", "[" + six + "]:0"}} {
		c := r.listen(n, at[0], at[1])
		back := func(call string, err error) {
			r.add(call, err)
			if err != nil {
				return
			}
			k, from, err := c.ReadFromUDP(buf)
			require.NoError(r.t, err, call)
			r.add(call, string(buf[:k]), from, len(from.IP), from.Port == int(port(c)))
		}
		for _, a := range oddAddrs(ip, six, int(port(c))) {
			to := fmt.Sprintf("%v to %v ", at, a)
			_, err := c.WriteToUDP([]byte("one"), a)
			back(to+"WriteToUDP", err)
			_, err = c.WriteTo([]byte("two"), a)
			back(to+"WriteTo", err)
			_, _, err = c.WriteMsgUDP([]byte("three"), nil, a)
			back(to+"WriteMsgUDP", err)
			if a == nil || a.Port < 0 || a.Port > 65535 {
				continue
			}
			_, err = c.WriteToUDPAddrPort([]byte("four"), a.AddrPort())
			back(to+"WriteToUDPAddrPort", err)
			_, _, err = c.WriteMsgUDPAddrPort([]byte("five"), nil, a.AddrPort())
			back(to+"WriteMsgUDPAddrPort", err)
		}
	}
}

// checkOrder makes calls that fail for two reasons: which of them is returned?
func checkOrder(r *record, n udp.Network, ip, six string) {
	write := func(call string, c socket) {
		for _, a := range oddAddrs(ip, six, 0) {
			to := fmt.Sprintf("%s, %v ", call, a)
			_, err := c.WriteToUDP([]byte("x"), a)
			r.add(to+"WriteToUDP", err)
			_, _, err = c.WriteMsgUDP([]byte("x"), nil, a)
			r.add(to+"WriteMsgUDP", err)
			if a == nil || a.Port < 0 || a.Port > 65535 {
				continue
			}
			_, err = c.WriteToUDPAddrPort([]byte("x"), a.AddrPort())
			r.add(to+"WriteToUDPAddrPort", err)
			_, _, err = c.WriteMsgUDPAddrPort([]byte("x"), nil, a.AddrPort())
			r.add(to+"WriteMsgUDPAddrPort", err)
		}
		_, err := c.WriteTo([]byte("x"), nil)
		r.add(call+" nil", err)
		_, err = c.WriteTo([]byte("x"), (*net.UDPAddr)(nil))
		r.add(call+" nil", err)
		_, err = c.Write([]byte("x"))
		r.add(call+" Write", err)
	}
	for _, network := range []string{"udp4", "udp6", "udp"} {
		c := r.listen(n, network, ":0")
		write("open", c)
		require.NoError(r.t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
		write("late", c)
		require.NoError(r.t, c.Close())
		write("closed", c)
	}
	c := r.dial(n, r.listen(n, "udp", ip+":0"))
	require.NoError(r.t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
	write("late", c)
	require.NoError(r.t, c.Close())
	write("closed", c)
}

// checkMessages reads messages into buffers of all sizes.
func checkMessages(r *record, n udp.Network, ip, six string) {
	for _, at := range [][2]string{{"udp4", ip}, {"udp6", six}, {"udp", ip}, {"udp", six}} {
		c := r.listen(n, at[0], net.JoinHostPort(at[1], "0"))
		for _, size := range []int{0, 1, 4, 5} {
			for _, room := range []int{0, 3, 4, 5} {
				for _, oob := range [][]byte{nil, {}, make([]byte, 64)} {
					_, err := c.WriteTo(payload(1, size), c.LocalAddr())
					require.NoError(r.t, err)
					buf := make([]byte, room)
					k, oobn, flags, from, err := c.ReadMsgUDPAddrPort(buf, oob)
					r.add(fmt.Sprint(size, room, len(oob)), k, oobn, flags, from, err, bytes.Equal(buf[:k], payload(1, size)[:k]))
					_, err = c.WriteTo(payload(1, size), c.LocalAddr())
					require.NoError(r.t, err)
					k, oobn, flags, addr, err := c.ReadMsgUDP(buf, oob)
					r.add(fmt.Sprint(size, room, len(oob)), k, oobn, flags, addr, len(addr.IP), err)
				}
			}
		}
	}
	c := r.listen(n, "udp6", net.JoinHostPort(six, "0"))
	for _, size := range []int{65507, 65508, 65527, 65528, 65535, 65536} {
		k, err := c.WriteTo(payload(2, size), c.LocalAddr())
		r.add(fmt.Sprint("IPv6 ", size), k, err)
		if err == nil {
			buf := make([]byte, 1<<16)
			k, _, err = c.ReadFromUDPAddrPort(buf)
			r.add(fmt.Sprint("IPv6 ", size), k, err, bytes.Equal(buf[:k], payload(2, size)))
		}
	}
}

// checkRefused writes to a port that nobody has, until a call reports it.
func checkRefused(r *record, n udp.Network, ip, six string) {
	var conns []socket
	for _, at := range []string{ip, six} {
		closed := r.listen(n, "udp", net.JoinHostPort(at, "0"))
		conns = append(conns, r.dial(n, closed))
		require.NoError(r.t, closed.Close())
	}
	buf := make([]byte, 9)
	for _, c := range conns {
		for i, read := range []func() error{
			func() error { _, err := c.Read(buf); return err },
			func() error { _, _, err := c.ReadFrom(buf); return err },
			func() error { _, _, err := c.ReadFromUDP(buf); return err },
			func() error { _, _, _, _, err := c.ReadMsgUDP(buf, nil); return err },
		} {
			_, err := c.Write([]byte("x"))
			require.NoError(r.t, err)
			r.add(fmt.Sprint("refused ", i), read())
		}
	}
	for _, c := range conns { // a host limits its ICMP errors: these are the last ones
		for i, write := range []func() error{
			func() error { _, err := c.Write([]byte("x")); return err },
			func() error { _, _, err := c.WriteMsgUDP([]byte("x"), nil, nil); return err },
			func() error { _, _, err := c.WriteMsgUDPAddrPort([]byte("x"), nil, netip.AddrPort{}); return err },
		} {
			var err error
			for err == nil { // the deadline of the socket ends it
				err = write()
			}
			r.add(fmt.Sprint("refused ", i), err)
		}
	}
}

// checkPorts makes sockets with the local port of another one.
func checkPorts(r *record, n udp.Network, ip, six string) {
	networks := [][2]string{{"udp4", ""}, {"udp6", ""}, {"udp", ""}, {"udp", ip}, {"udp", six}}
	for _, first := range networks {
		a := r.listen(n, first[0], net.JoinHostPort(first[1], "0"))
		for _, second := range networks {
			c, err := listenUDP(n, second[0], &net.UDPAddr{IP: net.ParseIP(second[1]), Port: int(port(a))})
			r.made(fmt.Sprint(first, second), c, err)
		}
		for _, to := range []string{ip, six} {
			c, err := dialUDP(n, "udp", &net.UDPAddr{Port: int(port(a))}, &net.UDPAddr{IP: net.ParseIP(to), Port: 9})
			r.made(fmt.Sprint(first, " to ", to), c, err)
		}
		require.NoError(r.t, a.Close())
		c, err := listenUDP(n, first[0], &net.UDPAddr{IP: net.ParseIP(first[1]), Port: int(port(a))})
		r.made("again", c, err)
	}
	// Two connected sockets with one port and different peers.
	a := r.dial(n, r.listen(n, "udp", ip+":0"))
	c, err := dialUDP(n, "udp", &net.UDPAddr{IP: net.ParseIP(ip), Port: int(port(a))}, &net.UDPAddr{IP: net.ParseIP(ip), Port: 9})
	r.made("connected", c, err)
}

// checkUnblock sets a deadline in the past while calls wait, and takes it back.
func checkUnblock(r *record, n udp.Network, ip, _ string) {
	c := r.listen(n, "udp", ip+":0")
	for range 20 {
		results := make(chan error, 2)
		for range 2 {
			go func() {
				_, _, err := c.ReadFrom(make([]byte, 9))
				results <- err
			}()
		}
		require.NoError(r.t, c.SetReadDeadline(time.Unix(1, 0)))
		r.add("past", <-results, <-results)
		_, _, err := c.ReadFrom(make([]byte, 9))
		r.add("still past", err)
		require.NoError(r.t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
		k, err := c.WriteTo([]byte("one"), c.LocalAddr())
		r.add("write", k, err)
		k, _, err = c.ReadFrom(make([]byte, 9))
		r.add("read", k, err)
	}
}

// controlMessage is a control message.
func controlMessage(level, kind int, data []byte) []byte {
	b := binary.NativeEndian.AppendUint64(nil, uint64(16+len(data)))
	b = binary.NativeEndian.AppendUint32(b, uint32(level))
	b = binary.NativeEndian.AppendUint32(b, uint32(kind))
	b = append(b, data...)
	return append(b, make([]byte, -len(b)&7)...)
}

// sourceMessage is the control message that sets the source address of a datagram.
func sourceMessage(a netip.Addr) []byte {
	if a.Is4() {
		return controlMessage(syscall.IPPROTO_IP, syscall.IP_PKTINFO, append(append(make([]byte, 4), a.AsSlice()...), make([]byte, 4)...))
	}
	return controlMessage(syscall.IPPROTO_IPV6, syscall.IPV6_PKTINFO, append(a.AsSlice(), make([]byte, 4)...))
}

// The source of a message is an address of the network, of the IP version of the destination.
func TestSourceOfMessagesInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		server := listen(t, s.to, "udp", ":0").(udp.Socket)
		for i, ip := range []string{s.ip, s.six} {
			own, to := netip.MustParseAddr(ip), netip.AddrPortFrom(netip.MustParseAddr(ip), port(server))
			other := netip.MustParseAddr([]string{s.six, s.ip}[i])
			away := netip.MustParseAddr([]string{"192.0.2.77", "2001:db8:77::7"}[i])
			// A socket of the destination's host: the source is its address too.
			local := listen(t, s.to, "udp", ":0").(udp.Socket)
			connected := dial(t, s.to, "udp", to.String()).(udp.Socket)
			for _, c := range []udp.Socket{local, connected} {
				to := to
				if c == connected {
					to = netip.AddrPort{}
				}
				for _, test := range []struct {
					from netip.Addr
					ok   bool
				}{
					{netip.Addr{}, true}, {own, true}, {netip.AddrFrom16(own.As16()), true}, {netip.IPv4Unspecified(), true}, {netip.IPv6Unspecified(), true},
					{other, false}, {netip.AddrFrom16(other.As16()), false}, {away, false},
				} {
					what := fmt.Sprintf("connected %v, from %v to %v", c == connected, test.from, to)
					check := func(call string, err error) {
						if !test.ok {
							require.ErrorIs(t, err, syscall.EINVAL, "%s %s", call, what)
							assert.ErrorContains(t, err, call+": invalid argument", what)
							return
						}
						require.NoError(t, err, "%s %s", call, what)
						k, from, err := server.ReadFromUDPAddrPort(make([]byte, 9))
						require.NoError(t, err, what)
						assert.Equal(t, 4, k)
						assert.Equal(t, own, from.Addr().Unmap(), what)
					}
					_, err := c.WriteBatch([]udp.Message{{Data: []byte("four"), To: to, From: test.from}})
					check("sendmmsg", err)
					if !test.from.IsValid() {
						continue
					}
					_, _, err = c.WriteMsgUDPAddrPort([]byte("four"), sourceMessage(test.from), to)
					check("sendmsg", err)
					// EINVAL is the error of the source also for segments. It is not EMSGSIZE.
					if !test.ok {
						_, _, err = c.WriteMsgUDPAddrPort([]byte("four"), append(sourceMessage(test.from), segments(2)...), to)
						check("sendmsg", err)
						assert.NotErrorIs(t, err, syscall.EMSGSIZE)
					}
				}
			}
		}
		_, _, err := server.WriteMsgUDPAddrPort([]byte("x"), controlMessage(syscall.IPPROTO_IP, syscall.IP_TTL, make([]byte, 4)), netip.MustParseAddrPort(s.ip+":9"))
		require.ErrorIs(t, err, syscall.EINVAL, "a TTL of 0")
	})
}

// Kernels return EINVAL for segments over the MTU and for many other errors, and ENETUNREACH for a source that they do not have. A probe shows which
// it is, and sends nothing.
func TestMeaningOfKernelErrors(t *testing.T) {
	const inval, size, unreach, refused = syscall.EINVAL, syscall.EMSGSIZE, syscall.ENETUNREACH, syscall.ECONNREFUSED
	k := newKernel(t, udp.KernelConfig{})
	for i, ip := range []string{"127.0.0.1", "::1"} {
		server := listen(t, k, "udp", net.JoinHostPort(ip, "0")).(*udp.KernelConn)
		to := server.LocalAddr().(*net.UDPAddr).AddrPort()
		own, away := to.Addr(), netip.MustParseAddr([]string{"192.0.2.77", "2001:db8:77::7"}[i])
		for _, c := range []*udp.KernelConn{listen(t, k, "udp", ":0").(*udp.KernelConn), dial(t, k, "udp", to.String()).(*udp.KernelConn)} {
			for _, test := range []struct {
				errno   syscall.Errno
				from    netip.Addr
				segment int
				want    syscall.Errno
			}{
				{inval, netip.Addr{}, 9, size}, {inval, own, 9, size}, {inval, away, 9, inval},
				{inval, netip.Addr{}, 0, inval}, {inval, own, 0, inval}, {inval, away, 0, inval},
				{unreach, netip.Addr{}, 9, unreach}, {unreach, own, 9, inval}, {unreach, away, 9, inval}, {unreach, away, 0, inval},
				{refused, away, 9, refused}, {refused, own, 0, refused}, {size, own, 9, size},
			} {
				assert.Equal(t, test.want, udp.Meaning(c, test.errno, to, test.from, test.segment), "%v %+v", to, test)
			}
			require.NoError(t, c.Close())
			assert.Equal(t, inval, udp.Meaning(c, inval, to, netip.Addr{}, 9))
		}
		require.NoError(t, server.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		_, err := server.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded, "it has sent nothing")
	}
	// Without a route the error stays. No datagram goes from a loopback address to another machine.
	c := listen(t, k, "udp", ":0").(*udp.KernelConn)
	none := netip.MustParseAddrPort("240.0.0.1:9")
	_, err := c.WriteToUDPAddrPort([]byte("x"), none)
	require.Error(t, err)
	assert.Equal(t, unreach, udp.Meaning(c, unreach, none, netip.MustParseAddr("127.0.0.1"), 0))
}

// Read with an empty buffer reads nothing, and ReadBatch without room neither. Nothing is counted then. The other methods take the datagram.
func TestEmptyReadsInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		server := listen(t, s.to, "udp4", s.ip+":0").(udp.Socket)
		c := dial(t, s.from, "udp", server.LocalAddr().String()).(udp.Socket)
		for i, read := range []func(b []byte) (int, error){
			func(b []byte) (int, error) { n, _, err := server.ReadFromUDPAddrPort(b); return n, err },
			func(b []byte) (int, error) { n, _, err := server.ReadFromUDP(b); return n, err },
			func(b []byte) (int, error) { n, _, err := server.ReadFrom(b); return n, err },
			func(b []byte) (int, error) {
				n, _, flags, _, err := server.ReadMsgUDPAddrPort(b, nil)
				assert.Equal(t, len(b) == 0, flags == 0x20)
				return n, err
			},
		} {
			before := server.Stats()
			_, err := c.Write([]byte("four"))
			require.NoError(t, err)
			for range 3 {
				n, err := server.Read(nil)
				require.NoError(t, err)
				require.Zero(t, n)
				n, err = server.ReadBatch(nil)
				require.NoError(t, err)
				require.Zero(t, n)
			}
			n, err := server.Read(make([]byte, 9))
			require.NoError(t, err)
			require.Equal(t, 4, n)
			after := server.Stats()
			assert.EqualValues(t, 1, after.RxDatagrams-before.RxDatagrams, i)
			assert.EqualValues(t, 4, after.RxBytes-before.RxBytes, i)
			_, err = c.Write([]byte("fives"))
			require.NoError(t, err)
			n, err = read(nil)
			require.NoError(t, err)
			require.Zero(t, n)
			_, err = c.Write([]byte("sixsix"))
			require.NoError(t, err)
			n, err = read(make([]byte, 9))
			require.NoError(t, err)
			assert.Equal(t, 6, n)
			assert.EqualValues(t, 3, server.Stats().RxDatagrams-before.RxDatagrams, i)
		}
		require.NoError(t, server.SetReadDeadline(time.Now().Add(-time.Second)))
		n, err := server.ReadBatch(nil)
		require.NoError(t, err)
		require.Zero(t, n)
		require.NoError(t, server.Close())
		_, err = server.Read(nil)
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = server.ReadBatch(nil)
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

// A call that fails returns no datagram: zeros in both modes.
func TestFailedReadsReturnZerosInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		for _, ip := range []string{s.ip, s.six} {
			closed := listen(t, s.to, "udp", net.JoinHostPort(ip, "0"))
			c := dial(t, s.from, "udp", closed.LocalAddr().String()).(udp.Socket)
			require.NoError(t, closed.Close())
			buf := make([]byte, 9)
			fails := func(want error) {
				n, oobn, flags, from, err := c.ReadMsgUDPAddrPort(buf, buf)
				require.ErrorIs(t, err, want)
				assert.Zero(t, []any{n, oobn, flags, from}[0], "%v %v %v %v", n, oobn, flags, from)
				assert.Equal(t, []any{0, 0, 0, netip.AddrPort{}}, []any{n, oobn, flags, from})
			}
			_, err := c.Write([]byte("x"))
			require.NoError(t, err)
			fails(syscall.ECONNREFUSED)
			_, err = c.Write([]byte("x"))
			require.NoError(t, err)
			n, oobn, flags, addr, err := c.ReadMsgUDP(buf, buf)
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			assert.Equal(t, []any{0, 0, 0, (*net.UDPAddr)(nil)}, []any{n, oobn, flags, addr})
			require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			fails(os.ErrDeadlineExceeded)
			require.NoError(t, c.Close())
			fails(net.ErrClosed)
		}
	})
}

// Errors of sockets that cannot be made have the operation and the addresses of the call.
func TestErrorsOfClosedNetworksInBothModes(t *testing.T) {
	for _, s := range bothModes(t) {
		laddr, raddr := &net.UDPAddr{IP: net.ParseIP(s.ip)}, &net.UDPAddr{IP: net.ParseIP(s.ip), Port: 9}
		require.NoError(t, s.to.(interface{ Close() error }).Close())
		_, err := dialUDP(s.to, "udp", laddr, raddr)
		assert.Equal(t, &net.OpError{Op: "dial", Net: "udp", Source: laddr, Addr: raddr, Err: net.ErrClosed}, err, s.name)
		_, err = s.to.Dial("udp", raddr.String())
		assert.EqualError(t, err, "dial udp "+raddr.String()+": use of closed network connection", s.name)
		_, err = listenUDP(s.to, "udp", laddr)
		assert.Equal(t, &net.OpError{Op: "listen", Net: "udp", Addr: laddr, Err: net.ErrClosed}, err, s.name)
		_, err = listenUDP(s.to, "udp", nil)
		assert.Equal(t, &net.OpError{Op: "listen", Net: "udp", Addr: &net.UDPAddr{}, Err: net.ErrClosed}, err, s.name)
	}
}

// A batch returns the error of its socket before the error of a message.
func TestOrderOfErrorsOfBatchesInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		four := listen(t, s.to, "udp4", s.ip+":0").(udp.Socket)
		connected := dial(t, s.from, "udp", four.LocalAddr().String()).(udp.Socket)
		six := netip.MustParseAddr(s.six)
		to := four.LocalAddr().(*net.UDPAddr).AddrPort()
		wrong := map[udp.Socket][]udp.Message{
			four:      {{}, {To: netip.AddrPortFrom(six, 9)}, {To: netip.AddrPortFrom(to.Addr(), 0)}, {To: to, From: six}},
			connected: {{To: to}, {From: six}},
		}
		for c, ms := range wrong {
			fail := func(want error) {
				for _, m := range ms {
					n, err := c.WriteBatch([]udp.Message{m})
					assert.Zero(t, n)
					if want == nil {
						assert.Error(t, err, "%+v", m)
					} else {
						assert.ErrorIs(t, err, want, "%+v", m)
					}
				}
			}
			fail(nil)
			n, err := c.WriteBatch(nil)
			require.NoError(t, err)
			require.Zero(t, n)
			require.NoError(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
			fail(os.ErrDeadlineExceeded)
			require.NoError(t, c.Close())
			fail(net.ErrClosed)
		}
	})
}

// The addresses in the errors of a socket for a group are those of the call.
func TestErrorsOfGroupAddressesInBothModes(t *testing.T) {
	for _, s := range bothModes(t) {
		group := &net.UDPAddr{IP: net.IPv4(239, 1, 2, 3), Port: 7031}
		c, err := listenUDP(s.to, "udp", group)
		require.NoError(t, err)
		_, err = listenUDP(s.to, "udp", group)
		assert.EqualError(t, err, "listen udp 239.1.2.3:7031: bind: address already in use", s.name)
		require.NoError(t, c.Close())
	}
}

// A group may be given as ::ffff:a.b.c.d, and with a zone.
func TestFormsOfGroupsInBothModes(t *testing.T) {
	host, _ := pair(t, nil)
	for name, n := range map[string]udp.Network{"DPDK": host, "kernel": newKernel(t, udp.KernelConfig{Interface: "lo"})} {
		t.Log(name)
		c := listen(t, n, "udp", ":0").(udp.Socket)
		for group, same := range map[string]string{"239.1.2.3": "::ffff:239.1.2.3", "ff15::77": "ff15::77%lo"} {
			a, b := netip.MustParseAddr(group), netip.MustParseAddr(same)
			for _, join := range []netip.Addr{a, b} {
				require.NoError(t, c.JoinGroup(join))
				require.ErrorIs(t, c.JoinGroup(a), syscall.EADDRINUSE)
				require.ErrorIs(t, c.JoinGroup(b), syscall.EADDRINUSE)
				require.NoError(t, c.LeaveGroup(a))
				require.ErrorIs(t, c.LeaveGroup(b), syscall.EADDRNOTAVAIL)
			}
		}
		four, six := listen(t, n, "udp4", ":0").(udp.Socket), listen(t, n, "udp6", ":0").(udp.Socket)
		require.NoError(t, four.JoinGroup(netip.MustParseAddr("::ffff:239.1.2.3")))
		require.ErrorIs(t, six.JoinGroup(netip.MustParseAddr("::ffff:239.1.2.3")), syscall.EINVAL)
		require.ErrorIs(t, four.JoinGroup(netip.MustParseAddr("ff15::77")), syscall.EINVAL)
		require.ErrorIs(t, c.JoinGroup(netip.Addr{}), syscall.EINVAL)
	}
	c := listen(t, newKernel(t, udp.KernelConfig{}), "udp6", ":0").(udp.Socket)
	require.ErrorIs(t, c.JoinGroup(netip.MustParseAddr("ff15::77%nosuch")), syscall.ENODEV)
}

// waiters returns how many goroutines wait for the network in a method.
func waiters(method string) (n int) {
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "[IO wait") && strings.Contains(g, method) {
			n++
		}
	}
	return n
}

// live returns the bytes in use on the heap. The second collection frees the contents of pools.
func live() uint64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A socket that waits in ReadBatch has no buffers for datagrams: many idle sockets need little memory.
func TestWaitingKernelSocketsHoldNoBuffers(t *testing.T) {
	const sockets = 64
	k := newKernel(t, udp.KernelConfig{})
	before := live()
	results := make(chan error, sockets)
	var conns []udp.Socket
	for range sockets {
		c := listen(t, k, "udp", "127.0.0.1:0").(udp.Socket)
		conns = append(conns, c)
		go func() {
			ds := make([]udp.Datagram, 32)
			n, err := c.ReadBatch(ds)
			if err == nil && (n != 1 || string(ds[0].Data()) != "the end") {
				err = fmt.Errorf("%d datagrams, %q", n, ds[0].Data())
			}
			ds[0].Release()
			results <- err
		}()
	}
	require.Eventually(t, func() bool { return waiters("(*KernelConn).ReadBatch") == sockets }, 10*time.Second, time.Millisecond)
	assert.Less(t, (int64(live())-int64(before))/sockets, int64(20<<10), "bytes of a socket that waits")
	for _, c := range conns {
		_, err := c.WriteBatch([]udp.Message{{Data: []byte("the end"), To: c.LocalAddr().(*net.UDPAddr).AddrPort()}})
		require.NoError(t, err)
	}
	for range sockets {
		require.NoError(t, <-results)
	}
}
