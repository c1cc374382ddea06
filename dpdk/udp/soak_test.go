//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// soakDatagrams is the number of datagrams of TestNothingIsLost: GODPDK_DATAGRAMS if it is set.
func soakDatagrams(t *testing.T) int64 {
	s := os.Getenv("GODPDK_DATAGRAMS")
	if s == "" {
		return harness.Size[int64](100_000, 20_000)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err, "GODPDK_DATAGRAMS")
	return n
}

const soakWindow = 16 // datagrams of a client that wait for their answers

// Datagrams of both IP versions go both ways over two queues with a VLAN tag, in batches, in segments, in fragments and alone, beside groups that
// come and go and ports that refuse. None is lost, and no byte or mbuf is.
func TestNothingIsLost(t *testing.T) {
	cable, pool := cables(t, 2)
	a := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4+"/24", a6+"/64"), Pool: pool, VLAN: 7, ReadQueue: 1024})
	b := newHost(t, cable.B, udp.Config{Addrs: prefixes(b4+"/24", b6+"/64"), Pool: pool, VLAN: 7, ReadQueue: 1024})
	want := soakDatagrams(t)
	var done atomic.Int64
	var servers, clients, beside sync.WaitGroup
	var listeners, dialers []*udp.Conn
	start := time.Now()
	for i, at := range []struct {
		to, from *udp.Host
		addr     string
	}{{b, a, b4}, {a, b, a4}, {b, a, b6}, {a, b, a6}} {
		server, err := at.to.ListenPacket("udp", netip.AddrPortFrom(netip.MustParseAddr(at.addr), 700).String())
		require.NoError(t, err)
		l := server.(*udp.Conn)
		listeners = append(listeners, l)
		servers.Go(func() { soakServer(t, l) })
		for k := range 2 {
			client, err := at.from.Dial("udp", server.LocalAddr().String())
			require.NoError(t, err)
			c := client.(*udp.Conn)
			dialers = append(dialers, c)
			clients.Go(func() {
				for round := 0; done.Add(soakWindow) <= want; round++ {
					if err := soakRound(c, uint64(i*2+k)<<32+uint64(round)*soakWindow); err != nil {
						t.Errorf("client %d, round %d: %v: %+v %+v", i*2+k, round, err, a.Stats(), b.Stats())
						return
					}
				}
			})
		}
	}
	stop := make(chan struct{})
	for _, h := range []*udp.Host{a, b} {
		beside.Go(func() { soakBeside(t, h, stop) })
	}
	clients.Wait()
	took := time.Since(start)
	close(stop)
	beside.Wait()
	var sent, received udp.ConnStats
	for _, c := range append(listeners, dialers...) {
		s := c.Stats()
		sent.TxDatagrams += s.TxDatagrams
		sent.TxBytes += s.TxBytes
		received.RxDatagrams += s.RxDatagrams
		received.RxBytes += s.RxBytes
		received.RxDropped += s.RxDropped
		require.NoError(t, c.Close())
	}
	servers.Wait()
	t.Logf("%d datagrams, %d bytes in %v: %.0f datagrams a second", received.RxDatagrams, received.RxBytes, took.Round(time.Millisecond), float64(received.RxDatagrams)/took.Seconds())
	assert.Equal(t, sent.TxDatagrams, received.RxDatagrams)
	assert.Equal(t, sent.TxBytes, received.RxBytes)
	assert.GreaterOrEqual(t, int64(received.RxDatagrams), 2*(want-8*soakWindow))
	assert.Zero(t, received.RxDropped)
	for _, h := range []*udp.Host{a, b} {
		s := h.Stats()
		for d, n := range s.Drops {
			switch d := udp.Drop(d); d {
			case udp.DropOtherHost, udp.DropNoSocket, udp.DropICMPLimited: // reports of groups, and ports that refuse
			default:
				assert.Zero(t, n, "%v: %+v", d, s)
			}
		}
		assert.Positive(t, s.Reassembled)
	}
	require.NoError(t, a.Close())
	require.NoError(t, b.Close()) // then no mbuf is missing: see newPool
}

// soakServer sends back what it receives.
func soakServer(t *testing.T, c *udp.Conn) {
	ds, ms := make([]udp.Datagram, soakWindow), make([]udp.Message, soakWindow)
	for {
		n, err := c.ReadBatch(ds)
		if err != nil {
			return
		}
		for i := range ds[:n] {
			ms[i] = udp.Message{Data: ds[i].Data(), To: ds[i].From}
		}
		if k, err := c.WriteBatch(ms[:n]); err != nil || k != n {
			t.Errorf("%d of %d datagrams sent: %v", k, n, err)
		}
		for i := range ds[:n] {
			ds[i].Release()
		}
	}
}

// soakRound sends a window of datagrams from number first on, and receives the answers in any order.
func soakRound(c *udp.Conn, first uint64) error {
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	size := func(i uint64) int { return 8 + int(i*131%1380) }
	segmented := first/soakWindow%3 == 1
	switch {
	case segmented:
		size = func(uint64) int { return 1000 }
	case first/soakWindow%8 == 2:
		size = func(i uint64) int { return 2000 + int(i*131%5000) } // in fragments
	}
	var ms [soakWindow]udp.Message
	for i := range ms {
		ms[i].Data = soakPayload(first+uint64(i), size(first+uint64(i)))
	}
	switch {
	case segmented:
		oob := make([]byte, 24)
		binary.NativeEndian.PutUint64(oob, 18)
		binary.NativeEndian.PutUint32(oob[8:], 17)
		binary.NativeEndian.PutUint32(oob[12:], 103)
		binary.NativeEndian.PutUint16(oob[16:], 1000)
		var all []byte
		for _, m := range ms {
			all = append(all, m.Data...)
		}
		if _, _, err := c.WriteMsgUDPAddrPort(all, oob, netip.AddrPort{}); err != nil {
			return err
		}
	case first/soakWindow%2 == 0:
		if n, err := c.WriteBatch(ms[:]); err != nil || n != len(ms) {
			return fmt.Errorf("%d sent: %w", n, err)
		}
	default:
		for _, m := range ms {
			if _, err := c.Write(m.Data); err != nil {
				return err
			}
		}
	}
	buf := make([]byte, 8192)
	var seen [soakWindow]bool
	for range ms {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		if n < 8 {
			return fmt.Errorf("a datagram of %d bytes", n)
		}
		i := binary.BigEndian.Uint64(buf) - first
		if i >= soakWindow || seen[i] || !bytes.Equal(buf[:n], ms[i].Data) {
			return fmt.Errorf("a wrong datagram of %d bytes, number %d", n, i)
		}
		seen[i] = true
	}
	return nil
}

func soakPayload(i uint64, n int) []byte {
	b := payload(int(i), n)
	binary.BigEndian.PutUint64(b, i)
	return b
}

// soakBeside opens and closes sockets, joins and leaves groups, and sends to ports that refuse.
func soakBeside(t *testing.T, h *udp.Host, stop chan struct{}) {
	to := map[bool]string{true: b4, false: a4}[h.Addrs()[0].Addr().String() == a4]
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		c, err := h.Dial("udp4", to+":9")
		if err != nil {
			t.Error(err)
			return
		}
		group := netip.AddrFrom4([4]byte{239, 1, byte(i >> 8), byte(i)})
		_, errWrite := c.Write([]byte("x"))
		errs := []error{errWrite, c.(*udp.Conn).JoinGroup(group), c.SetReadDeadline(time.Now().Add(2 * time.Millisecond))}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, os.ErrDeadlineExceeded) { // errors are limited
			errs = append(errs, err)
		}
		errs = append(errs, c.(*udp.Conn).LeaveGroup(group), c.Close())
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
			return
		}
	}
}
