package fib_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// block returns the n-th prefix that comes and goes. No group is used for it, so that a lookup beside a change has one of two answers.
func block(six bool, n int) netip.Prefix {
	return prefix(six, fmt.Sprintf("10.1.%d.0/24", n), fmt.Sprintf("2001:%x::/23", n<<9))
}

const blocks = 8

// blockHop is the next hop of a block. All other addresses have the next hop 1.
func blockHop(n int) uint64 { return uint64(100 + n) }

// half is the half of a block for which a group is used.
func half(six bool, n int) netip.Prefix {
	return prefix(six, fmt.Sprintf("10.1.%d.128/25", n), fmt.Sprintf("2001:%x::/25", n<<9|128))
}

// "reader" looks up addresses of blocks until its input has a line, and prints the number of wrong answers. It is a reader of a QSBR
// if it has its name.
var _ = harness.Role("reader", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	six := args[1] == "true"
	l, err := lookup(six, args[2])
	if err != nil {
		return err
	}
	quiescent, leave := func() {}, func() error { return nil }
	if len(args) > 3 {
		q, err := rcu.Lookup(args[3])
		if err != nil {
			return err
		}
		reader, err := q.Register(1)
		if err != nil {
			return err
		}
		reader.Online()
		quiescent, leave = reader.Quiescent, reader.Unregister
	}
	harness.Say("online")
	end := make(chan string, 1)
	go func() { end <- harness.Hear() }()
	r := rand.New(rand.NewPCG(1, 2))
	var ips [32]uint32
	var ips6 [32][16]byte
	var hops [32]uint64
	lookups, hits, wrong := 0, 0, 0
	for {
		select {
		case <-end:
			harness.Say("lookups %d hits %d wrong %d", lookups, hits, wrong)
			return errors.Join(leave(), rt.Close())
		default:
		}
		n := r.IntN(blocks)
		for i := range ips {
			ips[i] = 10<<24 | 1<<16 | uint32(n)<<8 | r.Uint32N(256)
			ips6[i] = [16]byte{0x20, 1, byte(n<<1 | r.IntN(2)), byte(r.IntN(256)), byte(i)}
		}
		if six {
			l.(*fib.Table6).LookupBulk(hops[:], ips6[:])
		} else {
			l.(*fib.Table4).LookupBulk(hops[:], ips[:])
		}
		quiescent()
		for _, hop := range hops {
			lookups++
			switch hop {
			case 1:
			case blockHop(n):
				hits++
			default:
				wrong++
			}
		}
	}
})

// Routes of up to 24 bits come and go while a secondary looks up. C functions have other addresses there.
func TestASecondaryLooksUpBesideChanges(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, fib.Config{Missing: 50})
		require.NoError(t, l.Add(prefix(six, "10.0.0.0/8", "2001::/16"), 1))
		c := harness.Start(t, "reader", ealtest.Runtime().FilePrefix(), fmt.Sprint(six), l.Name())
		c.Expect("online")
		r := harness.Random(t)
		end, changes := time.Now().Add(harness.Size(3*time.Second, time.Second)), 0
		for time.Now().Before(end) || changes < 100 {
			n := r.IntN(blocks)
			require.NoError(t, l.Add(block(six, n), blockHop(n)))
			require.NoError(t, l.Delete(block(six, n)))
			changes++
		}
		c.Send("end")
		var lookups, hits, wrong int
		line := c.Expect("lookups")
		_, err := fmt.Sscanf(line, "%d hits %d wrong %d", &lookups, &hits, &wrong)
		require.NoError(t, err, line)
		c.Wait()
		assert.Zero(t, wrong)
		assert.Positive(t, lookups)
		t.Logf("%d changes; %s", changes, line)
	})
}

// With a QSBR, a group gets other routes only after the reader is quiescent. Without one, the reader sees next hops of another block.
func TestASecondaryLooksUpBesideChangesOfGroups(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		if six && !cfib.RCU6 || !six && !cfib.RCU4 {
			t.Skipf("rte_fib of %s does not wait for readers of this family: TestChangesWaitForReaders shows the error", dpdk.Version())
		}
		q, err := rcu.Create(name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		l, err := create(six, name(), fib.Config{Missing: 50, Groups: 2, RCU: q})
		require.NoError(t, err)
		defer func() { assert.NoError(t, l.Free()) }()
		require.NoError(t, l.Add(prefix(six, "10.0.0.0/8", "2001::/16"), 1))
		c := harness.Start(t, "reader", ealtest.Runtime().FilePrefix(), fmt.Sprint(six), l.Name(), q.Name())
		c.Expect("online")
		r := harness.Random(t)
		add := func(n int) {
			for late := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
				if err := l.Add(half(six, n), blockHop(n)); !errors.Is(err, dpdk.ErrAgain) || time.Now().After(late) {
					require.NoError(t, err)
					return
				}
			}
		}
		end, changes := time.Now().Add(harness.Size(3*time.Second, time.Second)), 0
		for time.Now().Before(end) || changes < 100 {
			n := r.IntN(blocks)
			add(n)
			require.NoError(t, l.Delete(half(six, n)))
			changes++
		}
		c.Send("end")
		var lookups, hits, wrong int
		line := c.Expect("lookups")
		_, err = fmt.Sscanf(line, "%d hits %d wrong %d", &lookups, &hits, &wrong)
		require.NoError(t, err, line)
		c.Wait()
		assert.Zero(t, wrong)
		assert.Positive(t, lookups)
		t.Logf("%d changes; %s", changes, line)
	})
}

// "changer" makes tables and changes them, as a secondary.
var _ = harness.Role("changer", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	for _, six := range []bool{false, true} {
		for _, kind := range []fib.Type{fib.Direct, fib.Tree} {
			l, err := create(six, fmt.Sprint(args[1], six, kind), fib.Config{Type: kind, Missing: 9})
			if err != nil {
				return err
			}
			p, long := prefix(six, "10.0.0.0/8", "2001::/16"), prefix(six, "10.1.1.64/28", "2001:db8:4000::/36")
			n, err := l.AddRoutes([]fib.Route{{Prefix: p, NextHop: 5}, {Prefix: long, NextHop: 6}, {Prefix: block(six, 2), NextHop: 7}})
			if err = errors.Join(err, l.Delete(block(six, 2))); err != nil {
				return err
			}
			hop, err := l.NextHop(long)
			route, err2 := l.Match(long.Addr().Next())
			_, missing := l.NextHop(block(six, 2))
			info, err3 := l.Info()
			harness.Say("made %d %d %d %v %v %d", n, hop, l.Lookup(long.Addr()), route.Prefix == long, errors.Is(missing, dpdk.ErrNotFound), info.Routes)
			if err := errors.Join(err, err2, err3); err != nil {
				return err
			}
		}
	}
	return rt.Close()
})

func TestASecondaryMakesTables(t *testing.T) {
	made := name()
	c := harness.Start(t, "changer", ealtest.Runtime().FilePrefix(), made)
	for range 4 {
		assert.Equal(t, "3 6 6 true true 2", c.Expect("made"))
	}
	c.Wait()
	for _, six := range []bool{false, true} {
		for _, kind := range []fib.Type{fib.Direct, fib.Tree} {
			l, err := lookup(six, fmt.Sprint(made, six, kind))
			require.NoError(t, err, "it lives longer than the process that asked for it")
			assert.EqualValues(t, 5, l.Lookup(block(six, 1).Addr()))
			require.NoError(t, l.Add(block(six, 3), 8))
			require.NoError(t, l.Free())
		}
	}
}

// "finder" prints the errors of a lookup and of a create.
var _ = harness.Role("finder", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	for _, six := range []bool{false, true} {
		_, err = lookup(six, fmt.Sprint(args[1], six))
		harness.Say("found %v %v", errors.Is(err, dpdk.ErrUnsupported), err)
		_, err = create(six, fmt.Sprint(args[1], " new", six), fib.Config{})
		harness.Say("found %v %v", errors.Is(err, dpdk.ErrUnsupported), err)
	}
	return rt.Close()
})

// C's lookup would call an address of the primary.
func TestASecondaryRefusesAnUnknownLayout(t *testing.T) {
	fib.PretendLayout(true)
	defer fib.PretendLayout(false)
	made := name()
	for _, six := range []bool{false, true} {
		l, err := create(six, fmt.Sprint(made, six), fib.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, l.Free()) }()
	}
	c := harness.Start(t, "finder", ealtest.Runtime().FilePrefix(), made)
	for range 4 {
		line := c.Expect("found")
		assert.Contains(t, line, "true ")
		assert.Contains(t, line, "right in the primary only")
	}
	c.Wait()
	for _, six := range []bool{false, true} {
		_, err := lookup(six, fmt.Sprint(made, " new", six))
		require.ErrorIs(t, err, dpdk.ErrNotFound, "a table without a handle is not left")
	}
}

// "busy changer" adds and deletes routes until it is killed.
var _ = harness.Role("busy changer", func(args []string) error {
	harness.EndWithParent()
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	l, err := fib.Lookup4(args[1])
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		p := netip.PrefixFrom(block(false, i%blocks).Addr(), 30)
		if err := errors.Join(l.Add(p, blockHop(i%blocks)), l.Delete(p)); err != nil {
			return err
		}
		if i == 20 {
			harness.Say("busy")
		}
	}
})

func TestAKilledWriterLeavesTheTableWhole(t *testing.T) {
	l := newTable(t, false, fib.Config{Groups: 1}).(*fib.Table4) // one that stays in use would be missing
	require.NoError(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1))
	for range harness.Kills(10, 2) {
		c := harness.Start(t, "busy changer", ealtest.Runtime().FilePrefix(), l.Name())
		c.Expect("busy")
		c.Kill()
		left := 0
		for n := range blocks {
			p := netip.PrefixFrom(block(false, n).Addr(), 30)
			hop, err := l.NextHop(p)
			got := l.Lookup(p.Addr())
			switch {
			case err == nil: // the last one was added
				assert.Equal(t, []uint64{blockHop(n), blockHop(n)}, []uint64{hop, got})
				require.NoError(t, l.Delete(p))
				left++
			case errors.Is(err, dpdk.ErrNotFound):
				assert.EqualValues(t, 1, got)
			default:
				require.NoError(t, err)
			}
		}
		assert.LessOrEqual(t, left, 1)
		require.NoError(t, l.Add(netip.MustParsePrefix("10.7.0.0/32"), 3), "a group is free")
		require.NoError(t, l.Delete(netip.MustParsePrefix("10.7.0.0/32")))
	}
}
