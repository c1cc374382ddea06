//go:build linux

package udp_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/udp"
)

// What the tests of package net check of a net.PacketConn and net.Conn over UDP (packetconn_test.go, udpsock_test.go,
// timeout_test.go), for any network. Each check adds what it sees to a record.
var packetConnChecks = map[string]func(r *record, n udp.Network, ip, six string){
	"packets":      checkPackets,
	"empty":        checkEmpty,
	"versions":     checkVersions,
	"deadlines":    checkDeadlines,
	"must wait":    checkMustWait,
	"many times":   checkManyDeadlines,
	"races":        checkRaces,
	"close":        checkClose,
	"makers":       checkMakers,
	"destinations": checkDestinations,
	"order":        checkOrder,
	"messages":     checkMessages,
	"refused":      checkRefused,
	"ports":        checkPorts,
	"unblock":      checkUnblock,
}

// All of them see the same on a host and on a Kernel as with package net.
func TestPacketConnAsPackageNet(t *testing.T) {
	for name, check := range packetConnChecks {
		t.Run(name, func(t *testing.T) {
			a, _ := pair(t, nil)
			on := func(n udp.Network, ip, six string) []string {
				r := &record{t: t, own: strings.NewReplacer("::ffff:"+ip, "IPv4-in-IPv6", ip, "IPv4", six, "IPv6")}
				check(r, n, ip, six)
				return r.lines
			}
			want := on(system{}, "127.0.0.1", "::1")
			assert.NotEmpty(t, want)
			for _, got := range [][]string{on(a, a4, a6), on(newKernel(t, udp.KernelConfig{}), "127.0.0.1", "::1")} {
				assert.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"))
			}
		})
	}
}

func (r *record) listen(n udp.Network, network, address string) socket {
	r.t.Helper()
	return listen(r.t, n, network, address).(socket)
}

func (r *record) dial(n udp.Network, to udp.PacketConn) socket {
	r.t.Helper()
	return dial(r.t, n, "udp", to.LocalAddr().String()).(socket)
}

func checkPackets(r *record, n udp.Network, ip, six string) {
	for _, a := range []string{ip + ":0", "[" + six + "]:0"} {
		first, second := r.listen(n, "udp", a), r.listen(n, "udp", a)
		buf := make([]byte, 128)
		for range 2 {
			k, err := first.WriteTo([]byte("a packet"), second.LocalAddr())
			r.add("write", k, err)
			k, from, err := second.ReadFrom(buf)
			r.add("read", k, from, err, from.String() == first.LocalAddr().String(), string(buf[:k]))
			first, second = second, first
		}
		c := r.dial(n, first)
		k, err := c.Write([]byte("a packet"))
		r.add("write", k, err)
		k, from, err := first.ReadFrom(buf)
		r.add("read", k, from, err, from.String() == c.LocalAddr().String())
		k, err = first.WriteTo([]byte("an answer"), c.LocalAddr())
		r.add("write", k, err)
		k, err = second.WriteTo([]byte("of a stranger"), c.LocalAddr()) // a connected socket does not receive it
		r.add("write", k, err)
		k, err = c.Read(buf[:3])
		r.add("read a part", k, err, string(buf[:k]))
		require.NoError(r.t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		k, err = c.Read(buf)
		r.add("read no more", k, err)
	}
}

func checkEmpty(r *record, n udp.Network, ip, _ string) {
	c := r.listen(n, "udp", ip+":0")
	var b [1]byte
	for _, payload := range [][]byte{nil, {}} {
		for i := range 3 {
			k, err := c.WriteTo(payload, c.LocalAddr())
			r.add("write nothing", k, err)
			switch i {
			case 0:
				k, err = c.Read(b[:])
			case 1:
				k, _, err = c.ReadFrom(b[:])
			case 2:
				k, _, _, _, err = c.ReadMsgUDPAddrPort(b[:], b[:0])
			}
			r.add("read it", k, err)
		}
	}
	// Read with an empty buffer reads nothing; the other methods take the datagram.
	k, err := c.WriteTo([]byte("some"), c.LocalAddr())
	r.add("write", k, err)
	k, err = c.Read(nil)
	r.add("read into nothing", k, err)
	k, _, err = c.ReadFrom(nil)
	r.add("read into nothing", k, err)
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	k, err = c.Read(nil)
	r.add("read into nothing from nothing", k, err)
	k, _, err = c.ReadFrom(nil)
	r.add("read into nothing from nothing", k, err)
	k, err = c.Read(nil)
	r.add("read into nothing too late", k, err)
	k, k2, flags, _, err := c.ReadMsgUDP(nil, nil)
	r.add("read into nothing too late", k, k2, flags, err)
	require.NoError(r.t, c.Close())
	k, err = c.Read(nil)
	r.add("read into nothing when it is closed", k, err)
	k, _, err = c.ReadFrom(nil)
	r.add("read into nothing when it is closed", k, err)
}

func checkVersions(r *record, n udp.Network, ip, six string) {
	c := r.listen(n, "udp4", ip+":0")
	to, buf := netip.MustParseAddrPort(c.LocalAddr().String()), make([]byte, 8)
	in6 := netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()), to.Port())
	for _, a := range []netip.AddrPort{to, in6} {
		k, k2, err := c.WriteMsgUDPAddrPort(buf, buf[:0], a)
		r.add("write", k, k2, err)
		_, k, flags, from, err := c.ReadMsgUDPAddrPort(buf, buf[:0])
		r.add("read", k, flags, from, from.Addr().Is4(), err)
		k, err = c.WriteToUDPAddrPort(buf, a)
		r.add("write", k, err)
		_, _, _, addr, err := c.ReadMsgUDP(buf, nil)
		r.add("read", addr, len(addr.IP), err)
		k, err = c.WriteToUDP(buf, net.UDPAddrFromAddrPort(a))
		r.add("write", k, err)
		_, from2, err := c.ReadFrom(buf)
		r.add("read", from2, len(from2.(*net.UDPAddr).IP), err)
	}
	_, _, err := c.WriteMsgUDPAddrPort(buf, nil, netip.AddrPortFrom(netip.MustParseAddr(six), 12345))
	r.add("write to IPv6", err)
	_, _, err = c.WriteMsgUDP(buf, nil, &net.UDPAddr{IP: net.ParseIP(six), Port: 12345})
	r.add("write to IPv6", err != nil)
	both := r.listen(n, "udp", ":0")
	for _, a := range []netip.AddrPort{to, in6, netip.AddrPortFrom(netip.MustParseAddr(six), 12345)} {
		k, k2, err := both.WriteMsgUDPAddrPort(buf, nil, a)
		r.add("write from both", k, k2, err)
	}
	_, from, err := c.ReadFromUDPAddrPort(buf)
	r.add("read", from, err)
}

func checkDeadlines(r *record, n udp.Network, ip, _ string) {
	c := r.listen(n, "udp", ip+":0")
	buf := make([]byte, 8)
	k, err := c.WriteTo([]byte("there"), c.LocalAddr())
	r.add("write", k, err)
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(-5*time.Second))) // also if a datagram is there
	for range 2 {
		k, from, err := c.ReadFrom(buf)
		r.add("read", k, from, err)
		k, addr, err := c.ReadFromUDP(buf)
		r.add("read", k, addr == nil, err)
	}
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	for range 3 {
		k, from, err := c.ReadFrom(buf)
		r.add("read", k, from, err)
	}
	for _, d := range []time.Duration{-5 * time.Second, 10 * time.Millisecond} {
		require.NoError(r.t, c.SetWriteDeadline(time.Now().Add(d)))
		for i := 0; ; i++ {
			_, err := c.WriteTo([]byte("x"), c.LocalAddr())
			if err != nil {
				r.add("write", err)
				_, err = c.WriteTo([]byte("x"), c.LocalAddr())
				r.add("write", err)
				break
			}
			time.Sleep(d / 3)
		}
	}
	require.NoError(r.t, c.SetDeadline(time.Now())) // both
	_, _, err = c.ReadFrom(buf)
	r.add("read", err)
	_, err = c.WriteTo(buf, c.LocalAddr())
	r.add("write", err)
	require.NoError(r.t, c.SetDeadline(time.Time{}))
	k, err = c.WriteTo(buf[:1], c.LocalAddr())
	r.add("write", k, err)
	_, _, err = c.ReadFrom(buf)
	r.add("read", err)
}

// A deadline that was taken back does not end a call; the end of the socket does.
func checkMustWait(r *record, n udp.Network, ip, _ string) {
	c := r.listen(n, "udp", ip+":0")
	require.NoError(r.t, c.SetDeadline(time.Now().Add(-5*time.Second)))
	require.NoError(r.t, c.SetReadDeadline(time.Time{}))
	result := make(chan error, 1)
	go func() {
		_, _, err := c.ReadFrom(make([]byte, 1))
		result <- err
	}()
	select {
	case err := <-result:
		r.add("it did not wait", err)
	case <-time.After(50 * time.Millisecond):
		r.add("it waits")
	}
	require.NoError(r.t, c.Close())
	err := <-result
	r.add("closed", err)
	// A deadline that comes while a call waits ends it, also an earlier one than before.
	c = r.listen(n, "udp", ip+":0")
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(time.Hour)))
	go func() {
		_, _, err := c.ReadFrom(make([]byte, 1))
		result <- err
	}()
	time.Sleep(5 * time.Millisecond)
	require.NoError(r.t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	r.add("an earlier deadline", <-result)
}

func checkManyDeadlines(r *record, n udp.Network, ip, _ string) {
	c := r.listen(n, "udp", ip+":0")
	for _, d := range []time.Duration{1, 2, 50, 200, 500, 750, 1000, 5000, 25000, 250000, time.Millisecond, 5 * time.Millisecond, 100 * time.Millisecond} {
		for range 3 {
			start := time.Now()
			require.NoError(r.t, c.SetReadDeadline(start.Add(d)))
			k, from, err := c.ReadFrom(make([]byte, 1))
			r.add(d.String(), k, from, err, time.Since(start) >= d)
		}
	}
}

// Deadlines change while calls run: see what the race detector finds, and that the calls end.
func checkRaces(r *record, n udp.Network, ip, _ string) {
	to := r.listen(n, "udp", ip+":0")
	c := r.dial(n, to)
	const times = 500
	var calls sync.WaitGroup
	for range 2 {
		calls.Go(func() {
			for range times {
				_ = c.SetReadDeadline(time.Now().Add(2 * time.Microsecond))
				_ = c.SetWriteDeadline(time.Now().Add(2 * time.Microsecond))
			}
		})
		calls.Go(func() {
			for range times {
				if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					r.add("read", err)
				}
			}
		})
		calls.Go(func() {
			for range times {
				if _, err := c.Write(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					r.add("write", err)
				}
			}
		})
		calls.Go(func() {
			for range times {
				_, _ = c.LocalAddr(), c.RemoteAddr()
				_ = c.SetReadBuffer(1 << 20)
				_ = c.SetWriteBuffer(1 << 20)
			}
		})
	}
	// The readers end when the last deadline has passed.
	calls.Wait()
	r.add("all calls have ended")
	now := time.Now()
	for i := range 8 {
		calls.Go(func() {
			for j := 100; j > 0; j-- { // earlier and earlier
				_ = c.SetReadDeadline(now.Add(2*time.Hour + time.Duration(i*j)*time.Second))
				_ = c.SetWriteDeadline(now.Add(time.Hour + time.Duration(i*j)*time.Second))
			}
		})
	}
	calls.Wait()
	k, err := c.Write([]byte("x"))
	r.add("write", k, err)
}

// Close ends all calls that wait, and only the first Close succeeds.
func checkClose(r *record, n udp.Network, ip, _ string) {
	c := r.listen(n, "udp", ip+":0")
	const readers = 5
	errs := make(chan error, readers)
	for range readers {
		go func() {
			_, _, err := c.ReadFrom(make([]byte, 1))
			errs <- err
		}()
	}
	time.Sleep(5 * time.Millisecond)
	closes := make(chan error, 3)
	for range cap(closes) {
		go func() { closes <- c.Close() }()
	}
	succeeded := 0
	for range cap(closes) {
		if err := <-closes; err == nil {
			succeeded++
		} else {
			r.add("close", errors.Is(err, net.ErrClosed))
		}
	}
	r.add("closed", succeeded)
	for range readers {
		r.add("read", <-errs)
	}
	r.add("addresses", c.LocalAddr(), c.RemoteAddr())
	k, err := c.WriteTo([]byte("x"), c.LocalAddr())
	r.add("write", k, err)
}
