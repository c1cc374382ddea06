package mbuf_test

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// random returns a packet of n random bytes in mbufs of p, and the bytes.
func random(t *testing.T, p *mbuf.Pool, n int) (*mbuf.Mbuf, []byte) {
	t.Helper()
	m := alloc(t, p)
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	_, err := m.Writer(p).Write(b)
	require.NoError(t, err)
	return m, b
}

// A packet may have up to 4 GiB, a segment 65,535 bytes.
func TestCopyOfALongChain(t *testing.T) {
	from := newPool(t, 127, mbuf.PoolConfig{})
	counts := map[int]int{0: 127, 400: 1023, 65535: 7}
	for _, room := range []int{0, 400, 65535} {
		to := newPool(t, counts[room], mbuf.PoolConfig{DataRoom: room})
		for _, n := range []int{65535, 65536, 65537, 131072 + 5, 200000} {
			m, want := random(t, from, n)
			c, err := m.Copy(to)
			require.NoError(t, err)
			require.NoError(t, c.Check(true))
			assert.Equal(t, n, c.Len())
			assert.True(t, bytes.Equal(want, []byte(content(t, c))), "%d bytes in buffers of %d", n, room)
			c.Free()
			for _, r := range [][2]int{{1, n - 1}, {65534, 1}, {n - 1, 1}, {n / 2, n - n/2}} {
				c, err = m.CopyRange(to, r[0], r[1])
				require.NoError(t, err, r)
				require.NoError(t, c.Check(true))
				assert.True(t, bytes.Equal(want[r[0]:r[0]+r[1]], []byte(content(t, c))), r)
				c.Free()
			}
			m.Free()
		}
	}
}

// C copies as many bytes as the packet's length, past its last segment.
func TestCopyOfAPacketWithAWrongLengthFails(t *testing.T) {
	p := newPool(t, 16, mbuf.PoolConfig{})
	m := packet(t, p, "first", "second")
	last := m.Last()
	require.True(t, last.Trim(4), "of the segment, not of the packet")
	defer m.Free()
	require.Error(t, m.Check(true))
	for _, r := range [][2]int{{0, 11}, {10, 1}, {7, 1}} {
		_, err := m.CopyRange(p, r[0], r[1])
		assert.ErrorIs(t, err, dpdk.ErrInvalid, r)
	}
	_, err := m.Copy(p)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Equal(t, 2, p.InUse())
}

// The count of segments has 16 bits: after the largest it would be 0.
func TestCopyIntoTooManySegmentsFails(t *testing.T) {
	from, to := newPool(t, 63, mbuf.PoolConfig{}), newPool(t, 65600, mbuf.PoolConfig{DataRoom: 128 + 1})
	m, _ := random(t, from, 65536)
	defer m.Free()
	_, err := m.Copy(to)
	assert.ErrorIs(t, err, syscall.EOVERFLOW)
	assert.True(t, to.Full())
	c, err := m.CopyRange(to, 1, 65535)
	require.NoError(t, err)
	require.NoError(t, c.Check(true))
	assert.Equal(t, 65535, c.NumSegments())
	c.Free()
}
