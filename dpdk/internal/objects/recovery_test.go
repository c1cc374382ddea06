//go:build linux && godpdk_debug

package objects_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/objects"
	"github.com/godpdk/godpdk/dpdk/internal/release"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// atPoint is called at the points of package delegate, unless it is nil.
var atPoint atomic.Pointer[func(name string)]

func init() {
	delegate.Point = func(name string) {
		if f := atPoint.Load(); f != nil {
			(*f)(name)
		}
	}
}

// kept is the number of mbufs in a batch with a name.
const kept = 5

// "rich" has something of each kind that the primary recovers. It prints the number of its mbufs in batches
// without a name and in caches.
var _ = ealtest.Role("rich", func(args []string) error {
	cfg := ealtest.Config(0)
	cfg.FilePrefix, cfg.ProcessType, cfg.Lcores, cfg.MemoryMB = args[0], eal.Secondary, "", 0
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	pool, err := mbuf.LookupPool("rich")
	if err != nil {
		return err
	}
	mine, err := pool.LcoreCache(rt.MainLcore())
	if err != nil {
		return err
	}
	mbufs := 0
	for i, n := range []int{kept, 7, 6} {
		name := ""
		if i == 0 {
			name = args[1]
		}
		b, err := ring.NewBatch[*mbuf.Mbuf](name, 8)
		if err != nil {
			return err
		}
		c, err := pool.NewCache(16)
		if err != nil {
			return err
		}
		if !c.AllocBatch(b, n) {
			return fmt.Errorf("no %d mbufs", n)
		}
		mbufs += b.Len() + c.Len()
	}
	m, ok := mine.Alloc()
	if !ok {
		return fmt.Errorf("no mbuf")
	}
	mine.Free(m)
	mbufs += mine.Len() - kept

	q, err := rcu.Lookup("rich")
	if err != nil {
		return err
	}
	for range 2 {
		reader, err := q.RegisterAny()
		if err != nil {
			return err
		}
		reader.Online()
	}
	for _, port := range args[2:] {
		if err := own(args[1], port); err != nil {
			return err
		}
	}
	if _, err := place.Claim(context.Background(), args[1], place.Parts{}); err != nil {
		return err
	}
	ealtest.Say("has %d", mbufs)
	ealtest.Hear() // until it is killed
	return nil
})

// own makes an owner, and gives it a port. Package ethdev would allocate callbacks in the heap, which a killed
// process keeps.
func own(name, port string) error {
	id, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	return control.Call("own", name, func() error {
		owner, err := objects.EthOwnerNew(name)
		if err == nil {
			err = release.PortOwner(name, owner)
		}
		if err == nil {
			err = objects.EthOwnerSet(port, uint16(id), owner, name)
		}
		return err
	})
}

// estate is what rich processes share.
type estate struct {
	pool  *mbuf.Pool
	qsbr  *rcu.QSBR
	ports map[string][]*ethdev.Port // by the name of the process
	used  uint64                    // bytes of the heap
}

func newEstate(t *testing.T, names ...string) *estate {
	t.Helper()
	pool, err := mbuf.CreatePool("rich", 511, mbuf.PoolConfig{CacheSize: 32})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Free()) })
	qsbr, err := rcu.Create("rich", 4, rcu.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, qsbr.Free()) })
	e := &estate{pool: pool, qsbr: qsbr, ports: map[string][]*ethdev.Port{}}
	for _, name := range names {
		for i := range 2 {
			port, err := ethdev.Attach("net_null_" + name + strconv.Itoa(i))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, port.Detach()) })
			e.ports[name] = append(e.ports[name], port)
		}
	}
	for _, name := range names { // the first process of all leaves zones
		p, _ := e.start(t, name)
		p.Kill()
	}
	e.used = heap(t)
	for _, name := range names {
		e.inherit(t, name)
	}
	e.used = heap(t)
	return e
}

// start starts a rich process, and returns the number of mbufs that go back if it dies.
func (e *estate) start(t *testing.T, name string) (p *ealtest.Process, mbufs int) {
	t.Helper()
	args := []string{ealtest.Runtime().FilePrefix(), name}
	for _, port := range e.ports[name] {
		args = append(args, fmt.Sprint(port.ID()))
	}
	p = ealtest.Start(t, "rich", args...)
	mbufs, err := strconv.Atoi(p.Expect("has "))
	require.NoError(t, err)
	return p, mbufs
}

// inherit checks what was recovered, and takes the batch and the place of a dead process. It returns what the
// primary has counted.
func (e *estate) inherit(t *testing.T, name string) eal.Recovery {
	t.Helper()
	require.Zero(t, e.qsbr.NumReaders())
	for _, port := range e.ports[name] {
		o, err := port.Owner()
		require.NoError(t, err)
		require.Zero(t, o)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p, err := place.Claim(ctx, name, place.Parts{})
	require.NoError(t, err)
	require.Equal(t, place.Died, p.Predecessor().End)
	require.NoError(t, p.Close())
	b, err := ring.NewBatch[*mbuf.Mbuf](name, 8)
	require.NoError(t, err)
	require.Equal(t, kept, b.Len())
	require.NoError(t, b.Close())
	return p.Predecessor().Recovery
}

// whole checks that each mbuf is in the pool once, and that the heap has nothing more than before.
func (e *estate) whole(t *testing.T) {
	t.Helper()
	require.True(t, e.pool.Full())
	pkts := make([]*mbuf.Mbuf, e.pool.Size())
	require.True(t, e.pool.AllocBulk(pkts))
	seen := map[*mbuf.Mbuf]bool{}
	for _, m := range pkts {
		require.False(t, seen[m], "an mbuf is in the pool twice")
		seen[m] = true
	}
	mbuf.FreeBulk(pkts)
	require.Equal(t, e.used, heap(t), "bytes of the heap")
}

// A recovery stops at each of its points in turn. Then two others of the same process run at once.
func TestARecoveryThatStartsAnewLosesAndDoublesNothing(t *testing.T) {
	e := newEstate(t, "alone")
	member := control.Started().(interface{ Bury(pid int) })
	step := 1
	if testing.Short() {
		step = 5
	}
	for nth := 1; ; nth += step {
		p, _ := e.start(t, "alone")
		passed, stopped := 0, make(chan string, 1)
		stop := func(name string) {
			if name == "before the answer" {
				return
			}
			if passed++; passed == nth {
				stopped <- name
				runtime.Goexit()
			}
		}
		atPoint.Store(&stop)
		p.Kill()
		_, err := ealtest.Runtime().Recover(t.Context())
		require.NoError(t, err)
		atPoint.Store(nil)
		if len(stopped) > 0 {
			t.Log(nth, <-stopped)
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { member.Bury(p.Pid()) })
			}
			both.Wait()
		}
		e.inherit(t, "alone")
		e.whole(t)
		if passed < nth {
			require.Greater(t, nth, 15, "points")
			return
		}
	}
}

func TestTwoProcessesThatDieAtOnceAreRecovered(t *testing.T) {
	e := newEstate(t, "one", "two")
	for range 3 {
		one, m := e.start(t, "one")
		two, n := e.start(t, "two")
		for _, p := range []*ealtest.Process{one, two} {
			require.NoError(t, syscall.Kill(p.Pid(), syscall.SIGKILL))
		}
		one.Killed()
		two.Killed()
		_, err := ealtest.Runtime().Recover(t.Context())
		require.NoError(t, err)
		require.Equal(t, eal.Recovery{Returned: m, Kept: kept}, e.inherit(t, "one"))
		require.Equal(t, eal.Recovery{Returned: n, Kept: kept}, e.inherit(t, "two"))
		e.whole(t)
	}
}
