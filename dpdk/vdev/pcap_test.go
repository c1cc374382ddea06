package vdev_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

// frames returns n packets with lengths from 14 bytes to more than one mbuf.
func frames(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	all := make([][]byte, n)
	for i := range all {
		all[i] = make([]byte, 14+r.IntN(3000))
		for k := range all[i] {
			all[i][k] = byte(r.Uint32())
		}
	}
	return all
}

// pcapHeader and pcapRecord are the headers of a file and of a packet in the format of libpcap
// (draft-ietf-opsawg-pcap).
type pcapHeader struct {
	Magic          uint32
	Major, Minor   uint16
	_, _, Snap, IP uint32
}

type pcapRecord struct{ Seconds, Micros, Captured, Len uint32 }

// pcapFolder makes a temporary folder the working directory of the test. The returned function
// writes a file there. Paths must be short: newer releases attach no device with more than 127
// bytes of devargs.
func pcapFolder(t *testing.T) (writePcap func(frames [][]byte) (path string)) {
	t.Chdir(t.TempDir())
	return func(frames [][]byte) string {
		t.Helper()
		var b bytes.Buffer
		require.NoError(t, binary.Write(&b, binary.NativeEndian, pcapHeader{Magic: 0xa1b2c3d4, Major: 2, Minor: 4, Snap: 65535, IP: 1}))
		for i, f := range frames {
			require.NoError(t, binary.Write(&b, binary.NativeEndian, pcapRecord{uint32(i), 0, uint32(len(f)), uint32(len(f))}))
			b.Write(f)
		}
		path := fmt.Sprintf("in%d.pcap", len(frames))
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
		return path
	}
}

func readPcap(t testing.TB, path string) (frames [][]byte) {
	t.Helper()
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	r := bytes.NewReader(file)
	var h pcapHeader
	require.NoError(t, binary.Read(r, binary.NativeEndian, &h))
	require.Contains(t, []uint32{0xa1b2c3d4, 0xa1b23c4d}, h.Magic, "times in microseconds or nanoseconds")
	for r.Len() > 0 {
		var rec pcapRecord
		require.NoError(t, binary.Read(r, binary.NativeEndian, &rec))
		require.Equal(t, rec.Len, rec.Captured)
		f := make([]byte, rec.Len)
		_, err := r.Read(f)
		require.NoError(t, err)
		frames = append(frames, f)
	}
	return frames
}

func TestPcapForwardsAllPackets(t *testing.T) {
	for name, n := range map[string]int{"a burst": 7, "many bursts": 1000} {
		t.Run(name, func(t *testing.T) {
			pool := newPool(t, mbuf.PoolConfig{})
			want := frames(n)
			writePcap := pcapFolder(t)
			out := "out.pcap"
			p, err := vdev.Open(vdev.PCAP{Rx: []string{writePcap(want)}, Tx: []string{out}},
				ethdev.Config{Pool: pool, RxOffloads: 0})
			require.NoError(t, err)
			rx, tx := p.RxQueue(0), p.TxQueue(0)
			var pkts [32]*mbuf.Mbuf
			got := 0
			for n := rx.Burst(pkts[:]); n > 0; n = rx.Burst(pkts[:]) {
				for i, m := range pkts[:n] {
					data := make([]byte, m.Len())
					_, err := m.Reader().Read(data)
					require.NoError(t, err)
					require.Equal(t, want[got+i], data)
				}
				require.Equal(t, n, tx.Burst(pkts[:n]))
				got += n
			}
			assert.Equal(t, n, got)
			assert.Equal(t, 0, rx.Burst(pkts[:]), "after the last packet")
			require.NoError(t, p.Detach())
			assert.Equal(t, want, readPcap(t, out))
		})
	}
}

func TestPcapUsesOneFilePerQueue(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	a, b := frames(10), frames(20)
	writePcap := pcapFolder(t)
	outs := []string{"0", "1"}
	p, err := vdev.Open(vdev.PCAP{Rx: []string{writePcap(a), writePcap(b)}, Tx: outs},
		ethdev.Config{Pool: pool, RxQueues: 2, TxQueues: 2})
	require.NoError(t, err)
	var pkts [64]*mbuf.Mbuf
	for q, want := range []int{10, 20} {
		n := p.RxQueue(q).Burst(pkts[:])
		assert.Equal(t, want, n)
		assert.Equal(t, n, p.TxQueue(1-q).Burst(pkts[:n]))
	}
	require.NoError(t, p.Detach())
	assert.Equal(t, b, readPcap(t, outs[0]))
	assert.Equal(t, a, readPcap(t, outs[1]))
}

func TestPcapRepeats(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	want := [][]byte{bytes.Repeat([]byte{1}, 60), bytes.Repeat([]byte{2}, 70), bytes.Repeat([]byte{3}, 80)}
	writePcap := pcapFolder(t)
	p := open(t, vdev.PCAP{Rx: []string{writePcap(want)}, Repeat: true}, ethdev.Config{Pool: pool})
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	var pkts [10]*mbuf.Mbuf
	for at := 0; at < 300; at += len(pkts) {
		require.Equal(t, len(pkts), rx.Burst(pkts[:]))
		for i, m := range pkts {
			require.Equal(t, want[(at+i)%3], m.Data())
		}
		require.Equal(t, len(pkts), tx.Burst(pkts[:]), "dropped")
	}
}

func TestPcapWithoutRxReceivesNothing(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	pcapFolder(t)
	out := "out.pcap"
	p := open(t, vdev.PCAP{Tx: []string{out}}, ethdev.Config{Pool: pool})
	var pkts [4]*mbuf.Mbuf
	assert.Equal(t, 0, p.RxQueue(0).Burst(pkts[:]))
	frame := bytes.Repeat([]byte{7}, 99)
	require.Equal(t, 1, p.TxQueue(0).Burst([]*mbuf.Mbuf{packet(t, pool, frame)}))
	assert.Equal(t, [][]byte{frame}, readPcap(t, out), "each burst is flushed")
}

// With these files the driver would leak mbufs, or free a ring twice.
func TestPcapRefusesFilesThatTheDriverCannotRepeat(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	good := bytes.Repeat([]byte{1}, 60)
	for _, tc := range []struct {
		name   string
		frames [][]byte
		files  []string // before the file of frames
		text   string
	}{
		{"no packets", nil, nil, "in0.pcap has no packets"},
		{"no packets in the second file", nil, []string{"first.pcap"}, "Rx[1]: in0.pcap has no packets"},
		{"a packet larger than an mbuf", [][]byte{good, bytes.Repeat([]byte{2}, 2049)}, nil, "of 2049 bytes"},
		{"as many packets as mbufs", slices.Repeat([][]byte{good}, pool.Size()), nil, "has 2047 packets"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			writePcap := pcapFolder(t)
			require.NoError(t, os.Rename(writePcap([][]byte{good}), "first.pcap"))
			p, err := vdev.Open(vdev.PCAP{Rx: append(tc.files, writePcap(tc.frames)), Repeat: true},
				ethdev.Config{Pool: pool, RxQueues: 1 + len(tc.files)})
			if err == nil { // the check of the pool then reports leaked mbufs
				var pkts [32]*mbuf.Mbuf
				mbuf.FreeBulk(pkts[:p.RxQueue(len(tc.files)).Burst(pkts[:])])
				assert.NoError(t, p.Detach())
			}
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Contains(t, err.Error(), tc.text)
			noPorts(t)
		})
	}
}

// libpcap reads pcapng too.
func TestPcapRepeatsPcapng(t *testing.T) {
	pool := newPool(t, mbuf.PoolConfig{})
	pcapFolder(t)
	write := func(name string, frames ...[]byte) string {
		f, err := os.Create(name)
		require.NoError(t, err)
		w, err := pcapgo.NewNgWriter(f, layers.LinkTypeEthernet)
		require.NoError(t, err)
		for _, frame := range frames {
			require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: len(frame), Length: len(frame)}, frame))
		}
		require.NoError(t, w.Flush())
		require.NoError(t, f.Close())
		return name
	}
	for name, path := range map[string]string{
		"0.pcapng has no packets":        write("0.pcapng"),
		"1.pcapng has a packet of 2100 ": write("1.pcapng", make([]byte, 61), make([]byte, 2100), make([]byte, 60)),
	} {
		_, err := vdev.Open(vdev.PCAP{Rx: []string{path}, Repeat: true}, ethdev.Config{Pool: pool})
		require.ErrorIs(t, err, dpdk.ErrInvalid, name)
		assert.Contains(t, err.Error(), name)
	}
	p := open(t, vdev.PCAP{Rx: []string{write("2.pcapng", make([]byte, 61), make([]byte, 60))}, Repeat: true}, ethdev.Config{Pool: pool})
	var pkts [5]*mbuf.Mbuf
	require.Equal(t, 5, p.RxQueue(0).Burst(pkts[:]))
	assert.Equal(t, 61, pkts[4].Len())
	mbuf.FreeBulk(pkts[:])
}
