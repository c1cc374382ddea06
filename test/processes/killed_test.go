//go:build linux

package processes

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// controlLoops are loops of control calls, which end only with an error. Their names end with tag.
// Objects of killed processes with the same tag may exist.
var controlLoops = map[string]func(tag string) error{
	"lookup": func(string) error {
		_, err := ring.Lookup[uint64]("kept ring")
		_, err2 := memzone.Lookup("kept zone")
		_, err3 := mbuf.LookupPool("packets")
		_, err4 := ring.List()
		return errors.Join(err, err2, err3, err4)
	},
	"create": func(tag string) error {
		return errors.Join(
			recreate(func() (*ring.Ring[uint64], error) { return ring.Create[uint64]("ring "+tag, 64, ring.Config{}) },
				func() (*ring.Ring[uint64], error) { return ring.Lookup[uint64]("ring " + tag) }),
			recreate(func() (*memzone.Zone, error) { return memzone.Reserve("zone "+tag, 64, memzone.Config{}) },
				func() (*memzone.Zone, error) { return memzone.Lookup("zone " + tag) }),
			recreate(func() (*mempool.Pool, error) { return mempool.Create("pool "+tag, 15, 64, mempool.Config{}) },
				func() (*mempool.Pool, error) { return mempool.Lookup("pool " + tag) }),
			recreate(func() (*rcu.QSBR, error) { return rcu.Create("rcu "+tag, 4, rcu.Config{}) },
				func() (*rcu.QSBR, error) { return rcu.Lookup("rcu " + tag) }))
	},
	"caches": func(string) error {
		p, err := mbuf.LookupPool("packets")
		if err != nil {
			return err
		}
		c, err := p.NewCache(32)
		if err != nil {
			return err
		}
		return c.Close()
	},
	"growth": func(tag string) error {
		return recreate(func() (*memzone.Zone, error) { return memzone.Reserve("large "+tag, 16<<20, memzone.Config{}) },
			func() (*memzone.Zone, error) { return memzone.Lookup("large " + tag) })
	},
}

// recreate creates an object, or finds the one that a killed process has left, and frees it.
func recreate[T interface{ Free() error }](create, lookup func() (T, error)) error {
	o, err := create()
	if errors.Is(err, dpdk.ErrExist) {
		o, err = lookup()
	}
	if err != nil {
		return err
	}
	return o.Free()
}

// fillCaches leaves packets in a cache of this process and in the cache of its lcore.
func fillCaches() error {
	p, err := mbuf.LookupPool("packets")
	if err != nil {
		return err
	}
	kept, err := p.NewCache(64)
	if err != nil {
		return err
	}
	of, err := p.LcoreCache(own)
	if err != nil {
		return err
	}
	for _, c := range []*mbuf.Cache{kept, of} {
		pkts := make([]*mbuf.Mbuf, 20)
		if !c.AllocBulk(pkts) {
			return fmt.Errorf("no packets: %d of %d are available", p.Available(), p.Size())
		}
		c.FreeBulk(pkts)
		if c.Len() < 20 {
			return fmt.Errorf("the cache holds %d packets", c.Len())
		}
	}
	return nil
}

func controlAll() error {
	for kind, f := range controlLoops {
		if err := f("of node " + strconv.Itoa(own)); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	_, err := rt.Memory()
	return err
}

var controlled = make(chan error, 1)

var (
	// "control-loop" runs a loop without end. Its line is "looping".
	_ = verb("control-loop", func(args []string) (string, error) {
		if err := fillCaches(); err != nil {
			return "", err
		}
		f := controlLoops[args[0]]
		harness.Say("looping")
		for {
			if err := f(args[1]); err != nil {
				return "", err
			}
		}
	})
	_ = verb("control-objects", func([]string) (string, error) {
		_, err := ring.Create[uint64]("kept ring", 64, ring.Config{})
		_, err2 := memzone.Reserve("kept zone", 64, memzone.Config{})
		_, err3 := mbuf.CreatePool("packets", 1023, mbuf.PoolConfig{CacheSize: 32, Ops: "lf_stack"})
		return "", errors.Join(err, err2, err3)
	})
	// "control-all" makes control calls of each kind once.
	_ = verb("control-all", func([]string) (string, error) { return "", controlAll() })
	// "control-begin" does so in the background, and "control-end" waits for the end.
	_ = verb("control-begin", func([]string) (string, error) {
		go func() { controlled <- controlAll() }()
		return "", nil
	})
	_ = verb("control-end", func([]string) (string, error) { return "", <-controlled })
	// "control-full" waits until all packets are in the pool, and none in the caches of killLcores. It
	// returns the number of packets in the pool.
	_ = verb("control-full", func([]string) (string, error) {
		p, err := mbuf.LookupPool("packets")
		if err != nil {
			return "", err
		}
		for deadline := time.Now().Add(atOnce); ; time.Sleep(time.Millisecond) {
			n := p.Available()
			for _, lcore := range killLcores {
				c, err := p.LcoreCache(lcore)
				if err != nil {
					return "", err
				}
				n -= c.Len()
			}
			if n == p.Size() || time.Now().After(deadline) {
				return strconv.Itoa(n), nil
			}
		}
	})
)

// kills is the number of processes that a test kills at each place. While memory grows, DPDK waits up
// to 5 s for a killed process.
func kills(kind string) int {
	if kind == "growth" {
		return harness.Kills(10, 3)
	}
	return harness.Kills(30, 3)
}

// killLcores are the lcores of processes that are killed. nextLcore returns none of them.
var killLcores = []int{100, 101, 102, 103}

// toKill starts a secondary in Go for kill n, without EAL.
func toKill(t *testing.T, n int) *peer {
	t.Helper()
	return &peer{harness.Start(t, "node", strconv.Itoa(killLcores[n%len(killLcores)])), t}
}

// Secondaries are killed at random inside control calls. The primary still makes all control calls, each
// packet returns to the pool, a new secondary attaches, and the primary closes.
func TestKilledInsideControlCalls(t *testing.T) {
	for _, kind := range []string{"lookup", "create", "caches", "growth"} {
		t.Run(kind, func(t *testing.T) {
			r := harness.Random(t)
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("control-objects")
			for n := range kills(kind) {
				s := toKill(t, n)
				s.do("init", "secondary", prefix)
				s.ask("control-loop", kind, "loop")
				s.Expect("looping")
				killWithin(r, s, 20*time.Millisecond)
				soon(t, p, n, "control-all")
				require.Equal(t, "1023", p.do("control-full"), "kill %d", n)
			}
			attachesAndCloses(t, p, prefix)
		})
	}
}

// Secondaries are killed at random inside Init and Close.
func TestKilledInsideInitAndClose(t *testing.T) {
	for kind, within := range map[string]time.Duration{"init": 150 * time.Millisecond, "close": 10 * time.Millisecond} {
		t.Run(kind, func(t *testing.T) {
			r := harness.Random(t)
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("control-objects")
			for n := range kills(kind) {
				s := toKill(t, n)
				s.ask("init", "secondary", prefix)
				s.Expect("starting")
				if kind == "close" {
					s.done()
					s.ask("close")
				}
				killWithin(r, s, within)
				if n%4 == 0 { // else the next one attaches to what this one has left
					soon(t, p, n, "control-all")
				}
			}
			attachesAndCloses(t, p, prefix)
		})
	}
}

// killWithin kills a process after a random time.
func killWithin(r *rand.Rand, s *peer, d time.Duration) {
	s.t.Helper()
	time.Sleep(time.Duration(r.Int64N(int64(d))))
	s.Kill()
}

// soon sends a request that must succeed soon after kill n. It is repeated once if it needed memory while
// DPDK still waited for the killed process.
func soon(t *testing.T, p *peer, n int, request ...string) {
	t.Helper()
	p.ask(request...)
	a := p.answer()
	if slices.Contains(a.Is, "ErrTimeout") {
		p.ask(request...)
		a = p.answer()
	}
	require.Empty(t, a.Err, "kill %d", n)
	require.Less(t, a.Took, 4*atOnce, "kill %d", n) // the dead one may have had several locks
}

// attachesAndCloses checks that a new secondary attaches and works, and that the primary then closes.
func attachesAndCloses(t *testing.T, p *peer, prefix string) {
	t.Helper()
	s := started(t, "secondary", prefix)
	s.do("control-all")
	assert.Equal(t, "1023", p.do("control-full"))
	s.quit()
	p.do("close")
	p.quit()
}

// The primary releases what a killed C program has locked for reading, unless another C program lives.
// Until then it reports the call that waits.
func TestLocksOfAKilledProcessAreReleased(t *testing.T) {
	t.Parallel()
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("control-objects")
	c, other := inC(t, "secondary", prefix), inC(t, "secondary", prefix)
	c.do("hold-locks")
	c.Kill()
	p.do("control-begin")
	logs := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(p.do("log"), text) }, 4*atOnce, 10*time.Millisecond, text)
	}
	logs("a dead process may hold a lock of DPDK, but the C programs that live may hold it too")
	logs("a control call does not return, perhaps because a dead process holds a lock of DPDK")
	logs(fmt.Sprintf("pid %d (a C program)", c.Pid()))
	other.Kill()
	for _, name := range []string{"mempools", "tailq", "memory hotplug"} {
		logs("the lock is released lock=" + name + " readers=1")
	}
	p.do("control-end")
	attachesAndCloses(t, p, prefix)
}

// A process that was killed while it changed data leaves write locks and spinlocks. They are released too.
func TestExclusiveLocksOfAKilledProcessAreReleased(t *testing.T) {
	t.Parallel()
	for _, waits := range []bool{false, true}[:harness.Size(2, 1)] {
		t.Run(fmt.Sprintf("a call waits: %t", waits), func(t *testing.T) {
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("control-objects")
			c := inC(t, "secondary", prefix)
			c.ask("change-locks")
			c.Expect("has the locks")
			if waits {
				p.do("control-begin")
			}
			c.Kill()
			for _, name := range []string{"heap", "tailq", "mempools", "timers"} {
				require.Eventually(t, func() bool {
					return strings.Contains(p.do("log"), "restart all processes of the file prefix soon lock="+name)
				},
					4*atOnce, 10*time.Millisecond, name)
			}
			if waits {
				p.do("control-end")
			}
			attachesAndCloses(t, p, prefix)
		})
	}
}

// A secondary of a stopped primary gets an error in time.
func TestControlCallBesideAStoppedPrimary(t *testing.T) {
	t.Parallel()
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("control-objects")
	s := started(t, "secondary", prefix)
	p.Stop()
	s.ask("ring", "kept", "8")
	a := s.answer()
	assert.Contains(t, a.Is, "ErrTimeout")
	assert.Contains(t, a.Err, "the primary did not answer within 20s")
	assert.Less(t, a.Took, 25*time.Second)
	p.Signal(syscall.SIGCONT)
	s.do("control-all")
	s.quit()
	p.quit()
}

// If the primary is killed during a control call of a secondary, that ends at once.
func TestControlCallBesideADyingPrimary(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("control-objects")
	s := started(t, "secondary", prefix)
	s.ask("control-loop", "lookup", "x")
	s.Expect("looping")
	p.Kill()
	a := s.answer()
	assert.Contains(t, a.Is, "ErrPrimaryGone", a.Err)
	assert.Less(t, a.Took, atOnce)
	s.quit()
	removeAll(t, hugeFiles(t, prefix))
}
