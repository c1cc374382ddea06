//go:build linux

package processes

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lock"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
)

// guarded is the same struct in testdata/mutex.c. Outside of the mutex a, b and the sum
// of done are equal.
type guarded struct {
	mutex  lock.Mutex
	a, b   uint64
	done   [8]uint64 // per slot, one process each
	deaths atomic.Uint64
}

func init() {
	sentinels["ErrOwnerDead"] = dpdk.ErrOwnerDead
	sentinels["ErrNotRecoverable"] = dpdk.ErrNotRecoverable
	sentinels["ErrNotOwner"] = dpdk.ErrPermission
}

var shared *guarded

// mutexVerb adds a verb that uses the zone "guarded".
func mutexVerb(name string, f func(g *guarded, args []string) (string, error)) struct{} {
	return verb(name, func(args []string) (string, error) {
		if shared == nil {
			z, err := memzone.LookupValue[guarded]("guarded")
			if err != nil {
				return "", err
			}
			shared = z.Get()
		}
		return f(shared, args)
	})
}

var (
	_ = verb("mutex-zone", func([]string) (string, error) {
		_, err := memzone.CreateValue[guarded]("guarded", memzone.Config{})
		return "", err
	})
	_ = mutexVerb("make", func(g *guarded, _ []string) (string, error) { return "", g.mutex.Init() })
	_ = mutexVerb("lock", func(g *guarded, _ []string) (string, error) {
		harness.Say("locking")
		return "", g.mutex.Lock()
	})
	_ = mutexVerb("unlock", func(g *guarded, _ []string) (string, error) { return "", g.mutex.Unlock() })
	_ = mutexVerb("consistent", func(g *guarded, _ []string) (string, error) { return "", g.mutex.Consistent() })
	_ = mutexVerb("try", func(g *guarded, _ []string) (string, error) {
		ok, err := g.mutex.TryLock()
		return fmt.Sprint(ok), err
	})
	_ = mutexVerb("lock-for", func(g *guarded, args []string) (string, error) {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		return "", g.mutex.LockContext(ctx)
	})
	// "mutex-sections" runs a number of them in a slot.
	_ = mutexVerb("mutex-sections", func(g *guarded, args []string) (string, error) {
		n, err := strconv.Atoi(args[0])
		slot, _ := strconv.Atoi(args[1])
		for i := 0; err == nil && i < n; i++ {
			err = g.section(slot)
		}
		return "", err
	})
	// "until" runs sections until so many holders have died, and returns the number of sections.
	_ = mutexVerb("until", func(g *guarded, args []string) (string, error) {
		deaths, err := strconv.ParseUint(args[0], 10, 64)
		slot, _ := strconv.Atoi(args[1])
		n := 0
		for ; err == nil && g.deaths.Load() < deaths; n++ {
			err = g.section(slot)
		}
		return strconv.Itoa(n), err
	})
	_ = mutexVerb("totals", func(g *guarded, _ []string) (string, error) {
		if err := g.section(7); err != nil { // repairs, if the last one died
			return "", err
		}
		return fmt.Sprint(g.a-g.done[7], g.b-g.done[7], g.sum()-g.done[7], g.done), nil
	})
)

func (g *guarded) sum() (n uint64) {
	for _, d := range g.done {
		n += d
	}
	return n
}

// section counts one section, and repairs the counts if a holder has died in its section.
func (g *guarded) section(slot int) error {
	err := g.mutex.Lock()
	if errors.Is(err, dpdk.ErrOwnerDead) {
		g.a, g.b = g.sum(), g.sum()
		g.deaths.Add(1)
		err = g.mutex.Consistent()
	}
	if err != nil {
		return err
	}
	if g.a != g.b {
		return fmt.Errorf("two at a time: %d and %d", g.a, g.b)
	}
	g.a++
	g.b++
	g.done[slot]++
	return g.mutex.Unlock()
}

func mutexC(t *testing.T, prefix string) *peer {
	t.Helper()
	c := cPeer(t, "mutex", "secondary", prefix)
	require.Equal(t, "secondary", c.done())
	return c
}

// fails sends C a request that fails with an errno.
func (p *peer) fails(errno string, request ...string) {
	p.t.Helper()
	p.ask(request...)
	assert.Equal(p.t, errno, p.answer().Err, request)
}

func TestMutexBetweenGoAndC(t *testing.T) {
	for _, maker := range []string{"Go", "C"} {
		t.Run("made by "+maker, func(t *testing.T) {
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("mutex-zone")
			c := mutexC(t, prefix)
			p.refused("ErrInvalid", "lock")
			map[string]*peer{"Go": p, "C": c}[maker].do("make")
			p.refused("ErrExist", "make")

			c.do("lock")
			assert.Equal(t, "false", p.do("try"))
			a := p.refused("DeadlineExceeded", "lock-for", "50ms")
			assert.GreaterOrEqual(t, a.Took, 50*time.Millisecond)
			p.refused("ErrNotOwner", "unlock")
			p.ask("lock")
			p.Expect("locking")
			c.do("unlock")
			p.done()
			c.fails("EBUSY", "try")
			c.fails("EPERM", "unlock")
			p.do("unlock")
			c.do("try")
			c.do("unlock")
			c.quit()
			p.quit()
		})
	}
}

func TestMutexOfAKilledHolder(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("mutex-zone")
	p.do("make")
	c := mutexC(t, prefix)
	for _, kind := range []string{"Go", "C"} {
		holder := func() *peer {
			var h *peer
			switch kind {
			case "Go":
				h = started(t, "secondary", prefix)
			case "C":
				h = mutexC(t, prefix)
			}
			h.do("lock")
			return h
		}
		for name, kill := range map[string]func(h *peer){
			"before": func(h *peer) {
				h.Kill()
				p.refused("ErrOwnerDead", "lock")
			},
			"while another waits": func(h *peer) {
				p.ask("lock")
				p.Expect("locking")
				time.Sleep(20 * time.Millisecond) // mostly it waits in C then
				begin := time.Now()
				h.Kill()
				assert.Contains(t, p.answer().Is, "ErrOwnerDead")
				assert.Less(t, time.Since(begin), atOnce)
			},
			"while another waits with a deadline": func(h *peer) {
				p.ask("lock-for", "1m")
				h.Kill()
				assert.Contains(t, p.answer().Is, "ErrOwnerDead")
			},
		} {
			t.Log(kind, "is killed", name)
			kill(holder())
			p.do("consistent")
			p.do("unlock")
		}
		h := holder()
		h.Kill()
		c.fails("EOWNERDEAD", "lock")
		c.do("consistent")
		c.do("unlock")
	}
	h := started(t, "secondary", prefix)
	h.do("lock")
	h.Kill()
	p.refused("ErrOwnerDead", "lock")
	p.do("unlock") // without consistent
	p.refused("ErrNotRecoverable", "lock")
	p.refused("ErrNotRecoverable", "try")
	c.fails("ENOTRECOVERABLE", "lock")
	c.quit()
	p.quit()
}

func TestMutexOfAStoppedHolder(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("mutex-zone")
	p.do("make")
	for _, h := range []*peer{started(t, "secondary", prefix), mutexC(t, prefix)} {
		h.do("lock")
		h.Stop()
		a := p.refused("DeadlineExceeded", "lock-for", "200ms")
		assert.Less(t, a.CPU, 100*time.Millisecond, "a wait, not a spin")
		p.ask("lock-for", "1m")
		h.Signal(syscall.SIGCONT)
		h.do("unlock")
		p.done()
		p.do("unlock")
		h.quit()
	}
	p.quit()
}

func TestMutexExcludesProcesses(t *testing.T) {
	const each = 350_000
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("mutex-zone")
	p.do("make")
	peers := []*peer{p, started(t, "secondary", prefix), mutexC(t, prefix)}
	for slot, q := range peers {
		q.ask("mutex-sections", strconv.Itoa(each), strconv.Itoa(slot))
	}
	for _, q := range peers {
		q.done()
	}
	n := 3 * each
	assert.Equal(t, fmt.Sprint(n, n, n, [8]uint64{each, each, each, 0, 0, 0, 0, 1}), p.do("totals"))
	for _, q := range peers[1:] {
		q.quit()
	}
	p.quit()
}

// 100 processes in C die at points of a section, with the lock, between two in Go that go
// on; then some in Go are killed anywhere.
func TestMutexSurvivesItsHolders(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("mutex-zone")
	p.do("make")
	s, c := started(t, "secondary", prefix), mutexC(t, prefix)
	p.ask("until", "100", "0")
	s.ask("until", "100", "1")
	c.do("casualties", "100", "2")
	var done [2]int
	for i, q := range []*peer{p, s} {
		n, err := strconv.Atoi(q.done())
		require.NoError(t, err)
		done[i] = n
	}
	for range 5 {
		h := started(t, "secondary", prefix)
		h.do("mutex-sections", "1", "4") // it has looked the zone up: killed in there it would keep a lock of DPDK's
		h.ask("until", "1000000", "4")
		s.do("mutex-sections", "20000", "1")
		h.Kill()
		p.do("mutex-sections", "1", "0")
		done[0], done[1] = done[0]+1, done[1]+20000
	}
	var a, b, sum uint64
	var slots [8]uint64
	_, err := fmt.Sscanf(p.do("totals"), "%d %d %d [%d %d %d %d %d %d %d %d]", &a, &b, &sum,
		&slots[0], &slots[1], &slots[2], &slots[3], &slots[4], &slots[5], &slots[6], &slots[7])
	require.NoError(t, err)
	assert.Equal(t, []uint64{sum, sum}, []uint64{a, b})
	assert.Equal(t, done, [2]int{int(slots[0]), int(slots[1])}, "no section of the living is lost")
	assert.Positive(t, slots[2])
	assert.Positive(t, slots[4])
	c.quit()
	s.quit()
	p.quit()
}
