//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/wire"
)

func newKernel(t testing.TB, cfg udp.KernelConfig) *udp.Kernel {
	t.Helper()
	k, err := udp.NewKernel(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, k.Close()) })
	return k
}

// sides is two networks that reach each other, and the addresses of to.
type sides struct {
	name     string
	from, to udp.Network
	ip, six  string
}

// bothModes returns two hosts, and the kernel with itself. A program runs on both.
func bothModes(t *testing.T) []sides {
	a, b := pair(t, nil)
	k := newKernel(t, udp.KernelConfig{})
	return []sides{{"DPDK", a, b, b4, b6}, {"kernel", k, k, "127.0.0.1", "::1"}}
}

func eachMode(t *testing.T, f func(t *testing.T, s sides)) {
	for _, s := range bothModes(t) {
		t.Run(s.name, func(t *testing.T) { f(t, s) })
	}
}

// All calls of the conversation on a kernel socket of this package return what they return on one of package net.
func TestKernelIsTheSameAsPackageNet(t *testing.T) {
	ours, theirs := &record{t: t, own: strings.NewReplacer()}, &record{t: t, own: strings.NewReplacer()}
	conversation(theirs, system{}, "127.0.0.1", "::1")
	conversation(ours, newKernel(t, udp.KernelConfig{}), "127.0.0.1", "::1")
	require.Len(t, ours.lines, len(theirs.lines))
	assert.Greater(t, len(ours.lines), 100)
	for i, line := range theirs.lines {
		assert.Equal(t, line, ours.lines[i], "step %d", i)
	}
}

// service is an echo by batches, as a program for both modes has it.
func service(server udp.Socket, rounds int) error {
	ds, ms := make([]udp.Datagram, 8), make([]udp.Message, 0, 8)
	for n := 0; n < rounds; {
		k, err := server.ReadBatch(ds)
		if err != nil {
			return err
		}
		ms = ms[:0]
		for _, d := range ds[:k] {
			ms = append(ms, udp.Message{Data: d.Data(), To: d.From, From: d.To, TOS: d.TOS})
		}
		if sent, err := server.WriteBatch(ms); err != nil || sent != k {
			return fmt.Errorf("%d of %d: %w", sent, k, err)
		}
		for i := range ds[:k] {
			ds[i].Release()
		}
		n += k
	}
	return nil
}

func TestBatchesInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		server := listen(t, s.to, "udp", ":0").(udp.Socket)
		sizes := []int{0, 1, 1472, 1473, 2048, 2049, 9000, 65507, 7}
		done := make(chan error, 1)
		go func() { done <- service(server, 2*len(sizes)) }()
		var all uint64
		for i, ip := range []string{s.ip, s.six} {
			c := dial(t, s.from, "udp", net.JoinHostPort(ip, fmt.Sprint(port(server)))).(udp.Socket)
			require.NoError(t, c.SetTTL(9))
			ds := make([]udp.Datagram, 4)
			for j, size := range sizes {
				data := payload(j, size)
				n, err := c.WriteBatch([]udp.Message{{Data: data, TOS: uint8(4*i + j%4)}})
				require.NoError(t, err)
				require.Equal(t, 1, n)
				n, err = c.ReadBatch(ds)
				require.NoError(t, err)
				require.Equal(t, 1, n)
				d := &ds[0]
				assert.True(t, bytes.Equal(data, d.Data()), "%d bytes", size)
				assert.Equal(t, c.RemoteAddr().String(), d.From.String())
				assert.Equal(t, c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), d.To)
				assert.Equal(t, uint8(4*i+j%4), d.TOS)
				assert.EqualValues(t, 64, d.TTL)
				d.Release()
				d.Release()
				assert.Nil(t, d.Data())
				all += uint64(size)
			}
		}
		require.NoError(t, <-done)
		want := udp.ConnStats{RxDatagrams: uint64(2 * len(sizes)), TxDatagrams: uint64(2 * len(sizes)), RxBytes: all, TxBytes: all}
		assert.Equal(t, want, server.Stats())
	})
}

// A batch of more than one call of the kernel arrives in order, and the error is that of the first message that was not sent.
func TestLongBatchInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		server := listen(t, s.to, "udp", ":0").(udp.Socket)
		c := listen(t, s.from, "udp", ":0").(udp.Socket)
		require.NoError(t, server.SetReadBuffer(1<<20))
		to := netip.AddrPortFrom(netip.MustParseAddr(s.ip), port(server))
		_, err := c.WriteToUDPAddrPort([]byte("the neighbor is known after this"), to)
		require.NoError(t, err)
		ds := make([]udp.Datagram, 100)
		n, err := server.ReadBatch(ds)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		assert.Equal(t, to.Addr(), ds[0].To)
		assert.True(t, ds[0].From.Addr().Is4In6(), "%v", ds[0].From)
		ds[0].Release()
		var ms []udp.Message
		for i := range 80 {
			ms = append(ms, udp.Message{Data: payload(i, 1+i), To: to})
		}
		bad := append(ms[:70:70], udp.Message{Data: []byte("x")}, ms[71])
		n, err = c.WriteBatch(bad)
		assert.Equal(t, 70, n)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "missing address", op.Err.Error())
		for got := 0; got < 70; {
			k, err := server.ReadBatch(ds)
			require.NoError(t, err)
			for i := range ds[:k] {
				assert.Equal(t, payload(got, 1+got), ds[i].Data())
				got++
				ds[i].Release()
			}
		}
		for _, test := range []struct {
			to   netip.AddrPort
			text string
		}{
			{netip.MustParseAddrPort(s.ip + ":0"), "invalid argument"},
			{netip.MustParseAddrPort("[" + s.six + "]:0"), "invalid argument"},
		} {
			_, err = c.WriteBatch([]udp.Message{{Data: []byte("x"), To: test.to}})
			assert.ErrorContains(t, err, test.text)
		}
		_, err = c.WriteBatch([]udp.Message{{Data: make([]byte, 65508), To: to}})
		assert.ErrorIs(t, err, syscall.EMSGSIZE)
		assert.ErrorContains(t, err, "sendmmsg: message too long")
		four := listen(t, s.from, "udp4", ":0").(udp.Socket)
		_, err = four.WriteBatch([]udp.Message{{Data: []byte("x"), To: netip.MustParseAddrPort("[" + s.six + "]:9")}})
		assert.ErrorContains(t, err, "non-IPv4 address")
		n, err = four.WriteBatch(ms[:2])
		assert.NoError(t, err)
		assert.Equal(t, 2, n)
	})
}

// The errors of a batch are those of the other calls.
func TestErrorsOfBatchesInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		closed := listen(t, s.to, "udp4", s.ip+":0")
		c := dial(t, s.from, "udp", closed.LocalAddr().String()).(udp.Socket)
		require.NoError(t, closed.Close())
		_, err := c.WriteBatch([]udp.Message{{Data: []byte("x"), To: netip.MustParseAddrPort(s.ip + ":9")}})
		assert.ErrorIs(t, err, net.ErrWriteToConnected)
		ds := make([]udp.Datagram, 2)
		n, err := c.WriteBatch([]udp.Message{{Data: []byte("x")}})
		require.NoError(t, err)
		require.Equal(t, 1, n)
		_, err = c.ReadBatch(ds)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.Equal(t, fmt.Sprintf("read udp %v->%v: recvmmsg: connection refused", c.LocalAddr(), c.RemoteAddr()), err.Error())
		require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		_, err = c.ReadBatch(ds)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, fmt.Sprintf("read udp %v->%v: i/o timeout", c.LocalAddr(), c.RemoteAddr()), err.Error())
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		reader := make(chan error)
		go func() {
			_, err := c.ReadBatch(ds)
			reader <- err
		}()
		require.NoError(t, c.Close())
		assert.ErrorIs(t, <-reader, net.ErrClosed)
		_, err = c.WriteBatch([]udp.Message{{Data: []byte("x")}})
		assert.Equal(t, fmt.Sprintf("write udp %v->%v: use of closed network connection", c.LocalAddr(), "invalid AddrPort"), err.Error())
		for _, err := range []error{c.SetTOS(1), c.SetTTL(1), c.SetMulticastTTL(1), c.SetDontFragment(true), c.SetControl(udp.ControlTOS)} {
			require.ErrorIs(t, err, net.ErrClosed)
			assert.Equal(t, fmt.Sprintf("set udp %v: use of closed network connection", c.LocalAddr()), err.Error())
		}
		group := netip.MustParseAddr("239.1.2.3")
		for _, err := range []error{c.JoinGroup(group), c.LeaveGroup(group)} {
			require.ErrorIs(t, err, net.ErrClosed)
		}
	})
}

// Control messages that are sent have their effect, and those that are received have the same bytes in both modes.
func TestControlMessagesInBothModes(t *testing.T) {
	received := map[string][][]byte{}
	eachMode(t, func(t *testing.T, s sides) {
		server := listen(t, s.to, "udp", ":0").(udp.Socket)
		require.NoError(t, server.SetControl(udp.ControlTOS|udp.ControlTTL|udp.ControlDestination))
		for _, v6 := range []bool{false, true} {
			ip := s.ip
			if v6 {
				ip = s.six
			}
			c := dial(t, s.from, "udp", net.JoinHostPort(ip, fmt.Sprint(port(server)))).(udp.Socket)
			require.NoError(t, c.SetTOS(4))
			oob := control(v6, 0x2e<<2|2, 33)
			n, oobn, err := c.WriteMsgUDPAddrPort([]byte("hello"), oob, netip.AddrPort{})
			require.NoError(t, err)
			assert.Equal(t, []int{5, len(oob)}, []int{n, oobn})
			buf, got := make([]byte, 64), make([]byte, 256)
			n, oobn, flags, from, err := server.ReadMsgUDPAddrPort(buf, got)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(buf[:n]))
			assert.Zero(t, flags)
			assert.Equal(t, c.LocalAddr().(*net.UDPAddr).AddrPort().Addr(), from.Addr().Unmap())
			messages, err := unix.ParseSocketControlMessage(got[:oobn])
			require.NoError(t, err)
			require.Len(t, messages, 3)
			assert.EqualValues(t, 0x2e<<2|2, messages[0].Data[0])
			assert.EqualValues(t, 33, messages[1].Data[0])
			received[s.name] = append(received[s.name], bytes.ReplaceAll(got[:oobn], netip.MustParseAddr(ip).AsSlice(), []byte("address")))

			// With the default of the socket again, little room, and the source of the reply by a control message.
			_, err = c.Write([]byte("defaults"))
			require.NoError(t, err)
			_, oobn, flags, from, err = server.ReadMsgUDPAddrPort(buf[:3], got[:24])
			require.NoError(t, err)
			assert.Equal(t, 0x20|8, flags)
			assert.Equal(t, 24, oobn)
			assert.EqualValues(t, 4, got[16])
			info := messages[2]
			reply := make([]byte, 16+(len(info.Data)+7)&^7)
			binary.NativeEndian.PutUint64(reply, uint64(16+len(info.Data)))
			binary.NativeEndian.PutUint32(reply[8:], uint32(info.Header.Level))
			binary.NativeEndian.PutUint32(reply[12:], uint32(info.Header.Type))
			copy(reply[16:], info.Data)
			_, _, err = server.WriteMsgUDP([]byte("back"), reply, net.UDPAddrFromAddrPort(from))
			require.NoError(t, err)
			n, err = c.Read(buf)
			require.NoError(t, err)
			assert.Equal(t, "back", string(buf[:n]))

			for _, wrong := range [][]byte{{1}, oob[:15], append(binary.NativeEndian.AppendUint64(nil, 99), oob[8:24]...), unknown(0)} {
				_, _, err = c.WriteMsgUDPAddrPort([]byte("x"), wrong, netip.AddrPort{})
				assert.ErrorIs(t, err, syscall.EINVAL, "%v", wrong)
				assert.ErrorContains(t, err, "write udp "+c.LocalAddr().String())
			}
			_, _, err = c.WriteMsgUDPAddrPort([]byte("ignored"), unknown(0x7777), netip.AddrPort{})
			require.NoError(t, err)
			n, err = server.Read(buf)
			require.NoError(t, err)
			assert.Equal(t, "ignored", string(buf[:n]))
		}
	})
	for i, want := range received["DPDK"] {
		assert.Equal(t, want, received["kernel"][i])
	}
}

// unknown is a control message of a type that does not exist.
func unknown(level uint32) []byte {
	b := binary.NativeEndian.AppendUint64(nil, 20)
	b = binary.NativeEndian.AppendUint32(b, level)
	b = binary.NativeEndian.AppendUint32(b, 0x7fff)
	return append(b, make([]byte, 8)...)
}

// segments is a control message UDP_SEGMENT.
func segments(size uint16) []byte {
	b := binary.NativeEndian.AppendUint64(nil, 18)
	b = binary.NativeEndian.AppendUint32(b, 17)
	b = binary.NativeEndian.AppendUint32(b, 103)
	b = binary.NativeEndian.AppendUint16(b, size)
	return append(b, make([]byte, 6)...)
}

// UDP_SEGMENT makes several datagrams, also more than one call of the kernel allows.
func TestSegmentsInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		for _, ip := range []string{s.ip, s.six} {
			server := listen(t, s.to, "udp", net.JoinHostPort(ip, "0")).(udp.Socket)
			require.NoError(t, server.SetReadBuffer(1<<20))
			c := dial(t, s.from, "udp", server.LocalAddr().String()).(udp.Socket)
			for _, test := range []struct{ n, size int }{{2500, 1000}, {1000, 1000}, {10, 1000}, {100 * 700, 700}, {150, 1}, {0, 5}} {
				data := payload(test.size, test.n)
				sent := c.Stats()
				n, oobn, err := c.WriteMsgUDPAddrPort(data, segments(uint16(test.size)), netip.AddrPort{})
				require.NoError(t, err)
				assert.Equal(t, []int{test.n, 24}, []int{n, oobn})
				want := max(1, (test.n+test.size-1)/test.size)
				assert.EqualValues(t, want, c.Stats().TxDatagrams-sent.TxDatagrams)
				buf := make([]byte, 2000)
				var back []byte
				for range want {
					n, err := server.Read(buf)
					require.NoError(t, err)
					assert.LessOrEqual(t, n, test.size)
					back = append(back, buf[:n]...)
				}
				assert.True(t, bytes.Equal(data, back), "%+v", test)
			}
		}
	})
}

// A datagram that no reader has room for is counted, in the socket and in the network.
func TestDropsAreCountedInBothModes(t *testing.T) {
	eachMode(t, func(t *testing.T, s sides) {
		server := listen(t, s.to, "udp4", s.ip+":0").(udp.Socket)
		c := dial(t, s.from, "udp", server.LocalAddr().String()).(udp.Socket)
		require.NoError(t, server.SetReadBuffer(4096))
		const all = 1000
		for i := range all {
			_, err := c.Write(make([]byte, 100))
			require.NoError(t, err)
			if i == 0 { // the sender has the neighbor then, and drops nothing
				_, err = server.Read(make([]byte, 100))
				require.NoError(t, err)
			}
		}
		require.NoError(t, server.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		read := uint64(1)
		for ; ; read++ {
			if _, err := server.Read(make([]byte, 100)); err != nil {
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				break
			}
		}
		got := server.Stats()
		assert.NotZero(t, got.RxDropped)
		assert.EqualValues(t, all, read+got.RxDropped, "%+v", got)
		assert.Equal(t, udp.ConnStats{RxDatagrams: read, RxBytes: 100 * read, RxDropped: got.RxDropped}, got)
		require.NoError(t, server.Close())
		assert.Equal(t, got, server.Stats(), "after the end")
		whole := s.to.(interface{ Stats() udp.Stats }).Stats()
		assert.Equal(t, got.RxDropped, whole.Drops[udp.DropSocketFull])
		assert.Equal(t, got.RxDropped, whole.Drops.Total()-whole.Drops[udp.DropOtherHost])
	})
}

func TestKernelAllocatesNothing(t *testing.T) {
	harness.CountsAllocations(t)
	k := newKernel(t, udp.KernelConfig{})
	for _, ip := range []string{"127.0.0.1", "[::1]"} {
		server := listen(t, k, "udp", ip+":0").(udp.Socket)
		require.NoError(t, server.SetControl(udp.ControlTOS|udp.ControlTTL|udp.ControlDestination))
		c := listen(t, k, "udp", ":0").(udp.Socket)
		to := netip.MustParseAddrPort(server.LocalAddr().String())
		data, buf, oob, ds := payload(1, 1000), make([]byte, 2048), make([]byte, 256), make([]udp.Datagram, 4)
		batch, seg := []udp.Message{{Data: data, To: to, TOS: 5}, {Data: data, To: to}}, segments(500)
		step := func() {
			if _, err := c.WriteBatch(batch); err != nil {
				t.Fatal(err)
			}
			for got := 0; got < len(batch); {
				n, err := server.ReadBatch(ds)
				if err != nil {
					t.Fatal(err)
				}
				for i := range ds[:n] {
					ds[i].Release()
				}
				got += n
			}
			if _, _, err := c.WriteMsgUDPAddrPort(data, seg, to); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, _, _, _, err := server.ReadMsgUDPAddrPort(buf, oob); err != nil {
					t.Fatal(err)
				}
			}
		}
		step()
		assert.Zero(t, testing.AllocsPerRun(200, step))
	}
}

// inside is a network in a namespace: its sockets are made there.
type inside struct {
	t   testing.TB
	end wire.End
	k   *udp.Kernel
}

func newInside(t *testing.T, end wire.End) inside {
	t.Helper()
	var k *udp.Kernel
	require.NoError(t, end.Do(func() (err error) {
		k, err = udp.NewKernel(udp.KernelConfig{Interface: end.Name})
		return err
	}))
	t.Cleanup(func() { assert.NoError(t, k.Close()) })
	return inside{t, end, k}
}

func (i inside) ListenPacket(network, address string) (c udp.PacketConn, err error) {
	err = i.end.Do(func() error {
		c, err = i.k.ListenPacket(network, address)
		return err
	})
	return c, err
}

func (i inside) Dial(network, address string) (c udp.PacketConn, err error) {
	err = i.end.Do(func() error {
		c, err = i.k.Dial(network, address)
		return err
	})
	return c, err
}

// Two kernels at the ends of a wire, and two hosts: a socket gets the datagrams of the groups that it has joined, and no others.
func TestGroupsInBothModes(t *testing.T) {
	a, b := pair(t, nil)
	w := harness.Wire(t)
	for i, end := range []wire.End{w.Near, w.Far} {
		require.NoError(t, end.Address(end.Name, fmt.Sprintf("10.7.0.%d/24", i+1)))
		require.NoError(t, end.Address(end.Name, fmt.Sprintf("fd00:7::%d/64", i+1)))
	}
	for _, s := range []sides{{"DPDK", a, b, "", ""}, {"kernel", newInside(t, w.Far), newInside(t, w.Near), "", ""}} {
		t.Run(s.name, func(t *testing.T) {
			for _, group := range []string{"239.1.2.3", "ff15::77"} {
				addr := netip.AddrPortFrom(netip.MustParseAddr(group), 703)
				member := listen(t, s.to, "udp", ":703").(udp.Socket)
				other := listen(t, s.to, "udp", ":704").(udp.Socket)
				sender := listen(t, s.from, "udp", ":0").(udp.Socket)
				require.NoError(t, member.JoinGroup(addr.Addr()))
				require.ErrorIs(t, member.JoinGroup(addr.Addr()), syscall.EADDRINUSE)
				require.NoError(t, sender.SetMulticastTTL(3))
				for _, to := range []uint16{704, 703} { // the other socket has not joined
					_, err := sender.WriteToUDPAddrPort([]byte("to all"), netip.AddrPortFrom(addr.Addr(), to))
					require.NoError(t, err)
				}
				ds := make([]udp.Datagram, 2)
				n, err := member.ReadBatch(ds)
				require.NoError(t, err)
				require.Equal(t, 1, n)
				assert.Equal(t, "to all", string(ds[0].Data()))
				assert.Equal(t, addr.Addr(), ds[0].To)
				assert.EqualValues(t, 3, ds[0].TTL)
				ds[0].Release()
				require.NoError(t, other.SetReadDeadline(time.Now()))
				_, err = other.Read(make([]byte, 9))
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				// Its own datagrams do not come back.
				_, err = member.WriteToUDPAddrPort([]byte("to others"), addr)
				require.NoError(t, err)
				require.NoError(t, member.LeaveGroup(addr.Addr()))
				err = member.LeaveGroup(addr.Addr())
				require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
				assert.Equal(t, "leave udp "+member.LocalAddr().String()+"->"+group+": cannot assign requested address", err.Error())
				require.ErrorIs(t, member.JoinGroup(netip.MustParseAddr("10.7.0.1")), syscall.EINVAL)
				four := listen(t, s.to, "udp4", ":705").(udp.Socket)
				assert.Equal(t, addr.Addr().Is4(), four.JoinGroup(addr.Addr()) == nil)
				require.NoError(t, member.SetReadDeadline(time.Now()))
				_, err = member.Read(make([]byte, 9))
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				for _, c := range []udp.Socket{member, other, sender, four} {
					require.NoError(t, c.Close())
				}
				// A socket at the address of a group is one at any address.
				c := listen(t, s.to, "udp", addr.String())
				assert.True(t, c.LocalAddr().(*net.UDPAddr).IP.IsUnspecified(), "%v", c.LocalAddr())
				require.NoError(t, c.Close())
			}
		})
	}
}

// Datagrams over the MTU are sent in fragments, or are an error.
func TestDontFragmentInBothModes(t *testing.T) {
	a, b := pair(t, nil)
	w := harness.Wire(t)
	for i, end := range []wire.End{w.Near, w.Far} {
		require.NoError(t, end.Address(end.Name, fmt.Sprintf("10.7.0.%d/24", i+1)))
		require.NoError(t, end.Address(end.Name, fmt.Sprintf("fd00:7::%d/64", i+1)))
	}
	for _, s := range []sides{{"DPDK", a, b, b4, b6}, {"kernel", newInside(t, w.Far), newInside(t, w.Near), "10.7.0.1", "fd00:7::1"}} {
		t.Run(s.name, func(t *testing.T) {
			for _, ip := range []string{s.ip, s.six} {
				server := listen(t, s.to, "udp", net.JoinHostPort(ip, "0")).(udp.Socket)
				c := dial(t, s.from, "udp", server.LocalAddr().String()).(udp.Socket)
				buf := make([]byte, 4000)
				for _, on := range []bool{false, true, false} {
					require.NoError(t, c.SetDontFragment(on))
					_, err := c.Write(make([]byte, 3000))
					if on {
						require.ErrorIs(t, err, syscall.EMSGSIZE)
						continue
					}
					require.NoError(t, err)
					n, err := server.Read(buf)
					require.NoError(t, err)
					assert.Equal(t, 3000, n)
				}
				_, _, err := c.WriteMsgUDPAddrPort(make([]byte, 3000), segments(1600), netip.AddrPort{})
				require.ErrorIs(t, err, syscall.EMSGSIZE)
			}
		})
	}
}

func TestKernelLinkLocalAddressesHaveZones(t *testing.T) {
	w := harness.Wire(t)
	for i, end := range []wire.End{w.Near, w.Far} {
		require.NoError(t, end.Address(end.Name, fmt.Sprintf("fe80::%d/64", i+1)))
	}
	server := listen(t, newInside(t, w.Far), "udp", ":0").(udp.Socket)
	c := listen(t, newInside(t, w.Near), "udp", ":0").(udp.Socket)
	to := netip.AddrPortFrom(netip.MustParseAddr("fe80::2").WithZone(w.Near.Name), port(server))
	_, err := c.WriteBatch([]udp.Message{{Data: []byte("x"), To: to}})
	require.NoError(t, err)
	ds := make([]udp.Datagram, 1)
	_, err = server.ReadBatch(ds)
	require.NoError(t, err)
	assert.NotEmpty(t, ds[0].From.Addr().Zone())
	assert.Equal(t, netip.MustParseAddr("fe80::2").WithZone(ds[0].From.Addr().Zone()), ds[0].To)
	_, err = server.WriteBatch([]udp.Message{{Data: ds[0].Data(), To: ds[0].From, From: ds[0].To}})
	require.NoError(t, err)
	ds[0].Release()
	_, from, err := c.ReadFromUDPAddrPort(make([]byte, 1))
	require.NoError(t, err)
	require.NotEmpty(t, from.Addr().Zone())
	// Package net has one table of zones, also for namespaces in which an index has different names.
	assert.Equal(t, to, netip.AddrPortFrom(from.Addr().WithZone(w.Near.Name), from.Port()))
}

// An interface may get another name, and its name another interface.
func TestKernelZonesFollowTheInterfaces(t *testing.T) {
	w := harness.Wire(t)
	link, err := w.Near.Link(w.Near.Name)
	require.NoError(t, err)
	const other = "other0"
	index := uint32(link.Index)
	require.NoError(t, w.Near.Do(func() error {
		assert.Equal(t, w.Near.Name, udp.ZoneName(index))
		assert.Equal(t, index, udp.ZoneIndex(w.Near.Name))
		rename := func(from, to string) {
			link, err := netlink.LinkByName(from)
			require.NoError(t, err)
			require.NoError(t, netlink.LinkSetDown(link))
			require.NoError(t, netlink.LinkSetName(link, to))
		}
		rename(w.Near.Name, other)
		udp.AgeZones()
		assert.Equal(t, other, udp.ZoneName(index))
		assert.Equal(t, index, udp.ZoneIndex(other))
		assert.Zero(t, udp.ZoneIndex(w.Near.Name))
		rename(other, w.Near.Name)
		udp.AgeZones()
		assert.Equal(t, w.Near.Name, udp.ZoneName(index))
		assert.Zero(t, udp.ZoneIndex(other))
		assert.Equal(t, "4000000000", udp.ZoneName(4000000000))
		assert.EqualValues(t, 4000000000, udp.ZoneIndex("4000000000"))
		return nil
	}))
}

func TestKernelsShareAPort(t *testing.T) {
	at := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	var servers [2]*udp.KernelConn
	for i := range servers {
		c, err := newKernel(t, udp.KernelConfig{ReusePort: true}).ListenUDP("udp4", at)
		require.NoError(t, err)
		servers[i], at = c, c.LocalAddr().(*net.UDPAddr)
	}
	_, err := newKernel(t, udp.KernelConfig{}).ListenUDP("udp4", at)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	clients := newKernel(t, udp.KernelConfig{})
	sent := uint64(0)
	for range 64 { // as many flows
		c, err := clients.DialUDP("udp4", nil, at)
		require.NoError(t, err)
		_, err = c.Write([]byte("x"))
		require.NoError(t, err)
		sent++
	}
	require.Eventually(t, func() bool { // each server has received some, and both together all
		for _, s := range servers {
			require.NoError(t, s.SetReadDeadline(time.Now().Add(time.Millisecond)))
			for n := 1; n > 0; {
				n, _ = s.Read(make([]byte, 1))
			}
		}
		a, b := servers[0].Stats().RxDatagrams, servers[1].Stats().RxDatagrams
		return a > 0 && b > 0 && a+b == sent
	}, 10*time.Second, time.Millisecond)
}

func TestKernelEnds(t *testing.T) {
	k, err := udp.NewKernel(udp.KernelConfig{})
	require.NoError(t, err)
	c := listen(t, k, "udp", "127.0.0.1:0")
	d := dial(t, k, "udp", c.LocalAddr().String())
	require.NoError(t, d.Close())
	reader := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		reader <- err
	}()
	require.NoError(t, k.Close())
	require.ErrorIs(t, <-reader, net.ErrClosed)
	require.NoError(t, k.Close())
	_, err = k.ListenPacket("udp", ":0")
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = k.Dial("udp", "127.0.0.1:9")
	require.ErrorIs(t, err, net.ErrClosed)

	_, err = udp.NewKernel(udp.KernelConfig{Interface: "nosuch0"})
	require.ErrorIs(t, err, dpdk.ErrNoDevice)
	assert.ErrorContains(t, err, `"nosuch0"`)
	u := listen(t, newKernel(t, udp.KernelConfig{}), "udp", ":0").(*udp.KernelConn)
	assert.Equal(t, u.LocalAddr(), u.UDPConn().LocalAddr())
}

// A program that was built without DPDK runs on kernel sockets.
func TestProgramBuiltWithoutDPDKUsesTheKernel(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "nodpdk")
	cmd := exec.Command("go", "build", "-o", bin, "./testdata/nodpdk")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	libraries, err := exec.Command("ldd", bin).CombinedOutput()
	require.Error(t, err, "it is static: %s", libraries)
	out, err = exec.Command(bin).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, `kernel sockets: rte_eal_init: built without DPDK, which needs Linux and cgo (CGO_ENABLED=1): operation not supported
sent 2 <nil>
3 bytes to 127.0.0.1, TOS 0xb9, TTL 33, from IPv4 in IPv6 true
5000 bytes to 127.0.0.1, TOS 0xb9, TTL 33, from IPv4 in IPv6 true
control 32 0 <nil> <nil>
{RxDatagrams:3 TxDatagrams:0 RxBytes:5025 TxBytes:0 RxDropped:0 Waiting:0}
{RxDatagrams:0 TxDatagrams:3 RxBytes:0 TxBytes:5025 RxDropped:0 Waiting:0}
<nil> true
`, string(out))
}
