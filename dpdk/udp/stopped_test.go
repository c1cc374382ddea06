//go:build linux

package udp_test

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/udp"
	"github.com/godpdk/godpdk/test/harness"
)

// loop is a port of two queues for hosts of several processes, with what they share.
func loop(t *testing.T) (cfg udp.Config, port *ethdev.Port) {
	t.Helper()
	harness.Need(t, harness.Root, harness.Hugepages)
	pool, err := mbuf.CreatePool(fmt.Sprint("udp", number()), 8191, mbuf.PoolConfig{}) // killed processes keep mbufs
	require.NoError(t, err)
	t.Cleanup(func() {
		checkRecovered(t, pool)
		assert.NoError(t, pool.Free())
	})
	cable, err := netring.Loopback(netring.CableConfig{Queues: 2, Sync: ring.Single}, ethdev.Config{Pool: pool, RxQueues: 2, TxQueues: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cable.Close()) })
	return udp.Config{Addrs: prefixes(our4 + "/24"), Pool: pool, Shared: newShared(t), Queues: 1, NoLinkLocal: true}, cable.A
}

// stoppedHolder is a process that is stopped while it holds a lock of a Shared.
func stoppedHolder(t *testing.T, s *udp.Shared, what string) *harness.Child {
	t.Helper()
	c := harness.Start(t, "udp holder", ealtest.Runtime().FilePrefix(), s.Name(), what)
	c.Expect("in")
	c.Signal(syscall.SIGSTOP)
	return c
}

func TestAProcessStoppedInABucketCostsOneWaitASecond(t *testing.T) {
	cfg, port := loop(t)
	h := newHost(t, port, cfg)
	a := netip.MustParseAddr(peer4)
	for range 2 { // the second process finds no trace of the first one
		c := stoppedHolder(t, cfg.Shared, peer4)
		start := time.Now()
		waits := udp.BucketWaits(h, a, 50)
		assert.Positive(t, waits)
		assert.LessOrEqual(t, waits, 1+int(time.Since(start)/time.Second))
		c.Kill()
		assert.Eventually(t, func() bool { return udp.BucketWaits(h, a, 1) < 0 }, 10*time.Second, time.Millisecond, "the bucket is free")
	}
}

// What needs the list of hosts waits for a stopped process, for a limited time, and nothing waits behind that.
func TestSocketsDoNotWaitForAProcessStoppedInTheListOfHosts(t *testing.T) {
	cfg, port := loop(t)
	server := harness.Start(t, "udp server", ealtest.Runtime().FilePrefix(), port.Name(), cfg.Pool.Name(), cfg.Shared.Name(), "1")
	server.Expect("serves ")
	h := newHost(t, port, cfg)
	holder := stoppedHolder(t, cfg.Shared, "hosts")
	server.Kill()
	done := make(chan error)
	go func() {
		_, err := h.ListenPacket("udp4", ":701")
		done <- err
	}()
	var longest time.Duration
	for end := false; !end; {
		select {
		case err := <-done:
			require.ErrorIs(t, err, syscall.EADDRINUSE, "nobody could take out the dead host")
			end = true
		default:
			start := time.Now()
			c, err := h.ListenPacket("udp4", ":0")
			require.NoError(t, err)
			require.NoError(t, c.Close())
			longest = max(longest, time.Since(start))
		}
	}
	assert.Less(t, longest, time.Second, "a socket waited for another one")
	holder.Kill()
	listen(t, h, "udp4", ":701")
}

func TestCloseBehindAProcessStoppedInTheListOfHostsLeavesNothing(t *testing.T) {
	cfg, port := loop(t)
	h := newHost(t, port, cfg)
	listen(t, h, "udp4", ":700")
	holder := stoppedHolder(t, cfg.Shared, "hosts")
	start := time.Now()
	require.NoError(t, h.Close())
	assert.Less(t, time.Since(start), time.Second)
	_, err := udp.NewHost(port, cfg)
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	require.ErrorContains(t, err, fmt.Sprintf("process %d is stopped", holder.Pid()))
	holder.Kill()
	i, err := cfg.Shared.Info()
	require.NoError(t, err)
	assert.Empty(t, i.Hosts)
	again := newHost(t, port, cfg)
	listen(t, again, "udp4", ":700")
}

// attach starts a secondary of the primary with a file prefix, and finds a Shared.
func attach(args []string) (*eal.Runtime, *udp.Shared, error) {
	cfg := ealtest.Secondary(args[0], 3)
	cfg.Lcores = "" // a free one
	rt, err := eal.Init(cfg)
	if err != nil {
		return nil, nil, err
	}
	s, err := udp.LookupShared(args[1])
	return rt, s, err
}

// "udp visitor" is inside a call with a Shared, until it may go on.
var _ = harness.Role("udp visitor", func(args []string) error {
	rt, s, err := attach(args)
	if err != nil {
		return err
	}
	err = udp.Visit(s, func() error {
		harness.Say("in")
		harness.Hear()
		return nil
	})
	if err != nil {
		return err
	}
	harness.Say("out")
	harness.Hear()
	_, err = s.Info()
	harness.Say("then %v", err)
	return rt.Close()
})

// A call with a Shared and Free in another process come one after the other.
func TestFreeDoesNotTakeTheMemoryOfOthers(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	s, err := udp.CreateShared(fmt.Sprint("s", number()))
	require.NoError(t, err)
	visitor := func() *harness.Child {
		c := harness.Start(t, "udp visitor", ealtest.Runtime().FilePrefix(), s.Name())
		c.Expect("in")
		return c
	}
	busy := func(by *harness.Child) {
		t.Helper()
		err := s.Free()
		require.ErrorIs(t, err, dpdk.ErrBusy)
		require.ErrorContains(t, err, fmt.Sprintf("process %d ", by.Pid()))
		zone, err := memzone.Lookup("udp_" + s.Name())
		require.NoError(t, err)
		require.ErrorIs(t, zone.Free(), dpdk.ErrBusy)
	}
	one, two := visitor(), visitor()
	two.Signal(syscall.SIGSTOP)
	one.Send("go on")
	one.Expect("out")
	busy(two)
	two.Kill()
	require.NoError(t, s.Free(), "the dead hold nothing")
	one.Send("go on")
	require.Contains(t, one.Expect("then "), "freed")
	one.Wait()
}

func TestFreeWaitsForShortCallsOfOthers(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	s, err := udp.CreateShared(fmt.Sprint("s", number()))
	require.NoError(t, err)
	visitor := harness.Start(t, "udp visitor", ealtest.Runtime().FilePrefix(), s.Name())
	visitor.Expect("in")
	life, freed := udp.Life(s), make(chan error)
	go func() { freed <- s.Free() }()
	require.Eventually(t, func() bool { return life.Load() == udp.Retired }, 10*time.Second, time.Millisecond)
	visitor.Send("go on")
	visitor.Expect("out")
	require.NoError(t, <-freed)
	visitor.Send("go on")
	require.Contains(t, visitor.Expect("then "), "freed")
	visitor.Wait()
}

// "udp freer" frees a Shared.
var _ = harness.Role("udp freer", func(args []string) error {
	rt, s, err := attach(args)
	if err != nil {
		return err
	}
	harness.Say("freed: %v", s.Free())
	return rt.Close()
})

func TestACallInThePrimaryKeepsTheMemory(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	s := newShared(t)
	require.NoError(t, udp.Visit(s, func() error {
		freer := harness.Start(t, "udp freer", ealtest.Runtime().FilePrefix(), s.Name())
		assert.Contains(t, freer.Expect("freed: "), fmt.Sprintf("process %d (", os.Getpid()))
		freer.Wait()
		return nil
	}))
	cable, pool := cables(t, 1)
	newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Shared: s}) // Free has left it as it was
}

// No host joins what CreateShared has not completed, or what Free has begun to free, also if the process was killed there.
func TestNoHostJoinsAnIncompleteShared(t *testing.T) {
	cable, pool := cables(t, 1)
	for life, want := range map[uint32]error{udp.Unmade: dpdk.ErrAgain, udp.Retired: dpdk.ErrNotFound} {
		s, err := udp.CreateShared(fmt.Sprint("s", number()))
		require.NoError(t, err)
		udp.Life(s).Store(life)
		_, err = udp.NewHost(cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Shared: s})
		require.ErrorIs(t, err, want)
		require.NoError(t, s.Free())
	}
}

func TestAHandleOfAFreedSharedReturnsErrNotFound(t *testing.T) {
	cable, pool := cables(t, 1)
	s, err := udp.CreateShared(fmt.Sprint("s", number()))
	require.NoError(t, err)
	other := newShared(t)
	stale, err := udp.LookupShared(s.Name())
	require.NoError(t, err)
	require.NoError(t, s.Free())
	for _, handle := range []*udp.Shared{s, stale} {
		_, err = udp.NewHost(cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Shared: handle})
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		_, err = handle.Info()
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		require.ErrorIs(t, handle.Free(), dpdk.ErrNotFound)
	}
	// ListShared leaves it out.
	all, err := udp.Describe([]*udp.Shared{stale, other})
	require.NoError(t, err)
	assert.Equal(t, []udp.SharedInfo{{Name: other.Name()}}, all)
}

// A key that is too short for IPv6 makes the RSS unknown, also when the host reads it again.
func TestRSSWithAShortKeyIsUnknown(t *testing.T) {
	cable, pool := cables(t, 2)
	h := newHost(t, cable.A, udp.Config{Addrs: prefixes(b4 + "/24"), Pool: pool, Queues: 1})
	reta := []int{0, 1}
	for _, n := range []int{0, 1, 4, 16, 39, 40, 52} {
		key := make([]byte, n)
		for i := range key {
			key[i] = byte(i*73 + 41)
		}
		for range 2 {
			udp.SetRSS(h, ethdev.RSSHash{Types: ethdev.RSSIPv4UDP | ethdev.RSSIPv6UDP, Key: key}, reta)
			assert.Equal(t, n >= 40, h.RSS(), "%d bytes", n)
			require.NoError(t, dial(t, h, "udp4", a4+":9").Close())
		}
	}
	udp.SetRSS(h, ethdev.RSSHash{Types: ethdev.RSSIPv4UDP, Key: make([]byte, 40)}, nil)
	assert.False(t, h.RSS(), "no table")
	require.NoError(t, dial(t, h, "udp4", a4+":9").Close())
}

// A frame of a host that has ended before it has called the receiver is not lost.
func TestTheLastFrameOfAHostArrives(t *testing.T) {
	a, _, _ := trio(t, nil)
	require.Eventually(t, func() bool { return !udp.PlaceOf(a[1]).Called() }, 10*time.Second, time.Millisecond)
	m, ok := a[0].Port().Config().Pool.Alloc()
	require.True(t, ok)
	require.True(t, m.AppendBytes(make([]byte, 60)))
	require.True(t, udp.HandWithoutCall(a[0], a[1], m))
	before := a[1].Stats().TakenOver
	require.NoError(t, a[0].Close())
	assert.Eventually(t, func() bool { return a[1].Stats().TakenOver == before+1 }, 10*time.Second, time.Millisecond)
}

func TestHostsOfAnotherLinkDoNotFindItsNeighbors(t *testing.T) {
	cable, pool := cables(t, 1)
	s := newShared(t)
	for _, step := range []struct{ vlan, before, after int }{{0, 0, 1}, {0, 1, 1}, {5, 0, 1}, {0, 0, 1}} {
		h := newHost(t, cable.A, udp.Config{Addrs: prefixes(a4 + "/24"), Pool: pool, Shared: s, VLAN: step.vlan})
		for i, want := range []int{step.before, step.after} {
			if i == 1 {
				udp.Publish(h, netip.MustParseAddr(b4))
			}
			info, err := s.Info()
			require.NoError(t, err)
			assert.Equal(t, want, info.Neighbors)
		}
		require.NoError(t, h.Close())
	}
}

// After the clock was set back, no station passes for one that was asked.
func TestAQuestionInTheFutureDoesNotCount(t *testing.T) {
	a, _, _ := trio(t, nil)
	addr := netip.MustParseAddr(b4)
	assert.True(t, udp.AskedAt(a[0], addr, time.Now()))
	assert.False(t, udp.AskedAt(a[0], addr, time.Now().Add(time.Hour)))
	assert.False(t, udp.AskedAt(a[0], addr, time.Now().Add(-time.Hour)))
}

// A host that is killed while it empties the place of another one has not called it empty.
func TestAPlaceThatIsBeingEmptiedIsCalled(t *testing.T) {
	a, _, _ := trio(t, nil)
	place := udp.PlaceOf(a[1])
	require.NoError(t, a[1].Close())
	require.Eventually(t, func() bool { return !place.Called() }, 10*time.Second, time.Millisecond)
	m, ok := a[0].Port().Config().Pool.Alloc()
	require.True(t, ok)
	release := sync.OnceFunc(udp.HoldFrees(a[0]))
	defer release()
	require.True(t, place.Hand(a[0], m)) // as a sender that has not yet seen the end of the host
	require.Eventually(t, func() bool { return !place.Waiting(a[0]) }, 10*time.Second, time.Millisecond)
	assert.True(t, place.Called(), "the frame is in the hands of the host that empties the place")
	release()
	assert.Eventually(t, func() bool { return !place.Called() }, 10*time.Second, time.Millisecond)
}
