package routetable

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

// fake is a library with one table, which is a map of routes, and the table itself.
type fake struct {
	exists bool
	calls  int           // of Find: one for each control call
	slow   time.Duration // the time of a change
	routes map[netip.Prefix]uint64
}

func (f *fake) Find(string) unsafe.Pointer {
	f.calls++
	if !f.exists {
		return nil
	}
	return unsafe.Pointer(f)
}

func (f *fake) Free(string, unsafe.Pointer) int {
	f.exists = false
	return 0
}

func (f *fake) Create(_ delegate.Owner, name string, _ *Size, _ None, _ *Readers) (unsafe.Pointer, Table[None], error) {
	f.exists, f.routes = true, map[netip.Prefix]uint64{}
	if name == "half" {
		return unsafe.Pointer(f), nil, dpdk.ErrUnsupported
	}
	return unsafe.Pointer(f), f, nil
}

func (f *fake) Describe() None { return None{} }

func (f *fake) MaxHop() uint64 { return 100 }

func (f *fake) Add(p netip.Prefix, hop uint64) int {
	for began := time.Now(); time.Since(began) < f.slow; {
	}
	f.routes[p] = hop
	return 0
}

func (f *fake) Delete(p netip.Prefix) int {
	delete(f.routes, p)
	return 0
}

func (f *fake) NextHop(p netip.Prefix) (uint64, bool) {
	hop, ok := f.routes[p]
	return hop, ok
}

var (
	library = &fake{}
	kind    = New(&Kind[None, None]{C: library, Op: Ops{"create", "find", "free", "add", "delete", "next hop", "rcu"}, NameSize: 16, NewSize: 16, MaxRoutes: 1 << 20})
)

func newTestTable(t *testing.T) *Handle {
	at, _, err := kind.Create("table", Config{}, 1, None{})
	require.NoError(t, err)
	h := &Handle{name: "table", maxHop: 100, at: at}
	t.Cleanup(func() { assert.NoError(t, kind.Free(h, func() {})) })
	return h
}

func routesOf(n int) func(i int) Route {
	return func(i int) Route {
		return Route{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)}), 24), uint64(i % 100)}
	}
}

// A call with many routes holds the table, and others wait for it.
func TestAControlCallEndsAfterItsTurn(t *testing.T) {
	defer func(d time.Duration) { turn = d }(turn)
	turn = time.Millisecond
	h := newTestTable(t)
	for _, test := range []struct {
		routes, calls int
		slow          time.Duration
	}{{5, 5, 2 * turn}, {batch + 1, 2, 0}} {
		library.calls, library.slow = 0, test.slow
		if test.slow == 0 {
			turn = time.Hour
		}
		n, err := kind.Add(h, test.routes, routesOf(test.routes))
		require.NoError(t, err)
		assert.Equal(t, test.routes, n)
		assert.Len(t, library.routes, test.routes)
		assert.Equal(t, test.calls, library.calls, "control calls")
	}
	library.slow = 0
}

// The message of another process may have any content.
func TestThePrimaryChecksRoutesAgain(t *testing.T) {
	h := newTestTable(t)
	for _, r := range []Route{{}, {netip.MustParsePrefix("2001::/16"), 1}, {netip.MustParsePrefix("10.0.0.0/8"), 101}} {
		done, err := kind.add(h.name, change{uintptr(h.at), []Route{r}})
		require.NoError(t, err)
		assert.Equal(t, int(dpdk.ErrInvalid), done.Errno, fmt.Sprint(r))
		_, err = kind.nextHop(h.name, change{uintptr(h.at), []Route{r}})
		require.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	for _, a := range []newTable[None]{{Size: Size{Groups: 1}}, {Size: Size{Routes: 1}}, {Size: Size{Routes: 1<<20 + 1, Groups: 1}}} {
		_, err := kind.create("other", a)
		require.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	_, err := kind.nextHop(h.name, change{At: uintptr(h.at)})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	done, err := kind.add(h.name, change{uintptr(h.at), []Route{{netip.MustParsePrefix("10.1.2.3/8"), 100}}})
	require.NoError(t, err)
	assert.Equal(t, changed{N: 1}, done)
	assert.Equal(t, map[netip.Prefix]uint64{netip.MustParsePrefix("10.0.0.0/8"): 100}, library.routes, "masked")
}

func TestATableThatIsNotCompleteIsFreed(t *testing.T) {
	_, _, err := kind.Create("half", Config{}, 1, None{})
	require.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.False(t, library.exists)
	assert.Empty(t, kind.made())
	assert.Empty(t, kind.writers)
}
