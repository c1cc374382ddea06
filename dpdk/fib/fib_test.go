package fib_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cfib "github.com/godpdk/godpdk/cgo/fib"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/fib"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/routes"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

var names atomic.Int64

func name() string { return fmt.Sprint("fib ", names.Add(1)) }

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

// both runs a test with both kinds of tables.
func both(t *testing.T, f func(t *testing.T, six bool)) {
	t.Run("IPv4", func(t *testing.T) { f(t, false) })
	t.Run("IPv6", func(t *testing.T) { f(t, true) })
}

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
	l, err := create(six, name(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if l.Pointer() != nil {
			assert.NoError(t, l.Free())
		}
	})
	return l
}

// prefix returns one of the two, by the family.
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
		_, err = lookup(six, "nobody made this")
		require.ErrorIs(t, err, dpdk.ErrNotFound)
		_, err = lookup(six, strings.Repeat("x", 64))
		require.ErrorIs(t, err, dpdk.ErrNameTooLong)

		l := newTable(t, six, fib.Config{Missing: 99})
		wrong := prefix(!six, "10.0.0.0/8", "2001::/16")
		for _, p := range []netip.Prefix{{}, wrong, netip.PrefixFrom(addr(six, "10.0.0.0", "2001::"), 129)} {
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
		p := prefix(six, "10.0.0.0/8", "2001::/16")
		assert.ErrorContains(t, l.Add(wrong, 1), "use a table of its family")
		require.ErrorIs(t, l.Add(p, fib.MaxNextHop(4)+1), dpdk.ErrInvalid)
		assert.ErrorContains(t, l.Add(p, fib.MaxNextHop(4)+1), "larger EntrySize")
		require.NoError(t, l.Add(p, fib.MaxNextHop(4)))
		assert.Equal(t, fib.MaxNextHop(4), l.Lookup(p.Addr()))
		n, err := l.AddRoutes([]fib.Route{{Prefix: p, NextHop: 1}, {Prefix: wrong, NextHop: 1}})
		require.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.Zero(t, n, "nothing was changed")
	})
}

func TestATableIsANamedObject(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, fib.Config{Missing: 5})
		for _, other := range []bool{six, !six} {
			_, err := create(other, l.Name(), fib.Config{})
			require.ErrorIs(t, err, dpdk.ErrExist)
		}
		same, err := lookup(six, l.Name())
		require.NoError(t, err)
		assert.Equal(t, l.Pointer(), same.Pointer())
		_, err = lookup(!six, l.Name())
		require.ErrorIs(t, err, dpdk.ErrNotFound, "a table of the other family")
		longest, err := create(six, strings.Repeat("x", fib.MaxName), fib.Config{Type: fib.Tree})
		require.NoError(t, err)
		defer func() { assert.NoError(t, longest.Free()) }()

		p, long := prefix(six, "10.0.0.0/8", "2001::/16"), prefix(six, "10.0.0.0/32", "2001:db8::/32")
		require.NoError(t, l.Add(p, 7))
		require.NoError(t, l.Add(long, 7))
		assert.EqualValues(t, 7, same.Lookup(p.Addr()))
		info, err := same.Info()
		require.NoError(t, err)
		groups := map[bool]int{false: 256, true: 8192}[six]
		assert.Equal(t, fib.Info{Name: l.Name(), IPv6: six, Missing: 5, Routes: 2, MaxRoutes: 1024, EntrySize: 4, GroupsInUse: 1, Groups: groups}, info)
		all, err := fib.List()
		require.NoError(t, err)
		assert.Subset(t, all, []fib.Info{info, {Name: longest.Name(), IPv6: six, Type: fib.Tree, MaxRoutes: 1024}})
		assert.Equal(t, "direct tree Type(9)", fmt.Sprint(info.Type, fib.Tree, fib.Type(9)))

		require.NoError(t, l.Free())
		assert.EqualValues(t, 5, l.Lookup(p.Addr()))
		assert.Nil(t, l.Pointer())
		for _, h := range []table{l, same} {
			require.ErrorIs(t, h.Free(), dpdk.ErrNotFound)
			require.ErrorIs(t, h.Add(p, 1), dpdk.ErrNotFound)
			require.ErrorIs(t, h.Delete(p), dpdk.ErrNotFound)
			_, err = h.NextHop(p)
			require.ErrorIs(t, err, dpdk.ErrNotFound)
			_, err = h.Match(p.Addr())
			require.ErrorIs(t, err, dpdk.ErrNotFound)
			_, err = h.Info()
			require.ErrorIs(t, err, dpdk.ErrNotFound)
		}
		all, err = fib.List()
		require.NoError(t, err)
		assert.NotContains(t, all, info)
	})
}

// C code may make a table in this process. Only it knows the layout.
func TestATableOfCIsUnsupported(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		of := name()
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

func TestTheLongestPrefixWins(t *testing.T) {
	for _, kind := range []fib.Type{fib.Direct, fib.Tree} {
		t.Run(kind.String(), func(t *testing.T) {
			both(t, func(t *testing.T, six bool) {
				l := newTable(t, six, fib.Config{Type: kind, Missing: 100})
				expect := func(want uint64, four, sixth string) {
					t.Helper()
					assert.Equal(t, want, l.Lookup(addr(six, four, sixth)))
				}
				expect(100, "10.1.2.3", "2001:db8::1")
				for i, p := range []netip.Prefix{prefix(six, "0.0.0.0/0", "::/0"), prefix(six, "10.0.0.0/8", "2001::/16"), prefix(six, "10.1.0.0/16", "2001:db8::/32"),
					prefix(six, "10.1.2.0/24", "2001:db8::/64"), prefix(six, "10.1.2.2/31", "2001:db8::/127"), prefix(six, "10.1.2.3/32", "2001:db8::1/128")} {
					require.NoError(t, l.Add(p, uint64(i)))
					expect(uint64(i), "10.1.2.3", "2001:db8::1")
					hop, err := l.NextHop(p)
					require.NoError(t, err)
					assert.EqualValues(t, i, hop)
					route, err := l.Match(addr(six, "10.1.2.3", "2001:db8::1%eth0"))
					require.NoError(t, err)
					assert.Equal(t, fib.Route{Prefix: p, NextHop: uint64(i)}, route)
				}
				expect(4, "10.1.2.2", "2001:db8::")
				expect(3, "10.1.2.1", "2001:db8::2")
				expect(2, "10.1.3.1", "2001:db8:1::2")
				expect(1, "10.2.3.1", "2001:dc8:1::2")
				expect(0, "11.2.3.1", "2002::2")
				expect(0, "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
				require.NoError(t, l.Add(prefix(six, "10.1.77.88/16", "2001:db8:7::/32"), 9), "the rest of the address does not count, and the next hop is new")
				expect(9, "10.1.3.1", "2001:db8:1::2")
				require.NoError(t, l.Delete(prefix(six, "10.1.2.3/32", "2001:db8::1/128")))
				expect(4, "10.1.2.3", "2001:db8::1")
				p := prefix(six, "10.1.2.0/24", "2001:db8::/64")
				require.NoError(t, l.Delete(p))
				expect(9, "10.1.2.1", "2001:db8::2")
				require.ErrorIs(t, l.Delete(p), dpdk.ErrNotFound)
				assert.ErrorContains(t, l.Delete(p), "no route "+p.String())
				_, err := l.NextHop(p)
				require.ErrorIs(t, err, dpdk.ErrNotFound)
				require.NoError(t, l.Delete(prefix(six, "0.0.0.0/0", "::/0")))
				expect(100, "11.2.3.1", "2002::2")
				_, err = l.Match(addr(six, "11.2.3.1", "2002::2"))
				require.ErrorIs(t, err, dpdk.ErrNotFound)
			})
		})
	}
}

func TestAFullTableIsAnError(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, fib.Config{MaxRoutes: 3})
		all := []fib.Route{{prefix(six, "10.0.0.0/8", "2001::/16"), 1}, {prefix(six, "11.0.0.0/8", "2002::/16"), 2}, {prefix(six, "12.0.0.0/8", "2003::/16"), 3},
			{prefix(six, "13.0.0.0/8", "2004::/16"), 4}}
		n, err := l.AddRoutes(all)
		require.ErrorIs(t, err, dpdk.ErrNoSpace)
		assert.Equal(t, 3, n)
		assert.ErrorContains(t, err, all[3].Prefix.String())
		require.NoError(t, l.Add(all[2].Prefix, 5), "it is not a new route")

		l = newTable(t, six, fib.Config{Groups: 2, Missing: 7})
		require.NoError(t, l.Add(prefix(six, "10.0.0.0/32", "2001:db8::/40"), 1)) // 2001:db8:: has two groups
		if !six {
			require.NoError(t, l.Add(netip.MustParsePrefix("10.0.1.0/32"), 2))
		}
		require.ErrorIs(t, l.Add(prefix(six, "10.0.2.0/32", "2002::/32"), 3), dpdk.ErrNoSpace)
		assert.EqualValues(t, 7, l.Lookup(addr(six, "10.0.2.0", "2002::1")))
		require.NoError(t, l.Add(prefix(six, "10.0.0.128/25", "2001:db8:8000::/33"), 4), "it needs no other group")
		assert.EqualValues(t, 4, l.Lookup(addr(six, "10.0.0.200", "2001:db8:8000::1")))
	})
}

// DPDK's own count of reserved groups goes wrong in both cases: a route with the next hop of the prefix around it, and any IPv6
// route that is deleted. After some changes it refuses all long prefixes.
func TestRoutesThatComeAndGoDoNotUseUpTheGroups(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		l := newTable(t, six, fib.Config{Groups: 4})
		require.NoError(t, l.Add(prefix(six, "10.0.0.0/8", "2001::/16"), 1))
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
	both(t, func(t *testing.T, six bool) {
		m := newModel(t, six, fib.Config{Missing: 99})
		all := prefix(six, "0.0.0.0/0", "::/0")
		look := func() {
			m.t.Helper()
			m.check([]netip.Addr{addr(six, "1.2.3.4", "1:2::3"), addr(six, "200.2.3.4", "2001::1"), addr(six, "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
				addr(six, "250.0.0.0", "fb00::1"), addr(six, "0.0.0.0", "::"), addr(six, "240.0.0.0", "f000::"), addr(six, "255.255.255.250", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")})
		}
		for _, p := range []netip.Prefix{prefix(six, "0.0.0.0/1", "::/1"), prefix(six, "128.0.0.0/1", "8000::/1"), prefix(six, "240.0.0.0/4", "f000::/4"),
			prefix(six, "255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), prefix(six, "255.255.255.254/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/128"),
			prefix(six, "255.255.255.252/31", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/127")} {
			m.add([]fib.Route{{Prefix: p, NextHop: uint64(p.Bits())}})
			look()
		}
		for _, hop := range []uint64{7, 8, 1} {
			for _, p := range []netip.Prefix{all, prefix(six, "240.0.0.0/4", "f000::/4"), prefix(six, "255.255.255.252/30", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126")} {
				m.add([]fib.Route{{Prefix: p, NextHop: hop}})
				look()
			}
			m.remove(all)
			look()
		}
		m.remove(prefix(six, "240.0.0.0/4", "f000::/4"))
		look()
		require.ErrorIs(t, m.l.Delete(all), dpdk.ErrNotFound)
		info, err := m.l.Info()
		require.NoError(t, err)
		assert.Equal(t, 6, info.Routes)
	})
}

// model checks a table against a trie and against C.
type model struct {
	t       *testing.T
	l       table
	six     bool
	missing uint64
	of      *routes.Trie
	n       int
}

func newModel(t *testing.T, six bool, cfg fib.Config) *model {
	return &model{t: t, l: newTable(t, six, cfg), six: six, missing: cfg.Missing, of: new(routes.Trie)}
}

func (m *model) add(some []fib.Route) {
	m.t.Helper()
	k, err := m.l.AddRoutes(some)
	require.NoError(m.t, err)
	require.Equal(m.t, len(some), k)
	for _, q := range some {
		m.of.Set(q.Prefix, q.NextHop)
	}
}

func (m *model) remove(p netip.Prefix) {
	m.t.Helper()
	require.NoError(m.t, m.l.Delete(p))
	m.of.Delete(p)
}

// check looks up addresses, in all ways.
func (m *model) check(addrs []netip.Addr) {
	m.t.Helper()
	hops, byC := make([]uint64, len(addrs)), make([]uint64, len(addrs))
	// Bulks of all sizes, from all places of the loop that takes eight at a time.
	bulks := func(look func(from, n int) int) {
		for from, size := 0, 0; from < len(addrs); size = (size + 1) % 200 {
			n := min(size, len(addrs)-from)
			require.Equal(m.t, n, look(from, n))
			from += n
		}
	}
	var ips unsafe.Pointer
	if m.six {
		all := make([][16]byte, len(addrs))
		for i, a := range addrs {
			all[i] = a.As16()
		}
		bulks(func(from, n int) int { return m.l.(*fib.Table6).LookupBulk(hops[from:from+n], all[from:]) })
		ips = unsafe.Pointer(&all[0])
	} else {
		all := make([]uint32, len(addrs))
		for i, a := range addrs {
			all[i] = binary.BigEndian.Uint32(a.AsSlice())
			if i%16 == 0 {
				want, ok := m.of.Lookup(a.AsSlice())
				if !ok {
					want = m.missing
				}
				if got := m.l.(*fib.Table4).LookupUint32(all[i]); got != want {
					route, err := m.l.Match(a)
					require.Failf(m.t, "wrong", "%v: %d, trie %d %v, tree %v %v", a, got, want, ok, route, err)
				}
			}
		}
		bulks(func(from, n int) int { return m.l.(*fib.Table4).LookupBulk(hops[from:from+n], all[from:]) })
		ips = unsafe.Pointer(&all[0])
	}
	cfib.LookupCall(m.six, m.l.Pointer(), ips, unsafe.Pointer(&byC[0]), len(addrs))
	for i, a := range addrs {
		want, ok := m.of.Lookup(a.AsSlice())
		if !ok {
			want = m.missing
		}
		if hops[i] != want || byC[i] != want {
			route, err := m.l.Match(a)
			require.Failf(m.t, "wrong", "%v: %d, C %d, trie %d %v, tree %v %v", a, hops[i], byC[i], want, ok, route, err)
		}
		if i%16 == 0 {
			require.Equal(m.t, want, m.l.Lookup(a))
		}
	}
	m.n += len(addrs)
}

// look looks up addresses near the routes and others.
func (m *model) look(r *rand.Rand, all []fib.Route, n int) {
	m.t.Helper()
	for range n / 1000 {
		addrs := make([]netip.Addr, 1000)
		for i := range addrs {
			if addrs[i] = routes.Random(r, m.six); i%4 != 0 {
				addrs[i] = routes.Near(r, all[r.IntN(len(all))].Prefix)
			}
		}
		m.check(addrs)
	}
}

func newRoutes(r *rand.Rand, six bool, n int, hops uint64) (all []fib.Route) {
	for _, p := range routes.Prefixes(r, six, n) {
		all = append(all, fib.Route{Prefix: p, NextHop: r.Uint64N(hops)})
	}
	return all
}

// A table of a million routes with the spread of a full BGP table, in four states: full, with other next hops, after deletes, and
// full again.
func TestAFullBGPTableMatchesATrie(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		harness.Need(t, harness.Hugepages)
		r := harness.Random(t)
		n, groups, lookups := harness.Size(1_000_000, 50_000), 16_384, harness.Size(200_000, 40_000)
		if six {
			n, groups = harness.Size(100_000, 20_000), harness.Size(200_000, 50_000)
		}
		m := newModel(t, six, fib.Config{MaxRoutes: n, Groups: groups, Missing: 1 << 30})
		require.True(t, m.l.Direct(), "lookups are Go's own with the DPDK of the tests")
		all := newRoutes(r, six, n, 64) // few: many routes have the next hop of the one around them
		began := time.Now()
		m.add(all)
		t.Logf("%d routes in %v", n, time.Since(began).Round(time.Millisecond))
		m.look(r, all, lookups)
		for _, q := range all[:1000] {
			hop, err := m.l.NextHop(q.Prefix)
			require.NoError(t, err)
			require.Equal(t, q.NextHop, hop)
		}
		changed := all[:n/10]
		for i := range changed {
			changed[i].NextHop = r.Uint64N(1 << 31)
		}
		m.add(changed)
		m.look(r, all, lookups)
		// Long prefixes too, of which groups become free.
		deleted := []fib.Route{}
		for i, q := range all {
			if i%10 == 0 || q.Prefix.Bits() > 24 && i%3 != 0 {
				m.remove(q.Prefix)
				deleted = append(deleted, q)
			}
		}
		m.look(r, all, lookups)
		m.add(deleted)
		m.look(r, all, lookups)
		info, err := m.l.Info()
		require.NoError(t, err)
		assert.Equal(t, n, info.Routes)
		assert.Equal(t, groupsOf(all), info.GroupsInUse)
		t.Logf("%d deleted, %d lookups, %d groups", len(deleted), m.n, info.GroupsInUse)
		began = time.Now()
		require.NoError(t, m.l.Free())
		t.Logf("freed in %v", time.Since(began).Round(time.Millisecond))
	})
}

// groupsOf counts groups in another way than the table: prefixes of whole bytes that have longer ones in them.
func groupsOf(all []fib.Route) int {
	groups := map[netip.Prefix]bool{}
	for _, q := range all {
		for bits := 24; bits < q.Prefix.Bits(); bits += 8 {
			p, _ := q.Prefix.Addr().Prefix(bits)
			groups[p] = true
		}
	}
	return len(groups)
}

// A model test with few addresses: routes over, under and beside each other come and go, in tables of all kinds.
func TestRandomChangesMatchATrie(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		for _, cfg := range []fib.Config{{EntrySize: 1, Missing: 127}, {EntrySize: 2, Missing: 1<<15 - 1}, {EntrySize: 4}, {EntrySize: 8, Missing: 1<<63 - 1}, {Type: fib.Tree, Missing: math.MaxUint64}} {
			if six && cfg.EntrySize == 1 {
				continue
			}
			t.Run(fmt.Sprint(cfg.Type, cfg.EntrySize), func(t *testing.T) {
				r := harness.Random(t)
				cfg.MaxRoutes = 1000
				if six {
					cfg.Groups = 13_000
				}
				m := newModel(t, six, cfg)
				have := map[netip.Prefix]bool{}
				for step := range harness.Size(3000, 800) {
					p := narrow(r, six)
					if r.IntN(3) == 0 {
						if have[p] {
							m.remove(p)
							delete(have, p)
						} else {
							require.ErrorIs(t, m.l.Delete(p), dpdk.ErrNotFound)
						}
					} else if have[p] || len(have) < 1000 {
						hop := r.Uint64N(4)
						if r.IntN(2) == 0 && cfg.Missing > 0 {
							hop = r.Uint64N(cfg.Missing)
						}
						m.add([]fib.Route{{Prefix: p, NextHop: hop}})
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
	if r.IntN(4) == 0 { // or at the end of all addresses
		for i := range b {
			b[i] |= 255 << r.IntN(3)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	p, _ := a.Prefix(r.IntN(len(b)*8 + 1))
	return p
}

// With another layout C looks up addresses.
func TestAnUnknownLayoutIsLeftToC(t *testing.T) {
	fib.PretendLayout(true)
	defer fib.PretendLayout(false)
	both(t, func(t *testing.T, six bool) {
		r := harness.Random(t)
		m := newModel(t, six, fib.Config{MaxRoutes: 5000, Groups: 8000, Missing: 3})
		assert.False(t, m.l.Direct())
		all := newRoutes(r, six, 2000, 1<<20)
		m.add(all)
		m.look(r, all, 4000)
	})
}

func TestChangesWaitForReaders(t *testing.T) {
	both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		l, err := create(six, name(), fib.Config{Groups: 2, Missing: 1, RCU: q})
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
		a, b := prefix(six, "10.0.0.0/30", "2001:db8::/40"), prefix(six, "10.9.0.0/30", "2001:db9::/40")
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
	both(t, func(t *testing.T, six bool) {
		q, err := rcu.Create(name(), 2, rcu.Config{})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Free()) }()
		l, err := create(six, name(), fib.Config{Groups: 8, MaxRoutes: 4000})
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
		long := prefix(six, "10.0.0.0/32", "2000::/32")
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
