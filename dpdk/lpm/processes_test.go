package lpm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/lpm"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

const blocks = 8

// block returns the long prefix that comes and goes, and its address.
func block(six bool, n int) netip.Prefix {
	return prefix(six, fmt.Sprintf("10.1.%d.64/28", n), fmt.Sprintf("2001:db8:%x:4000::/52", n))
}

// blockHop is the next hop of a block. All other addresses have the next hop 1.
func blockHop(n int) uint32 { return uint32(100 + n) }

// inBlock returns an address that belongs to the block or its group.
func inBlock(six bool, n int, r *rand.Rand) netip.Addr {
	if !six {
		return netip.AddrFrom4([4]byte{10, 1, byte(n), byte(r.IntN(128))})
	}
	a := block(six, n).Addr().As16()
	a[6] = byte(r.IntN(128))
	return netip.AddrFrom16(a)
}

// "reader" looks up addresses of blocks until its input has a line, and prints the number of wrong answers.
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
	q, err := rcu.Lookup(args[3])
	if err != nil {
		return err
	}
	reader, err := q.RegisterAny()
	if err != nil {
		return err
	}
	reader.Online()
	harness.Say("online")
	end := make(chan string, 1)
	go func() { end <- harness.Hear() }()
	r := rand.New(rand.NewPCG(1, 2))
	var ips [32]uint32
	var ips6 [32][16]byte
	var results [32]lpm.Result
	lookups, hits, wrong := 0, 0, 0
	for {
		select {
		case <-end:
			harness.Say("lookups %d hits %d wrong %d", lookups, hits, wrong)
			return errors.Join(reader.Unregister(), rt.Close())
		default:
		}
		n := r.IntN(blocks)
		for i := range ips {
			a := inBlock(six, n, r)
			if six {
				ips6[i] = a.As16()
			} else {
				b := a.As4()
				ips[i] = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
			}
		}
		if six {
			l.(*lpm.Table6).LookupBulk(results[:], ips6[:])
		} else {
			l.(*lpm.Table4).LookupBulk(results[:], ips[:])
		}
		for i, got := range results {
			inside := !six && ips[i]&0xf0 == 0x40 || six && ips6[i][6]&0xf0 == 0x40
			lookups++
			switch {
			case got.OK() && got.NextHop() == 1:
			case got.OK() && inside && got.NextHop() == blockHop(n):
				hits++
			default:
				wrong++
			}
		}
		reader.Quiescent()
	}
})

// The primary adds and deletes routes with few groups, which are used again at once, while a secondary looks up.
func TestASecondaryLooksUpBesideChanges(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(name(), 4, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		l, err := create(six, name(), lpm.Config{Groups: map[bool]int{false: 3, true: 12}[six], RCU: q})
		require.NoError(t, err)
		require.NoError(t, l.Add(prefix(six, "10.0.0.0/8", "2001::/16"), 1))
		c := harness.Start(t, "reader", ealtest.Runtime().FilePrefix(), fmt.Sprint(six), l.Name(), q.Name())
		c.Expect("online")
		r := harness.Random(t)
		end, changes := time.Now().Add(harness.Size(3*time.Second, time.Second)), 0
		for time.Now().Before(end) || changes < 100 {
			n := r.IntN(blocks)
			for err = l.Add(block(six, n), blockHop(n)); errors.Is(err, dpdk.ErrNoSpace) || errors.Is(err, dpdk.ErrAgain); {
				err = l.Add(block(six, n), blockHop(n)) // all groups wait for the reader
			}
			require.NoError(t, err)
			require.NoError(t, l.Delete(block(six, n)))
			changes++
		}
		c.Send("end")
		line := c.Expect("lookups")
		c.Wait()
		assert.Contains(t, line, "wrong 0")
		assert.False(t, strings.HasPrefix(line, "0 "), line)
		t.Logf("%d changes; %s", changes, line)
		require.NoError(t, l.Free())
	})
}

// A reader that was killed in the middle keeps no group, because the primary unregisters it.
func TestAKilledReaderKeepsNoGroup(t *testing.T) {
	q, err := rcu.Create(name(), 4, rcu.Config{})
	require.NoError(t, err)
	l, err := lpm.Create4(name(), lpm.Config{Groups: 1, RCU: q})
	require.NoError(t, err)
	require.NoError(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1))
	c := harness.Start(t, "idle reader", ealtest.Runtime().FilePrefix(), q.Name())
	c.Expect("online")
	require.NoError(t, l.Add(block(false, 0), blockHop(0)))
	require.NoError(t, l.Delete(block(false, 0)))
	require.ErrorIs(t, l.Add(block(false, 1), blockHop(1)), dpdk.ErrNoSpace, "it lives")
	c.Kill()
	require.Eventually(t, func() bool { return l.Add(block(false, 1), blockHop(1)) == nil }, time.Minute, time.Millisecond)
	require.NoError(t, l.Free())
	require.NoError(t, q.Free())
}

var _ = harness.Role("idle reader", func(args []string) error {
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	q, err := rcu.Lookup(args[1])
	if err != nil {
		return err
	}
	reader, err := q.RegisterAny()
	if err != nil {
		return err
	}
	reader.Online()
	harness.Say("online")
	harness.Hear()
	return nil
})

// "changer" makes tables and changes them, as a secondary.
var _ = harness.Role("changer", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	for _, six := range []bool{false, true} {
		l, err := create(six, args[1], lpm.Config{})
		if err != nil {
			return err
		}
		p, q := prefix(six, "10.0.0.0/8", "2001::/16"), block(six, 1)
		n, err := l.AddRoutes([]lpm.Route{{p, 5}, {q, 6}, {block(six, 2), 7}})
		if err = errors.Join(err, l.Delete(block(six, 2))); err != nil {
			return err
		}
		hop, err := l.NextHop(q)
		got, ok := l.Lookup(q.Addr())
		_, missing := l.NextHop(block(six, 2))
		info, err2 := l.Info()
		harness.Say("made %d %d %d %v %v %v", n, hop, got, ok, errors.Is(missing, dpdk.ErrNotFound), info.Name == args[1])
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	all, err := lpm.List()
	harness.Say("tables %v", all)
	return errors.Join(err, rt.Close())
})

func TestASecondaryMakesTables(t *testing.T) {
	made := name()
	c := harness.Start(t, "changer", ealtest.Runtime().FilePrefix(), made)
	assert.Equal(t, "3 6 6 true true true", c.Expect("made"))
	assert.Equal(t, "3 6 6 true true true", c.Expect("made"))
	assert.Contains(t, c.Expect("tables"), fmt.Sprintf("{%s false}", made))
	c.Wait()
	for _, six := range []bool{false, true} {
		l, err := lookup(six, made)
		require.NoError(t, err, "it lives longer than the process that asked for it")
		hop, ok := l.Lookup(block(six, 1).Addr())
		assert.Equal(t, []any{uint32(6), true}, []any{hop, ok})
		require.NoError(t, l.Add(block(six, 3), 8))
		require.NoError(t, l.Free())
	}
}

// "busy changer" adds and deletes routes until it is killed.
var _ = harness.Role("busy changer", func(args []string) error {
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	l, err := lpm.Lookup4(args[1])
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		n := i % blocks
		if err := errors.Join(l.Add(block(false, n), blockHop(n)), l.Delete(block(false, n))); err != nil {
			return err
		}
		if i == 20 {
			harness.Say("busy")
		}
	}
})

func TestAKilledWriterLeavesTheTableWhole(t *testing.T) {
	l, err := lpm.Create4(name(), lpm.Config{Groups: 1}) // one that stays in use would be missing
	require.NoError(t, err)
	require.NoError(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1))
	for range harness.Kills(10, 2) {
		c := harness.Start(t, "busy changer", ealtest.Runtime().FilePrefix(), l.Name())
		c.Expect("busy")
		c.Kill()
		left := 0
		for n := range blocks {
			hop, err := l.NextHop(block(false, n))
			got, ok := l.Lookup(block(false, n).Addr())
			require.True(t, ok)
			switch {
			case err == nil: // the last one was added
				assert.Equal(t, []uint32{blockHop(n), blockHop(n)}, []uint32{hop, got})
				require.NoError(t, l.Delete(block(false, n)))
				left++
			case errors.Is(err, dpdk.ErrNotFound):
				assert.EqualValues(t, 1, got)
			default:
				require.NoError(t, err)
			}
		}
		assert.LessOrEqual(t, left, 1)
		require.NoError(t, l.Add(block(false, 0), blockHop(0)), "a group is free")
		require.NoError(t, l.Delete(block(false, 0)))
	}
	require.NoError(t, l.Free())
}

// A C program finds the table of Go, and looks up addresses with the inline functions.
func TestACProgramLooksUp(t *testing.T) {
	l, err := lpm.Create4(name(), lpm.Config{})
	require.NoError(t, err)
	six, err := lpm.Create6(l.Name(), lpm.Config{})
	require.NoError(t, err)
	require.NoError(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1))
	require.NoError(t, l.Add(netip.MustParsePrefix("10.1.2.0/28"), 0xabcdef))
	require.NoError(t, six.Add(netip.MustParsePrefix("2001:db8::/33"), 77))
	bin := harness.CC(t, "testdata/lookup.c")
	c := harness.Command(t, bin, "--proc-type=secondary", "--file-prefix="+ealtest.Runtime().FilePrefix(), "--no-pci", "--lcores", harness.Lcore(7), "--huge-dir="+harness.HugeDir(), "--", l.Name())
	assert.Equal(t, "1 abcdef miss 77", strings.TrimSpace(c.Expect("hops")))
	c.Wait()
	require.NoError(t, errors.Join(l.Free(), six.Free()))
}
