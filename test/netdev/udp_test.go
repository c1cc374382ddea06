//go:build linux

package netdev

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// window is how many datagrams are under way at once: less than any queue holds.
const window = 64

// A UDP socket sends datagrams of every length; the port receives each, whole,
// once and in order, and the kernel has counted the same.
func TestDatagramsFromTheKernelArrive(t *testing.T) {
	each(t, func(t *testing.T, s *station) {
		c := s.socket()
		_, sentBefore := s.link()
		i := 0
		for sent := 0; sent < all; {
			n := min(window, all-sent)
			for range n {
				_, err := c.Write(payload(sent))
				require.NoError(t, err)
				sent++
			}
			s.receive(n, func(m *mbuf.Mbuf) {
				frame := m.Data()
				require.Equal(t, m.Len(), len(frame))
				assert.EqualValues(t, s.port.ID(), m.Port())
				eth, ip, udp := s.parsed(frame)
				assert.Equal(t, s.far.MAC, eth.SrcMAC)
				assert.Equal(t, s.mac, eth.DstMAC)
				assert.True(t, ip.SrcIP.Equal(s.peer) && ip.DstIP.Equal(s.ip), "%v to %v", ip.SrcIP, ip.DstIP)
				assert.EqualValues(t, peerUDP, udp.SrcPort)
				require.Equal(t, payload(i), udp.Payload, "datagram %d", i)
				i++
			})
		}
		assert.Equal(t, all, i)
		assert.Zero(t, s.port.RxQueue(0).Burst(make([]*mbuf.Mbuf, 32)), "more than was sent")
		_, sent := s.link()
		assert.EqualValues(t, all, sent-sentBefore, "packets that the kernel sent")
		st, err := s.port.Stats()
		require.NoError(t, err)
		assert.EqualValues(t, all, st.RxPackets)
	})
}

// The port sends datagrams of every length; the kernel finds their checksums right
// and a socket gets each, whole, once and in order. Of datagrams with a wrong
// checksum it gets none, so the kernel has looked.
func TestDatagramsToTheKernelArrive(t *testing.T) {
	each(t, func(t *testing.T, s *station) {
		c := s.socket()
		before, _ := s.link()
		good, bad := counter(t, s.far.Host, "Udp", "InDatagrams"), counter(t, s.far.Host, "Udp", "InCsumErrors")
		buf := make([]byte, 2048)
		i, damaged := 0, 0
		for sent := 0; sent < all; {
			n := min(window, all-sent)
			for range n {
				f := s.frame(payload(sent))
				if sent%100 == 0 {
					wrong := bytes.Clone(f)
					wrong[headers] ^= 1
					s.send(wrong)
					damaged++
				}
				s.send(f)
				sent++
			}
			for range n {
				got, err := c.Read(buf)
				require.NoError(t, err, "datagram %d", i)
				require.Equal(t, payload(i), buf[:got], "datagram %d", i)
				i++
			}
		}
		rx, _ := s.link()
		assert.EqualValues(t, all+damaged, rx-before, "packets that the kernel received")
		assert.Equal(t, all, counter(t, s.far.Host, "Udp", "InDatagrams")-good)
		assert.Equal(t, damaged, counter(t, s.far.Host, "Udp", "InCsumErrors")-bad)
		st, err := s.port.Stats()
		require.NoError(t, err)
		assert.EqualValues(t, all+damaged, st.TxPackets)
	})
}

// Both directions at once: a poller returns the kernel's packets, and every
// datagram comes back.
func TestDatagramsReturn(t *testing.T) {
	const total = 5000
	each(t, func(t *testing.T, s *station) {
		c := s.socket()
		ctx, cancel := context.WithCancel(t.Context())
		var poller sync.WaitGroup
		poller.Go(func() { s.turn(ctx) })
		defer poller.Wait()
		defer cancel()

		seen := make([]bool, total)
		buf := make([]byte, 2048)
		for sent, back := 0, 0; back < total; {
			for sent < total && sent-back < window {
				_, err := c.Write(payload(sent))
				require.NoError(t, err)
				sent++
			}
			n, err := c.Read(buf)
			require.NoError(t, err, "%d of %d have come back", back, sent)
			i := int(binary.BigEndian.Uint32(buf))
			require.Less(t, i, total)
			require.False(t, seen[i], "datagram %d came back twice", i)
			require.Equal(t, payload(i), buf[:n], "datagram %d", i)
			seen[i] = true
			back++
		}
	})
}

// turn returns the packets that the port receives to their sender.
func (s *station) turn(ctx context.Context) {
	rx, tx := s.port.RxQueue(0), s.port.TxQueue(0)
	var pkts [32]*mbuf.Mbuf
	for n := 0; ctx.Err() == nil; {
		for _, m := range pkts[:n] {
			f := m.Data()
			swap(f[0:6], f[6:12])
			swap(f[26:30], f[30:34])
			swap(f[34:36], f[36:38])
		}
		_, n = tx.Forward(pkts[:n], rx, pkts[:])
		if ctx.Err() != nil {
			mbuf.FreeBulk(pkts[:n])
		}
	}
}

func swap(a, b []byte) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}
