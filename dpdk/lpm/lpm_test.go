package lpm_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
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
	"github.com/godpdk/godpdk/test/routes/tabletest"
	"github.com/godpdk/godpdk/test/twin"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

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

// convert keeps a nil pointer nil.
func convert[T table](t T, err error) (table, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

func create(six bool, name string, cfg lpm.Config) (table, error) {
	if six {
		return convert(lpm.Create6(name, cfg))
	}
	return convert(lpm.Create4(name, cfg))
}

func lookup(six bool, name string) (table, error) {
	if six {
		return convert(lpm.Lookup6(name))
	}
	return convert(lpm.Lookup4(name))
}

func newTable(t *testing.T, six bool, cfg lpm.Config) table {
	t.Helper()
	l, err := create(six, tabletest.Name(), cfg)
	require.NoError(t, err)
	tabletest.FreeAfter(t, l)
	return l
}

// adapter is a table for package tabletest.
type adapter struct{ table }

func adapt(l table, err error) (tabletest.Table, error) { return adapter{l}, err }

func (a adapter) Set(p netip.Prefix, hop uint64) error { return a.Add(p, uint32(hop)) }

func (a adapter) SetAll(all []tabletest.Route) (int, error) {
	converted := make([]lpm.Route, len(all))
	for i, r := range all {
		converted[i] = lpm.Route{Prefix: r.Prefix, NextHop: uint32(r.Hop)}
	}
	return a.AddRoutes(converted)
}

func (a adapter) Hop(p netip.Prefix) (uint64, error) {
	hop, err := a.NextHop(p)
	return uint64(hop), err
}

func (a adapter) Find(addr netip.Addr) (uint64, bool) {
	hop, ok := a.Lookup(addr)
	return uint64(hop), ok
}

func (a adapter) FindBulk(hops []uint64, addrs []netip.Addr) {
	results := make([]lpm.Result, len(addrs))
	if l, ok := a.table.(*lpm.Table6); ok {
		l.LookupBulk(results, tabletest.Bytes(addrs))
	} else {
		a.table.(*lpm.Table4).LookupBulk(results, tabletest.Words(addrs))
	}
	for i, r := range results {
		if hops[i] = uint64(r.NextHop()); !r.OK() {
			hops[i] = tabletest.Missing
		}
	}
}

var shared = (&tabletest.Package{
	Name: "lpm", MaxName: lpm.MaxName, MinBits: 1,
	Create: func(six bool, name string, c tabletest.Config) (tabletest.Table, error) {
		return adapt(create(six, name, lpm.Config{MaxRoutes: c.MaxRoutes, Groups: c.Groups, RCU: c.RCU}))
	},
	Lookup: func(six bool, name string) (tabletest.Table, error) { return adapt(lookup(six, name)) },
	Info: func(l tabletest.Table, six bool, _ int) error {
		info, err := l.(adapter).Info()
		all, failed := lpm.List()
		want := lpm.Info{Name: l.Name(), IPv6: six}
		if listed := slices.Contains(all, want); failed != nil || listed != (err == nil) || listed && info != want {
			return fmt.Errorf("%v, %v, %v", info, all, failed)
		}
		return err
	},
	Check: check,
	Block: func(six bool, n int) netip.Prefix {
		return tabletest.Prefix(six, fmt.Sprintf("10.1.%d.64/28", n), fmt.Sprintf("2001:db8:%x:4000::/52", n))
	},
	Wider: 3, Groups: func(six bool) int { return map[bool]int{false: 3, true: 12}[six] }, RCU: true,
}).Roles()

func TestATableIsANamedObject(t *testing.T)             { shared.NamedObject(t) }
func TestTheLongestPrefixWins(t *testing.T)             { shared.LongestPrefix(t) }
func TestRoutesBeforeAnErrorAreAdded(t *testing.T)      { shared.FirstError(t) }
func TestAFullTableIsAnError(t *testing.T)              { shared.Full(t) }
func TestASecondaryLooksUpBesideChanges(t *testing.T)   { shared.BesideChanges(t) }
func TestASecondaryMakesTables(t *testing.T)            { shared.SecondaryMakes(t) }
func TestAKilledWriterLeavesTheTableWhole(t *testing.T) { shared.KilledWriter(t) }

func TestArgumentsAreChecked(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
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
		_, err := lookup(six, strings.Repeat("x", 32))
		require.ErrorIs(t, err, dpdk.ErrNameTooLong)

		l := newTable(t, six, lpm.Config{})
		wrong := tabletest.Prefix(!six, "10.0.0.0/8", "2001::/16")
		for _, p := range []netip.Prefix{{}, tabletest.Prefix(six, "0.0.0.0/0", "::/0"), wrong, netip.PrefixFrom(tabletest.Addr(six, "10.0.0.0", "2001::"), 129)} {
			require.ErrorIs(t, l.Add(p, 1), dpdk.ErrInvalid, p)
			require.ErrorIs(t, l.Delete(p), dpdk.ErrInvalid, p)
			_, err = l.NextHop(p)
			require.ErrorIs(t, err, dpdk.ErrInvalid, p)
		}
		p, last := tabletest.Prefix(six, "10.0.0.0/8", "2001::/16"), uint32(lpm.MaxNextHop4)
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
	})
}

// check compares lookups with those of a trie, and with C.
func check(t *testing.T, l tabletest.Table, six bool, of *routes.Trie, addrs []netip.Addr) {
	t.Helper()
	if six {
		check6(t, l.(adapter).table.(*lpm.Table6), of, addrs)
	} else {
		check4(t, l.(adapter).table.(*lpm.Table4), of, addrs)
	}
}

func check4(t *testing.T, l *lpm.Table4, of *routes.Trie, addrs []netip.Addr) {
	ips, results, words := tabletest.Words(addrs), make([]lpm.Result, len(addrs)), make([]uint32, len(addrs))
	tabletest.Bulks(t, len(ips), func(from, n int) int { return l.LookupBulk(results[from:from+n], ips[from:]) })
	twin.LPMLookupBulk(l.Pointer(), unsafe.Pointer(&ips[0]), unsafe.Pointer(&words[0]), len(ips))
	for i, a := range addrs {
		want, ok := of.Lookup(a.AsSlice())
		hop := uint32(want)
		r := results[i]
		one := l.LookupUint32(ips[i])
		if r.OK() != ok || ok && r.NextHop() != hop || uint32(r) != words[i] || one != r {
			require.Failf(t, "wrong", "%v: bulk %x, one %x, C %x, trie %x %v", a, r, one, words[i], hop, ok)
		}
		if i%16 == 0 {
			h, found := l.Lookup(a)
			ch, cfound := twin.LPMLookup(l.Pointer(), ips[i])
			require.Equal(t, []any{ok, ok}, []any{found, cfound})
			if ok {
				require.Equal(t, []any{hop, hop}, []any{h, ch})
			}
			if i+4 <= len(ips) {
				x := [4]uint32(ips[i:])
				require.Equal(t, twin.LPMLookupX4(l.Pointer(), &x, 1<<31), l.LookupX4(x, 1<<31))
			}
		}
	}
}

func check6(t *testing.T, l *lpm.Table6, of *routes.Trie, addrs []netip.Addr) {
	ips, results, byCgo := tabletest.Bytes(addrs), make([]lpm.Result, len(addrs)), make([]lpm.Result, len(addrs))
	tabletest.Bulks(t, len(ips), func(from, n int) int { return l.LookupBulk(results[from:from+n], ips[from:]) })
	clpm.Lookup6(l.Pointer(), unsafe.Pointer(&ips[0]), unsafe.Pointer(&byCgo[0]), len(ips))
	for i, a := range addrs {
		want, ok := of.Lookup(ips[i][:])
		hop := uint32(want)
		if r := results[i]; r.OK() != ok || ok && r.NextHop() != hop || r != byCgo[i] {
			require.Failf(t, "wrong", "%v: bulk %x, by cgo %x, trie %x %v", a, r, byCgo[i], hop, ok)
		}
		if i%16 == 0 {
			h, found := l.Lookup(a)
			require.Equal(t, ok, found)
			require.True(t, !ok || h == hop)
		}
	}
}

func TestTablesMatchATrie(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		r := harness.Random(t)
		n, groups, lookups, hops := harness.Size(120_000, 40_000), 4096, harness.Size(260_000, 60_000), uint64(lpm.MaxNextHop4+1)
		if six {
			n, groups, hops = harness.Size(40_000, 15_000), harness.Size(100_000, 50_000), lpm.MaxNextHop6+1
		}
		m := shared.NewModel(t, six, tabletest.Config{MaxRoutes: n, Groups: groups})
		m.FullBGPTable(r, tabletest.NewRoutes(r, six, n, hops), 1000, lookups)
	})
}

func TestRandomChangesMatchATrie(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		r := harness.Random(t)
		m := shared.NewModel(t, six, tabletest.Config{MaxRoutes: 1000, Groups: 13_000})
		m.RandomChanges(r, tabletest.Steps(), func() uint64 { return r.Uint64N(1 << 21) })
	})
}

func TestDeleteAllDeletesAllRoutes(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, lpm.Config{})
		p := tabletest.Prefix(six, "10.0.0.0/8", "2001::/16")
		require.NoError(t, l.Add(p, 1))
		require.NoError(t, l.DeleteAll())
		_, ok := l.Lookup(p.Addr())
		assert.False(t, ok)
		_, err := l.NextHop(p)
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		require.NoError(t, l.Free())
		require.ErrorIs(t, l.DeleteAll(), dpdk.ErrNotFound)
	})
}

// A free group is not used again while a reader may be in it.
func TestGroupsWaitForReaders(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(tabletest.Name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		groups := map[bool]int{false: 1, true: 2}[six]
		l := newTable(t, six, lpm.Config{Groups: groups, RCU: q})
		reader, err := q.Register(1)
		require.NoError(t, err)
		defer func() { assert.NoError(t, reader.Unregister()) }()
		reader.Online()
		a, b := tabletest.Prefix(six, "10.0.0.0/30", "2001:db8::/40"), tabletest.Prefix(six, "10.9.0.0/30", "2001:db9::/40")
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
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain, "a change came in between")
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		reader.Quiescent()
		require.NoError(t, l.Free(), "the reader is online, and quiescent since the first call")
	})
}

func TestAFreedQSBRIsAnError(t *testing.T) {
	q, err := rcu.Create(tabletest.Name(), 1, rcu.Config{})
	require.NoError(t, err)
	l, err := lpm.Create4(tabletest.Name(), lpm.Config{RCU: q}) // nobody can free it then
	require.NoError(t, err)
	require.NoError(t, q.Free())
	require.ErrorIs(t, l.Add(netip.MustParsePrefix("10.0.0.0/8"), 1), dpdk.ErrBusy)
	err = l.Free()
	require.ErrorIs(t, err, dpdk.ErrBusy, "DPDK would use the memory of the QSBR")
	assert.ErrorContains(t, err, "free tables before their QSBR")
	_, err = lpm.Create4(tabletest.Name(), lpm.Config{RCU: q})
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
