package ethdev_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/test/harness"
)

func TestLookupByIDListAndMatchFindAPort(t *testing.T) {
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	byName, err := ethdev.Lookup(p.Name())
	require.NoError(t, err)
	assert.Same(t, p, byName)
	byID, err := ethdev.ByID(p.ID())
	require.NoError(t, err)
	assert.Same(t, p, byID)
	all, err := ethdev.List()
	require.NoError(t, err)
	assert.Contains(t, all, p)
	matching, err := ethdev.Match(p.Name())
	require.NoError(t, err)
	assert.Equal(t, []*ethdev.Port{p}, matching)

	require.NoError(t, p.Detach())
	for name, find := range map[string]func() error{
		"by name": func() error { _, err := ethdev.Lookup(p.Name()); return err },
		"by id":   func() error { _, err := ethdev.ByID(p.ID()); return err },
	} {
		assert.ErrorIs(t, find(), dpdk.ErrNoDevice, name)
	}
	for _, id := range []int{-1, ethdev.MaxPorts - 1, ethdev.MaxPorts, ethdev.MaxPorts + 1, 1 << 16, 1 << 20} {
		_, err = ethdev.ByID(id)
		assert.ErrorIs(t, err, dpdk.ErrNoDevice, id)
	}
	_, err = ethdev.Lookup("")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestFailedAttachLeavesNothing(t *testing.T) {
	p, err := ethdev.Attach(null(""))
	require.NoError(t, err)
	_, err = ethdev.Attach(p.Name())
	assert.ErrorIs(t, err, dpdk.ErrExist)
	require.NoError(t, p.Detach())

	for _, devargs := range []string{"net_nosuchdriver0", "net_null0,nosucharg=1", "net_pcap9,rx_pcap=/nosuch/file"} {
		_, err := ethdev.Attach(devargs)
		assert.Error(t, err, devargs)
		name, _, _ := cut(devargs)
		_, err = ethdev.Lookup(name)
		assert.ErrorIs(t, err, dpdk.ErrNoDevice, "nothing is left of %s", devargs)
	}
	_, err = ethdev.Attach("")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

func cut(devargs string) (name, args string, ok bool) {
	for i := range devargs {
		if devargs[i] == ',' {
			return devargs[:i], devargs[i+1:], true
		}
	}
	return devargs, "", false
}

// Queues that were returned before the first Configure stay valid.
func TestPortGoesThroughItsStates(t *testing.T) {
	pool := newPool(t)
	p, err := ethdev.Attach(loop())
	require.NoError(t, err)
	rx, tx := p.RxQueue(0), p.TxQueue(0)
	var pkts [4]*mbuf.Mbuf
	idle := func(errno syscall.Errno, says string) {
		t.Helper()
		m := numbered(t, pool, 0, 1)
		assert.Zero(t, tx.Burst(m))
		m[0].Free()
		assert.Zero(t, rx.Burst(pkts[:]))
		for _, err := range []error{rx.Err(), tx.Err()} {
			assert.ErrorIs(t, err, errno)
			assert.ErrorContains(t, err, says)
		}
	}
	runs := func() {
		t.Helper()
		require.Equal(t, 1, tx.Burst(numbered(t, pool, 7, 1)))
		require.Equal(t, 1, rx.Burst(pkts[:]))
		pkts[0].Free()
	}
	idle(syscall.ENETDOWN, "call Configure")
	err = p.Start()
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "call Configure first")

	require.NoError(t, p.Configure(ethdev.Config{Pool: pool}))
	idle(syscall.ENETDOWN, "call Start")
	require.NoError(t, p.Start())
	assert.True(t, p.Started())
	runs()
	require.NoError(t, p.Start(), "a second Start does nothing")
	err = p.Configure(ethdev.Config{Pool: pool})
	assert.ErrorIs(t, err, dpdk.ErrBusy)
	assert.ErrorContains(t, err, "call Stop first")
	runs()

	require.NoError(t, p.Stop())
	require.NoError(t, p.Stop(), "a second Stop does nothing")
	idle(syscall.ENETDOWN, "call Start")
	require.NoError(t, p.Start())
	runs()
	require.NoError(t, p.Stop())
	require.NoError(t, p.Configure(ethdev.Config{Pool: pool, RxQueues: ethdev.NoQueues}))
	require.NoError(t, p.Start())
	assert.ErrorContains(t, rx.Err(), "queue 0 does not exist: the Config has 0")
	assert.Zero(t, rx.Burst(pkts[:]))
	assert.NoError(t, tx.Err())
	require.NoError(t, p.Stop())
	require.NoError(t, p.Configure(ethdev.Config{Pool: pool}))
	require.NoError(t, p.Start())
	runs()

	require.NoError(t, p.Detach())
	idle(syscall.ENODEV, "closed or detached")
	for name, f := range map[string]func() error{
		"Start": p.Start, "Stop": p.Stop, "Close": p.Close, "Detach": p.Detach, "Reset": p.Reset,
		"Configure": func() error { return p.Configure(ethdev.Config{Pool: pool}) },
		"Info":      func() error { _, err := p.Info(); return err },
	} {
		assert.ErrorIs(t, f(), dpdk.ErrNoDevice, name)
	}
	assert.True(t, p.Removed())
}

func TestNewPortWithTheSameNumberHasANewHandle(t *testing.T) {
	pool := newPool(t)
	old := open0(t, pool)
	rx := old.RxQueue(0)
	require.NoError(t, old.Detach())
	p := open(t, null(""), ethdev.Config{Pool: pool})
	require.Equal(t, old.ID(), p.ID())
	var pkts [4]*mbuf.Mbuf
	assert.Zero(t, rx.Burst(pkts[:]), "a queue of the old handle")
	assert.ErrorIs(t, rx.Err(), dpdk.ErrNoDevice)
	assert.ErrorIs(t, old.Stop(), dpdk.ErrNoDevice)
	assert.Equal(t, 4, p.RxQueue(0).Burst(pkts[:]))
	mbuf.FreeBulk(pkts[:])
}

// open0 returns a started net_null port. The test detaches it.
func open0(t testing.TB, pool *mbuf.Pool) *ethdev.Port {
	t.Helper()
	p, err := ethdev.Open(null(""), ethdev.Config{Pool: pool})
	require.NoError(t, err)
	return p
}

func TestQueuesThatDoNotExistMoveNoPackets(t *testing.T) {
	pool := newPool(t)
	p := open(t, loop(), ethdev.Config{Pool: pool})
	var pkts [4]*mbuf.Mbuf
	for _, n := range []int{1, 7, 1023, 1 << 16, -1} {
		rx, tx := p.RxQueue(n), p.TxQueue(n)
		assert.Zero(t, rx.Burst(pkts[:]), n)
		m := numbered(t, pool, 0, 1)
		assert.Zero(t, tx.Burst(m), n)
		m[0].Free()
		for _, err := range []error{rx.Err(), tx.Err()} {
			assert.ErrorIs(t, err, dpdk.ErrInvalid, n)
			assert.ErrorContains(t, err, "does not exist", n)
		}
		_, err := rx.Info()
		assert.Error(t, err, n)
	}
	var rx ethdev.RxQueue
	var tx ethdev.TxQueue
	assert.Zero(t, rx.Burst(pkts[:]))
	assert.Zero(t, tx.Burst(pkts[:]))
	assert.ErrorContains(t, rx.Err(), "zero value")
	assert.ErrorContains(t, tx.Err(), "zero value")
	_, err := tx.Prepare(pkts[:])
	assert.Error(t, err)
}

func TestErrorsOfZeroQueuesMentionTheZeroValue(t *testing.T) {
	var rx ethdev.RxQueue
	var tx ethdev.TxQueue
	assert.Nil(t, rx.Port())
	assert.Nil(t, tx.Port())
	assert.Equal(t, -1, rx.ID())
	assert.Equal(t, -1, tx.ID())
	for name, call := range map[string]func() error{
		"rx start":      rx.Start,
		"rx stop":       rx.Stop,
		"tx start":      tx.Start,
		"tx stop":       tx.Stop,
		"rx used":       func() error { _, err := rx.Count(); return err },
		"tx used":       func() error { _, err := tx.Count(); return err },
		"rx descriptor": func() error { _, err := rx.DescriptorStatus(0); return err },
		"tx descriptor": func() error { _, err := tx.DescriptorStatus(0); return err },
		"rx info":       func() error { _, err := rx.Info(); return err },
		"tx info":       func() error { _, err := tx.Info(); return err },
		"rx burst mode": func() error { _, err := rx.BurstMode(); return err },
		"tx burst mode": func() error { _, err := tx.BurstMode(); return err },
		"rx stats":      func() error { _, err := rx.Stats(); return err },
		"tx stats":      func() error { _, err := tx.Stats(); return err },
		"sent":          func() error { _, err := tx.DoneCleanup(-1); return err },
		"vlan strip":    func() error { return rx.SetVLANStrip(true) },
		"wait":          func() error { _, err := rx.WaitBurst(t.Context(), nil); return err },
	} {
		assert.ErrorIs(t, call(), dpdk.ErrInvalid, name)
		assert.ErrorContains(t, call(), "zero value", name)
	}
	sent, received := tx.Forward(nil, rx, make([]*mbuf.Mbuf, 4))
	assert.Zero(t, sent+received)
}

// Goroutines that poll a port get an error when it is detached, and nothing crashes.
func TestPortIsDetachedWhileItIsPolled(t *testing.T) {
	pool := newPool(t)
	for round := range 40 {
		p := open0(t, pool)
		var polls atomic.Int64
		ended := make(chan error, 2)
		for _, poller := range []func([]*mbuf.Mbuf) error{
			func(pkts []*mbuf.Mbuf) error {
				rx := p.RxQueue(0)
				n := rx.Burst(pkts)
				mbuf.FreeBulk(pkts[:n])
				return rx.Err()
			},
			func(pkts []*mbuf.Mbuf) error {
				tx := p.TxQueue(0)
				if !pool.AllocBulk(pkts) {
					return nil
				}
				sent := tx.Burst(pkts)
				mbuf.FreeBulk(pkts[sent:])
				return tx.Err()
			},
		} {
			go func() {
				pkts := make([]*mbuf.Mbuf, 32)
				var err error
				for err == nil {
					err = poller(pkts)
					polls.Add(1)
				}
				ended <- err
			}()
		}
		for polls.Load() < 10 {
		}
		switch round % 2 {
		case 0:
			require.NoError(t, p.Detach())
		case 1:
			device := p.Name()
			require.NoError(t, p.Close())
			_ = device // the device stays until EAL ends
		}
		for range 2 {
			assert.ErrorIs(t, <-ended, dpdk.ErrNoDevice)
		}
	}
}

// A stopped port delivers no packets.
func TestPortIsStoppedWhileItIsPolled(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	rx := p.RxQueue(0)
	var polls, got, end atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		pkts := make([]*mbuf.Mbuf, 32)
		for end.Load() == 0 {
			n := rx.Burst(pkts)
			mbuf.FreeBulk(pkts[:n])
			got.Add(int64(n))
			polls.Add(1)
		}
	}()
	wait := func() {
		for start := polls.Load(); polls.Load() < start+3; {
		}
	}
	for range 200 {
		require.NoError(t, p.Stop())
		wait() // packets of a burst before the stop are counted now
		before := got.Load()
		wait()
		require.Equal(t, before, got.Load(), "packets of a stopped port")
		require.NoError(t, p.Start())
		wait()
		require.Greater(t, got.Load(), before)
	}
	end.Store(1)
	<-done
}

// A driver that fails during Configure leaves the port in its last configuration.
func TestFailedOpenUndoesItsSteps(t *testing.T) {
	harness.Need(t, harness.Root)
	good := newPool(t)
	small, err := mbuf.CreatePool(fmt.Sprint("pool ", number()), 127, mbuf.PoolConfig{DataRoom: 512})
	require.NoError(t, err)
	defer func() { assert.NoError(t, small.Free()) }()
	name := fmt.Sprintf("net_af_packet%d", number())
	devargs := name + ",iface=lo" // its frames do not fit into the mbufs of small

	_, err = ethdev.Open(devargs, ethdev.Config{Pool: small})
	require.Error(t, err)
	assert.ErrorContains(t, err, "receive queue 0")
	_, err = ethdev.Lookup(name)
	assert.ErrorIs(t, err, dpdk.ErrNoDevice, "Open has detached what it attached")

	p := open(t, devargs, ethdev.Config{Pool: good})
	rx := p.RxQueue(0)
	assert.False(t, rx.UsesFastcall(1), "it makes system calls")
	require.NoError(t, p.Stop())
	require.Error(t, p.Configure(ethdev.Config{Pool: small}))
	assert.Same(t, good, p.Config().Pool)
	require.NoError(t, p.Start(), "the last configuration is restored")
	assert.NoError(t, rx.Err())

	// A port that existed before stays if Open fails.
	require.NoError(t, p.Stop())
	_, err = ethdev.Open(name, ethdev.Config{Pool: small})
	require.Error(t, err)
	require.NoError(t, p.Start())
}

// A memif client is configured, but does not start without a server.
func TestFailedStartRestoresTheConfiguration(t *testing.T) {
	pool := newPool(t)
	p, err := ethdev.Attach(fmt.Sprintf("net_memif%d,socket=godpdk-nobody", number()))
	require.NoError(t, err)
	defer func() { assert.NoError(t, p.Detach()) }()
	_, err = ethdev.Open(p.Name(), ethdev.Config{Pool: pool})
	require.ErrorIs(t, err, syscall.EPERM)
	assert.Empty(t, p.Config(), "it had none")
	assert.ErrorContains(t, p.TxQueue(0).Err(), "not configured")

	require.NoError(t, p.Configure(ethdev.Config{Pool: pool, Tx: ethdev.TxQueueConfig{Descriptors: 256}}))
	before := p.Config()
	_, err = ethdev.Open(p.Name(), ethdev.Config{Pool: pool})
	require.ErrorIs(t, err, syscall.EPERM)
	assert.Equal(t, before, p.Config())
}

func TestConfigReturnsACopy(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool})
	before := p.Config()
	c := p.Config()
	c.RxEach[0].Descriptors, c.TxEach[0].Descriptors = 1, 1
	assert.Equal(t, before, p.Config())
}

func TestOpenFailsWithoutItsInterface(t *testing.T) {
	harness.Need(t, harness.Root)
	name := fmt.Sprintf("net_af_packet%d", number())
	for range 2 {
		_, err := ethdev.Open(name+",iface=nosuchdev", ethdev.Config{Pool: newPool(t)})
		require.Error(t, err)
		var e *dpdk.Error
		require.True(t, errors.As(err, &e))
		assert.Equal(t, "rte_dev_probe", e.Op)
	}
	_, err := ethdev.Lookup(name)
	assert.ErrorIs(t, err, dpdk.ErrNoDevice)
}

func TestUnsupportedResetLeavesThePortRunning(t *testing.T) {
	p := open(t, null(""), ethdev.Config{Pool: newPool(t)})
	assert.ErrorIs(t, p.Reset(), dpdk.ErrUnsupported)
	assert.True(t, p.Started())
	var pkts [4]*mbuf.Mbuf
	assert.Equal(t, 4, p.RxQueue(0).Burst(pkts[:]), "an unsupported reset changes nothing")
	mbuf.FreeBulk(pkts[:])
}

func TestQueueStopStopsOnlyThatQueue(t *testing.T) {
	pool := newPool(t)
	p := open(t, null(""), ethdev.Config{Pool: pool, RxQueues: 2})
	q := p.RxQueue(1)
	err := q.Stop()
	if errors.Is(err, dpdk.ErrUnsupported) { // net_null supports it only after 22.11
		assert.NoError(t, q.Err(), "it still runs")
		return
	}
	require.NoError(t, err)
	var pkts [4]*mbuf.Mbuf
	assert.Zero(t, q.Burst(pkts[:]))
	assert.ErrorContains(t, q.Err(), "queue 1 is stopped")
	assert.Equal(t, 4, p.RxQueue(0).Burst(pkts[:]))
	mbuf.FreeBulk(pkts[:])
	require.NoError(t, q.Start())
	assert.Equal(t, 4, q.Burst(pkts[:]))
	mbuf.FreeBulk(pkts[:])
}
