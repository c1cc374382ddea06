package memzone_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

const line = 64 // RTE_CACHE_LINE_SIZE on amd64 and most of arm64

var names atomic.Int64

// name returns an unused name.
func name() string { return fmt.Sprintf("zone %d", names.Add(1)) }

func reserve(t *testing.T, size int, cfg memzone.Config) *memzone.Zone {
	t.Helper()
	z, err := memzone.Reserve(name(), size, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if z.Bytes() != nil {
			assert.NoError(t, z.Free())
		}
	})
	return z
}

func info(t *testing.T, z *memzone.Zone) memzone.Info {
	t.Helper()
	i, err := z.Info()
	require.NoError(t, err)
	return i
}

func addr(z *memzone.Zone) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(z.Bytes()))) }

func TestZonesAreAlignedAndDoNotOverlap(t *testing.T) {
	var zones []*memzone.Zone
	for _, size := range []int{100, 1000, 1, 64, 65, 4096, 100} {
		z := reserve(t, size, memzone.Config{Socket: dpdk.Socket(0)})
		i := info(t, z)
		assert.Zero(t, addr(z)%line, "address")
		assert.Zero(t, z.IOVA()%line, "IOVA")
		assert.Equal(t, (size+line-1)/line*line, i.Size, "rounded up to a cache line")
		assert.Len(t, z.Bytes(), i.Size)
		assert.Equal(t, i.Size, cap(z.Bytes()), "append must not run on")
		assert.Equal(t, dpdk.Socket(0), i.Socket)
		assert.Equal(t, z.IOVA(), i.IOVA)
		assert.Equal(t, z.Name(), i.Name)
		assert.True(t, i.HugepageSize >= 4096 && i.HugepageSize&(i.HugepageSize-1) == 0, "page of %d", i.HugepageSize)
		zones = append(zones, z)
	}
	for i, z := range zones {
		for j := range z.Bytes() {
			z.Bytes()[j] = byte(i + 1)
		}
	}
	for i, z := range zones {
		assert.Equal(t, bytes.Repeat([]byte{byte(i + 1)}, len(z.Bytes())), z.Bytes(), "zone %d was written over", i)
		for _, other := range zones[i+1:] {
			assert.True(t, z.IOVA()+uint64(len(z.Bytes())) <= other.IOVA() || other.IOVA()+uint64(len(other.Bytes())) <= z.IOVA(), "IOVAs overlap")
		}
	}
}

func TestLookupFindsTheSameMemory(t *testing.T) {
	z := reserve(t, 100, memzone.Config{})
	same, err := memzone.Lookup(z.Name())
	require.NoError(t, err)
	assert.Equal(t, info(t, z), info(t, same))
	z.Bytes()[99] = 7
	assert.Equal(t, byte(7), same.Bytes()[99])
	assert.Equal(t, addr(z), addr(same))
}

func TestLookupOfAnUnknownNameReturnsErrNotFound(t *testing.T) {
	_, err := memzone.Lookup("nobody made this")
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Contains(t, err.Error(), `rte_memzone_lookup "nobody made this"`)
}

func TestReserveOfATakenNameReturnsErrExist(t *testing.T) {
	z := reserve(t, 100, memzone.Config{})
	_, err := memzone.Reserve(z.Name(), 100, memzone.Config{})
	require.ErrorIs(t, err, dpdk.ErrExist)
	_, err = memzone.CreateValue[uint64](z.Name(), memzone.Config{})
	require.ErrorIs(t, err, dpdk.ErrExist)
}

func TestBytesAreNilAfterFreeAndFreeTwiceReturnsErrNotFound(t *testing.T) {
	z := reserve(t, 100, memzone.Config{})
	stale, err := memzone.Lookup(z.Name())
	require.NoError(t, err)
	require.NoError(t, z.Free())
	assert.Nil(t, z.Bytes())
	_, err = memzone.Lookup(z.Name())
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.ErrorIs(t, z.Free(), dpdk.ErrNotFound, "the handle that freed it")
	assert.ErrorIs(t, stale.Free(), dpdk.ErrNotFound, "another handle")
	_, err = z.Info()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.Nil(t, z.Pointer())
}

func TestNameCanBeUsedAgainAfterFree(t *testing.T) {
	z := reserve(t, 100, memzone.Config{})
	require.NoError(t, z.Free())
	again, err := memzone.Reserve(z.Name(), 1000, memzone.Config{})
	require.NoError(t, err)
	assert.Equal(t, 1024, info(t, again).Size)
	require.NoError(t, again.Free())
}

// The zone that the name means now is somebody else's.
func TestStaleHandleDoesNotFreeANewerZoneOfTheName(t *testing.T) {
	z := reserve(t, 100, memzone.Config{})
	stale, err := memzone.Lookup(z.Name())
	require.NoError(t, err)
	require.NoError(t, z.Free())
	blocker := reserve(t, 100, memzone.Config{}) // takes the place
	current, err := memzone.Reserve(z.Name(), 100, memzone.Config{})
	require.NoError(t, err)
	require.NotEqual(t, addr(stale), addr(current))

	assert.ErrorIs(t, stale.Free(), dpdk.ErrNotFound)
	found, err := memzone.Lookup(z.Name())
	require.NoError(t, err)
	assert.Equal(t, addr(current), addr(found), "the new zone stays")
	require.NoError(t, current.Free())
	require.NoError(t, blocker.Free())
}

// DPDK has room for 2560 zones by default: their slots must be used again.
func TestSlotsAreReused(t *testing.T) {
	n := name()
	for range 3000 {
		z, err := memzone.Reserve(n, 64, memzone.Config{})
		require.NoError(t, err)
		require.NoError(t, z.Free())
	}
}

func TestTooManyZonesReturnErrNoSpace(t *testing.T) {
	var zones []*memzone.Zone
	var err error
	for i := 0; err == nil && i < 5000; i++ {
		var z *memzone.Zone
		if z, err = memzone.Reserve(fmt.Sprintf("many %d", i), 64, memzone.Config{}); err == nil {
			zones = append(zones, z)
		}
	}
	assert.ErrorIs(t, err, dpdk.ErrNoSpace)
	for _, z := range zones {
		require.NoError(t, z.Free())
	}
	reserve(t, 64, memzone.Config{}) // and there is room again
}

func TestAlignment(t *testing.T) {
	for _, align := range []int{1, 2, 32, 64, 128, 1024, 4096, 65536} {
		z := reserve(t, 100, memzone.Config{Align: align})
		assert.Zero(t, int(addr(z))%max(align, line), "aligned to %d", align)
		assert.Zero(t, int(z.IOVA())%max(align, line), "IOVA aligned to %d", align)
	}
}

func TestBoundedZonesDoNotCrossTheBound(t *testing.T) {
	for _, tc := range []struct{ size, bound int }{{100, 128}, {100, 256}, {1000, 1024}, {3000, 4096}, {128, 128}, {4096, 4096}} {
		for range 8 {
			reserve(t, 64, memzone.Config{}) // shifts the next
			z := reserve(t, tc.size, memzone.Config{Bound: tc.bound})
			first, last := int(addr(z)), int(addr(z))+len(z.Bytes())-1
			assert.Equal(t, first/tc.bound, last/tc.bound, "%d bytes within %d: %#x to %#x", tc.size, tc.bound, first, last)
		}
	}
}

func TestSizeZeroTakesTheLargestBlock(t *testing.T) {
	for _, tc := range []struct {
		name  string
		align int
	}{{"not aligned", 0}, {"aligned", 4096}} {
		t.Run(tc.name, func(t *testing.T) {
			// Holes, so that there are several blocks to choose from.
			small := reserve(t, 1<<16, memzone.Config{})
			reserve(t, 64, memzone.Config{})
			require.NoError(t, small.Free())

			largest := reserve(t, 0, memzone.Config{Align: tc.align})
			assert.Greater(t, info(t, largest).Size, 1<<20, "of 32 MiB")
			assert.Zero(t, int(addr(largest))%max(tc.align, line))
			clear(largest.Bytes()) // all of it is there
			next := reserve(t, 0, memzone.Config{Align: tc.align})
			assert.LessOrEqual(t, info(t, next).Size, info(t, largest).Size, "the rest is not larger")
		})
	}
}

func TestSizeZeroWithABoundTakesTheBound(t *testing.T) {
	z := reserve(t, 0, memzone.Config{Bound: 4096})
	assert.Equal(t, 4096, len(z.Bytes()))
	assert.Zero(t, addr(z)%4096)
}

func TestPageSizes(t *testing.T) {
	page := info(t, reserve(t, 64, memzone.Config{})).HugepageSize
	absent := memzone.Page16GB // of powerpc
	_, err := memzone.Reserve(name(), 64, memzone.Config{PageSize: absent})
	if page != os.Getpagesize() { // without hugepages DPDK does not look at the size
		assert.ErrorIs(t, err, dpdk.ErrNoMemory, "pages of that size do not exist")
	}
	hinted := reserve(t, 64, memzone.Config{PageSize: absent, PageSizeHint: true})
	assert.Equal(t, page, info(t, hinted).HugepageSize, "other pages will do")
	if page == 2<<20 {
		assert.Equal(t, page, info(t, reserve(t, 64, memzone.Config{PageSize: memzone.Page2MB})).HugepageSize)
	}
}

func TestContiguousIOAddresses(t *testing.T) {
	z := reserve(t, 1<<16, memzone.Config{IOVAContiguous: true})
	assert.Equal(t, 1<<16, len(z.Bytes()))
}

func TestReserveRefusesBadArguments(t *testing.T) {
	for _, tc := range []struct {
		name string
		size int
		cfg  memzone.Config
		want error
		says string
	}{
		{"negative size", -1, memzone.Config{}, dpdk.ErrInvalid, "-1 is negative"},
		{"smallest size", math.MinInt, memzone.Config{}, dpdk.ErrInvalid, "negative"},
		// So large that DPDK does not try: a try takes all hugepages for a while.
		{"larger than any heap", 1 << 50, memzone.Config{}, dpdk.ErrNoMemory, ""},
		{"largest size", math.MaxInt, memzone.Config{}, dpdk.ErrNoMemory, ""},
		{"alignment 3", 64, memzone.Config{Align: 3}, dpdk.ErrInvalid, "Align 3 is not a power of two"},
		{"alignment 17", 64, memzone.Config{Align: 17}, dpdk.ErrInvalid, "Align 17"},
		{"negative alignment", 64, memzone.Config{Align: -64}, dpdk.ErrInvalid, "Align -64"},
		{"smallest alignment, a power of two", 64, memzone.Config{Align: math.MinInt}, dpdk.ErrInvalid, "Align"},
		{"alignment of more than 32 bits", 64, memzone.Config{Align: 1 << 32}, dpdk.ErrInvalid, "below 4 GiB"},
		{"bound is not a power of two", 64, memzone.Config{Bound: 100}, dpdk.ErrInvalid, "Bound 100"},
		{"negative bound", 64, memzone.Config{Bound: -4096}, dpdk.ErrInvalid, "Bound -4096"},
		{"bound of more than 32 bits", 64, memzone.Config{Bound: 1 << 32}, dpdk.ErrInvalid, "below 4 GiB"},
		{"bound below the size", 4097, memzone.Config{Bound: 4096}, dpdk.ErrInvalid, "the size 4097 is larger than Bound 4096"},
		{"unknown page size", 64, memzone.Config{PageSize: 3}, dpdk.ErrInvalid, "PageSize 0x3"},
		{"page size with DPDK's flags in it", 64, memzone.Config{PageSize: memzone.Page2MB | memzone.Page1GB}, dpdk.ErrInvalid, "PageSize"},
		{"all flags", 64, memzone.Config{PageSize: math.MaxUint32}, dpdk.ErrInvalid, "PageSize"},
		{"negative socket", 64, memzone.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket is negative"},
		{"socket of more than 32 bits", 64, memzone.Config{Socket: dpdk.Socket(1 << 32)}, dpdk.ErrInvalid, "the socket 4294967296 does not exist"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := name()
			before := list(t)
			z, err := memzone.Reserve(n, tc.size, tc.cfg)
			require.Error(t, err)
			assert.Nil(t, z)
			if tc.want != nil {
				assert.ErrorIs(t, err, tc.want)
			}
			assert.Contains(t, err.Error(), `rte_memzone_reserve_bounded "`+n+`"`)
			assert.Contains(t, err.Error(), tc.says)
			assert.Equal(t, before, list(t), "nothing is left behind")
		})
	}
}

func TestSocketThatDoesNotExistIsRefused(t *testing.T) {
	hugepages := info(t, reserve(t, 64, memzone.Config{})).HugepageSize != os.Getpagesize()
	for _, socket := range []int{7, 1000} { // no such socket; beyond DPDK's table
		before := list(t)
		z, err := memzone.Reserve(name(), 64, memzone.Config{Socket: dpdk.Socket(socket)})
		if socket == 7 && !hugepages { // one heap for all sockets
			require.NoError(t, err)
			require.NoError(t, z.Free())
			continue
		}
		require.Error(t, err, "socket %d", socket)
		assert.Equal(t, before, list(t), "nothing is left behind")
	}
}

func TestNames(t *testing.T) {
	longest := strings.Repeat("n", memzone.MaxName)
	z, err := memzone.Reserve(longest, 64, memzone.Config{})
	require.NoError(t, err)
	assert.Equal(t, longest, info(t, z).Name, "stored in full")
	found, err := memzone.Lookup(longest)
	require.NoError(t, err)
	assert.Equal(t, addr(z), addr(found))
	_, err = memzone.Lookup(longest[1:])
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	require.NoError(t, z.Free())

	for _, tc := range []struct {
		what, name string
		want       error
	}{
		{"too long", longest + "n", dpdk.ErrNameTooLong},
		{"empty", "", dpdk.ErrInvalid},
		{"NUL", "a\x00b", dpdk.ErrInvalid},
	} {
		for op, f := range map[string]func() error{
			"Reserve":     func() error { _, err := memzone.Reserve(tc.name, 64, memzone.Config{}); return err },
			"Lookup":      func() error { _, err := memzone.Lookup(tc.name); return err },
			"CreateValue": func() error { _, err := memzone.CreateValue[uint64](tc.name, memzone.Config{}); return err },
			"LookupValue": func() error { _, err := memzone.LookupValue[uint64](tc.name); return err },
		} {
			assert.ErrorIs(t, f(), tc.want, "%s: %s", op, tc.what)
		}
	}
}

// list is the names of all zones, in order.
func list(t *testing.T) (all []string) {
	t.Helper()
	infos, err := memzone.List()
	require.NoError(t, err)
	for _, i := range infos {
		all = append(all, i.Name)
	}
	slices.Sort(all)
	return all
}

func TestListHasEveryZoneOnce(t *testing.T) {
	before := list(t)
	want := slices.Clone(before)
	var last *memzone.Zone
	for i := range 70 { // more than C's first array of them
		last = reserve(t, 100+i, memzone.Config{})
		want = append(want, last.Name())
	}
	slices.Sort(want)
	assert.Equal(t, want, list(t))

	infos, err := memzone.List()
	require.NoError(t, err)
	assert.Contains(t, infos, info(t, last), "with its whole description")
	require.NoError(t, last.Free())
	assert.NotContains(t, list(t), last.Name())
}

func TestZonesFromManyGoroutines(t *testing.T) {
	const goroutines, rounds = 8, 50
	var made atomic.Int32
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for r := range rounds {
				z, err := memzone.Reserve(fmt.Sprintf("own %d", g), 128, memzone.Config{})
				if !assert.NoError(t, err) {
					return
				}
				for i := range z.Bytes() {
					z.Bytes()[i] = byte(g)
				}
				// All want this one: exactly one gets it.
				_, err = memzone.Reserve(fmt.Sprintf("common %d", r), 64, memzone.Config{})
				if err == nil {
					made.Add(1)
				} else {
					assert.ErrorIs(t, err, dpdk.ErrExist)
				}
				assert.Equal(t, bytes.Repeat([]byte{byte(g)}, 128), z.Bytes())
				assert.NoError(t, z.Free())
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, rounds, made.Load())
	for r := range rounds {
		z, err := memzone.Lookup(fmt.Sprintf("common %d", r))
		require.NoError(t, err)
		require.NoError(t, z.Free())
	}
}

func TestErrorsAreDPDKErrors(t *testing.T) {
	_, err := memzone.Lookup("nobody")
	var e *dpdk.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, "rte_memzone_lookup", e.Op)
	assert.Equal(t, "nobody", e.Name)
}
