//go:build linux

package netdev

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/harness"
)

// DPDK's own dpdk-testpmd at the far end swaps the addresses of its packets and
// sends it back: every frame of every length comes back so, whole and in order,
// whichever driver either side has.
func TestTestpmdSendsBack(t *testing.T) {
	const near, far, xdp = "net_af_packet%d,iface=%s", "net_af_packet0,iface=", "net_af_xdp"
	tests := []struct{ name, near, far string }{
		{"AF_PACKET to AF_PACKET", near, far},
		{"AF_XDP to AF_PACKET", xdp + "%d,iface=%s,force_copy=1", far},
		{"AF_PACKET to AF_XDP", near, xdp + "0,force_copy=1,iface="},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			harness.Need(t, harness.Root, harness.Hugepages, harness.Testpmd)
			if strings.Contains(test.near+test.far, xdp) {
				harness.Need(t, harness.XDP)
			}
			w := harness.Wire(t)
			pool, err := mbuf.CreatePool(fmt.Sprint("packets", number()), 8191, mbuf.PoolConfig{})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, pool.Free()) })
			if !strings.Contains(test.near, xdp) {
				mbuftest.CheckFull(t, pool)
			}
			s := &station{t: t, pool: pool, mac: w.Near.MAC, far: w.Far, port: open(t, fmt.Sprintf(test.near, number(), w.Near.Name), pool)}

			var peer *harness.Child
			require.NoError(t, w.Far.Do(func() error {
				peer = harness.Command(t, "dpdk-testpmd", "-l", "0,1", "--no-pci", "--in-memory", "--no-telemetry", "-m", "64", "--vdev", test.far+w.Far.Name,
					"--", "--total-num-mbufs=8192", "--forward-mode=macswap", "--no-mlockall")
				return nil
			}))
			s.probe(t)

			i := 0
			for sent := 0; sent < all; {
				n := min(window, all-sent)
				for range n {
					s.send(s.raw(uint32(sent), 14+46+sent%(1500-46+1)))
					sent++
				}
				s.receive(n, func(m *mbuf.Mbuf) {
					want := s.raw(uint32(i), 14+46+i%(1500-46+1))
					swap(want[0:6], want[6:12])
					require.Equal(t, want, m.Data(), "frame %d", i)
					i++
				})
			}
			assert.Equal(t, all, i)
			peer.Send("") // which ends it
			assert.Contains(t, strings.Join(peer.Wait(), "\n"), "Bye...")
		})
	}
}

// probe sends frames until one returns, and receives the later ones. The first ones are lost, because
// testpmd does not listen yet.
func (s *station) probe(t *testing.T) {
	t.Helper()
	const first = 1 << 31
	var pkts [32]*mbuf.Mbuf
	next, want := uint32(first), uint32(0) // the next to send; the next to return, once one has returned
	for start, last := time.Now(), time.Now(); want != next; {
		require.Less(t, time.Since(start), 30*time.Second, "dpdk-testpmd sends nothing back")
		if want == 0 && time.Since(last) > 10*time.Millisecond {
			s.send(s.raw(next, 60))
			last = time.Now()
			next++
		}
		n := s.port.RxQueue(0).Burst(pkts[:])
		for _, m := range pkts[:n] {
			got := binary.BigEndian.Uint32(m.Data()[14:])
			if want == 0 {
				want = max(got, first)
			}
			assert.Equal(t, want, got, "the frames after the first one that returns are in order")
			want++
		}
		mbuf.FreeBulk(pkts[:n])
	}
}

// raw is a numbered frame of an experimental protocol.
func (s *station) raw(number uint32, length int) []byte {
	f := append(append(bytes.Clone(s.far.MAC), s.mac...), 0x88, 0xb5)
	f = binary.BigEndian.AppendUint32(f, number)
	for len(f) < length {
		f = append(f, byte(number+uint32(len(f))))
	}
	return f
}
