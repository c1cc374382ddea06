package ethdev_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
)

// loop returns the devargs of a new net_ring device. It receives the packets that it sends.
// Its ring holds 1023 packets.
func loop() string { return fmt.Sprintf("net_ring%d", number()) }

const loopHolds = 1023

// numbered returns n packets of 60 bytes with their numbers, from first on.
func numbered(t testing.TB, pool *mbuf.Pool, first, n int) []*mbuf.Mbuf {
	t.Helper()
	pkts := make([]*mbuf.Mbuf, n)
	require.True(t, pool.AllocBulk(pkts))
	for i, m := range pkts {
		b, ok := m.Append(60)
		require.True(t, ok)
		binary.BigEndian.PutUint32(b[14:], uint32(first+i))
	}
	return pkts
}

// numbersOf returns the numbers that numbered wrote.
func numbersOf(pkts []*mbuf.Mbuf) []int {
	all := make([]int, len(pkts))
	for i, m := range pkts {
		all[i] = int(binary.BigEndian.Uint32(m.Data()[14:]))
	}
	return all
}

func sequence(first, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = first + i
	}
	return all
}

// ways are the two ways of a burst. Their results must be the same.
var ways = map[string]func(ethdev.RxQueue, ethdev.TxQueue) (ethdev.RxQueue, ethdev.TxQueue){
	"direct": func(rx ethdev.RxQueue, tx ethdev.TxQueue) (ethdev.RxQueue, ethdev.TxQueue) { return rx, tx },
	"cgo": func(rx ethdev.RxQueue, tx ethdev.TxQueue) (ethdev.RxQueue, ethdev.TxQueue) {
		return rx.ByCgo(), tx.ByCgo()
	},
}

func eachWay(t *testing.T, f func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue)) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			pool := newPool(t)
			p := open(t, loop(), ethdev.Config{Pool: pool})
			assert.Equal(t, fastcall.Enabled, p.RxQueue(0).UsesFastcall(512), "net_ring makes no system calls")
			assert.False(t, p.RxQueue(0).UsesFastcall(513), "some drivers need stack for each packet")
			rx, tx := way(p.RxQueue(0), p.TxQueue(0))
			f(t, pool, rx, tx)
			drain(rx)
		})
	}
}

// A garbage collection must not wait for a burst that waits for another process or for several
// threads.
func TestBurstsThatMayWaitUseCgo(t *testing.T) {
	newPool(t)
	rx := open(t, null(""), ethdev.Config{Pool: newPool(t)}).RxQueue(0)
	require.Equal(t, fastcall.Enabled, rx.UsesFastcall(32))

	fastcall.SetAlone(false)
	assert.False(t, rx.UsesFastcall(32), "others may be inside the pool")
	fastcall.SetAlone(true)

	for _, ops := range []string{"ring_mp_mc", "ring_mp_sc", "ring_sp_mc"} {
		_, err := mempool.Create("queues", 15, 64, mempool.Config{Ops: ops})
		require.NoError(t, err)
		again, err := mempool.Lookup("queues")
		require.NoError(t, err)
		assert.False(t, rx.UsesFastcall(32), "%s: threads wait for each other in a pool, and a packet may be of that pool", ops)
		require.NoError(t, again.Free())
		assert.Equal(t, fastcall.Enabled, rx.UsesFastcall(32), "the pool is gone")
	}

	empty, err := mempool.CreateEmpty("queues", 15, 64, mempool.Config{Ops: "stack"})
	require.NoError(t, err)
	assert.Equal(t, fastcall.Enabled, rx.UsesFastcall(32))
	require.NoError(t, empty.SetOps("ring_mp_mc"))
	assert.False(t, rx.UsesFastcall(32), "SetOps counts too")
	require.NoError(t, empty.Free())
}

// A burst of a bonding port has a table of all packets for each possible port on the stack, and
// sends through drivers of any kind.
func TestBurstsOfBondingPortsUseCgo(t *testing.T) {
	p, err := ethdev.Attach(fmt.Sprintf("net_bonding%d,mode=0", number()))
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Detach()) }()
	assert.False(t, p.RxQueue(0).UsesFastcall(1))
}

func TestBurstsKeepOrderAndLoseNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		in := make([]*mbuf.Mbuf, 300)
		next := 0
		for _, n := range []int{1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 64, 255, 256, 300} {
			out := numbered(t, pool, next, n)
			require.Equal(t, n, tx.Burst(out))
			require.Equal(t, n, rx.Burst(in))
			assert.Equal(t, sequence(next, n), numbersOf(in[:n]))
			assert.Equal(t, out, in[:n], "net_ring passes on the mbufs themselves")
			mbuf.FreeBulk(in[:n])
			next += n
		}
		assert.Zero(t, rx.Burst(in), "nothing more has come")
		assert.NoError(t, rx.Err())
		assert.NoError(t, tx.Err())
	})
}

func TestBurstReceivesAtMostTheSliceLength(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		require.Equal(t, 20, tx.Burst(numbered(t, pool, 0, 20)))
		in := make([]*mbuf.Mbuf, 32)
		require.Equal(t, 5, rx.Burst(in[:5]))
		assert.Nil(t, in[5], "written behind the slice")
		assert.Equal(t, sequence(0, 5), numbersOf(in[:5]))
		require.Equal(t, 15, rx.Burst(in[5:]))
		assert.Equal(t, sequence(0, 20), numbersOf(in[:20]))
		mbuf.FreeBulk(in[:20])
	})
}

func TestFullPortAcceptsOnlyWhatFits(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		out := numbered(t, pool, 0, loopHolds+10)
		require.Equal(t, loopHolds, tx.Burst(out))
		assert.Zero(t, tx.Burst(out[loopHolds:]))
		assert.NoError(t, tx.Err(), "a full port returns no error")
		mbuf.FreeBulk(out[loopHolds:])
	})
}

func TestEmptyBurstsMoveNothing(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		assert.Zero(t, tx.Burst(nil))
		assert.Zero(t, rx.Burst(nil))
		assert.Zero(t, rx.Burst([]*mbuf.Mbuf{}))
		sent, n := tx.Forward(nil, rx, nil)
		assert.Equal(t, []int{0, 0}, []int{sent, n})
		good, err := tx.Prepare(nil)
		assert.Zero(t, good)
		assert.NoError(t, err)
		assert.NoError(t, tx.Err())
	})
}

func TestNilPacketEndsABurst(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		// Each position in each length: the check for nil goes in steps of several packets.
		for n := 1; n <= 19; n++ {
			for at := range n {
				out := numbered(t, pool, 0, n)
				held := out[at]
				out[at] = nil
				require.Equal(t, at, tx.Burst(out), "nil at %d of %d", at, n)
				err := tx.Err()
				require.ErrorIs(t, err, dpdk.ErrInvalid)
				assert.Contains(t, err.Error(), fmt.Sprintf("packet %d of a burst was nil", at))
				assert.NoError(t, tx.Err(), "returned once")
				mbuf.FreeBulk(out[at:])
				held.Free()
				in := make([]*mbuf.Mbuf, n)
				require.Equal(t, at, rx.Burst(in))
				mbuf.FreeBulk(in)
			}
		}
		good, err := tx.Prepare([]*mbuf.Mbuf{nil})
		assert.Zero(t, good)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	})
}

func TestExchangeLeavesRefusedPacketsToTheCaller(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		in := make([]*mbuf.Mbuf, 8)
		sent, n := tx.Exchange(numbered(t, pool, 0, 4), rx, in)
		require.Equal(t, []int{4, 4}, []int{sent, n}, "it sends before it receives")
		assert.Equal(t, sequence(0, 4), numbersOf(in[:n]))
		mbuf.FreeBulk(in[:n])

		out := numbered(t, pool, 0, loopHolds+3)
		sent, n = tx.Exchange(out, rx, in)
		require.Equal(t, []int{loopHolds, 8}, []int{sent, n})
		assert.Equal(t, sequence(loopHolds, 3), numbersOf(out[sent:]), "still the caller's")
		mbuf.FreeBulk(out[sent:])
		mbuf.FreeBulk(in[:n])
	})
}

func TestForwardFreesRefusedPackets(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		require.Equal(t, loopHolds-2, tx.Burst(numbered(t, pool, 0, loopHolds-2)))
		pkts := numbered(t, pool, 5000, 32)
		available := pool.Available()
		sent, n := tx.Forward(pkts, rx, pkts) // into the same slice
		require.Equal(t, []int{2, 32}, []int{sent, n})
		assert.Equal(t, sequence(0, 32), numbersOf(pkts[:n]))
		assert.Equal(t, available+30, pool.Available(), "the 30 that were refused are free")
		mbuf.FreeBulk(pkts)
	})
}

func TestBurstsDoNotAllocate(t *testing.T) {
	eachWay(t, func(t *testing.T, pool *mbuf.Pool, rx ethdev.RxQueue, tx ethdev.TxQueue) {
		pkts := numbered(t, pool, 0, 32)
		n := len(pkts)
		assert.Zero(t, testing.AllocsPerRun(1000, func() {
			tx.Burst(pkts[:n])
			n = rx.Burst(pkts)
			_, n = tx.Forward(pkts[:n], rx, pkts)
		}))
		assert.Equal(t, 32, n)
		mbuf.FreeBulk(pkts[:n])
	})
}

func TestReceivedPacketsHaveTheirPort(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(",size=100"), ethdev.Config{Pool: pool})
	var pkts [32]*mbuf.Mbuf
	require.Equal(t, 32, p.RxQueue(0).Burst(pkts[:]))
	for _, m := range pkts {
		assert.Equal(t, 100, m.Len())
		assert.Equal(t, p.ID(), int(m.Port()))
		assert.NoError(t, m.Check(true))
	}
	assert.Equal(t, 32, p.TxQueue(0).Burst(pkts[:]))
}

// A call that net_ring does not support returns an error, not a number.
func TestUnsupportedCallsOfQueues(t *testing.T) {
	p := open(t, loop(), ethdev.Config{Pool: newPool(t)})
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	for name, f := range map[string]func() error{
		"rx.DescriptorStatus": func() error { _, err := rx.DescriptorStatus(0); return err },
		"tx.DescriptorStatus": func() error { _, err := tx.DescriptorStatus(0); return err },
		"tx.DoneCleanup":      func() error { _, err := tx.DoneCleanup(0); return err },
	} {
		assert.ErrorIs(t, f(), dpdk.ErrUnsupported, name)
	}
	for name, f := range map[string]func() (int, error){"rx": rx.Count, "tx": tx.Count} {
		if n, err := f(); err != nil { // newer releases return 0
			assert.ErrorIs(t, err, dpdk.ErrUnsupported, name)
			var e *dpdk.UnsupportedError
			older := name == "tx" && cgo.BuildVersion() < 24<<24|11<<16 // from 24.11 on only the driver does not support it
			assert.Equal(t, older, errors.As(err, &e), "%s: %v", name, err)
		} else {
			assert.Zero(t, n, name)
		}
	}
	_, err := rx.DescriptorStatus(-1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = tx.DoneCleanup(-1)
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}
