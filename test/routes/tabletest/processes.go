package tabletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
)

// Roles registers the roles of the other processes of the tests. Call it to initialize a package variable.
func (p *Package) Roles() *Package {
	harness.Role(p.Name+" reader", p.reader)
	harness.Role(p.Name+" changer", p.changer)
	harness.Role(p.Name+" busy changer", p.busy)
	return p
}

func (p *Package) start(t *testing.T, role string, args ...string) *harness.Child {
	t.Helper()
	return harness.Start(t, p.Name+" "+role, append([]string{ealtest.Runtime().FilePrefix()}, args...)...)
}

const blocks = 8

// blockHop is the next hop of a block. All other addresses have the next hop 1.
func blockHop(n int) uint64 { return uint64(100 + n) }

// around is the prefix of all addresses of the tests.
func around(six bool) netip.Prefix { return Prefix(six, "10.0.0.0/8", "2001::/16") }

// Reader registers a reader of a QSBR, which is then online.
func Reader(name string) (*rcu.Reader, error) {
	q, err := rcu.Lookup(name)
	if err != nil {
		return nil, err
	}
	r, err := q.RegisterAny()
	if err == nil {
		r.Online()
	}
	return r, err
}

// reader looks up addresses of blocks until its input has a line, and prints the number of wrong answers.
func (p *Package) reader(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	six := args[1] == "true"
	l, err := p.Lookup(six, args[2])
	if err != nil {
		return err
	}
	var reader *rcu.Reader
	if p.RCU {
		if reader, err = Reader(args[3]); err != nil {
			return err
		}
	}
	harness.Say("online")
	end := make(chan string, 1)
	go func() { end <- harness.Hear() }()
	r := rand.New(rand.NewPCG(1, 2))
	addrs, hops := make([]netip.Addr, 32), make([]uint64, 32)
	lookups, hits, wrong := 0, 0, 0
	for {
		select {
		case <-end:
			harness.Say("lookups %d hits %d wrong %d", lookups, hits, wrong)
			if p.RCU {
				err = reader.Unregister()
			}
			return errors.Join(err, rt.Close())
		default:
		}
		n := r.IntN(blocks)
		block := p.Block(six, n)
		for i := range addrs {
			addrs[i] = inside(r, netip.PrefixFrom(block.Addr(), block.Bits()-p.Wider).Masked())
		}
		l.FindBulk(hops, addrs)
		for i, hop := range hops {
			lookups++
			switch {
			case hop == 1:
			case hop == blockHop(n) && block.Contains(addrs[i]):
				hits++
			default:
				wrong++
			}
		}
		if p.RCU {
			reader.Quiescent()
		}
	}
}

// inside returns an address of a prefix.
func inside(r *rand.Rand, p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		b[i] |= byte(r.Uint32()) >> min(max(p.Bits()-i*8, 0), 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// BesideChanges tests that a secondary looks up addresses while routes come and go.
func (p *Package) BesideChanges(t *testing.T) {
	Both(t, func(t *testing.T, six bool) {
		var q *rcu.QSBR
		var err error
		of := ""
		if p.RCU {
			q, err = rcu.Create(Name(), 4, rcu.Config{})
			require.NoError(t, err)
			defer func() { assert.NoError(t, q.Free()) }()
			of = q.Name()
		}
		l, err := p.Create(six, Name(), Config{Groups: p.Groups(six), RCU: q})
		if p.RCU && errors.Is(err, dpdk.ErrUnsupported) {
			t.Skip(err) // this DPDK does not wait for readers of this family
		}
		require.NoError(t, err)
		defer func() { assert.NoError(t, l.Free()) }()
		require.NoError(t, l.Set(around(six), 1))
		c := p.start(t, "reader", fmt.Sprint(six), l.Name(), of)
		c.Expect("online")
		r := harness.Random(t)
		end, changes := time.Now().Add(harness.Size(3*time.Second, time.Second)), 0
		for time.Now().Before(end) || changes < 100 {
			n := r.IntN(blocks)
			for err = l.Set(p.Block(six, n), blockHop(n)); p.RCU && (errors.Is(err, dpdk.ErrNoSpace) || errors.Is(err, dpdk.ErrAgain)); {
				err = l.Set(p.Block(six, n), blockHop(n)) // all groups wait for the reader
			}
			require.NoError(t, err)
			require.NoError(t, l.Delete(p.Block(six, n)))
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

// changer makes tables and changes them, as a secondary.
func (p *Package) changer(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	for _, six := range []bool{false, true} {
		l, err := p.Create(six, fmt.Sprint(args[1], six), Config{})
		if err != nil {
			return err
		}
		long := netip.PrefixFrom(p.Block(six, 1).Addr(), p.Block(six, 1).Bits()+4)
		n, err := l.SetAll([]Route{{around(six), 5}, {long, 6}, {p.Block(six, 2), 7}})
		if err = errors.Join(err, l.Delete(p.Block(six, 2))); err != nil {
			return err
		}
		hop, err := l.Hop(long)
		got, ok := l.Find(long.Addr())
		_, missing := l.Hop(p.Block(six, 2))
		harness.Say("made %d %d %d %v %v", n, hop, got, ok, errors.Is(missing, dpdk.ErrNotFound))
		if err := errors.Join(err, p.Info(l, six, 2)); err != nil {
			return err
		}
	}
	return rt.Close()
}

// SecondaryMakes tests that a secondary makes tables, which live longer than it.
func (p *Package) SecondaryMakes(t *testing.T) {
	made := Name()
	c := p.start(t, "changer", made)
	for range 2 {
		assert.Equal(t, "3 6 6 true true", c.Expect("made"))
	}
	c.Wait()
	for _, six := range []bool{false, true} {
		l, err := p.Lookup(six, fmt.Sprint(made, six))
		require.NoError(t, err, "it lives longer than the process that asked for it")
		hop, ok := l.Find(p.Block(six, 3).Addr())
		assert.Equal(t, []any{uint64(5), true}, []any{hop, ok})
		require.NoError(t, l.Set(p.Block(six, 3), 8))
		require.NoError(t, p.Info(l, six, 3))
		require.NoError(t, l.Free())
	}
}

// long returns the n-th prefix of the busy changer, which has a group.
func (p *Package) long(n int) netip.Prefix { return netip.PrefixFrom(p.Block(false, n).Addr(), 30) }

// busy adds and deletes routes until it is killed.
func (p *Package) busy(args []string) error {
	harness.EndWithParent()
	if _, err := eal.Init(ealtest.Secondary(args[0], 7)); err != nil {
		return err
	}
	l, err := p.Lookup(false, args[1])
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		n := i % blocks
		if err := errors.Join(l.Set(p.long(n), blockHop(n)), l.Delete(p.long(n))); err != nil {
			return err
		}
		if i == 20 {
			harness.Say("busy")
		}
	}
}

// KilledWriter tests that a process that is killed while it changes a table leaves it whole.
func (p *Package) KilledWriter(t *testing.T) {
	l := p.table(t, false, Name(), Config{Groups: 1}) // one that stays in use would be missing
	require.NoError(t, l.Set(around(false), 1))
	for range harness.Kills(10, 2) {
		c := p.start(t, "busy changer", l.Name())
		c.Expect("busy")
		c.Kill()
		left := 0
		for n := range blocks {
			hop, err := l.Hop(p.long(n))
			got, ok := l.Find(p.long(n).Addr())
			require.True(t, ok)
			switch {
			case err == nil: // the last one was added
				assert.Equal(t, []uint64{blockHop(n), blockHop(n)}, []uint64{hop, got})
				require.NoError(t, l.Delete(p.long(n)))
				left++
			case errors.Is(err, dpdk.ErrNotFound):
				assert.EqualValues(t, 1, got)
			default:
				require.NoError(t, err)
			}
		}
		assert.LessOrEqual(t, left, 1)
		other := netip.MustParsePrefix("10.7.0.0/32")
		require.NoError(t, l.Set(other, 3), "a group is free")
		require.NoError(t, l.Delete(other))
	}
}
