//go:build linux

package processes

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// table is the same struct in testdata/rcu.c: readers read the current element. Its
// words are equal while a reader may see it.
type table struct {
	current, stop, reads atomic.Uint64
	elems                [64][16]uint64
}

const poison = 1<<64 - 1

// State of a node that reads or writes.
var rcuNode struct {
	q       *rcu.QSBR
	table   *table
	readers map[string]*rcu.Reader
}

// rcuVerb adds a verb that uses "qsbr" and "table".
func rcuVerb(name string, f func(args []string) (string, error)) struct{} {
	return verb(name, func(args []string) (string, error) {
		if rcuNode.q == nil {
			var err error
			if rcuNode.q, err = rcu.Lookup("qsbr"); err != nil {
				return "", err
			}
			z, err := memzone.LookupValue[table]("table")
			if err != nil {
				return "", err
			}
			rcuNode.table, rcuNode.readers = z.Get(), map[string]*rcu.Reader{}
		}
		return f(args)
	})
}

var (
	_ = verb("rcu-make", func(args []string) (string, error) {
		readers, err := strconv.Atoi(args[0])
		if err != nil {
			return "", err
		}
		if _, err := memzone.CreateValue[table]("table", memzone.Config{}); err != nil {
			return "", err
		}
		_, err = rcu.Create("qsbr", readers, rcu.Config{})
		return "", err
	})
	_ = rcuVerb("rcu-register", func(args []string) (string, error) {
		id, err := strconv.Atoi(args[0])
		if err == nil {
			rcuNode.readers[args[0]], err = rcuNode.q.Register(id)
		}
		return "", err
	})
	_ = rcuVerb("rcu-online", func(args []string) (string, error) { rcuNode.readers[args[0]].Online(); return "", nil })
	_ = rcuVerb("rcu-quiescent", func(args []string) (string, error) { rcuNode.readers[args[0]].Quiescent(); return "", nil })
	_ = rcuVerb("rcu-offline", func(args []string) (string, error) { rcuNode.readers[args[0]].Offline(); return "", nil })
	_ = rcuVerb("rcu-stop", func([]string) (string, error) { rcuNode.table.stop.Store(1); return "", nil })
	_ = rcuVerb("rcu-reads", func([]string) (string, error) { return fmt.Sprint(rcuNode.table.reads.Load()), nil })
	_ = rcuVerb("rcu-unregister", func(args []string) (string, error) { return "", rcuNode.readers[args[0]].Unregister() })
	_ = rcuVerb("rcu-unregister-dead", func(args []string) (string, error) {
		id, err := strconv.Atoi(args[0])
		if err != nil {
			return "", err
		}
		return "", rcuNode.q.Unregister(id)
	})
	_ = rcuVerb("rcu-synchronize", func(args []string) (string, error) {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		harness.Say("synchronizing")
		return "", rcuNode.q.Synchronize(ctx)
	})
	_ = rcuVerb("rcu-read", func(args []string) (string, error) { return fmt.Sprint(rcuRead(rcuNode.readers[args[0]])), nil })
	_ = rcuVerb("rcu-write", func(args []string) (string, error) {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return "", err
		}
		return "", rcuWrite(n, args[1] == "defer")
	})
)

// rcuRead reads until the table's stop is set, and returns how many words changed under it.
func rcuRead(r *rcu.Reader) (bad int) {
	t := rcuNode.table
	r.Online()
	defer r.Offline()
	for n := 0; t.stop.Load() == 0; n++ {
		e := &t.elems[t.current.Load()]
		first := atomic.LoadUint64(&e[0])
		if n%16 == 0 {
			runtime.Gosched() // with a reference
		}
		for i := range e {
			if got := atomic.LoadUint64(&e[i]); got != first || got == poison {
				bad++
			}
		}
		r.Quiescent()
		t.reads.Add(1)
	}
	return bad
}

// rcuWrite replaces the current element n times and poisons the old ones when they are
// free, through a DeferQueue or by waiting.
func rcuWrite(n int, deferred bool) error {
	t, q := rcuNode.table, rcuNode.q
	var free []uint64
	release := func(i uint64) {
		for w := range t.elems[i] {
			atomic.StoreUint64(&t.elems[i][w], poison)
		}
		free = append(free, i)
	}
	for i := range uint64(len(t.elems)) {
		if i != t.current.Load() {
			release(i)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := rcu.NewDeferQueue(q, "old", rcu.DeferConfig{Size: len(t.elems)}, release)
	if err != nil {
		return err
	}
	for round := range uint64(n) {
		for len(free) == 0 {
			if _, err := d.Reclaim(len(t.elems)); err != nil || ctx.Err() != nil {
				return fmt.Errorf("nothing is free: %v, %v", err, ctx.Err())
			}
			runtime.Gosched()
		}
		next := free[0]
		free = free[1:]
		for w := range t.elems[next] {
			atomic.StoreUint64(&t.elems[next][w], round)
		}
		old := t.current.Swap(next)
		if deferred {
			err = d.Enqueue(old)
		} else if err = q.Synchronize(ctx); err == nil {
			release(old)
		}
		if err != nil {
			return err
		}
	}
	if err := q.Synchronize(ctx); err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	if len(free) != len(t.elems)-1 {
		return fmt.Errorf("%d elements are free, want all but the current one", len(free))
	}
	return nil
}

func rcuC(t *testing.T, prefix string) *peer {
	t.Helper()
	c := cPeer(t, "rcu", "secondary", prefix)
	require.Equal(t, "secondary", c.done())
	return c
}

func TestReadersInOtherProcessesHoldAGracePeriodOpen(t *testing.T) {
	t.Parallel() // grace periods time out
	for _, kind := range []string{"Go", "C"} {
		t.Run(kind, func(t *testing.T) {
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("rcu-make", "100")
			reader := func() *peer {
				if kind == "C" {
					return rcuC(t, prefix)
				}
				return started(t, "secondary", prefix)
			}
			r := reader()
			r.do("rcu-register", "77")
			p.do("rcu-synchronize", "1m") // it is offline
			r.do("rcu-online", "77")
			a := p.refused("DeadlineExceeded", "rcu-synchronize", "100ms")
			assert.Contains(t, a.Err, "reader 77")
			p.ask("rcu-synchronize", "1m")
			p.Expect("synchronizing")
			time.Sleep(50 * time.Millisecond) // mostly the grace period has begun; it must end either way
			r.do("rcu-quiescent", "77")
			r.do("rcu-offline", "77") // a later one does not wait
			p.done()
			r.do("rcu-online", "77")
			// The reader is killed between two reports.
			r.Kill()
			if kind == "C" {
				a = p.refused("DeadlineExceeded", "rcu-synchronize", "100ms")
				assert.Contains(t, a.Err, "reader 77")
				p.refused("ErrExist", "rcu-register", "77")
				p.do("rcu-unregister-dead", "77")
			}
			p.do("rcu-synchronize", "1m")
			r = reader()
			r.do("rcu-register", "77")
			p.do("rcu-synchronize", "1m")
			r.do("rcu-unregister", "77")
			r.quit()
			p.quit()
		})
	}
}

func TestNoElementIsReusedWhileAReaderMaySeeIt(t *testing.T) {
	for way, rounds := range map[string]string{"wait": harness.Size("500", "100"), "defer": harness.Size("20000", "4000")} {
		t.Run(way, func(t *testing.T) {
			prefix := newPrefix(t)
			p := started(t, "primary", prefix)
			p.do("rcu-make", "8")
			readers := []*peer{started(t, "secondary", prefix), rcuC(t, prefix), started(t, "secondary", prefix)}
			for id, r := range readers {
				r.do("rcu-register", strconv.Itoa(id))
				r.ask("rcu-read", strconv.Itoa(id))
			}
			w := started(t, "secondary", prefix)
			w.do("rcu-write", rounds, way)
			p.do("rcu-stop")
			for _, r := range readers {
				assert.Equal(t, "0", r.done(), "words that changed under a reader")
			}
			reads, err := strconv.Atoi(p.do("rcu-reads"))
			require.NoError(t, err)
			assert.Greater(t, reads, 1000)
			for _, q := range append(readers, w, p) {
				q.quit()
			}
		})
	}
}
