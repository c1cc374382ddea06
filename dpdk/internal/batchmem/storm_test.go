//go:build linux && !godpdk_debug

// The debug build checks each put under a lock of DPDK. A worker that is killed in it stops the others, because
// the primary releases no lock beside a living C program.

package batchmem_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/internal/lfstack"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// For each mode the storm has four rings between workers (Go), and four between workers and a program in C
// (C). The numbers on the rings tokens0 and tokens1 circulate for ever. The packets on the rings mbufs0 and
// mbufs1 are allocated by one worker and freed by another. The program in C moves everything from ring 0 to
// ring 1.
const (
	stormWorkers = 4
	stormTokens  = 100
	stormPool    = 4095
)

// lane is what a worker does with the rings of one mode and peer.
type lane struct {
	name     string // of the rings, without their kind
	mode     ring.Sync
	from, to int // the numbers of the rings
	shared   int // workers that use the lane
}

// lanes returns the lanes of a worker.
func lanes(worker int) (all []lane) {
	for _, mode := range modes {
		between := lane{name: fmt.Sprintf("storm_%v_Go_", mode), mode: mode, from: worker % 2, to: 1 - worker%2, shared: stormWorkers}
		peer := lane{name: fmt.Sprintf("storm_%v_C_", mode), mode: mode, from: 1, to: 0, shared: stormWorkers}
		if mode == ring.Single {
			between.shared, peer.shared = 2, 1
		}
		for _, l := range []lane{between, peer} {
			if worker < l.shared {
				all = append(all, l)
			}
		}
	}
	return all
}

// The role is a worker that waits until it hears which one it is, and then works until it hears another line.
var _ = ealtest.Role("worker", func(args []string) error {
	rt, err := attach(args[0])
	if err != nil {
		return err
	}
	pool, err := mbuf.LookupPool("storm")
	if err != nil {
		return err
	}
	ealtest.Say("ready")
	line := ealtest.Hear()
	if line == "" { // it was not needed
		return rt.Close()
	}
	worker, err := strconv.Atoi(line)
	if err != nil {
		return err
	}
	cache, err := pool.NewCache(64)
	if err != nil {
		return err
	}
	pkts, err := ring.NewBatch[*mbuf.Mbuf]("", 64)
	if err != nil {
		return err
	}
	var works []func()
	var leaves []func() error
	for _, l := range lanes(worker) {
		tokens, err := ring.NewBatch[uint64](batchName(l, worker), 32)
		if err != nil {
			return err
		}
		leaves = append(leaves, tokens.Leave)
		work, err := l.work(tokens, pkts, cache)
		if err != nil {
			return err
		}
		works = append(works, work)
	}
	stop := make(chan struct{})
	go func() { ealtest.Hear(); close(stop) }()
	runtime.LockOSThread()
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10); err != nil { // processes that start have priority
		return err
	}
	ealtest.Say("works")
	for {
		select {
		case <-stop:
			for _, leave := range leaves {
				err = errors.Join(err, leave())
			}
			return errors.Join(err, pkts.Close(), cache.Close(), rt.Close())
		default:
			for i := range 200 * len(works) {
				works[i%len(works)]()
			}
		}
	}
})

func batchName(l lane, worker int) string { return fmt.Sprintf("%s%d", l.name, worker) }

// work returns a function that forwards tokens, and allocates, sends, receives and frees packets.
func (l lane) work(tokens *ring.Batch[uint64], pkts *ring.Batch[*mbuf.Mbuf], cache *mbuf.Cache) (func(), error) {
	from, err1 := ring.Lookup[uint64](fmt.Sprint(l.name, "tokens", l.from))
	to, err2 := ring.Lookup[uint64](fmt.Sprint(l.name, "tokens", l.to))
	in, err3 := ring.Lookup[*mbuf.Mbuf](fmt.Sprint(l.name, "mbufs", l.from))
	out, err4 := ring.Lookup[*mbuf.Mbuf](fmt.Sprint(l.name, "mbufs", l.to))
	return func() {
		from.DequeueBatch(tokens, 1+rand.IntN(29))
		to.EnqueueBatch(tokens)
		cache.AllocBatch(pkts, rand.IntN(32))
		out.EnqueueBatch(pkts)
		in.DequeueBatch(pkts, rand.IntN(48))
		cache.FreeBatch(pkts)
	}, errors.Join(err1, err2, err3, err4)
}

func TestStormOfKilledWorkersLosesAndDoublesNothing(t *testing.T) {
	random := harness.Random(t)
	kills := harness.Kills(100, 12)
	began := time.Now()
	zones := zoneNames(t)
	pool, err := mbuf.CreatePool("storm", stormPool, mbuf.PoolConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Free()) }()
	tokens, mbufs := map[string]*ring.Ring[uint64]{}, map[string]*ring.Ring[*mbuf.Mbuf]{}
	var moved []string // by the program in C
	for _, l := range lanes(0) {
		cfg := ring.Config{Producer: l.mode, Consumer: l.mode}
		for n := range 2 {
			name := fmt.Sprint(l.name, "tokens", n)
			tokens[name], err = ring.Create[uint64](name, 256, cfg)
			require.NoError(t, err)
			name = fmt.Sprint(l.name, "mbufs", n)
			mbufs[name], err = ring.Create[*mbuf.Mbuf](name, 256, cfg)
			require.NoError(t, err)
		}
		for i := range uint64(stormTokens) {
			require.True(t, tokens[fmt.Sprint(l.name, "tokens", i%2)].Enqueue(i))
		}
		if strings.HasSuffix(l.name, "_C_") {
			moved = append(moved, l.name+"tokens", l.name+"mbufs")
		}
	}
	mover := harness.Command(t, harness.CC(t, filepath.Join("testdata", "mover.c")), append([]string{"--proc-type=secondary",
		"--file-prefix=" + ealtest.Runtime().FilePrefix(), "--lcores=" + harness.Lcore(127), "--no-pci", "--"}, moved...)...)
	mover.Expect("moves")

	s := storm{t: t}
	for range 2 * stormWorkers {
		s.spare()
	}
	for i := range s.workers {
		s.replace(i)
	}
	for _, w := range s.workers {
		w.Expect("works")
	}
	for range kills {
		time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond) // the random moment
		victim := random.IntN(stormWorkers)
		s.workers[victim].Kill()
		s.spare()
		s.replace(victim)
		if random.IntN(4) > 0 { // otherwise it may also be killed while it claims
			s.workers[victim].Expect("works")
		}
	}
	for _, w := range s.workers {
		w.Send("stop")
	}
	for _, w := range append(s.workers[:], s.spares...) {
		w.Wait()
	}
	sums := mover.Wait()
	require.Len(t, sums, len(moved))
	assert.NotContains(t, sums, "moved 0")

	lost, doubled := 0, 0
	for _, l := range lanes(0) {
		found := map[uint64]int{}
		for worker := range l.shared {
			b := claim(t, batchName(l, worker), 32)
			for _, e := range b.Elems() {
				found[e]++
			}
			b.Drop(b.Len())
			require.NoError(t, b.Close())
		}
		for n := range 2 {
			r := tokens[fmt.Sprint(l.name, "tokens", n)]
			within(t, r.Name(), func() {
				for _, e := range drain(r) {
					found[e]++
				}
			})
			require.NoError(t, r.Free())
		}
		for i := range uint64(stormTokens) {
			lost += max(1-found[i], 0)
			doubled += max(found[i]-1, 0)
		}
	}
	for _, r := range mbufs {
		within(t, r.Name(), func() { drainMbufs(r) })
		require.NoError(t, r.Free())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = ealtest.Runtime().Recover(ctx)
	require.NoError(t, err)
	swept, err := pool.Recover(nil)
	require.NoError(t, err)
	leaked := pool.Size() - pool.Available()
	all := make([]*mbuf.Mbuf, pool.Available())
	require.True(t, pool.AllocBulk(all))
	distinct := map[*mbuf.Mbuf]bool{}
	for _, m := range all {
		distinct[m] = true
	}
	doubled += len(all) - len(distinct)
	mbuf.FreeBulk(all)
	var left []string
	for _, name := range zoneNames(t) {
		if strings.HasPrefix(name, "godpdk_batch") && !slices.Contains(zones, name) {
			left = append(left, name)
		}
	}
	t.Logf("storm: %d workers killed in %v, on Single, Multi, RTS and HTS rings, Go-Go and Go-C: %d lost, %d doubled, %d leaked (%d mbufs found by a sweep, %d batches left), 0 hangs",
		kills, time.Since(began).Round(time.Second), lost, doubled, leaked, swept, len(left))
	require.Zero(t, lost, "lost")
	require.Zero(t, doubled, "doubled")
	require.Zero(t, leaked, "leaked")
	if lfstack.Native { // else a process that is killed while it refills or flushes its cache loses the packets
		require.Zero(t, swept, "packets that only a sweep has found")
	}
	require.Empty(t, left, "batches")
}

// storm has the workers, and processes that wait to be the next ones: so no kill waits for a slow start.
type storm struct {
	t       *testing.T
	workers [stormWorkers]*ealtest.Process
	spares  []*ealtest.Process
}

// spare starts a process that waits.
func (s *storm) spare() {
	s.spares = append(s.spares, ealtest.Start(s.t, "worker", ealtest.Runtime().FilePrefix()))
}

// replace makes the first process that waits a worker.
func (s *storm) replace(worker int) {
	next := s.spares[0]
	s.spares = s.spares[1:]
	next.Expect("ready")
	next.Send(strconv.Itoa(worker))
	s.workers[worker] = next
}

func drainMbufs(r *ring.Ring[*mbuf.Mbuf]) {
	pkts := make([]*mbuf.Mbuf, 64)
	for n := r.DequeueBurst(pkts); n > 0; n = r.DequeueBurst(pkts) {
		mbuf.FreeBulk(pkts[:n])
	}
}

func zoneNames(t *testing.T) (names []string) {
	t.Helper()
	zones, err := memzone.List()
	require.NoError(t, err)
	for _, z := range zones {
		names = append(names, z.Name)
	}
	return names
}
