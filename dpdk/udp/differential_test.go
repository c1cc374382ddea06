//go:build linux

package udp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/udp"
)

// system is package net, as a udp.Network.
type system struct{}

func (system) ListenPacket(network, address string) (udp.PacketConn, error) {
	c, err := net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

func (system) Dial(network, address string) (udp.PacketConn, error) {
	c, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}

// socket is what *net.UDPConn and *udp.Conn have in common beyond udp.PacketConn.
type socket interface {
	udp.PacketConn
	ReadFromUDP(b []byte) (int, *net.UDPAddr, error)
	ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	WriteToUDP(b []byte, addr *net.UDPAddr) (int, error)
	WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
}

// record is what a series of calls has returned.
type record struct {
	t     *testing.T
	lines []string
	own   *strings.Replacer // makes the addresses of both sides alike
}

var portNumber = regexp.MustCompile(`:[0-9]{5}\b`)

// add adds the results of a call.
func (r *record) add(call string, results ...any) {
	line := call
	for _, v := range results {
		line += fmt.Sprintf(" | %v", v)
		if err, ok := v.(error); ok {
			var ne net.Error
			var op *net.OpError
			line += fmt.Sprintf(" timeout=%v op=%v", errors.As(err, &ne) && ne.Timeout(), errors.As(err, &op))
			if op != nil {
				line += fmt.Sprintf(" %s of %T", op.Op, op.Err)
			}
			for _, is := range []error{net.ErrClosed, os.ErrDeadlineExceeded, syscall.ECONNREFUSED, syscall.EADDRINUSE, syscall.EMSGSIZE, syscall.EINVAL, net.ErrWriteToConnected} {
				line += fmt.Sprint(" ", errors.Is(err, is))
			}
		}
	}
	r.lines = append(r.lines, r.own.Replace(portNumber.ReplaceAllString(line, ":PORT")))
}

// conversation makes the same calls on any network. ip is an address of this host, six is one of IPv6.
func conversation(r *record, n udp.Network, ip, six string) {
	t := r.t
	must := func(c udp.PacketConn, err error) socket {
		require.NoError(t, err)
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		return c.(socket)
	}
	fails := func(call string, c udp.PacketConn, err error) {
		r.add(call, err)
		if err == nil {
			_ = c.Close() // the comparison of the records fails
		}
	}
	try := func(network, address string) {
		c, err := n.ListenPacket(network, address)
		fails("listen "+network+" "+address, c, err)
	}
	// Addresses.
	for _, a := range [][2]string{{"udp", ip + ":0"}, {"udp4", ip + ":0"}, {"udp4", ":0"}, {"udp", ":0"}, {"udp6", ":0"}, {"udp", "[" + six + "]:0"}, {"udp", "0.0.0.0:0"}, {"udp", "[::]:0"}} {
		c := must(n.ListenPacket(a[0], a[1]))
		r.add("local "+a[0]+" "+a[1], c.LocalAddr().Network(), c.LocalAddr(), c.RemoteAddr(), len(c.LocalAddr().(*net.UDPAddr).IP))
		require.NoError(t, c.Close())
	}
	first := must(n.ListenPacket("udp4", ip+":0"))
	try("udp4", first.LocalAddr().String())
	try("udp", ":"+fmt.Sprint(port(first)))
	try("udp4", ":"+fmt.Sprint(port(first)))
	try("udp", "192.0.2.77:0")
	try("udp4", "["+six+"]:0")
	try("udp5", ip+":0")
	try("udp", "1.2.3.4")
	c, err := n.Dial("udp", "1.2.3.4:x y")
	fails("dial", c, err)
	c, err = n.Dial("udp6", ip+":5")
	fails("dial", c, err)
	c, err = n.Dial("udp5", ip+":5")
	fails("dial", c, err)

	second := must(n.Dial("udp", first.LocalAddr().String()))
	r.add("local", second.LocalAddr(), second.RemoteAddr())
	to, from := netip.MustParseAddrPort(first.LocalAddr().String()), netip.MustParseAddrPort(second.LocalAddr().String())
	buf, oob := make([]byte, 70000), make([]byte, 100)

	// What a datagram looks like to each method.
	for i, write := range []func([]byte) (int, error){
		second.Write,
		func(b []byte) (int, error) {
			n, oobn, err := second.WriteMsgUDPAddrPort(b, nil, netip.AddrPort{})
			return n + oobn, err
		},
		func(b []byte) (int, error) { n, _, err := second.WriteMsgUDP(b, nil, nil); return n, err },
	} {
		for _, size := range []int{0, 1, 9, 1472, 1473, 65507, 65508} {
			n, err := write(payload(i, size))
			r.add(fmt.Sprint("write ", i, size), n, err)
			if err != nil {
				continue
			}
			switch i {
			case 0:
				n, from, err := first.ReadFromUDPAddrPort(buf)
				r.add("read", n, from, err, string(buf[:min(n, 9)]) == string(payload(i, size)[:min(n, 9)]))
			case 1:
				n, oobn, flags, from, err := first.ReadMsgUDPAddrPort(buf[:5], oob)
				r.add("read", n, oobn, flags, from, err)
			case 2:
				n, from, err := first.ReadFrom(buf[:5])
				r.add("read", n, from, err)
			}
		}
	}
	for i, read := range []func() (int, error){
		func() (int, error) { return second.Read(buf) },
		func() (int, error) { n, a, err := second.ReadFromUDP(buf); r.add("from", a); return n, err },
		func() (int, error) {
			n, _, flags, a, err := second.ReadMsgUDP(buf[:2], oob)
			r.add("from", a, flags)
			return n, err
		},
	} {
		n, err := first.WriteToUDP([]byte("back"), net.UDPAddrFromAddrPort(from))
		r.add("write", n, err)
		n, err = read()
		r.add(fmt.Sprint("read ", i), n, err)
	}
	// A socket of both IP versions, to which an address of IPv4 looks like one of IPv6.
	dual := must(n.ListenPacket("udp", ":0"))
	for _, a := range []string{ip, six, "::ffff:" + ip} {
		one, err := n.Dial("udp", net.JoinHostPort(strings.TrimPrefix(a, "::ffff:"), fmt.Sprint(port(dual))))
		c := must(one, err)
		n, err := c.Write([]byte("v"))
		r.add("write", n, err)
		n, from, err := dual.ReadFromUDPAddrPort(buf)
		r.add("read", n, from, err)
		n, err = dual.WriteToUDPAddrPort([]byte("w"), from)
		r.add("write", n, err)
		n, err = c.Read(buf)
		r.add("read", n, err)
		n, err = c.Write([]byte("v"))
		r.add("write", n, err)
		n, addr, err := dual.ReadFrom(buf)
		r.add("read", n, addr, err)
		n, err = dual.WriteTo([]byte("w"), addr)
		r.add("write", n, err)
		require.NoError(t, c.Close())
	}
	// Wrong calls.
	n1, err := first.Write([]byte("x"))
	r.add("write without an address", n1, err)
	n1, err = second.WriteToUDPAddrPort([]byte("x"), to)
	r.add("write to an address", n1, err)
	n1, err = second.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(to))
	r.add("write to an address", n1, err)
	n1, n2, err := second.WriteMsgUDPAddrPort([]byte("x"), nil, to)
	r.add("write to an address", n1, n2, err)
	n1, n2, err = first.WriteMsgUDPAddrPort([]byte("x"), nil, netip.AddrPort{})
	r.add("write to nothing", n1, n2, err)
	n1, n2, err = first.WriteMsgUDP([]byte("x"), nil, nil)
	r.add("write to nothing", n1, n2, err)
	n1, err = first.WriteToUDPAddrPort([]byte("x"), netip.AddrPort{})
	r.add("write to nothing", n1, err)
	n1, err = first.WriteToUDP([]byte("x"), nil)
	r.add("write to nothing", n1, err)
	n1, err = first.WriteTo([]byte("x"), &net.TCPAddr{IP: net.IPv4(1, 2, 3, 4), Port: 5})
	r.add("write to TCP", n1, err)
	n1, err = first.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(netip.MustParseAddr(six), 5))
	r.add("write to IPv6", n1, err)
	n1, err = first.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to.Addr(), 0))
	r.add("write to port 0", n1, err)
	n1, err = first.WriteToUDPAddrPort(make([]byte, 65508), to)
	r.add("write too much", n1, err)

	// Nobody has the port: each call after that reports it once.
	closed := must(n.ListenPacket("udp4", ip+":0"))
	third := must(n.Dial("udp", closed.LocalAddr().String()))
	require.NoError(t, closed.Close())
	for i, read := range []func() error{
		func() error { _, err := third.Read(buf); return err },
		func() error { _, _, err := third.ReadFromUDPAddrPort(buf); return err },
		func() error { _, _, _, _, err := third.ReadMsgUDPAddrPort(buf, nil); return err },
	} {
		_, err := third.Write([]byte("x"))
		r.add("write to a closed port", err)
		r.add(fmt.Sprint("read ", i), read())
	}

	// Deadlines.
	for _, when := range []time.Duration{-time.Second, 0, 20 * time.Millisecond} {
		require.NoError(t, third.SetReadDeadline(time.Now().Add(when)))
		n1, err = third.Read(buf)
		r.add("read too late", n1, err)
		_, _, err = third.ReadFromUDPAddrPort(buf)
		r.add("read too late", err)
		_, _, _, _, err = third.ReadMsgUDPAddrPort(buf, nil)
		r.add("read too late", err)
	}
	require.NoError(t, first.SetWriteDeadline(time.Now().Add(-time.Second)))
	n1, err = first.WriteToUDPAddrPort([]byte("x"), from)
	r.add("write too late", n1, err)
	require.NoError(t, first.SetWriteDeadline(time.Time{}))
	n1, err = first.WriteToUDPAddrPort([]byte("x"), from)
	r.add("write in time", n1, err)
	require.NoError(t, second.SetReadDeadline(time.Now().Add(-time.Second)))
	n1, err = second.Read(buf)
	r.add("read too late, with a datagram", n1, err)
	require.NoError(t, second.SetReadDeadline(time.Time{}))
	n1, err = second.Read(buf)
	r.add("read in time", n1, err)

	// A reader that waits when the socket is closed, and calls after that.
	waiting := make(chan error)
	go func() {
		_, _, err := first.ReadFromUDPAddrPort(make([]byte, 1))
		waiting <- err
	}()
	r.add("close", first.Close())
	r.add("read while closing", <-waiting)
	require.NoError(t, second.Close())
	r.add("close twice", first.Close(), second.Close())
	for _, c := range []socket{first, second} {
		n1, err = c.Read(buf)
		r.add("read closed", n1, err)
		n1, a, err := c.ReadFrom(buf)
		r.add("read closed", n1, a, err)
		n1, ua, err := c.ReadFromUDP(buf)
		r.add("read closed", n1, ua == nil, err)
		n1, ap, err := c.ReadFromUDPAddrPort(buf)
		r.add("read closed", n1, ap, err)
		_, _, _, _, err = c.ReadMsgUDPAddrPort(buf, oob)
		r.add("read closed", err)
		n1, err = c.Write([]byte("x"))
		r.add("write closed", n1, err)
		n1, err = c.WriteToUDPAddrPort([]byte("x"), to)
		r.add("write closed", n1, err)
		n1, err = c.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(to))
		r.add("write closed", n1, err)
		r.add("set closed", c.SetDeadline(time.Time{}), c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}), c.SetReadBuffer(1<<16), c.SetWriteBuffer(1<<16))
		r.add("addresses", c.LocalAddr(), c.RemoteAddr())
	}
}

// All calls on a socket of a host return what they return on a socket of the kernel: numbers, addresses, and errors with their
// texts.
func TestSameAsPackageNet(t *testing.T) {
	a, _ := pair(t, nil)
	ours := &record{t: t, own: strings.NewReplacer("::ffff:"+a4, "IPv4-in-IPv6", a4, "IPv4", a6, "IPv6", "EOF", "EOF")}
	theirs := &record{t: t, own: strings.NewReplacer("::ffff:127.0.0.1", "IPv4-in-IPv6", "127.0.0.1", "IPv4", "::1", "IPv6")}
	conversation(theirs, system{}, "127.0.0.1", "::1")
	conversation(ours, a, a4, a6)
	require.Len(t, ours.lines, len(theirs.lines))
	for i, line := range theirs.lines {
		assert.Equal(t, line, ours.lines[i], "step %d", i)
	}
}
