//go:build linux

package guest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
)

// kind is the kind of the NICs: virtio, e1000e, vmxnet3 or igb.
var kind = os.Getenv("GODPDK_NIC")

// nic returns the PCI address of NIC A, B, C or D.
func nic(name string) string { return os.Getenv("GODPDK_NIC_" + name) }

// config completes the configuration of a process that drives these NICs.
func config(cfg eal.Config, nics ...string) eal.Config {
	for _, name := range nics {
		cfg.Allow = append(cfg.Allow, nic(name))
	}
	cfg.Extra = append(cfg.Extra, strings.Fields(os.Getenv("GODPDK_NIC_EAL"))...)
	return cfg
}

// start starts EAL with these NICs.
func start(t testing.TB, cfg eal.Config, nics ...string) *eal.Runtime {
	t.Helper()
	cfg.Lcores, cfg.MemoryMB = "0", 64
	rt, err := eal.Init(config(cfg, nics...))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, rt.Close()) })
	return rt
}

// pair is two started ports and the pool of their packets.
type pair struct {
	a, b *ethdev.Port
	pool *mbuf.Pool
}

// newPool returns a pool that must be full again at the end. vmxnet3 takes two mbufs for each receive descriptor.
func newPool(t testing.TB, count, room int) *mbuf.Pool {
	t.Helper()
	pool, err := mbuf.CreatePool("packets", count, mbuf.PoolConfig{DataRoom: room})
	require.NoError(t, err)
	mbuftest.CheckFull(t, pool)
	return pool
}

// open starts the ports of two NICs, and waits for their links. They are detached at the test's end.
func open(t testing.TB, pool *mbuf.Pool, cfg ethdev.Config, nics ...string) *pair {
	t.Helper()
	p := &pair{pool: pool}
	cfg.Pool = pool
	for i, port := range []**ethdev.Port{&p.a, &p.b} {
		var err error
		*port, err = ethdev.Open(nic(nics[i]), cfg)
		require.NoError(t, err)
		t.Cleanup(func() {
			if !(*port).Removed() {
				assert.NoError(t, (*port).Detach())
			}
		})
	}
	p.linked(t)
	return p
}

// linked waits for both links.
func (p *pair) linked(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, port := range []*ethdev.Port{p.a, p.b} {
		_, err := port.WaitLink(ctx, true)
		require.NoError(t, err, "the link of %v", port)
	}
}

// reopen configures and starts both ports again.
func (p *pair) reopen(t testing.TB, a, b ethdev.Config) {
	t.Helper()
	a.Pool, b.Pool = p.pool, p.pool
	for port, cfg := range map[*ethdev.Port]ethdev.Config{p.a: a, p.b: b} {
		require.NoError(t, port.Stop())
		require.NoError(t, port.Configure(cfg))
		require.NoError(t, port.Start())
	}
	p.linked(t)
}

// etherType is the type of the tests' frames, which IEEE keeps for experiments.
const etherType = 0x88b5

const (
	atNumber  = 14 // the number of a frame, after its header
	atPayload = 18
	// window is the number of frames that may be on the way: QEMU's hub drops frames beyond some hundred.
	window = 200
	// jumbos is the window of frames of 9,000 bytes.
	jumbos = 24
)

// frame returns frame n of this size. Its bytes depend on n.
func frame(dst, src net.HardwareAddr, n, size int) []byte {
	f := make([]byte, size)
	copy(f, dst)
	copy(f[6:], src)
	binary.BigEndian.PutUint16(f[12:], etherType)
	binary.BigEndian.PutUint32(f[atNumber:], uint32(n))
	for i := atPayload; i < size; i++ {
		f[i] = byte(i*131 + i>>8 + n*17)
	}
	return f
}

// frames returns frames from one port to another, of all sizes from 60 to the largest.
func frames(t testing.TB, from, to *ethdev.Port, count, largest int) (all [][]byte) {
	t.Helper()
	src, err := from.MAC()
	require.NoError(t, err)
	dst, err := to.MAC()
	require.NoError(t, err)
	for n := range count {
		all = append(all, frame(dst, src, n, 60+n*(largest-60)/max(1, count-1)))
	}
	return all
}

// packet returns a packet with these bytes, in as many segments as they need.
func packet(t testing.TB, pool *mbuf.Pool, data []byte) *mbuf.Mbuf {
	t.Helper()
	var head *mbuf.Mbuf
	for head == nil || len(data) > 0 {
		m, ok := pool.Alloc()
		require.True(t, ok, "the pool is empty")
		n := min(len(data), m.Tailroom())
		require.True(t, m.AppendBytes(data[:n]))
		data = data[n:]
		if head == nil {
			head = m
		} else {
			require.NoError(t, head.Chain(m))
		}
	}
	return head
}

// contents returns the bytes of a packet of any number of segments.
func contents(m *mbuf.Mbuf) []byte {
	data := make([]byte, m.Len())
	m.CopyTo(data, 0)
	return data
}

// ours reports whether a frame is one of the tests': the host may send others.
func ours(m *mbuf.Mbuf) bool {
	return m.DataLen() >= atPayload && binary.BigEndian.Uint16(m.Data()[12:]) == etherType
}

// patience is how long a frame may be on the way. The machine may be busy.
const patience = 5 * time.Second

// exchange sends frames, and checks that the same bytes come in the same order. At most window of them are on the way.
func exchange(t testing.TB, pool *mbuf.Pool, tx ethdev.TxQueue, rx ethdev.RxQueue, window int, want [][]byte, check ...func(m *mbuf.Mbuf)) {
	t.Helper()
	sent, received := 0, 0
	pkts := make([]*mbuf.Mbuf, 32)
	for last := time.Now(); received < len(want); runtime.Gosched() {
		before := sent + received
		if n := min(len(pkts), window-sent+received, len(want)-sent); n > 0 {
			for i := range n {
				pkts[i] = packet(t, pool, want[sent+i])
			}
			accepted := tx.Burst(pkts[:n])
			mbuf.FreeBulk(pkts[accepted:n])
			sent += accepted
		}
		got := rx.Burst(pkts)
		for _, m := range pkts[:got] {
			if !ours(m) || received == len(want) {
				continue
			}
			if data := contents(m); !bytes.Equal(want[received], data) {
				at := 0
				for at < min(len(data), len(want[received])) && data[at] == want[received][at] {
					at++
				}
				t.Errorf("frame %d of %d bytes came with %d bytes, which differ from byte %d on", received, len(want[received]), len(data), at)
			}
			for _, f := range check {
				f(m)
			}
			received++
		}
		mbuf.FreeBulk(pkts[:got])
		if sent+received != before {
			last = time.Now()
		} else if time.Since(last) > patience {
			break
		}
		require.False(t, t.Failed())
	}
	require.Equal(t, len(want), received, "sent %d, received %d: %v", sent, received, cmp.Or(tx.Err(), rx.Err()))
}

// both exchanges frames both ways over the first queues.
func (p *pair) both(t testing.TB, count, largest int) {
	t.Helper()
	exchange(t, p.pool, p.a.TxQueue(0), p.b.RxQueue(0), window, frames(t, p.a, p.b, count, largest))
	exchange(t, p.pool, p.b.TxQueue(0), p.a.RxQueue(0), window, frames(t, p.b, p.a, count, largest))
}
