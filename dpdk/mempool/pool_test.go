package mempool_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
	"github.com/godpdk/godpdk/test/twin"
)

func TestPoolIsFullAtStartAndEmptyAfterSizeGets(t *testing.T) {
	for _, ops := range []string{"ring_mp_mc", "ring_sp_sc", "ring_mp_sc", "ring_sp_mc", "ring_mt_rts", "ring_mt_hts", "stack", "lf_stack"} {
		t.Run(ops, func(t *testing.T) {
			p := pool(t, 100, 64, mempool.Config{Ops: ops})
			assert.Equal(t, ops, p.OpsName())
			assert.True(t, p.Full())
			assert.False(t, p.Empty())
			assert.Equal(t, 100, p.Available())
			objs := all(t, p)
			assert.True(t, p.Empty())
			assert.False(t, p.Full())
			assert.Equal(t, 100, p.InUse())
			o, ok := p.Get()
			assert.False(t, ok, "one more get")
			assert.True(t, o.IsNil())
			assert.False(t, p.GetBulk(make([]mempool.Object, 1)))
			p.PutBulk(objs[:99])
			assert.False(t, p.GetBulk(make([]mempool.Object, 100)), "bulk is all or nothing")
			assert.Equal(t, 99, p.Available())
			p.Put(objs[99])
			assert.True(t, p.Full(), "after the puts")
		})
	}
}

func TestSingleProducerAndConsumerChooseTheOps(t *testing.T) {
	for _, tc := range []struct {
		cfg  mempool.Config
		ops  string
		want mempool.Flags
	}{
		{mempool.Config{}, "lf_stack", 0},
		{mempool.Config{SingleProducer: true}, "ring_sp_mc", mempool.SingleProducer},
		{mempool.Config{SingleConsumer: true}, "ring_mp_sc", mempool.SingleConsumer},
		{mempool.Config{SingleProducer: true, SingleConsumer: true}, "ring_sp_sc", mempool.SingleProducer | mempool.SingleConsumer},
		{mempool.Config{SingleProducer: true, Ops: "ring_mp_mc"}, "ring_mp_mc", mempool.SingleProducer},
	} {
		p := pool(t, 10, 64, tc.cfg)
		assert.Equal(t, tc.ops, p.OpsName())
		assert.Equal(t, tc.want|mempool.Created, p.Flags())
		p.PutBulk(all(t, p))
		q, err := mempool.Lookup(p.Name())
		require.NoError(t, err)
		assert.Equal(t, tc.ops, q.OpsName())
	}
}

func TestAllVisitsEveryObjectOnce(t *testing.T) {
	p := pool(t, 333, 20, mempool.Config{})
	calls := 0
	for i, o := range p.All() {
		require.Equal(t, calls, i)
		calls++
		*(*uint32)(unsafe.Pointer(&p.Bytes(o)[0])) = uint32(i)
	}
	assert.Equal(t, 333, calls)

	objs, seen := all(t, p), map[uint32]bool{}
	for _, o := range objs {
		i := *(*uint32)(o.Pointer())
		require.Less(t, i, uint32(333))
		require.False(t, seen[i])
		seen[i] = true
	}
	p.PutBulk(objs)

	calls = 0
	for range p.All() {
		if calls++; calls == 7 {
			break
		}
	}
	assert.Equal(t, 7, calls, "until the loop ends")
}

func TestObjectsHaveTheirPoolAndAddresses(t *testing.T) {
	p, other := pool(t, 50, 100, mempool.Config{}), pool(t, 50, 100, mempool.Config{})
	chunks, err := p.Chunks()
	require.NoError(t, err)
	require.NotEmpty(t, chunks)
	for _, o := range p.All() {
		q, err := mempool.ByObject(o)
		require.NoError(t, err)
		require.Equal(t, p.Pointer(), q.Pointer())
		require.Equal(t, p.Name(), q.Name())
		require.True(t, p.Owns(o))
		require.False(t, other.Owns(o))
		require.Len(t, p.Bytes(o), p.ElemSize())
		inside := false
		for _, c := range chunks {
			if at := uintptr(o.Pointer()) - uintptr(c.Addr); at < uintptr(c.Len) {
				inside = true
				require.LessOrEqual(t, at+uintptr(p.ElemSize()), uintptr(c.Len))
				if c.IOVA != mempool.NoIOVA {
					require.Equal(t, c.IOVA+uint64(at), p.IOVA(o), "IOVA")
				}
			}
		}
		require.True(t, inside, "in one of the chunks")
		require.Equal(t, twin.VirtToIOVA(o.Pointer()), p.IOVA(o), "rte_mem_virt2iova")
	}
}

func TestObjectAlignment(t *testing.T) {
	for _, tc := range []struct {
		name  string
		cfg   mempool.Config
		align uintptr
		flags mempool.Flags
	}{
		{"cache lines by default", mempool.Config{}, 64, 0},
		{"8 bytes without", mempool.Config{NoCacheAlign: true}, 8, mempool.NoCacheAlign | mempool.NoSpread},
		{"no spread", mempool.Config{NoSpread: true}, 64, mempool.NoSpread},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pool(t, 40, 40, tc.cfg)
			assert.Equal(t, tc.flags|mempool.Created, p.Flags())
			odd := false
			for _, o := range p.All() {
				require.Zero(t, uintptr(o.Pointer())%tc.align)
				odd = odd || uintptr(o.Pointer())%(2*tc.align) != 0
			}
			total := p.HeaderSize() + p.ElemSize() + p.TrailerSize()
			if uintptr(total)%(2*tc.align) != 0 { // else all objects are aligned as the first one is
				assert.True(t, odd, "no more aligned than that")
			}
			assert.Zero(t, uintptr(total)%tc.align)
			assert.Equal(t, 40, p.ElemSize())
		})
	}
}

func TestNonIODependsOnTheMemory(t *testing.T) {
	p, err := mempool.CreateEmpty(name(), 10, 64, mempool.Config{})
	require.NoError(t, err)
	assert.NotZero(t, p.Flags()&mempool.NonIO, "before there are objects")
	_, err = p.PopulateDefault()
	require.NoError(t, err)
	assert.Zero(t, p.Flags()&mempool.NonIO)
	require.NoError(t, p.Free())

	q := pool(t, 10, 64, mempool.Config{NoIOVAContiguous: true})
	assert.Equal(t, mempool.NoIOVAContiguous|mempool.NonIO|mempool.Created, q.Flags())
	assert.Equal(t, "Created|NoIOVAContiguous|NonIO", q.Flags().String())
	for _, o := range q.All() {
		require.Equal(t, mempool.NoIOVA, q.IOVA(o))
	}
}

func TestUnknownFlagsFail(t *testing.T) {
	_, errno := cgo.MempoolCreate(name(), 10, 64, 0, 0, -1, 1<<30, "ring_mp_mc", true)
	assert.EqualValues(t, syscall.EINVAL, errno)
	assert.Equal(t, "NoSpread|0x40000000", (mempool.NoSpread | 1<<30).String())
}

func TestPrivateAreaIsSharedAndUntruncated(t *testing.T) {
	for _, size := range []int{1, 64, 65_600, 1 << 20} {
		p := pool(t, 2, 64, mempool.Config{PrivateSize: size, CacheSize: 1})
		require.GreaterOrEqual(t, p.PrivateSize(), size)
		require.Less(t, p.PrivateSize(), size+64)
		require.Len(t, p.Private(), p.PrivateSize())
		for i := range p.Private() {
			p.Private()[i] = byte(i * 7)
		}
		q, err := mempool.Lookup(p.Name())
		require.NoError(t, err)
		require.Equal(t, p.Private(), q.Private())
		c := cache(t, p, 1) // the area does not overlap the caches of lcores
		o, ok := c.Get()
		require.True(t, ok)
		c.Put(o)
		lcore, err := p.LcoreCache(cgo.MaxLcore - 1)
		require.NoError(t, err)
		require.Zero(t, lcore.Len())
		require.Equal(t, 1, lcore.Size())
	}
	assert.Nil(t, pool(t, 2, 64, mempool.Config{}).Private())
}

func TestLookupFindsTheCreatedPool(t *testing.T) {
	p := pool(t, 12, 345, mempool.Config{CacheSize: 3, PrivateSize: 5})
	q, err := mempool.Lookup(p.Name())
	require.NoError(t, err)
	assert.Equal(t, p.Pointer(), q.Pointer())
	assert.Equal(t, 12, q.Size())
	assert.Equal(t, 352, q.ElemSize())
	assert.Equal(t, 3, q.CacheSize())
	assert.Equal(t, p.Socket(), q.Socket())
	assert.Equal(t, dpdk.AnySocket, q.Socket())
	o, ok := q.Get()
	require.True(t, ok)
	assert.Equal(t, 1, p.InUse())
	p.Put(o)

	_, err = mempool.ByObject(mempool.Object{})
	assert.ErrorIs(t, err, dpdk.ErrInvalid)

	_, err = mempool.Lookup("none such")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.ErrorContains(t, err, "none such")
	_, err = mempool.Lookup("")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestListReturnsAllPools(t *testing.T) {
	var names []string
	for range 20 { // more than the first buffer of the walk
		names = append(names, pool(t, 3, 64, mempool.Config{}).Name())
	}
	empty, err := mempool.CreateEmpty(name(), 5, 64, mempool.Config{CacheSize: 2})
	require.NoError(t, err)
	defer empty.Free()
	infos, err := mempool.List()
	require.NoError(t, err)
	byName := map[string]mempool.Info{}
	for _, i := range infos {
		byName[i.Name] = i
	}
	for _, n := range names {
		i := byName[n]
		assert.Equal(t, 3, i.Size)
		assert.Equal(t, 3, i.Populated)
		assert.Equal(t, 3, i.Available)
		assert.Equal(t, "lf_stack", i.Ops)
		assert.Equal(t, 64, i.ElemSize)
		assert.Positive(t, i.Chunks)
	}
	i := byName[empty.Name()]
	same, err := empty.Info()
	require.NoError(t, err)
	assert.Equal(t, i, same)
	assert.Equal(t, mempool.Info{Name: empty.Name(), Ops: "lf_stack", Size: 5, CacheSize: 2, ElemSize: 64,
		HeaderSize: i.HeaderSize, TrailerSize: i.TrailerSize, Flags: mempool.NonIO}, i)
}

func TestEmptyPoolIsPopulatedOnce(t *testing.T) {
	for _, ops := range []string{"stack", "ring_mp_mc"} {
		p, err := mempool.CreateEmpty(name(), 30, 64, mempool.Config{})
		require.NoError(t, err)
		assert.Equal(t, "lf_stack", p.OpsName())

		_, ok := p.Get()
		assert.False(t, ok, "no objects yet")
		assert.Zero(t, p.Available())
		assert.True(t, p.Empty())
		_, err = p.Dump()
		assert.ErrorIs(t, err, dpdk.ErrInvalid, "C would crash")
		c, err := p.NewCache(4)
		require.NoError(t, err)
		_, ok = c.Get()
		assert.False(t, ok)
		for range p.All() {
			t.Error("the pool has no objects")
		}
		chunks, err := p.Chunks()
		require.NoError(t, err)
		assert.Empty(t, chunks)

		err = p.SetOps("no_such_ops")
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
		assert.ErrorContains(t, err, "ring_mp_mc", "the known ops")
		require.NoError(t, p.SetOps(ops))
		assert.Equal(t, ops, p.OpsName())
		n, err := p.PopulateDefault()
		require.NoError(t, err)
		assert.Equal(t, 30, n)

		assert.ErrorIs(t, p.SetOps("ring_mp_mc"), dpdk.ErrExist)
		_, err = p.PopulateDefault()
		assert.ErrorIs(t, err, dpdk.ErrExist)
		_, err = p.PopulateAnonymous()
		assert.ErrorIs(t, err, dpdk.ErrExist)
		p.PutBulk(all(t, p))
		o, ok := c.Get()
		assert.True(t, ok, "caches made before see the objects")
		c.Put(o)
		require.NoError(t, c.Close())
		assert.True(t, p.Full())
		require.NoError(t, p.Free())
	}
}

func TestPopulateAnonymous(t *testing.T) {
	p, err := mempool.CreateEmpty(name(), 30, 64, mempool.Config{NoIOVAContiguous: true})
	require.NoError(t, err)
	n, err := p.PopulateAnonymous()
	require.NoError(t, err)
	assert.Equal(t, 30, n)
	p.PutBulk(all(t, p))
	q, err := mempool.Lookup(p.Name())
	require.NoError(t, err, "this process has the memory")
	require.NoError(t, q.Free())
	assert.ErrorIs(t, p.Free(), dpdk.ErrNotFound)
}

func TestOpsOfAnotherOrderAreRefused(t *testing.T) {
	ops, err := mempool.Ops()
	require.NoError(t, err)
	require.Contains(t, ops, "ring_mp_mc")
	require.Contains(t, ops, "stack")

	rings := mempool.Config{Ops: "ring_mp_mc"}
	p := pool(t, 3, 64, rings)
	zone, err := memzone.Lookup(mempool.OpsZone)
	require.NoError(t, err, "published by the first Create")
	text := string(zone.Bytes())
	for _, n := range ops {
		require.Contains(t, text, n+"\x00")
	}
	o, ok := p.Get()
	require.True(t, ok)
	defer p.Put(o)
	// Another process, in which ring_mp_mc has the number that stack has here.
	at := strings.Index(text, "ring_mp_mc\x00")
	require.Positive(t, at)
	copy(zone.Bytes()[at:], "stack\x00")
	defer copy(zone.Bytes()[at:], "ring_mp_mc\x00")
	for what, f := range map[string]func() error{
		"lookup": func() error { _, err := mempool.Lookup(p.Name()); return err },
		"object": func() error { _, err := mempool.ByObject(o); return err },
		"create": func() error { _, err := mempool.Create(name(), 3, 64, rings); return err },
		"empty":  func() error { _, err := mempool.CreateEmpty(name(), 3, 64, rings); return err },
	} {
		err := f()
		assert.ErrorIs(t, err, dpdk.ErrInvalid, what)
		assert.ErrorContains(t, err, `"ring_mp_mc" here`, what)
		assert.ErrorContains(t, err, `"stack" in`, what)
	}
	q, err := mempool.Create(name(), 3, 64, mempool.Config{Ops: "lf_stack"})
	require.NoError(t, err, "other ops agree")
	require.NoError(t, q.Free())
}

// A pool needs more than EAL may take, however much the machine has free.
var _ = harness.Role("poor", func([]string) error {
	cfg := harness.Config(0)
	cfg.Extra = append(cfg.Extra, "--socket-limit=64")
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	first, err := mempool.Create("first", 1, 64, mempool.Config{}) // it makes what all pools share
	if err != nil {
		return err
	}
	before, err := memzone.List()
	if err != nil {
		return err
	}
	if p, err := mempool.Create("bad", 1<<13, 1<<14, mempool.Config{}); p != nil || !errors.Is(err, dpdk.ErrNoMemory) {
		return fmt.Errorf("of more than the memory: %v, %v", p, err)
	}
	if after, err := memzone.List(); err != nil || !slices.Equal(before, after) {
		return fmt.Errorf("%v before, %v after, %v", before, after, err)
	}
	if _, err = mempool.Lookup("bad"); !errors.Is(err, dpdk.ErrNotFound) {
		return fmt.Errorf("something was left: %v", err)
	}
	p, err := mempool.Create("good", 1<<11, 1<<14, mempool.Config{}) // of half of the memory
	if err != nil {
		return err
	}
	return errors.Join(p.Free(), first.Free(), rt.Close())
})

func TestCreateOfMoreThanTheMemoryLeavesNothing(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	harness.Start(t, "poor").Wait()
}

func TestBadInputIsRefused(t *testing.T) {
	long := strings.Repeat("x", mempool.MaxName+1)
	for _, tc := range []struct {
		why, name       string
		count, elemSize int
		cfg             mempool.Config
		want            error
	}{
		{"count 0", "bad", 0, 64, mempool.Config{}, dpdk.ErrInvalid},
		{"negative count", "bad", -1, 64, mempool.Config{}, dpdk.ErrInvalid},
		{"huge count", "bad", math.MaxInt, 64, mempool.Config{}, dpdk.ErrInvalid},
		{"count that C's int would make 1", "bad", 1<<32 + 1, 64, mempool.Config{}, dpdk.ErrInvalid},
		{"element size 0", "bad", 1, 0, mempool.Config{}, dpdk.ErrInvalid},
		{"negative element size", "bad", 1, -64, mempool.Config{}, dpdk.ErrInvalid},
		{"huge element size", "bad", 1, 1<<32 + 64, mempool.Config{}, dpdk.ErrInvalid},
		{"negative cache", "bad", 1000, 64, mempool.Config{CacheSize: -1}, dpdk.ErrInvalid},
		{"cache over the limit", "bad", 10000, 64, mempool.Config{CacheSize: 513}, dpdk.ErrInvalid},
		{"cache over two thirds", "bad", 100, 64, mempool.Config{CacheSize: 68}, dpdk.ErrInvalid},
		{"negative private size", "bad", 1, 64, mempool.Config{PrivateSize: -1}, dpdk.ErrInvalid},
		{"huge private size", "bad", 1, 64, mempool.Config{PrivateSize: 1<<32 + 64}, dpdk.ErrInvalid},
		{"negative socket", "bad", 1, 64, mempool.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid},
		{"unknown ops", "bad", 1, 64, mempool.Config{Ops: "nothing"}, dpdk.ErrInvalid},
		{"ops with NUL", "bad", 1, 64, mempool.Config{Ops: "ring_mp_mc\x00"}, dpdk.ErrInvalid},
		{"no name", "", 1, 64, mempool.Config{}, dpdk.ErrInvalid},
		{"name with NUL", "a\x00b", 1, 64, mempool.Config{}, dpdk.ErrInvalid},
		{"long name", long, 1, 64, mempool.Config{}, dpdk.ErrNameTooLong},
	} {
		t.Run(tc.why, func(t *testing.T) {
			before, err := memzone.List()
			require.NoError(t, err)
			p, err := mempool.Create(tc.name, tc.count, tc.elemSize, tc.cfg)
			assert.ErrorIs(t, err, tc.want)
			assert.Nil(t, p)
			p, err = mempool.CreateEmpty(tc.name, tc.count, tc.elemSize, tc.cfg)
			assert.ErrorIs(t, err, tc.want)
			assert.Nil(t, p)
			after, err := memzone.List()
			require.NoError(t, err)
			assert.Equal(t, before, after, "nothing is left of it")
			_, err = mempool.Lookup("bad")
			assert.ErrorIs(t, err, dpdk.ErrNotFound)
		})
	}
	_, err := mempool.Create("bad", 1, 64, mempool.Config{Ops: "nothing"})
	assert.ErrorContains(t, err, "ring_mp_mc", "the known ops")
	_, err = mempool.Create("bad", 100, 64, mempool.Config{CacheSize: 68})
	assert.ErrorContains(t, err, "at most 67", "the largest size")

	longest, err := mempool.Create(long[1:], 3, 64, mempool.Config{CacheSize: 2})
	require.NoError(t, err, "the longest name and the largest cache")
	_, err = mempool.Create(long[1:], 3, 64, mempool.Config{})
	assert.ErrorIs(t, err, dpdk.ErrExist)
	require.NoError(t, longest.Free())
}

func TestNilAndEmptyArgumentsAreSafe(t *testing.T) {
	for _, ops := range []string{"ring_mp_mc", "stack"} {
		p := pool(t, 20, 64, mempool.Config{Ops: ops})
		c := cache(t, p, 4)
		for _, objs := range [][]mempool.Object{nil, {}} {
			assert.True(t, p.GetBulk(objs))
			assert.True(t, c.GetBulk(objs))
			p.PutBulk(objs)
			c.PutBulk(objs)
		}
		assert.True(t, mempool.GetN(c, nil, 0))
		assert.False(t, mempool.GetN(c, nil, -1))
		assert.False(t, mempool.GetN(p, nil, -1))
		assert.False(t, mempool.GetN(p, nil, math.MinInt))
		mempool.PutN(c, nil, -1)
		mempool.PutN(p, nil, -1)
		assert.False(t, mempool.GetN(p, nil, math.MaxInt))
		assert.False(t, mempool.GetN(c, nil, 1<<32))
		assert.Nil(t, p.Bytes(mempool.Object{}))
		assert.Equal(t, mempool.NoIOVA, p.IOVA(mempool.Object{}))
		assert.False(t, p.Owns(mempool.Object{}))
		assert.Nil(t, mempool.Object{}.Pointer())
		assert.Nil(t, p.DefaultCache(), "a goroutine is not an lcore")
	}
}

func TestFreedHandleDoesNothing(t *testing.T) {
	p, err := mempool.Create(name(), 40, 64, mempool.Config{CacheSize: 8, PrivateSize: 8})
	require.NoError(t, err)
	c, err := p.NewCache(8)
	require.NoError(t, err)
	l, err := p.LcoreCache(1)
	require.NoError(t, err)
	objs := make([]mempool.Object, 4)
	require.True(t, c.GetBulk(objs[:2]))
	require.True(t, l.GetBulk(objs[2:]))
	require.NoError(t, p.Free(), "also with objects out")

	assert.ErrorIs(t, p.Free(), dpdk.ErrNotFound)
	for _, u := range []interface {
		Get() (mempool.Object, bool)
		GetBulk([]mempool.Object) bool
		Put(mempool.Object)
		PutBulk([]mempool.Object)
	}{p, c, l} {
		_, ok := u.Get()
		assert.False(t, ok)
		assert.False(t, u.GetBulk(make([]mempool.Object, 3)))
		u.Put(objs[0])
		u.PutBulk(objs)
		u.PutBulk(nil)
	}
	assert.Zero(t, c.Len())
	c.Flush()
	l.Flush()
	assert.NoError(t, c.Close(), "the pool freed it")
	assert.Zero(t, p.Available())
	assert.Zero(t, p.InUse())
	assert.False(t, p.Full())
	assert.Nil(t, p.Private())
	assert.Nil(t, p.Pointer())
	assert.Nil(t, p.Bytes(objs[0]))
	assert.Nil(t, p.DefaultCache())
	_, err = p.NewCache(4)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = p.LcoreCache(0)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = p.Dump()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = p.Chunks()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = p.PopulateDefault()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.ErrorIs(t, p.SetOps("stack"), dpdk.ErrNotFound)
	assert.ErrorIs(t, p.Audit(), dpdk.ErrNotFound)
	_, err = p.Info()
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	for range p.All() {
		t.Error("a freed pool has no objects")
	}
}

func TestFreeOfAStaleHandleLeavesTheNewPoolAlone(t *testing.T) {
	n := name()
	p, err := mempool.Create(n, 3, 64, mempool.Config{})
	require.NoError(t, err)
	stale, err := mempool.Lookup(n)
	require.NoError(t, err)
	require.NoError(t, p.Free())
	assert.ErrorIs(t, stale.Free(), dpdk.ErrNotFound)
}

func TestFreeGivesAllMemoryBack(t *testing.T) {
	cycle := func() {
		p, err := mempool.Create("cycle", 1000, 512, mempool.Config{CacheSize: 32})
		require.NoError(t, err)
		_, err = p.NewCache(64)
		require.NoError(t, err)
		require.NoError(t, p.Free(), "frees the cache too")
	}
	cycle()
	zones, err := memzone.List()
	require.NoError(t, err)
	used := cgoUsed(t)
	for range 50 {
		cycle()
	}
	after, err := memzone.List()
	require.NoError(t, err)
	assert.Equal(t, zones, after)
	assert.Equal(t, used, cgoUsed(t))
}

// cgoUsed returns the number of bytes in use on the heap of DPDK.
func cgoUsed(t *testing.T) (n uint64) {
	for _, s := range cgo.Sockets() {
		stats, errno := cgo.MallocSocketStats(s)
		require.Zero(t, errno)
		n += stats.Allocated
	}
	return n
}

func TestAuditAndDump(t *testing.T) {
	p := pool(t, 60, 64, mempool.Config{CacheSize: 16})
	require.NoError(t, p.Audit())
	text, err := p.Dump()
	require.NoError(t, err)
	assert.Contains(t, text, "mempool <"+p.Name()+">")
	assert.Contains(t, text, "size=60")

	l, err := p.LcoreCache(3)
	require.NoError(t, err)
	length := (*uint32)(unsafe.Add(cgo.MempoolDescribe(p.Pointer()).Caches, 3*cgo.MempoolCacheSizeof+cgo.MempoolCacheLen))
	*length = 1 << 20
	require.Equal(t, 1<<20, l.Len())
	err = p.Audit() // C would end the process
	assert.ErrorIs(t, err, linux.EUCLEAN)
	assert.ErrorContains(t, err, "lcore 3")
	_, err = p.Dump()
	assert.ErrorIs(t, err, linux.EUCLEAN)
	*length = 0
}

// With relaxed tails a put can find the ring full for a moment although the objects fit:
// another thread in an earlier get keeps the tail back. C loses the objects in this case.
func TestPutsWaitForRelaxedTails(t *testing.T) {
	p := pool(t, 7, 64, mempool.Config{Ops: "ring_mt_rts"}) // as many objects as the ring has room
	leave := p.EnterGet()
	objs := make([]mempool.Object, 7)
	require.True(t, p.GetBulk(objs))
	put := make(chan struct{})
	go func() {
		defer close(put)
		p.PutBulk(objs)
	}()
	for range 1000 {
		runtime.Gosched()
	}
	leave()
	<-put
	require.Equal(t, p.Size(), p.Available())
}

func TestObjectsPassThroughRings(t *testing.T) {
	p, err := mempool.Create("sent objects", 63, 64, mempool.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Free()) }()
	untyped, err := ring.CreateUntyped("of objects", 8, 64, ring.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, untyped.Free()) }()
	r, err := ring.Lookup[mempool.Object]("of objects")
	require.NoError(t, err)
	addresses, err := ring.Lookup[uintptr]("of objects") // as C sees it
	require.NoError(t, err)

	for range 3 * r.Capacity() {
		o, ok := p.Get()
		require.True(t, ok)
		copy(p.Bytes(o), "text")
		require.True(t, r.Enqueue(o))
		got, ok := r.Dequeue()
		require.True(t, ok)
		assert.Equal(t, o, got)
		assert.True(t, p.Owns(got))
		require.True(t, r.Enqueue(got))
		address, ok := addresses.Dequeue()
		require.True(t, ok)
		assert.Equal(t, uintptr(o.Pointer()), address)
		p.Put(got)
	}
	assert.True(t, p.Full())
}

// The parts of a pool and of a ring can be looked up. They cannot be freed.
func TestPartsOfAPoolCannotBeFreed(t *testing.T) {
	p, err := mempool.Create("whole", 63, 64, mempool.Config{Ops: "ring_mp_mc"})
	require.NoError(t, err)
	r, err := ring.Lookup[uintptr]("MP_whole")
	require.NoError(t, err)
	require.ErrorIs(t, r.Free(), dpdk.ErrBusy)
	for _, name := range []string{"RG_MP_whole", "MP_whole", "MP_whole_0"} {
		z, err := memzone.Lookup(name)
		require.NoError(t, err, name)
		err = z.Free()
		require.ErrorIs(t, err, dpdk.ErrBusy, name)
		assert.Contains(t, err.Error(), "free that", name)
	}
	other, err := memzone.Reserve("MP_whole7", 64, memzone.Config{})
	require.NoError(t, err)
	require.NoError(t, other.Free(), "not a part of it")
	require.True(t, p.Full())
	require.NoError(t, p.Free())
	require.ErrorIs(t, r.Free(), dpdk.ErrNotFound)
}
