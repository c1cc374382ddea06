package netring_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var numbers int

// newPool creates a pool. The test fails if the pool is not full when the ports are detached.
func newPool(t testing.TB) *mbuf.Pool {
	t.Helper()
	numbers++
	p, err := mbuf.CreatePool(fmt.Sprint("pool ", numbers), 2047, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

func newRings(t testing.TB, n int) []*ring.Ring[*mbuf.Mbuf] {
	t.Helper()
	all := make([]*ring.Ring[*mbuf.Mbuf], n)
	for i := range all {
		numbers++
		r, err := ring.Create[*mbuf.Mbuf](fmt.Sprint("ring ", numbers), 64, ring.Config{})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, r.Free()) })
		all[i] = r
	}
	return all
}

// numbered allocates n packets that contain the numbers from first on.
func numbered(t testing.TB, pool *mbuf.Pool, first, n int) []*mbuf.Mbuf {
	t.Helper()
	pkts := make([]*mbuf.Mbuf, n)
	require.True(t, pool.AllocBulk(pkts))
	for i, m := range pkts {
		data, _ := m.Append(60)
		binary.BigEndian.PutUint32(data, uint32(first+i))
	}
	return pkts
}

// receive receives and frees all packets, and returns their numbers.
func receive(rx ethdev.RxQueue) (numbers []int) {
	var pkts [32]*mbuf.Mbuf
	for n := rx.Burst(pkts[:]); n > 0; n = rx.Burst(pkts[:]) {
		for _, m := range pkts[:n] {
			numbers = append(numbers, int(binary.BigEndian.Uint32(m.Data())))
		}
		mbuf.FreeBulk(pkts[:n])
	}
	return numbers
}

func count(first, n int) (numbers []int) {
	for i := range n {
		numbers = append(numbers, first+i)
	}
	return numbers
}

func noPorts(t testing.TB) {
	t.Helper()
	all, err := ethdev.List()
	require.NoError(t, err)
	assert.Empty(t, all)
}
