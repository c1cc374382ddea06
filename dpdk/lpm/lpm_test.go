package lpm_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	clpm "github.com/godpdk/godpdk/cgo/lpm"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lpm"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/routes"
	"github.com/godpdk/godpdk/test/twin"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var names atomic.Int64

func name() string { return fmt.Sprint("lpm ", names.Add(1)) }

// table is what Table4 and Table6 have in common.
type table interface {
	Name() string
	Info() (lpm.Info, error)
	Pointer() unsafe.Pointer
	Free() error
	Add(p netip.Prefix, nextHop uint32) error
	AddRoutes(routes []lpm.Route) (int, error)
	Delete(p netip.Prefix) error
	DeleteAll() error
	NextHop(p netip.Prefix) (uint32, error)
	Lookup(a netip.Addr) (uint32, bool)
}

var (
	_ table = (*lpm.Table4)(nil)
	_ table = (*lpm.Table6)(nil)
)

// both runs a test with both kinds of tables.
func both(t *testing.T, f func(t *testing.T, six bool)) {
	t.Run("IPv4", func(t *testing.T) { f(t, false) })
	t.Run("IPv6", func(t *testing.T) { f(t, true) })
}

func make4(name string, cfg lpm.Config) (table, error) { return convert(lpm.Create4(name, cfg)) }
func make6(name string, cfg lpm.Config) (table, error) { return convert(lpm.Create6(name, cfg)) }

// convert keeps a nil pointer nil.
func convert[T table](t T, err error) (table, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

func create(six bool, name string, cfg lpm.Config) (table, error) {
	if six {
		return make6(name, cfg)
	}
	return make4(name, cfg)
}

func lookup(six bool, name string) (table, error) {
	if six {
		return convert(lpm.Lookup6(name))
	}
	return convert(lpm.Lookup4(name))
}

func newTable(t *testing.T, six bool, cfg lpm.Config) table {
	t.Helper()
	l, err := create(six, name(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if l.Pointer() != nil {
			assert.NoError(t, l.Free())
		}
	})
	return l
}

// prefix returns 10.p in IPv4, or 2001:p in IPv6, by the family.
func prefix(six bool, four, sixth string) netip.Prefix {
	if six {
		return netip.MustParsePrefix(sixth)
	}
	return netip.MustParsePrefix(four)
}

func addr(six bool, four, sixth string) netip.Addr {
	if six {
		return netip.MustParseAddr(sixth)
	}
	return netip.MustParseAddr(four)
}

func TestArgumentsAreChecked(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		for _, test := range []struct {
			name string
			cfg  lpm.Config
			want error
			says string
		}{
			{"", lpm.Config{}, dpdk.ErrInvalid, "empty"},
			{strings.Repeat("x", lpm.MaxName+1), lpm.Config{}, dpdk.ErrNameTooLong, fmt.Sprint(lpm.MaxName)},
			{"x", lpm.Config{MaxRoutes: -1}, dpdk.ErrInvalid, "MaxRoutes is -1"},
			{"x", lpm.Config{MaxRoutes: 1<<28 + 1}, dpdk.ErrInvalid, "MaxRoutes"},
			{"x", lpm.Config{Groups: -1}, dpdk.ErrInvalid, "Groups is -1"},
			{"x", lpm.Config{Groups: 1 << 22}, dpdk.ErrInvalid, "Groups"},
			{"x", lpm.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket"},
		} {
			_, err := create(six, test.name, test.cfg)
			require.ErrorIs(t, err, test.want, test)
			assert.ErrorContains(t, err, test.says)
		}
		_, err := lookup(six, "nobody made this")
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		_, err = lookup(six, strings.Repeat("x", 32))
		require.ErrorIs(t, err, dpdk.ErrNameTooLong)

		l := newTable(t, six, lpm.Config{})
		wrong := prefix(!six, "10.0.0.0/8", "2001::/16")
		for _, p := range []netip.Prefix{{}, prefix(six, "0.0.0.0/0", "::/0"), wrong, netip.PrefixFrom(addr(six, "10.0.0.0", "2001::"), 129)} {
			require.ErrorIs(t, l.Add(p, 1), dpdk.ErrInvalid, p)
			require.ErrorIs(t, l.Delete(p), dpdk.ErrInvalid, p)
			_, err = l.NextHop(p)
			require.ErrorIs(t, err, dpdk.ErrInvalid, p)
		}
		p, last := prefix(six, "10.0.0.0/8", "2001::/16"), uint32(lpm.MaxNextHop4)
		if six {
			last = lpm.MaxNextHop6
		}
		assert.ErrorContains(t, l.Add(wrong, 1), "use a table of its family")
		assert.ErrorContains(t, l.Add(p, last+1), "next hop")
		require.NoError(t, l.Add(p, last))
		hop, ok := l.Lookup(p.Addr())
		assert.Equal(t, []any{last, true}, []any{hop, ok})
		for _, a := range []netip.Addr{{}, wrong.Addr()} {
			_, ok = l.Lookup(a)
			assert.False(t, ok, a)
		}
		_, ok = l.Lookup(netip.MustParseAddr("::ffff:10.0.0.1"))
		assert.False(t, ok)
		n, err := l.AddRoutes([]lpm.Route{{p, 1}, {wrong, 1}})
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.Zero(t, n, "nothing was changed")
	})
}

func TestATableIsANamedObject(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, lpm.Config{})
		_, err := create(six, l.Name(), lpm.Config{})
		require.ErrorIs(t, err, dpdk.ErrExist)
		same, err := lookup(six, l.Name())
		require.NoError(t, err)
		assert.Equal(t, l.Pointer(), same.Pointer())
		info, err := same.Info()
		require.NoError(t, err)
		assert.Equal(t, lpm.Info{Name: l.Name(), IPv6: six}, info)
		_, err = lookup(!six, l.Name())
		require.ErrorIs(t, err, dpdk.ErrNotFound, "a table of the other family")
		longest := newTableNamed(t, six, strings.Repeat("x", lpm.MaxName))
		all, err := lpm.List()
		require.NoError(t, err)
		assert.Subset(t, all, []lpm.Info{info, {Name: longest.Name(), IPv6: six}})

		p := prefix(six, "10.0.0.0/8", "2001::/16")
		require.NoError(t, l.Add(p, 7))
		hop, ok := same.Lookup(p.Addr())
		assert.Equal(t, []any{uint32(7), true}, []any{hop, ok})
		require.NoError(t, l.Free())
		_, ok = l.Lookup(p.Addr())
		assert.False(t, ok)
		assert.Nil(t, l.Pointer())
		for _, h := range []table{l, same} {
			require.ErrorIs(t, h.Free(), dpdk.ErrNotFound)
			require.ErrorIs(t, h.Add(p, 1), dpdk.ErrNotFound)
			require.ErrorIs(t, h.Delete(p), dpdk.ErrNotFound)
			require.ErrorIs(t, h.DeleteAll(), dpdk.ErrNotFound)
			_, err = h.NextHop(p)
			require.ErrorIs(t, err, dpdk.ErrNotFound)
			_, err = h.Info()
			require.ErrorIs(t, err, dpdk.ErrNotFound)
		}
		all, err = lpm.List()
		require.NoError(t, err)
		assert.NotContains(t, all, info)
	})
}

func newTableNamed(t *testing.T, six bool, name string) table {
	l, err := create(six, name, lpm.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Free()) })
	return l
}

func TestTheLongestPrefixWins(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, lpm.Config{})
		expect := func(want uint32, four, sixth string) {
			t.Helper()
			hop, ok := l.Lookup(addr(six, four, sixth))
			assert.Equal(t, want != 0, ok)
			if ok {
				assert.Equal(t, want, hop)
			}
		}
		expect(0, "10.1.2.3", "2001:db8::1")
		for i, p := range []netip.Prefix{prefix(six, "10.0.0.0/8", "2001::/16"), prefix(six, "10.1.0.0/16", "2001:db8::/32"),
			prefix(six, "10.1.2.0/24", "2001:db8::/64"), prefix(six, "10.1.2.2/31", "2001:db8::/127"), prefix(six, "10.1.2.3/32", "2001:db8::1/128")} {
			require.NoError(t, l.Add(p, uint32(i+1)))
			expect(uint32(i+1), "10.1.2.3", "2001:db8::1")
			hop, err := l.NextHop(p)
			require.NoError(t, err)
			assert.EqualValues(t, i+1, hop)
		}
		expect(4, "10.1.2.2", "2001:db8::")
		expect(3, "10.1.2.1", "2001:db8::2")
		expect(2, "10.1.3.1", "2001:db8:1::2")
		expect(1, "10.2.3.1", "2001:dc8:1::2")
		expect(0, "11.2.3.1", "2002::2")
		require.NoError(t, l.Add(prefix(six, "10.1.77.88/16", "2001:db8:7::/32"), 9), "the rest of the address does not count, and the next hop is new")
		expect(9, "10.1.3.1", "2001:db8:1::2")
		require.NoError(t, l.Delete(prefix(six, "10.1.2.3/32", "2001:db8::1/128")))
		expect(4, "10.1.2.3", "2001:db8::1")
		require.NoError(t, l.Delete(prefix(six, "10.1.2.0/24", "2001:db8::/64")))
		expect(9, "10.1.2.1", "2001:db8::2")
		p := prefix(six, "10.1.2.0/24", "2001:db8::/64")
		require.ErrorIs(t, l.Delete(p), dpdk.ErrNotFound)
		assert.ErrorContains(t, l.Delete(p), "no route "+p.String())
		_, err := l.NextHop(p)
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		require.NoError(t, l.DeleteAll())
		expect(0, "10.1.2.3", "2001:db8::1")
		_, err = l.NextHop(prefix(six, "10.0.0.0/8", "2001::/16"))
		require.ErrorIs(t, err, dpdk.ErrNotFound)
	})
}

func TestAFullTableIsAnError(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, lpm.Config{MaxRoutes: 3, Groups: 4})
		all := []lpm.Route{{prefix(six, "10.0.0.0/8", "2001::/16"), 1}, {prefix(six, "11.0.0.0/8", "2002::/16"), 2}, {prefix(six, "12.0.0.0/8", "2003::/16"), 3},
			{prefix(six, "13.0.0.0/8", "2004::/16"), 4}}
		n, err := l.AddRoutes(all)
		require.ErrorIs(t, err, dpdk.ErrNoSpace)
		assert.Equal(t, 3, n)
		assert.ErrorContains(t, err, all[3].Prefix.String())
		l = newTable(t, six, lpm.Config{Groups: 2})
		require.NoError(t, l.Add(prefix(six, "10.0.0.0/32", "2001:db8::/40"), 1))
		require.NoError(t, l.Add(prefix(six, "10.0.1.0/32", "2001:db9::/32"), 2))
		require.ErrorIs(t, l.Add(prefix(six, "10.0.2.0/32", "2002::/40"), 3), dpdk.ErrNoSpace)
		_, ok := l.Lookup(addr(six, "10.0.2.0", "2002::1"))
		assert.False(t, ok)
		hop, _ := l.Lookup(addr(six, "10.0.1.0", "2001:db9::1"))
		assert.EqualValues(t, 2, hop)
	})
}

// model checks a table against a trie and against C.
type model struct {
	t   *testing.T
	l   table
	six bool
	of  *routes.Trie
	n   int
}

// check looks up addresses, in all ways.
func (m *model) check(addrs []netip.Addr) {
	m.t.Helper()
	if m.six {
		m.check6(addrs)
	} else {
		m.check4(addrs)
	}
	m.n += len(addrs)
}

func (m *model) check4(addrs []netip.Addr) {
	l := m.l.(*lpm.Table4)
	ips, results, words := make([]uint32, len(addrs)), make([]lpm.Result, len(addrs)), make([]uint32, len(addrs))
	for i, a := range addrs {
		ips[i] = binary.BigEndian.Uint32(a.AsSlice())
	}
	// Bulks of all sizes, from all places of the loop that takes four at a time.
	for from, size := 0, 0; from < len(ips); size = (size + 1) % 67 {
		n := min(size, len(ips)-from)
		require.Equal(m.t, n, l.LookupBulk(results[from:from+n], ips[from:]))
		from += n
	}
	twin.LPMLookupBulk(l.Pointer(), unsafe.Pointer(&ips[0]), unsafe.Pointer(&words[0]), len(ips))
	for i, a := range addrs {
		want, ok := m.of.Lookup(a.AsSlice())
		hop := uint32(want)
		r := results[i]
		one := l.LookupUint32(ips[i])
		if r.OK() != ok || ok && r.NextHop() != hop || uint32(r) != words[i] || one != r {
			require.Failf(m.t, "wrong", "%v: bulk %x, one %x, C %x, trie %x %v", a, r, one, words[i], hop, ok)
		}
		if i%16 == 0 {
			h, found := l.Lookup(a)
			ch, cfound := twin.LPMLookup(l.Pointer(), ips[i])
			require.Equal(m.t, []any{ok, ok}, []any{found, cfound})
			if ok {
				require.Equal(m.t, []any{hop, hop}, []any{h, ch})
			}
			if i+4 <= len(ips) {
				x := [4]uint32(ips[i:])
				require.Equal(m.t, twin.LPMLookupX4(l.Pointer(), &x, 1<<31), l.LookupX4(x, 1<<31))
			}
		}
	}
}

func (m *model) check6(addrs []netip.Addr) {
	l := m.l.(*lpm.Table6)
	ips, results, byCgo := make([][16]byte, len(addrs)), make([]lpm.Result, len(addrs)), make([]lpm.Result, len(addrs))
	for i, a := range addrs {
		ips[i] = a.As16()
	}
	for from, size := 0, 0; from < len(ips); size = (size + 1) % 200 {
		n := min(size, len(ips)-from)
		require.Equal(m.t, n, l.LookupBulk(results[from:from+n], ips[from:]))
		from += n
	}
	clpm.Lookup6(l.Pointer(), unsafe.Pointer(&ips[0]), unsafe.Pointer(&byCgo[0]), len(ips))
	for i, a := range addrs {
		want, ok := m.of.Lookup(ips[i][:])
		hop := uint32(want)
		if r := results[i]; r.OK() != ok || ok && r.NextHop() != hop || r != byCgo[i] {
			require.Failf(m.t, "wrong", "%v: bulk %x, by cgo %x, trie %x %v", a, r, byCgo[i], hop, ok)
		}
		if i%16 == 0 {
			h, found := l.Lookup(a)
			require.Equal(m.t, ok, found)
			require.True(m.t, !ok || h == hop)
		}
	}
}

// A table with the spread of a full BGP table, in four states: full, with other next hops, after deletes, and full
// again.
func TestTablesMatchATrie(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		r := harness.Random(t)
		n, groups, lookups := harness.Size(120_000, 40_000), 4096, harness.Size(260_000, 60_000)
		if six {
			n, groups = harness.Size(40_000, 15_000), harness.Size(100_000, 50_000)
		}
		m := &model{t: t, l: newTable(t, six, lpm.Config{MaxRoutes: n, Groups: groups}), six: six, of: new(routes.Trie)}
		all := newRoutes(r, six, n)
		look := func() {
			for range lookups / 1000 {
				addrs := make([]netip.Addr, 1000)
				for i := range addrs {
					if addrs[i] = routes.Random(r, six); i%4 != 0 {
						addrs[i] = routes.Near(r, all[r.IntN(len(all))].Prefix)
					}
				}
				m.check(addrs)
			}
		}
		add := func(some []lpm.Route) {
			k, err := m.l.AddRoutes(some)
			require.NoError(t, err)
			require.Equal(t, len(some), k)
			for _, q := range some {
				m.of.Set(q.Prefix, uint64(q.NextHop))
			}
		}
		add(all)
		look()
		for _, q := range all[:1000] {
			hop, err := m.l.NextHop(q.Prefix)
			require.NoError(t, err)
			require.Equal(t, q.NextHop, hop)
		}
		changed := all[:n/10]
		for i := range changed {
			changed[i].NextHop = r.Uint32N(1000)
		}
		add(changed)
		look()
		// Long prefixes too, of which groups become free.
		deleted := []lpm.Route{}
		for i, q := range all {
			if i%10 == 0 || q.Prefix.Bits() > 24 && i%3 != 0 {
				require.NoError(t, m.l.Delete(q.Prefix))
				m.of.Delete(q.Prefix)
				deleted = append(deleted, q)
			}
		}
		look()
		add(deleted)
		look()
		t.Logf("%d routes, %d deleted, %d lookups", n, len(deleted), m.n)
	})
}

// A model test with few addresses: routes over, under and beside each other come and go.
func TestRandomChangesMatchATrie(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		r := harness.Random(t)
		m := &model{t: t, l: newTable(t, six, lpm.Config{MaxRoutes: 1000, Groups: 13_000}), six: six, of: new(routes.Trie)}
		have := map[netip.Prefix]bool{}
		for step := range harness.Size(4000, 1000) {
			p := narrow(r, six)
			if r.IntN(3) == 0 {
				err := m.l.Delete(p)
				require.Equal(t, have[p], err == nil, "%v: %v", p, err)
				m.of.Delete(p)
				delete(have, p)
			} else if have[p] || len(have) < 1000 {
				hop := r.Uint32N(1 << 21)
				require.NoError(t, m.l.Add(p, hop))
				m.of.Set(p, uint64(hop))
				have[p] = true
			}
			if step%4 == 0 {
				addrs := make([]netip.Addr, 40)
				for i := range addrs {
					addrs[i] = narrow(r, six).Addr()
				}
				m.check(addrs)
			}
		}
	})
}

// narrow returns a prefix out of few, of any length.
func narrow(r *rand.Rand, six bool) netip.Prefix {
	b := []byte{10, byte(r.IntN(2)), byte(r.IntN(2)), byte(r.IntN(256))}
	if six {
		b = make([]byte, 16)
		for i := range b {
			b[i] = byte(r.IntN(2)) * byte(r.IntN(2)) * byte(r.IntN(256))
		}
		b[0] = 0x20
	}
	a, _ := netip.AddrFromSlice(b)
	p, _ := a.Prefix(1 + r.IntN(len(b)*8))
	return p
}

// A free group is not used again while a reader may be in it.
func TestGroupsWaitForReaders(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		groups := map[bool]int{false: 1, true: 2}[six]
		l := newTable(t, six, lpm.Config{Groups: groups, RCU: q})
		reader, err := q.Register(1)
		require.NoError(t, err)
		defer func() { assert.NoError(t, reader.Unregister()) }()
		reader.Online()
		a, b := prefix(six, "10.0.0.0/30", "2001:db8::/40"), prefix(six, "10.9.0.0/30", "2001:db9::/40")
		require.NoError(t, l.Add(a, 1))
		require.NoError(t, l.Delete(a))
		err = l.Add(b, 2)
		if six {
			require.ErrorIs(t, err, dpdk.ErrAgain)
			assert.ErrorContains(t, err, "Quiescent")
		} else {
			require.ErrorIs(t, err, dpdk.ErrNoSpace)
		}
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		reader.Quiescent()
		require.NoError(t, l.Add(b, 2))
		hop, ok := l.Lookup(b.Addr())
		assert.Equal(t, []any{uint32(2), true}, []any{hop, ok})
		require.ErrorIs(t, l.DeleteAll(), dpdk.ErrUnsupported)
		reader.Offline()
		require.NoError(t, l.Free())
	})
}

func TestAFreedQSBRIsAnError(t *testing.T) {
	q, err := rcu.Create(name(), 1, rcu.Config{})
	require.NoError(t, err)
	l, err := lpm.Create4(name(), lpm.Config{RCU: q}) // nobody can free it then
	require.NoError(t, err)
	require.NoError(t, q.Free())
	require.ErrorIs(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1), dpdk.ErrBusy)
	err = l.Free()
	require.ErrorIs(t, err, dpdk.ErrBusy, "DPDK would use the memory of the QSBR")
	assert.ErrorContains(t, err, "free tables before their QSBR")
	_, err = lpm.Create4(name(), lpm.Config{RCU: q})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestZeroValuesFindNothing(t *testing.T) {
	var four lpm.Table4
	var six lpm.Table6
	results := []lpm.Result{1 << 24, 1 << 24}
	assert.Equal(t, 2, four.LookupBulk(results, make([]uint32, 3)))
	assert.Equal(t, []lpm.Result{0, 0}, results)
	results[0] = 1 << 24
	assert.Equal(t, 1, six.LookupBulk(results, make([][16]byte, 1)))
	assert.Equal(t, []lpm.Result{0, 0}, results)
	assert.Equal(t, [4]uint32{9, 9, 9, 9}, four.LookupX4([4]uint32{}, 9))
	for _, l := range []table{&four, &six} {
		require.ErrorIs(t, l.Add(netip.Prefix{}, 1), dpdk.ErrNotFound)
		require.ErrorIs(t, l.Free(), dpdk.ErrNotFound)
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	four, six := newTable(t, false, lpm.Config{}).(*lpm.Table4), newTable(t, true, lpm.Config{}).(*lpm.Table6)
	a4, a6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001::1")
	ips, ips6, results := make([]uint32, 70), make([][16]byte, 70), make([]lpm.Result, 70)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		four.Lookup(a4)
		four.LookupUint32(7)
		four.LookupBulk(results, ips)
		four.LookupX4([4]uint32(ips), 1)
		six.Lookup(a6)
		six.LookupBulk(results, ips6)
	}))
}

// newRoutes returns routes with the spread of a full BGP table, with next hops up to the largest.
func newRoutes(r *rand.Rand, six bool, n int) (all []lpm.Route) {
	maxHop := lpm.MaxNextHop4
	if six {
		maxHop = lpm.MaxNextHop6
	}
	for _, p := range routes.Prefixes(r, six, n) {
		all = append(all, lpm.Route{Prefix: p, NextHop: r.Uint32N(uint32(maxHop) + 1)})
	}
	return all
}
