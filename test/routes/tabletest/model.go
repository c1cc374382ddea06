package tabletest

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/routes"
)

// Model checks a table against a trie, and in the way of its package.
type Model struct {
	t   *testing.T
	p   *Package
	six bool
	of  *routes.Trie
	L   Table
	N   int // lookups
}

// NewModel creates a table.
func (p *Package) NewModel(t *testing.T, six bool, c Config) *Model {
	return &Model{t: t, p: p, six: six, of: new(routes.Trie), L: p.table(t, six, Name(), c)}
}

// Add adds routes.
func (m *Model) Add(some ...Route) {
	m.t.Helper()
	n, err := m.L.SetAll(some)
	require.NoError(m.t, err)
	require.Equal(m.t, len(some), n)
	for _, q := range some {
		m.of.Set(q.Prefix, q.Hop)
	}
}

// Delete deletes a route.
func (m *Model) Delete(p netip.Prefix) {
	m.t.Helper()
	require.NoError(m.t, m.L.Delete(p))
	m.of.Delete(p)
}

// Check looks up addresses.
func (m *Model) Check(addrs ...netip.Addr) {
	m.t.Helper()
	m.p.Check(m.t, m.L, m.six, m.of, addrs)
	m.N += len(addrs)
}

// Look looks up n addresses near the routes and others.
func (m *Model) Look(r *rand.Rand, all []Route, n int) {
	m.t.Helper()
	for range n / 1000 {
		addrs := make([]netip.Addr, 1000)
		for i := range addrs {
			if addrs[i] = routes.Random(r, m.six); i%4 != 0 {
				addrs[i] = routes.Near(r, all[r.IntN(len(all))].Prefix)
			}
		}
		m.Check(addrs...)
	}
}

// NewRoutes returns routes with the spread of a full BGP table.
func NewRoutes(r *rand.Rand, six bool, n int, hops uint64) (all []Route) {
	for _, p := range routes.Prefixes(r, six, n) {
		all = append(all, Route{p, r.Uint64N(hops)})
	}
	return all
}

// FullBGPTable checks a table in four states: full, with other next hops, after deletes, and full again. It does so many lookups in each.
func (m *Model) FullBGPTable(r *rand.Rand, all []Route, hops uint64, lookups int) {
	m.Add(all...)
	m.Look(r, all, lookups)
	for _, q := range all[:1000] {
		hop, err := m.L.Hop(q.Prefix)
		require.NoError(m.t, err)
		require.Equal(m.t, q.Hop, hop)
	}
	changed := all[:len(all)/10]
	for i := range changed {
		changed[i].Hop = r.Uint64N(hops)
	}
	m.Add(changed...)
	m.Look(r, all, lookups)
	// Long prefixes too, of which groups become free.
	deleted := []Route{}
	for i, q := range all {
		if i%10 == 0 || q.Prefix.Bits() > 24 && i%3 != 0 {
			m.Delete(q.Prefix)
			deleted = append(deleted, q)
		}
	}
	m.Look(r, all, lookups)
	m.Add(deleted...)
	m.Look(r, all, lookups)
	m.t.Logf("%d routes, %d deleted, %d lookups", len(all), len(deleted), m.N)
}

// RandomChanges checks a table for 1000 routes with few addresses: routes over, under and beside each other come and go.
func (m *Model) RandomChanges(r *rand.Rand, steps int, hop func() uint64) {
	have := map[netip.Prefix]bool{}
	for step := range steps {
		p, remove := m.narrow(r), r.IntN(3) == 0
		switch {
		case remove && have[p]:
			m.Delete(p)
			delete(have, p)
		case remove:
			require.ErrorIs(m.t, m.L.Delete(p), dpdk.ErrNotFound)
		case have[p] || len(have) < 1000:
			m.Add(Route{p, hop()})
			have[p] = true
		}
		if step%4 == 0 {
			addrs := make([]netip.Addr, 40)
			for i := range addrs {
				addrs[i] = m.narrow(r).Addr()
			}
			m.Check(addrs...)
		}
	}
}

// narrow returns a prefix out of few, of any length.
func (m *Model) narrow(r *rand.Rand) netip.Prefix {
	b := []byte{10, byte(r.IntN(2)), byte(r.IntN(2)), byte(r.IntN(256))}
	if m.six {
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
	p, _ := a.Prefix(m.p.MinBits + r.IntN(len(b)*8+1-m.p.MinBits))
	return p
}

// Bulks calls look for n addresses in bulks of all sizes, from all places of the loop of a lookup.
func Bulks(t *testing.T, n int, look func(from, n int) int) {
	t.Helper()
	for from, size := 0, 0; from < n; size = (size + 1) % 200 {
		k := min(size, n-from)
		require.Equal(t, k, look(from, k))
		from += k
	}
}

// Steps returns the number of steps of RandomChanges.
func Steps() int { return harness.Size(4000, 1000) }

// Words returns IPv4 addresses as numbers.
func Words(addrs []netip.Addr) []uint32 {
	all := make([]uint32, len(addrs))
	for i, a := range addrs {
		all[i] = binary.BigEndian.Uint32(a.AsSlice())
	}
	return all
}

// Bytes returns IPv6 addresses in network order.
func Bytes(addrs []netip.Addr) [][16]byte {
	all := make([][16]byte, len(addrs))
	for i, a := range addrs {
		all[i] = a.As16()
	}
	return all
}
