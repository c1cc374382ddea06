package fib_test

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/routes"
	"github.com/godpdk/godpdk/test/routes/tabletest"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

// table is what Table4 and Table6 have in common.
type table interface {
	Name() string
	Info() (fib.Info, error)
	Pointer() unsafe.Pointer
	Free() error
	Add(p netip.Prefix, nextHop uint64) error
	AddRoutes(routes []fib.Route) (int, error)
	Delete(p netip.Prefix) error
	NextHop(p netip.Prefix) (uint64, error)
	Match(a netip.Addr) (fib.Route, error)
	Lookup(a netip.Addr) uint64
	Direct() bool
}

var (
	_ table = (*fib.Table4)(nil)
	_ table = (*fib.Table6)(nil)
)

// convert keeps a nil pointer nil.
func convert[T table](t T, err error) (table, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

func create(six bool, name string, cfg fib.Config) (table, error) {
	if six {
		return convert(fib.Create6(name, cfg))
	}
	return convert(fib.Create4(name, cfg))
}

func lookup(six bool, name string) (table, error) {
	if six {
		return convert(fib.Lookup6(name))
	}
	return convert(fib.Lookup4(name))
}

func newTable(t *testing.T, six bool, cfg fib.Config) table {
	t.Helper()
	l, err := create(six, tabletest.Name(), cfg)
	require.NoError(t, err)
	tabletest.FreeAfter(t, l)
	return l
}

// adapter is a table for package tabletest.
type adapter struct {
	table
	missing uint64
}

func (a adapter) Set(p netip.Prefix, hop uint64) error { return a.Add(p, hop) }

func (a adapter) SetAll(all []tabletest.Route) (int, error) {
	converted := make([]fib.Route, len(all))
	for i, r := range all {
		converted[i] = fib.Route{Prefix: r.Prefix, NextHop: r.Hop}
	}
	return a.AddRoutes(converted)
}

func (a adapter) Hop(p netip.Prefix) (uint64, error) { return a.NextHop(p) }

func (a adapter) Find(addr netip.Addr) (uint64, bool) {
	hop := a.Lookup(addr)
	return hop, hop != a.missing
}

func (a adapter) FindBulk(hops []uint64, addrs []netip.Addr) {
	if l, ok := a.table.(*fib.Table6); ok {
		l.LookupBulk(hops, tabletest.Bytes(addrs))
	} else {
		a.table.(*fib.Table4).LookupBulk(hops, tabletest.Words(addrs))
	}
}

// shared are the tests of tables with this configuration.
func shared(name string, base fib.Config) *tabletest.Package {
	adapt := func(l table, err error) (tabletest.Table, error) { return adapter{l, base.Missing}, err }
	return &tabletest.Package{
		Name: name, MaxName: fib.MaxName,
		Create: func(six bool, name string, c tabletest.Config) (tabletest.Table, error) {
			cfg := base
			cfg.MaxRoutes, cfg.Groups, cfg.RCU = c.MaxRoutes, c.Groups, c.RCU
			return adapt(create(six, name, cfg))
		},
		Lookup: func(six bool, name string) (tabletest.Table, error) { return adapt(lookup(six, name)) },
		Info: func(l tabletest.Table, six bool, routes int) error {
			info, err := l.(adapter).Info()
			all, failed := fib.List()
			if listed := slices.Contains(all, info); failed != nil || listed != (err == nil) || listed && (info.Name != l.Name() || info.IPv6 != six || info.Type != base.Type || info.Routes != routes) {
				return fmt.Errorf("%v, %v, %v", info, all, failed)
			}
			return err
		},
		Check: check,
		// No group is used for it, so that a lookup beside a change has one of two answers.
		Block: func(six bool, n int) netip.Prefix {
			return tabletest.Prefix(six, fmt.Sprintf("10.1.%d.0/24", n), fmt.Sprintf("2001:%x::/23", n<<9))
		},
		Groups: func(bool) int { return 0 },
	}
}

var (
	direct = shared("direct", fib.Config{Missing: tabletest.Missing}).Roles()
	tree   = shared("tree", fib.Config{Type: fib.Tree, Missing: tabletest.Missing}).Roles()
	groups = grouped()
)

// grouped are tables of blocks that use groups. The tables wait for their readers before a group gets other routes.
func grouped() *tabletest.Package {
	p := shared("groups", fib.Config{Missing: tabletest.Missing})
	p.Block = func(six bool, n int) netip.Prefix {
		return tabletest.Prefix(six, fmt.Sprintf("10.1.%d.128/25", n), fmt.Sprintf("2001:%x::/25", n<<9|128))
	}
	p.Wider, p.Groups, p.RCU = 1, func(bool) int { return 2 }, true
	return p.Roles()
}

func TestATableIsANamedObject(t *testing.T)             { direct.NamedObject(t) }
func TestTheLongestPrefixWins(t *testing.T)             { direct.LongestPrefix(t) }
func TestTheLongestPrefixWinsInATree(t *testing.T)      { tree.LongestPrefix(t) }
func TestRoutesBeforeAnErrorAreAdded(t *testing.T)      { direct.FirstError(t) }
func TestAFullTableIsAnError(t *testing.T)              { direct.Full(t) }
func TestASecondaryLooksUpBesideChanges(t *testing.T)   { direct.BesideChanges(t) }
func TestASecondaryLooksUpBesideGroups(t *testing.T)    { groups.BesideChanges(t) }
func TestASecondaryMakesTables(t *testing.T)            { direct.SecondaryMakes(t) }
func TestASecondaryMakesTrees(t *testing.T)             { tree.SecondaryMakes(t) }
func TestAKilledWriterLeavesTheTableWhole(t *testing.T) { direct.KilledWriter(t) }

func TestArgumentsAreChecked(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		for _, test := range []struct {
			name string
			cfg  fib.Config
			want error
			says string
		}{
			{"", fib.Config{}, dpdk.ErrInvalid, "empty"},
			{strings.Repeat("x", fib.MaxName+1), fib.Config{}, dpdk.ErrNameTooLong, fmt.Sprint(fib.MaxName)},
			{"x", fib.Config{Type: 2}, dpdk.ErrInvalid, "Type(2)"},
			{"x", fib.Config{MaxRoutes: -1}, dpdk.ErrInvalid, "MaxRoutes is -1"},
			{"x", fib.Config{MaxRoutes: 1<<28 + 1}, dpdk.ErrInvalid, "MaxRoutes"},
			{"x", fib.Config{EntrySize: 3}, dpdk.ErrInvalid, "EntrySize is 3"},
			{"x", fib.Config{EntrySize: 16}, dpdk.ErrInvalid, "EntrySize is 16"},
			{"x", fib.Config{EntrySize: -8}, dpdk.ErrInvalid, "EntrySize is -8"},
			{"x", fib.Config{Groups: -1}, dpdk.ErrInvalid, "Groups is -1"},
			{"x", fib.Config{Groups: 1 << 22}, dpdk.ErrInvalid, "Groups"},
			{"x", fib.Config{EntrySize: 8, Groups: 1 << 20}, dpdk.ErrInvalid, "Groups"},
			{"x", fib.Config{EntrySize: 2, Groups: 1 << 15}, dpdk.ErrInvalid, "EntrySize"},
			{"x", fib.Config{Missing: 1 << 31}, dpdk.ErrInvalid, "Missing"},
			{"x", fib.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket"},
		} {
			_, err := create(six, test.name, test.cfg)
			require.ErrorIs(t, err, test.want, test)
			assert.ErrorContains(t, err, test.says)
		}
		_, err := create(true, "x", fib.Config{EntrySize: 1})
		require.ErrorIs(t, err, dpdk.ErrInvalid, "IPv6 has no such tables")
		_, err = lookup(six, strings.Repeat("x", 64))
		require.ErrorIs(t, err, dpdk.ErrNameTooLong)

		l := newTable(t, six, fib.Config{Missing: 99})
		wrong := tabletest.Prefix(!six, "10.0.0.0/8", "2001::/16")
		for _, p := range []netip.Prefix{{}, wrong, netip.PrefixFrom(tabletest.Addr(six, "10.0.0.0", "2001::"), 129)} {
			require.ErrorIs(t, l.Add(p, 1), dpdk.ErrInvalid, p)
			require.ErrorIs(t, l.Delete(p), dpdk.ErrInvalid, p)
			_, err = l.NextHop(p)
			require.ErrorIs(t, err, dpdk.ErrInvalid, p)
		}
		for _, a := range []netip.Addr{{}, wrong.Addr()} {
			assert.EqualValues(t, 99, l.Lookup(a))
			_, err = l.Match(a)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
		}
		assert.EqualValues(t, 99, l.Lookup(netip.MustParseAddr("::ffff:10.0.0.1")))
		p := tabletest.Prefix(six, "10.0.0.0/8", "2001::/16")
		assert.ErrorContains(t, l.Add(wrong, 1), "use a table of its family")
		require.ErrorIs(t, l.Add(p, fib.MaxNextHop(4)+1), dpdk.ErrInvalid)
		assert.ErrorContains(t, l.Add(p, fib.MaxNextHop(4)+1), "larger EntrySize")
		require.NoError(t, l.Add(p, fib.MaxNextHop(4)))
		assert.Equal(t, fib.MaxNextHop(4), l.Lookup(p.Addr()))
	})
}

func TestInfoDescribesTheTable(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, fib.Config{Missing: 5})
		_, err := create(!six, l.Name(), fib.Config{})
		require.ErrorIs(t, err, dpdk.ErrExist)
		require.NoError(t, l.Add(tabletest.Prefix(six, "10.0.0.0/8", "2001::/16"), 7))
		require.NoError(t, l.Add(tabletest.Prefix(six, "10.0.0.0/32", "2001:db8::/32"), 7))
		info, err := l.Info()
		require.NoError(t, err)
		groups := map[bool]int{false: 256, true: 8192}[six]
		assert.Equal(t, fib.Info{Name: l.Name(), IPv6: six, Missing: 5, Routes: 2, MaxRoutes: 1024, EntrySize: 4, GroupsInUse: 1, Groups: groups}, info)
		walk := newTable(t, six, fib.Config{Type: fib.Tree})
		info, err = walk.Info()
		require.NoError(t, err)
		assert.Equal(t, fib.Info{Name: walk.Name(), IPv6: six, Type: fib.Tree, MaxRoutes: 1024}, info)
	})
	assert.Equal(t, "direct tree Type(9)", fmt.Sprint(fib.Direct, fib.Tree, fib.Type(9)))
}

// C code may make a table in this process. Only it knows the layout.
func TestATableOfCIsUnsupported(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		of := tabletest.Name()
		m, errno := cfib.Create(six, of, 0, 0, 16, 64, 2)
		require.Zero(t, errno)
		_, err := lookup(six, of)
		require.ErrorIs(t, err, dpdk.ErrUnsupported)
		assert.ErrorContains(t, err, "C code made this table")
		require.Zero(t, cfib.Free(six, of, m.FIB))
		_, err = lookup(six, of)
		require.ErrorIs(t, err, dpdk.ErrNotFound)
	})
}

// Tables of this package also hold the default route, and return the route of an address.
func TestMatchReturnsTheRouteOfAnAddress(t *testing.T) {
	for _, kind := range []fib.Type{fib.Direct, fib.Tree} {
		tabletest.Both(t, func(t *testing.T, six bool) {
			l := newTable(t, six, fib.Config{Type: kind, Missing: 100})
			in, out := tabletest.Addr(six, "10.1.2.3", "2001:db8::1%eth0"), tabletest.Addr(six, "11.2.3.1", "2002::2")
			all := tabletest.Prefix(six, "0.0.0.0/0", "::/0")
			for i, p := range []netip.Prefix{all, tabletest.Prefix(six, "10.0.0.0/8", "2001::/16"), tabletest.Prefix(six, "10.1.2.0/24", "2001:db8::/64"), tabletest.Prefix(six, "10.1.2.3/32", "2001:db8::1/128")} {
				require.NoError(t, l.Add(p, uint64(i)))
				route, err := l.Match(in)
				require.NoError(t, err)
				assert.Equal(t, fib.Route{Prefix: p, NextHop: uint64(i)}, route)
			}
			assert.Zero(t, l.Lookup(out))
			assert.Zero(t, l.Lookup(tabletest.Addr(six, "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")))
			require.NoError(t, l.Delete(all))
			assert.EqualValues(t, 100, l.Lookup(out))
			_, err := l.Match(out)
			require.ErrorIs(t, err, dpdk.ErrNotFound)
			require.NoError(t, l.Free())
			_, err = l.Match(in)
			require.ErrorIs(t, err, dpdk.ErrNotFound)
		})
	}
}

// DPDK's own count of reserved groups goes wrong in both cases: a route with the next hop of the prefix around it, and any IPv6
// route that is deleted. After some changes it refuses all long prefixes.
func TestRoutesThatComeAndGoDoNotUseUpTheGroups(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, fib.Config{Groups: 4})
		require.NoError(t, l.Add(tabletest.Prefix(six, "10.0.0.0/8", "2001::/16"), 1))
		r := harness.Random(t)
		for i := range 200 {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(i)}), 25+i%8)
			if six {
				p = netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 7, byte(i)}), 33+i%16)
			}
			require.NoError(t, l.Add(p, r.Uint64N(3)), i)
			info, err := l.Info()
			require.NoError(t, err)
			require.Equal(t, map[bool]int{false: 1, true: (p.Bits() - 17) / 8}[six], info.GroupsInUse, p)
			require.NoError(t, l.Delete(p))
			info, err = l.Info()
			require.NoError(t, err)
			require.Equal(t, []int{0, 1}, []int{info.GroupsInUse, info.Routes})
		}
	})
}

// DPDK overwrites the whole table when a prefix changes that ends with the last of all addresses, if longer routes cover
// its end without a gap: two halves of everything are enough.
func TestRoutesAtTheEndOfTheAddressesLeaveTheOthers(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		m := direct.NewModel(t, six, tabletest.Config{})
		all := tabletest.Prefix(six, "0.0.0.0/0", "::/0")
		look := func() {
			t.Helper()
			m.Check(tabletest.Addr(six, "1.2.3.4", "1:2::3"), tabletest.Addr(six, "200.2.3.4", "2001::1"), tabletest.Addr(six, "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
				tabletest.Addr(six, "250.0.0.0", "fb00::1"), tabletest.Addr(six, "0.0.0.0", "::"), tabletest.Addr(six, "240.0.0.0", "f000::"), tabletest.Addr(six, "255.255.255.250", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"))
		}
		for _, p := range []netip.Prefix{tabletest.Prefix(six, "0.0.0.0/1", "::/1"), tabletest.Prefix(six, "128.0.0.0/1", "8000::/1"), tabletest.Prefix(six, "240.0.0.0/4", "f000::/4"),
			tabletest.Prefix(six, "255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), tabletest.Prefix(six, "255.255.255.254/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128"),
			tabletest.Prefix(six, "255.255.255.252/31", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/127")} {
			m.Add(tabletest.Route{Prefix: p, Hop: uint64(p.Bits())})
			look()
		}
		for _, hop := range []uint64{7, 8, 1} {
			for _, p := range []netip.Prefix{all, tabletest.Prefix(six, "240.0.0.0/4", "f000::/4"), tabletest.Prefix(six, "255.255.255.252/30", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126")} {
				m.Add(tabletest.Route{Prefix: p, Hop: hop})
				look()
			}
			m.Delete(all)
			look()
		}
		m.Delete(tabletest.Prefix(six, "240.0.0.0/4", "f000::/4"))
		look()
		require.ErrorIs(t, m.L.Delete(all), dpdk.ErrNotFound)
		info, err := m.L.(adapter).Info()
		require.NoError(t, err)
		assert.Equal(t, 6, info.Routes)
	})
}

// check compares lookups with those of a trie, and with C.
func check(t *testing.T, of tabletest.Table, six bool, trie *routes.Trie, addrs []netip.Addr) {
	t.Helper()
	l, hops, byC := of.(adapter), make([]uint64, len(addrs)), make([]uint64, len(addrs))
	var ips unsafe.Pointer
	if six {
		all := tabletest.Bytes(addrs)
		tabletest.Bulks(t, len(addrs), func(from, n int) int { return l.table.(*fib.Table6).LookupBulk(hops[from:from+n], all[from:]) })
		ips = unsafe.Pointer(&all[0])
	} else {
		all, four := tabletest.Words(addrs), l.table.(*fib.Table4)
		tabletest.Bulks(t, len(addrs), func(from, n int) int { return four.LookupBulk(hops[from:from+n], all[from:]) })
		for i := 0; i < len(all); i += 16 {
			require.Equal(t, hops[i], four.LookupUint32(all[i]), addrs[i])
		}
		ips = unsafe.Pointer(&all[0])
	}
	cfib.LookupCall(six, l.Pointer(), ips, unsafe.Pointer(&byC[0]), len(addrs))
	for i, a := range addrs {
		want, ok := trie.Lookup(a.AsSlice())
		if !ok {
			want = l.missing
		}
		if hops[i] != want || byC[i] != want {
			route, err := l.Match(a)
			require.Failf(t, "wrong", "%v: %d, C %d, trie %d %v, tree %v %v", a, hops[i], byC[i], want, ok, route, err)
		}
		if i%16 == 0 {
			require.Equal(t, want, l.Lookup(a))
		}
	}
}

func TestAFullBGPTableMatchesATrie(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		harness.Need(t, harness.Hugepages)
		r := harness.Random(t)
		n, groups, lookups := harness.Size(1_000_000, 50_000), 16_384, harness.Size(200_000, 40_000)
		if six {
			n, groups = harness.Size(100_000, 20_000), harness.Size(200_000, 50_000)
		}
		m := shared("full", fib.Config{Missing: 1 << 30}).NewModel(t, six, tabletest.Config{MaxRoutes: n, Groups: groups})
		require.True(t, m.L.(adapter).Direct(), "lookups are Go's own with the DPDK of the tests")
		all := tabletest.NewRoutes(r, six, n, 64) // few: many routes have the next hop of the one around them
		m.FullBGPTable(r, all, 1<<31, lookups)
		info, err := m.L.(adapter).Info()
		require.NoError(t, err)
		assert.Equal(t, n, info.Routes)
		assert.Equal(t, groupsOf(all), info.GroupsInUse)
	})
}

// groupsOf counts groups in another way than the table: prefixes of whole bytes that have longer ones in them.
func groupsOf(all []tabletest.Route) int {
	groups := map[netip.Prefix]bool{}
	for _, q := range all {
		for bits := 24; bits < q.Prefix.Bits(); bits += 8 {
			p, _ := q.Prefix.Addr().Prefix(bits)
			groups[p] = true
		}
	}
	return len(groups)
}

func TestRandomChangesMatchATrie(t *testing.T) {
	for _, cfg := range []fib.Config{{EntrySize: 1, Missing: 127}, {EntrySize: 2, Missing: 1<<15 - 1}, {EntrySize: 4}, {EntrySize: 8, Missing: 1<<63 - 1}, {Type: fib.Tree, Missing: math.MaxUint64}} {
		t.Run(fmt.Sprint(cfg.Type, cfg.EntrySize), func(t *testing.T) {
			tabletest.Both(t, func(t *testing.T, six bool) {
				size := tabletest.Config{MaxRoutes: 1000}
				if six {
					if cfg.EntrySize == 1 {
						return // IPv6 has no such tables
					}
					size.Groups = 13_000
				}
				r := harness.Random(t)
				shared("random", cfg).NewModel(t, six, size).RandomChanges(r, tabletest.Steps()*3/4, func() uint64 {
					if r.IntN(2) == 0 && cfg.Missing > 0 {
						return r.Uint64N(cfg.Missing)
					}
					return r.Uint64N(4)
				})
			})
		})
	}
}

// With another layout C looks up addresses.
func TestAnUnknownLayoutIsLeftToC(t *testing.T) {
	fib.PretendLayout(true)
	defer fib.PretendLayout(false)
	tabletest.Both(t, func(t *testing.T, six bool) {
		r := harness.Random(t)
		m := direct.NewModel(t, six, tabletest.Config{MaxRoutes: 5000, Groups: 8000})
		assert.False(t, m.L.(adapter).Direct())
		all := tabletest.NewRoutes(r, six, 2000, 1<<20)
		m.Add(all...)
		m.Look(r, all, 4000)
	})
}

func TestChangesWaitForReaders(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(tabletest.Name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		l, err := create(six, tabletest.Name(), fib.Config{Groups: 2, Missing: 1, RCU: q})
		if six && !cfib.RCU6 || !six && !cfib.RCU4 {
			require.ErrorIs(t, err, dpdk.ErrUnsupported)
			assert.ErrorContains(t, err, "24.11")
			return
		}
		require.NoError(t, err)
		reader, err := q.Register(1)
		require.NoError(t, err)
		defer func() { assert.NoError(t, reader.Unregister()) }()
		reader.Online()
		a, b := tabletest.Prefix(six, "10.0.0.0/30", "2001:db8::/40"), tabletest.Prefix(six, "10.9.0.0/30", "2001:db9::/40")
		require.NoError(t, l.Add(a, 2))
		reader.Quiescent()
		require.NoError(t, l.Delete(a))
		require.ErrorIs(t, l.Add(b, 3), dpdk.ErrAgain)
		assert.ErrorContains(t, l.Add(b, 3), "Quiescent")
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		for i := range 100 {
			reader.Quiescent()
			require.NoError(t, l.Add(b, uint64(i)))
			require.EqualValues(t, i, l.Lookup(b.Addr()))
			reader.Quiescent()
			require.NoError(t, l.Delete(b))
		}
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		reader.Quiescent()
		require.NoError(t, l.Free(), "the reader is online, and quiescent since the first call")
	})
}

// The same with any DPDK, where DPDK itself does not wait for readers. A change waits only if groups that wait for them could use up the room.
func TestChangesThatFreeNoGroupDoNotWait(t *testing.T) {
	tabletest.Both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(tabletest.Name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		l, err := create(six, tabletest.Name(), fib.Config{Groups: 8, MaxRoutes: 4000})
		require.NoError(t, err)
		require.NoError(t, fib.PretendRCU(six, l.Name(), q))
		reader, err := q.Register(1)
		require.NoError(t, err)
		reader.Online()
		all := make([]fib.Route, 3000) // without groups
		for i := range all {
			a := netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)})
			if six {
				a = netip.AddrFrom16([16]byte{0x20, byte(i >> 8), byte(i)})
			}
			all[i] = fib.Route{Prefix: netip.PrefixFrom(a, 24), NextHop: 1}
		}
		n, err := l.AddRoutes(all)
		require.NoError(t, err, "no change waits for the reader")
		require.Equal(t, len(all), n)
		long := tabletest.Prefix(six, "10.0.0.0/32", "2000::/32")
		require.NoError(t, l.Add(long, 2))
		for err, n = nil, 0; err == nil && n < 100; n++ {
			err = l.Add(all[0].Prefix, uint64(n)) // each may free the group of the long prefix
		}
		require.ErrorIs(t, err, dpdk.ErrAgain)
		assert.Equal(t, 8, n, "7 after the long one, and the one that failed")
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		require.ErrorIs(t, l.Free(), dpdk.ErrAgain)
		reader.Quiescent()
		require.NoError(t, l.Free(), "the reader is online")
		require.NoError(t, reader.Unregister())
	})
}

func TestTooLittleMemoryIsAnError(t *testing.T) {
	cfg := fib.Config{EntrySize: 8, Groups: 1_000_000} // more than 2 GiB
	for name, create := range map[string]func(string) (table, error){
		"IPv4": func(name string) (table, error) { return fib.Create4(name, cfg) },
		"IPv6": func(name string) (table, error) { return fib.Create6(name, cfg) },
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 64 {
				l, err := create(fmt.Sprint("large", i))
				if err != nil {
					require.ErrorIs(t, err, dpdk.ErrNoMemory)
					return
				}
				t.Cleanup(func() { assert.NoError(t, l.Free()) })
			}
			t.Fatal("64 tables had memory")
		})
	}
}

func TestZeroValuesFindNothing(t *testing.T) {
	var four fib.Table4
	var six fib.Table6
	hops := []uint64{7, 7}
	assert.Equal(t, 2, four.LookupBulk(hops, make([]uint32, 3)))
	assert.Equal(t, []uint64{0, 0}, hops)
	hops[0] = 7
	assert.Equal(t, 1, six.LookupBulk(hops, make([][16]byte, 1)))
	assert.Equal(t, []uint64{0, 0}, hops)
	for _, l := range []table{&four, &six} {
		require.ErrorIs(t, l.Add(netip.Prefix{}, 1), dpdk.ErrNotFound)
		require.ErrorIs(t, l.Free(), dpdk.ErrNotFound)
		_, err := l.Match(netip.Addr{})
		require.ErrorIs(t, err, dpdk.ErrNotFound)
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	for _, kind := range []fib.Type{fib.Direct, fib.Tree} {
		four, six := newTable(t, false, fib.Config{Type: kind}).(*fib.Table4), newTable(t, true, fib.Config{Type: kind}).(*fib.Table6)
		small := newTable(t, false, fib.Config{EntrySize: 1}).(*fib.Table4)
		a4, a6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001::1")
		ips, ips6, hops := make([]uint32, 70), make([][16]byte, 70), make([]uint64, 70)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			four.Lookup(a4)
			four.LookupUint32(7)
			four.LookupBulk(hops, ips)
			small.LookupUint32(7)
			six.Lookup(a6)
			six.LookupBulk(hops, ips6)
		}), kind)
	}
}
