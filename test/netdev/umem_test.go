//go:build linux

package netdev

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/test/harness"
)

// An AF_XDP socket has a memory area that must hold the mbufs. The port sends from every mbuf and
// receives into every mbuf, except those that left the pool for ever, and the kernel counts as
// many packets as the driver.
func TestEveryMbufSendsAndReceives(t *testing.T) {
	for _, name := range []string{"AF_PACKET", "AF_XDP"} {
		on(t, name, func(t *testing.T, s *station) {
			s.sendFromAll()
			received := s.receiveIntoAll()
			unseen := 0
			for _, o := range objects(s.t, s.pool).All() {
				if !received[(*mbuf.Mbuf)(o.Pointer())] {
					unseen++
				}
			}
			assert.Equal(t, retired(s.t, s.pool), unseen, "mbufs that no packet was received into")
			assert.Less(t, unseen, 20)
		})
	}
}

// sendFromAll sends a packet from every mbuf that the driver has not taken.
func (s *station) sendFromAll() {
	before, _ := s.link()
	tx := s.port.TxQueue(0)
	all := make([]*mbuf.Mbuf, s.pool.Available())
	require.True(s.t, s.pool.AllocBulk(all))
	frame := slices.Concat(s.far.MAC, s.mac, []byte{0x88, 0xb5}, make([]byte, 46)) // of a protocol without answers
	for _, m := range all {
		require.True(s.t, m.AppendBytes(frame))
	}
	for rest := all; len(rest) > 0; {
		rest = rest[tx.Burst(rest[:min(len(rest), 32)]):]
	}
	require.Eventually(s.t, func() bool {
		tx.Burst(nil) // the driver sends its queued packets
		after, _ := s.link()
		return int(after-before) == len(all)
	}, 10*time.Second, time.Millisecond, "the kernel did not get all %d packets", len(all))
}

// receiveIntoAll has packets go round until each mbuf had its turn.
func (s *station) receiveIntoAll() (received map[*mbuf.Mbuf]bool) {
	c := s.socket()
	before, _ := s.link()
	received = map[*mbuf.Mbuf]bool{}
	buf := make([]byte, 2048)
	at := 0
	for ; at < 3*s.pool.Size(); at += window {
		for range window {
			_, err := c.Write(payload(at)[:4])
			require.NoError(s.t, err)
		}
		s.turnRound(window, received)
		for i := range window {
			_, err := c.Read(buf)
			require.NoError(s.t, err, "of %d that were sent now, %d came; %d mbufs were seen", window, i, len(received))
		}
	}
	after, _ := s.link()
	assert.EqualValues(s.t, at, after-before, "packets that the kernel received")
	return received
}

// objects returns the pool as a pool of objects.
func objects(t *testing.T, pool *mbuf.Pool) *mempool.Pool {
	p, err := mempool.Lookup(pool.Name())
	require.NoError(t, err)
	return p
}

// retired is the number of mbufs that left the pool for ever: they have no pool.
func retired(t *testing.T, pool *mbuf.Pool) (n int) {
	for _, o := range objects(t, pool).All() {
		if *(*unsafe.Pointer)(unsafe.Add(o.Pointer(), cgo.MbufPool)) == nil {
			n++
		}
	}
	return n
}

// turnRound sends n packets back as they come, and notes their mbufs.
func (s *station) turnRound(n int, received map[*mbuf.Mbuf]bool) {
	s.t.Helper()
	rx, tx := s.port.RxQueue(0), s.port.TxQueue(0)
	var pkts [32]*mbuf.Mbuf
	for start := time.Now(); n > 0; {
		got := rx.Burst(pkts[:min(n, len(pkts))])
		if got == 0 {
			runtime.Gosched()
			require.Less(s.t, time.Since(start), 10*time.Second, "%d more packets should have come: %v", n, rx.Err())
		}
		for _, m := range pkts[:got] {
			received[m] = true
			f := m.Data()
			swap(f[0:6], f[6:12])
			swap(f[26:30], f[30:34])
			swap(f[34:36], f[36:38])
		}
		for rest := pkts[:got]; len(rest) > 0; {
			rest = rest[tx.Burst(rest):]
		}
		n -= got
	}
}

// The mbufs that must be taken out cannot be while somebody has them.
func TestAPoolInUseCannotBeRegistered(t *testing.T) {
	harness.Need(t, harness.Root, harness.XDP)
	pool, err := mbuf.CreatePool(fmt.Sprint("packets", number()), 8191, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	all := make([]*mbuf.Mbuf, pool.Size())
	require.True(t, pool.AllocBulk(all))
	devargs := fmt.Sprintf("net_af_xdp%d,iface=%s,force_copy=1", number(), harness.Wire(t).Near.Name)
	_, err = ethdev.Open(devargs, ethdev.Config{Pool: pool})
	mbuf.FreeBulk(all)
	if cgo.BuildVersion() < 24<<24|7<<16 {
		require.ErrorIs(t, err, dpdk.ErrBusy)
		assert.Contains(t, err.Error(), "configure the port before the pool is used")
	}
	open(t, devargs, pool)
	assert.Less(t, retired(t, pool), 20)
}

// A program that leaves removes whatever XDP program the interface has: also that of the
// one that has just opened it.
func TestPortReportsAMissingXDPProgram(t *testing.T) {
	on(t, "AF_XDP", func(t *testing.T, s *station) {
		rx := s.port.RxQueue(0)
		require.NoError(t, rx.Err())
		i, err := s.port.Info()
		require.NoError(t, err)
		link, err := netlink.LinkByIndex(i.IfIndex)
		require.NoError(t, err)
		require.NoError(t, netlink.LinkSetXdpFd(link, -1))
		err = rx.Err()
		require.ErrorIs(t, err, syscall.ENETDOWN)
		assert.Contains(t, err.Error(), "the XDP program of the interface was removed")
	})
}
