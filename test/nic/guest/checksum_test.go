//go:build linux

package guest

import (
	"encoding/binary"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

const (
	ipType     = 0x0800
	l2, l3, l4 = 14, 20, 8 // bytes of the headers of Ethernet, IPv4 and UDP
	atIPSum    = l2 + 10
	atUDPSum   = l2 + l3 + 6
)

// datagram returns a frame with a UDP datagram. Its checksums are 0.
func datagram(dst, src net.HardwareAddr, srcPort uint16, size int) []byte {
	f := frame(dst, src, 0, size)
	binary.BigEndian.PutUint16(f[12:], ipType)
	copy(f[l2:], []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(f[l2+2:], uint16(size-l2))
	binary.BigEndian.PutUint16(f[l2+l3:], srcPort)
	binary.BigEndian.PutUint16(f[l2+l3+2:], 7)
	binary.BigEndian.PutUint16(f[l2+l3+4:], uint16(size-l2-l3))
	binary.BigEndian.PutUint16(f[atUDPSum:], 0)
	return f
}

// pseudo is the pseudo header of the datagram of f.
func pseudo(f []byte) []byte {
	return append([]byte{0, 17, f[l2+l3+4], f[l2+l3+5]}, f[l2+12:l2+20]...)
}

// onesSum is the sum of the Internet checksum of parts of even lengths.
func onesSum(parts ...[]byte) uint16 {
	var sum uint32
	for _, p := range parts {
		for i, b := range p {
			sum += uint32(b) << (8 * (1 - i%2))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// sign sets both checksums.
func sign(f []byte) []byte {
	binary.BigEndian.PutUint16(f[atIPSum:], ^onesSum(f[l2:l2+l3]))
	binary.BigEndian.PutUint16(f[atUDPSum:], ^onesSum(pseudo(f), f[l2+l3:]))
	return f
}

// receiveDatagram receives the datagram that was sent as m.
func (p *pair) receiveDatagram(t testing.TB, m *mbuf.Mbuf) *mbuf.Mbuf {
	t.Helper()
	came := p.passed(t, ipType, m)
	require.Len(t, came, 1)
	return came[0]
}

// offloads of each kind of emulated NIC, behind a hub.
var (
	txChecksums = map[string]ethdev.TxOffload{
		"e1000e": ethdev.TxIPv4Checksum | ethdev.TxUDPChecksum, "igb": ethdev.TxIPv4Checksum | ethdev.TxUDPChecksum,
		"vmxnet3": ethdev.TxUDPChecksum,
	}
	rxChecksums = map[string]ethdev.RxOffload{
		"e1000e": ethdev.RxIPv4Checksum | ethdev.RxUDPChecksum, "igb": ethdev.RxIPv4Checksum | ethdev.RxUDPChecksum,
	}
)

func TestChecksumOffloads(t *testing.T) {
	start(t, eal.Config{}, "A", "B")
	p := open(t, newPool(t, 4095, 0), ethdev.Config{}, "A", "B")
	i, err := p.a.Info()
	require.NoError(t, err)
	tx, rx := txChecksums[kind], rxChecksums[kind]
	if tx == 0 {
		assert.Zero(t, i.Tx.Offloads&ethdev.TxChecksum, "the NIC has checksum offloads: test them")
	}
	p.reopen(t, ethdev.Config{TxOffloads: tx}, ethdev.Config{RxOffloads: rx})
	dst, err := p.b.MAC()
	require.NoError(t, err)
	src, err := p.a.MAC()
	require.NoError(t, err)

	for _, size := range []int{60, 333, standard} {
		f := datagram(dst, src, 7, size)
		want := sign(append([]byte(nil), f...))
		if tx&ethdev.TxIPv4Checksum == 0 {
			copy(f[atIPSum:], want[atIPSum:][:2])
		}
		if tx&ethdev.TxUDPChecksum == 0 {
			copy(f[atUDPSum:], want[atUDPSum:][:2])
		}
		m := packet(t, p.pool, f)
		flags := mbuf.TxIPv4
		if tx&ethdev.TxIPv4Checksum != 0 {
			flags |= mbuf.TxIPChecksum
		}
		if tx&ethdev.TxUDPChecksum != 0 {
			flags |= mbuf.TxUDPChecksum
		}
		if tx != 0 {
			m.SetFlags(flags)
			require.NoError(t, m.SetTxOffload(mbuf.TxOffload{L2Len: l2, L3Len: l3, L4Len: l4}))
			_, err := p.a.TxQueue(0).Prepare([]*mbuf.Mbuf{m}) // it sets the checksum of the pseudo header
			require.NoError(t, err)
		}
		got := p.receiveDatagram(t, m)
		assert.Equal(t, want, contents(got), "%d bytes", size)
		// net_e1000_em reports only wrong checksums.
		assert.NotEqual(t, mbuf.RxIPChecksumBad, got.Flags()&mbuf.RxIPChecksumMask)
		assert.NotEqual(t, mbuf.RxL4ChecksumBad, got.Flags()&mbuf.RxL4ChecksumMask)
		got.Free()
	}
	if rx == 0 {
		return
	}
	for _, at := range []int{atIPSum, atUDPSum} {
		f := sign(datagram(dst, src, 7, 100))
		f[at] ^= 0x10
		m := packet(t, p.pool, f)
		got := p.receiveDatagram(t, m)
		assert.Equal(t, at == atIPSum, got.Flags()&mbuf.RxIPChecksumMask == mbuf.RxIPChecksumBad)
		assert.Equal(t, at == atUDPSum, got.Flags()&mbuf.RxL4ChecksumMask == mbuf.RxL4ChecksumBad)
		got.Free()
	}
}
