//go:build linux

package udp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// impairment is what a network does to packets, as tc's netem: probabilities, and the number of later packets that may
// overtake one.
type impairment struct {
	loss, duplicate, corrupt, reorder float64
	window                            int
	delay                             time.Duration // at most
}

// network connects two hosts and impairs the packets of the first one.
type network struct {
	impairment
	r      *rand.Rand
	pool   *mbuf.Pool
	a, b   *udp.Host
	ab, ba [2]*ethdev.Port // from, to

	held []held // that others overtake

	packets, lost, duplicated, corrupted, forwarded atomic.Uint64
	control                                         atomic.Uint64 // ARP, ICMP and reports of groups, which pass
	// good is the number of copies of each fragment that came through as it was sent: by the datagram's number and the offset.
	good    map[uint64]map[int]int
	changed map[uint64]int // changed packets of each datagram
	done    atomic.Bool
}

type held struct {
	m     *mbuf.Mbuf
	after int
	due   time.Time
}

func newNetwork(t *testing.T, how impairment) *network {
	t.Helper()
	pool := newPool(t, 8191)
	var cables [2]*netring.Cable
	for i := range cables {
		c, err := netring.Pair(netring.CableConfig{}, ethdev.Config{Pool: pool})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, c.Close()) })
		cables[i] = c
	}
	n := &network{impairment: how, r: harness.Random(t), pool: pool, good: map[uint64]map[int]int{}, changed: map[uint64]int{},
		ab: [2]*ethdev.Port{cables[0].B, cables[1].B}, ba: [2]*ethdev.Port{cables[1].B, cables[0].B}}
	var worker sync.WaitGroup
	worker.Go(n.forward)
	t.Cleanup(func() { n.done.Store(true); worker.Wait() })
	n.a = newHost(t, cables[0].A, udp.Config{Addrs: prefixes(a4+"/24", a6+"/64"), MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}})
	n.b = newHost(t, cables[1].A, udp.Config{Addrs: prefixes(b4+"/24", b6+"/64"), MAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}})
	return n
}

// forward moves packets between the hosts.
func (n *network) forward() {
	var pkts [32]*mbuf.Mbuf
	for !n.done.Load() {
		got := n.ba[0].RxQueue(0).Burst(pkts[:])
		for _, m := range pkts[:got] {
			n.send(n.ba[1], m)
		}
		k := n.ab[0].RxQueue(0).Burst(pkts[:])
		for _, m := range pkts[:k] {
			n.impair(m)
		}
		n.release(false)
		if got+k == 0 {
			runtime.Gosched()
		}
	}
	n.release(true)
}

// send hands a packet to a port. It waits for room while the hosts run.
func (n *network) send(to *ethdev.Port, m *mbuf.Mbuf) {
	for to.TxQueue(0).Burst([]*mbuf.Mbuf{m}) == 0 {
		if n.done.Load() {
			m.Free()
			return
		}
		runtime.Gosched()
	}
}

// identify returns the number of the datagram that a packet is of, and its offset there. ok is false for a packet that is not UDP.
func identify(f []byte) (id uint64, off int, ok bool) {
	switch l3 := f[14:]; {
	case f[12] == 8 && f[13] == 0 && l3[9] == 17:
		off, id = int(binary.BigEndian.Uint16(l3[6:])&0x1fff)*8, 4<<32|uint64(binary.BigEndian.Uint16(l3[4:]))
		if binary.BigEndian.Uint16(l3[6:])&0x3fff == 0 {
			id = binary.BigEndian.Uint64(l3[28:])
		}
		return id, off, true
	case f[12] == 0x86 && l3[6] == 17:
		return binary.BigEndian.Uint64(l3[48:]), 0, true
	case f[12] == 0x86 && l3[6] == 44:
		return 6<<32 | uint64(binary.BigEndian.Uint32(l3[44:])), int(binary.BigEndian.Uint16(l3[42:]) &^ 7), true
	}
	return 0, 0, false
}

func (n *network) impair(m *mbuf.Mbuf) {
	id, off, ok := identify(m.Data())
	if !ok {
		n.control.Add(1)
		n.send(n.ab[1], m)
		return
	}
	n.packets.Add(1)
	if n.r.Float64() < n.loss {
		n.lost.Add(1)
		m.Free()
		return
	}
	if n.r.Float64() < n.duplicate {
		if second, ok := n.pool.Alloc(); ok && second.AppendBytes(m.Data()) {
			n.duplicated.Add(1)
			n.pass(second, id, off)
		}
	}
	n.pass(m, id, off)
}

// pass sends a packet now or later.
func (n *network) pass(m *mbuf.Mbuf, id uint64, off int) {
	if n.r.Float64() < n.corrupt {
		n.corrupted.Add(1)
		n.changed[id]++
		b := m.Data()
		b[n.r.IntN(len(b))] ^= 1 << n.r.IntN(8)
	} else {
		if n.good[id] == nil {
			n.good[id] = map[int]int{}
		}
		n.good[id][off]++
	}
	if n.r.Float64() < n.reorder {
		n.held = append(n.held, held{m, n.r.IntN(n.window), time.Now().Add(time.Duration(n.r.Int64N(int64(n.delay) + 1)))})
		return
	}
	n.forwarded.Add(1)
	n.send(n.ab[1], m)
	for i := range n.held {
		n.held[i].after--
	}
}

// release sends what has waited long enough.
func (n *network) release(all bool) {
	now, keep := time.Now(), n.held[:0]
	for _, h := range n.held {
		if !all && h.after > 0 && now.Before(h.due) {
			keep = append(keep, h)
			continue
		}
		n.forwarded.Add(1)
		n.send(n.ab[1], h.m)
	}
	n.held = keep
}

// Datagrams cross a network that loses, copies, reorders, delays and changes packets. Received data are the sent ones, and
// each packet is accounted for.
func TestBadNetwork(t *testing.T) {
	for name, how := range map[string]impairment{
		"loss":                  {loss: 0.1},
		"reorder and duplicate": {duplicate: 0.1, reorder: 0.3, window: 16, delay: time.Millisecond},
		"all but corruption":    {loss: 0.05, duplicate: 0.05, reorder: 0.2, window: 8, delay: 3 * time.Millisecond},
		"all":                   {loss: 0.03, duplicate: 0.05, corrupt: 0.1, reorder: 0.2, window: 16, delay: time.Millisecond},
	} {
		for _, to := range []string{b4, b6} {
			for _, parts := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s, %d packets, to %s", name, parts, to), func(t *testing.T) { testBadNetwork(t, how, to, parts) })
			}
		}
	}
}

func testBadNetwork(t *testing.T, how impairment, to string, parts int) {
	n := newNetwork(t, how)
	datagrams := harness.Size(3000, 500)
	size := func(i int) int { return 16 + (i*37)%1200 } // of datagram i
	if parts > 1 {
		size = func(i int) int { return 3000 + (i*37)%1200 } // three packets
	}
	server := listen(t, n.b, "udp", net.JoinHostPort(to, "700"))
	c := dial(t, n.a, "udp", server.LocalAddr().String())
	for { // until the neighbors know each other
		_, err := c.Write(make([]byte, 16))
		require.NoError(t, err)
		require.NoError(t, server.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		if _, err := server.Read(make([]byte, 16)); err == nil && udp.Reachable(n.a, netip.MustParseAddr(to)) {
			break
		}
	}
	settle := func() {
		t.Helper()
		require.Eventually(t, func() bool {
			return n.a.Stats().TxFrames == n.packets.Load()+n.control.Load() && n.packets.Load()+n.duplicated.Load()-n.lost.Load() == n.forwarded.Load() &&
				n.b.Stats().RxFrames == n.forwarded.Load()+n.control.Load()
		}, 10*time.Second, time.Millisecond, "%v %v", n.a.Stats(), n.b.Stats())
	}
	settle()
	for server.(*udp.Conn).Stats().Waiting > 0 {
		_, err := server.Read(make([]byte, 16))
		require.NoError(t, err)
	}
	before, control := n.b.Stats(), n.control.Load()
	require.NoError(t, server.SetReadDeadline(time.Now().Add(60*time.Second)))
	require.NoError(t, c.SetDeadline(time.Now().Add(60*time.Second)))

	received, wrong := map[int]int{}, 0
	var reader sync.WaitGroup
	reader.Go(func() {
		buf := make([]byte, 65536)
		for {
			k, err := server.Read(buf)
			if err != nil {
				return
			}
			i := int(binary.BigEndian.Uint64(buf)) - 1
			if i < 0 || i >= datagrams || !bytes.Equal(buf[:k], numbered(i, size(i))) {
				wrong++
			}
			received[i]++
		}
	})
	for i := range datagrams {
		_, err := c.Write(numbered(i, size(i)))
		if err != nil {
			// A changed packet can look like one for another port: its ICMP error is for this socket.
			require.Positive(t, how.corrupt, "%v", err)
		}
		for n.a.Stats().TxFrames-n.packets.Load()-n.control.Load() > 50 || n.forwarded.Load()+n.control.Load()-n.b.Stats().RxFrames > 50 || server.(*udp.Conn).Stats().Waiting > 50 {
			runtime.Gosched()
		}
	}
	settle()
	udp.Tick(n.b, time.Now().Add(31*time.Second)) // fragments of incomplete datagrams
	require.Eventually(t, func() bool { return server.(*udp.Conn).Stats().Waiting == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, server.Close())
	reader.Wait()

	s := n.b.Stats()
	var drops udp.Drops
	for d := range drops {
		drops[d] = s.Drops[d] - before.Drops[d]
	}
	t.Logf("%d packets, %d lost, %d copied, %d changed; %d datagrams received; dropped: %v", n.packets.Load(), n.lost.Load(), n.duplicated.Load(), n.corrupted.Load(), s.RxDatagrams-before.RxDatagrams, drops)
	fragments := drops[udp.DropOverlap] + drops[udp.DropFragments] + drops[udp.DropTimeout] + drops[udp.DropDuplicate]
	reassembled, rxFragments := s.Reassembled-before.Reassembled, s.RxFragments-before.RxFragments
	if how.corrupt == 0 {
		assert.Equal(t, rxFragments, uint64(parts)*reassembled+fragments, "fragments")
	}
	// Each frame, or datagram of fragments, was received or dropped.
	handled := s.RxFrames - before.RxFrames - rxFragments + reassembled
	counted := s.RxDatagrams - before.RxDatagrams + drops.Total() - fragments - drops[udp.DropICMPLimited]
	if how.corrupt > 0 {
		handled += drops[udp.DropMalformed] // some of them are changed fragments
	}
	assert.LessOrEqual(t, counted, handled)
	assert.LessOrEqual(t, handled-counted, n.control.Load()-control+n.corrupted.Load())
	if how.corrupt == 0 && n.control.Load() == control {
		assert.Equal(t, handled, counted)
	}
	// The checksum of UDP does not see two changes of the same bit in opposite directions, one in each of two fragments.
	twice := 0
	for _, k := range n.changed {
		if k > 1 {
			twice++
		}
	}
	assert.LessOrEqual(t, wrong, twice, "datagrams with other data than was sent")
	total := 0
	for _, k := range received {
		total += k
	}
	assert.EqualValues(t, s.RxDatagrams-before.RxDatagrams, total)
	if how.corrupt > 0 {
		assert.Positive(t, drops[udp.DropChecksum])
		return
	}
	if parts == 1 {
		for i := range datagrams {
			require.Equal(t, n.good[uint64(i+1)][0], received[i], "datagram %d", i)
		}
		return
	}
	// A datagram arrives if all its packets do.
	whole := 0
	for id, at := range n.good {
		if id>>32 != 0 && len(at) == parts {
			whole++
		}
	}
	assert.Equal(t, whole, len(received))
}

// numbered is the payload of datagram i.
func numbered(i, n int) []byte {
	b := payload(i, n)
	binary.BigEndian.PutUint64(b, uint64(i+1))
	return b
}
