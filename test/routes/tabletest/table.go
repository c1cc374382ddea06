// Package tabletest has the tests that packages lpm and fib share: both have tables of IPv4 and IPv6 routes, which all processes look up, and
// change through the primary.
package tabletest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/test/routes"
)

// Table is a table of either package and family.
type Table interface {
	Name() string
	Pointer() unsafe.Pointer
	Free() error
	Delete(p netip.Prefix) error
	// The methods Add, AddRoutes, NextHop, Lookup and LookupBulk, with next hops of 64 bits. FindBulk stores Missing for addresses without a route.
	Set(p netip.Prefix, hop uint64) error
	SetAll(all []Route) (int, error)
	Hop(p netip.Prefix) (uint64, error)
	Find(a netip.Addr) (hop uint64, ok bool)
	FindBulk(hops []uint64, addrs []netip.Addr)
}

// Missing is the next hop of addresses without a route. Tables of package fib have it in Config.Missing.
const Missing = 99

// Route is a prefix and its next hop.
type Route struct {
	Prefix netip.Prefix
	Hop    uint64
}

// Config is what the configurations of both packages have.
type Config struct {
	MaxRoutes, Groups int
	RCU               *rcu.QSBR
}

// Package is what the tests need of a package, or of one type of its tables.
type Package struct {
	Name    string
	MaxName int
	MinBits int // of a prefix
	Create  func(six bool, name string, c Config) (Table, error)
	Lookup  func(six bool, name string) (Table, error)
	// Info returns an error if the description of a table with that number of routes is not right.
	Info func(l Table, six bool, routes int) error
	// Check looks up addresses in all ways, and compares the results with those of the trie.
	Check func(t *testing.T, l Table, six bool, of *routes.Trie, addrs []netip.Addr)
	// Block returns the n-th prefix that comes and goes while a secondary looks up addresses, in a table with so many Groups, and with RCU or
	// not. The addresses are in the block, and as many bits wider around it.
	Block  func(six bool, n int) netip.Prefix
	Wider  int
	Groups func(six bool) int
	RCU    bool
}

// Both runs a test with both families.
func Both(t *testing.T, f func(t *testing.T, six bool)) {
	t.Run("IPv4", func(t *testing.T) { f(t, false) })
	t.Run("IPv6", func(t *testing.T) { f(t, true) })
}

// Prefix returns one of the two, by the family.
func Prefix(six bool, four, sixth string) netip.Prefix {
	if six {
		return netip.MustParsePrefix(sixth)
	}
	return netip.MustParsePrefix(four)
}

// Addr returns one of the two, by the family.
func Addr(six bool, four, sixth string) netip.Addr {
	if six {
		return netip.MustParseAddr(sixth)
	}
	return netip.MustParseAddr(four)
}

var names atomic.Int64

// Name returns the name of a new table.
func Name() string { return fmt.Sprint("table ", names.Add(1)) }

// FreeAfter frees a table at the end of the test, unless the test has freed it.
func FreeAfter(t *testing.T, l interface {
	Pointer() unsafe.Pointer
	Free() error
}) {
	t.Cleanup(func() {
		if l.Pointer() != nil {
			assert.NoError(t, l.Free())
		}
	})
}

func (p *Package) table(t *testing.T, six bool, name string, c Config) Table {
	t.Helper()
	l, err := p.Create(six, name, c)
	require.NoError(t, err)
	FreeAfter(t, l)
	return l
}

// NamedObject tests that tables are found by their names, and that all handles find out that a table was freed.
func (p *Package) NamedObject(t *testing.T) {
	Both(t, func(t *testing.T, six bool) {
		l := p.table(t, six, Name(), Config{})
		_, err := p.Create(six, l.Name(), Config{})
		require.ErrorIs(t, err, dpdk.ErrExist)
		same, err := p.Lookup(six, l.Name())
		require.NoError(t, err)
		assert.Equal(t, l.Pointer(), same.Pointer())
		for _, missing := range []struct {
			six  bool
			name string
		}{{!six, l.Name()}, {six, "nobody made this"}} {
			_, err = p.Lookup(missing.six, missing.name)
			require.ErrorIs(t, err, dpdk.ErrNotFound)
		}
		longest := p.table(t, six, strings.Repeat("x", p.MaxName), Config{})
		require.NoError(t, p.Info(longest, six, 0))

		q := Prefix(six, "10.0.0.0/8", "2001::/16")
		require.NoError(t, l.Set(q, 7))
		require.NoError(t, p.Info(same, six, 1))
		hop, ok := same.Find(q.Addr())
		assert.Equal(t, []any{uint64(7), true}, []any{hop, ok})
		require.NoError(t, l.Free())
		_, ok = l.Find(q.Addr())
		assert.False(t, ok)
		assert.Nil(t, l.Pointer())
		for _, h := range []Table{l, same} {
			require.ErrorIs(t, h.Free(), dpdk.ErrNotFound)
			require.ErrorIs(t, h.Set(q, 1), dpdk.ErrNotFound)
			require.ErrorIs(t, h.Delete(q), dpdk.ErrNotFound)
			_, err = h.Hop(q)
			require.ErrorIs(t, err, dpdk.ErrNotFound)
			require.ErrorIs(t, p.Info(h, six, 1), dpdk.ErrNotFound)
		}
	})
}

// LongestPrefix tests that the longest prefix wins.
func (p *Package) LongestPrefix(t *testing.T) {
	Both(t, func(t *testing.T, six bool) {
		l := p.table(t, six, Name(), Config{})
		expect := func(want uint64, four, sixth string) {
			t.Helper()
			hop, ok := l.Find(Addr(six, four, sixth))
			assert.Equal(t, want != 0, ok)
			if ok {
				assert.Equal(t, want, hop)
			}
		}
		expect(0, "10.1.2.3", "2001:db8::1")
		for i, q := range []netip.Prefix{Prefix(six, "10.0.0.0/8", "2001::/16"), Prefix(six, "10.1.0.0/16", "2001:db8::/32"),
			Prefix(six, "10.1.2.0/24", "2001:db8::/64"), Prefix(six, "10.1.2.2/31", "2001:db8::/127"), Prefix(six, "10.1.2.3/32", "2001:db8::1/128")} {
			require.NoError(t, l.Set(q, uint64(i+1)))
			expect(uint64(i+1), "10.1.2.3", "2001:db8::1")
			hop, err := l.Hop(q)
			require.NoError(t, err)
			assert.EqualValues(t, i+1, hop)
		}
		expect(4, "10.1.2.2", "2001:db8::")
		expect(3, "10.1.2.1", "2001:db8::2")
		expect(2, "10.1.3.1", "2001:db8:1::2")
		expect(1, "10.2.3.1", "2001:dc8:1::2")
		expect(0, "11.2.3.1", "2002::2")
		require.NoError(t, l.Set(Prefix(six, "10.1.77.88/16", "2001:db8:7::/32"), 9), "the rest of the address does not count, and the next hop is new")
		expect(9, "10.1.3.1", "2001:db8:1::2")
		require.NoError(t, l.Delete(Prefix(six, "10.1.2.3/32", "2001:db8::1/128")))
		expect(4, "10.1.2.3", "2001:db8::1")
		q := Prefix(six, "10.1.2.0/24", "2001:db8::/64")
		require.NoError(t, l.Delete(q))
		expect(9, "10.1.2.1", "2001:db8::2")
		require.ErrorIs(t, l.Delete(q), dpdk.ErrNotFound)
		assert.ErrorContains(t, l.Delete(q), "no route "+q.String())
		_, err := l.Hop(q)
		require.ErrorIs(t, err, dpdk.ErrNotFound)
	})
}

// Full tests the errors of tables without room for a route, or for its groups.
func (p *Package) Full(t *testing.T) {
	Both(t, func(t *testing.T, six bool) {
		l := p.table(t, six, Name(), Config{MaxRoutes: 3})
		all := []Route{{Prefix(six, "10.0.0.0/8", "2001::/16"), 1}, {Prefix(six, "11.0.0.0/8", "2002::/16"), 2}, {Prefix(six, "12.0.0.0/8", "2003::/16"), 3},
			{Prefix(six, "13.0.0.0/8", "2004::/16"), 4}}
		n, err := l.SetAll(all)
		require.ErrorIs(t, err, dpdk.ErrNoSpace)
		assert.Equal(t, 3, n)
		assert.ErrorContains(t, err, all[3].Prefix.String())
		require.NoError(t, l.Set(all[2].Prefix, 5), "it is not a new route")

		l = p.table(t, six, Name(), Config{Groups: 2})
		require.NoError(t, l.Set(Prefix(six, "10.0.0.0/32", "2001:db8::/40"), 1)) // 2001:db8:: has two groups
		if !six {
			require.NoError(t, l.Set(netip.MustParsePrefix("10.0.1.0/32"), 2))
		}
		require.ErrorIs(t, l.Set(Prefix(six, "10.0.2.0/32", "2002::/40"), 3), dpdk.ErrNoSpace)
		_, ok := l.Find(Addr(six, "10.0.2.0", "2002::1"))
		assert.False(t, ok)
		require.NoError(t, l.Set(Prefix(six, "10.0.0.128/25", "2001:db8:8000::/33"), 4), "it needs no other group")
		hop, _ := l.Find(Addr(six, "10.0.0.200", "2001:db8:8000::1"))
		assert.EqualValues(t, 4, hop)
	})
}

// FirstError tests that all routes before the first error are added, and no others, wherever it is in the slice and whatever it is.
func (p *Package) FirstError(t *testing.T) {
	Both(t, func(t *testing.T, six bool) {
		const n = 2500 // more than one control call changes
		nth := func(i int) netip.Prefix {
			b := Addr(six, "10.0.0.0", "2001::").AsSlice()
			b[1], b[2] = byte(i>>8), byte(i)
			a, _ := netip.AddrFromSlice(b)
			return netip.PrefixFrom(a, 24)
		}
		all := make([]Route, n)
		for i := range all {
			all[i] = Route{nth(i), 1}
		}
		for _, bad := range []struct {
			route Route
			says  string
		}{
			{Route{}, "not valid"},
			{Route{Prefix(!six, "11.0.0.0/8", "2002::/16"), 1}, "of its family"},
			{Route{nth(n), 1<<32 - 1}, "next hop"},
		} {
			for _, at := range []int{0, 1023, 1024, 1500} {
				l := p.table(t, six, Name(), Config{MaxRoutes: n})
				routes := slices.Clone(all)
				routes[at] = bad.route
				done, err := l.SetAll(routes)
				require.ErrorIs(t, err, dpdk.ErrInvalid)
				require.ErrorContains(t, err, bad.says)
				require.Equal(t, at, done)
				require.NoError(t, p.Info(l, six, at))
				if at > 0 {
					_, err = l.Hop(nth(at - 1))
					require.NoError(t, err)
				}
				_, err = l.Hop(nth(at + 1))
				require.ErrorIs(t, err, dpdk.ErrNotFound)
				require.NoError(t, l.Free())
			}
		}
		for _, room := range []int{1, 1024, 1500} {
			l := p.table(t, six, Name(), Config{MaxRoutes: room})
			done, err := l.SetAll(all)
			require.ErrorIs(t, err, dpdk.ErrNoSpace)
			require.ErrorContains(t, err, all[room].Prefix.String())
			require.Equal(t, room, done)
			require.NoError(t, p.Info(l, six, room))
			require.NoError(t, l.Free())
		}
	})
}
