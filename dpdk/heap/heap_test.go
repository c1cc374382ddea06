package heap_test

import (
	"errors"
	"fmt"
	"log"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/heap"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m) }

func alloc(t *testing.T, size int, cfg heap.Config) *heap.Block {
	t.Helper()
	b, err := heap.Alloc(size, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := b.Free(); !errors.Is(err, dpdk.ErrNotFound) {
			assert.NoError(t, err)
		}
	})
	return b
}

func TestArgumentsAreChecked(t *testing.T) {
	for _, test := range []struct {
		size int
		cfg  heap.Config
		want error
		says string
	}{
		{0, heap.Config{}, dpdk.ErrInvalid, "the size is 0"},
		{-1, heap.Config{}, dpdk.ErrInvalid, "the size is -1"},
		{1, heap.Config{Align: 3}, dpdk.ErrInvalid, "Align is 3"},
		{1, heap.Config{Align: -64}, dpdk.ErrInvalid, "Align is -64"},
		{1, heap.Config{Align: 1 << 31}, dpdk.ErrInvalid, "Align"},
		{1, heap.Config{Socket: dpdk.Socket(-1)}, dpdk.ErrInvalid, "socket"},
		{1, heap.Config{Socket: dpdk.Socket(99)}, dpdk.ErrNoMemory, ""},
		{1 << 42, heap.Config{}, dpdk.ErrNoMemory, ""},
		{1<<46 + 1, heap.Config{}, dpdk.ErrInvalid, "at most"},
		{math.MaxInt, heap.Config{}, dpdk.ErrInvalid, "at most"},
	} {
		_, err := heap.Alloc(test.size, test.cfg)
		require.ErrorIs(t, err, test.want, test)
		assert.ErrorContains(t, err, test.says)
	}
	all, err := heap.List()
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestBlocksAreClearedAlignedAndApart(t *testing.T) {
	r := harness.Random(t)
	for range 20 {
		var all []*heap.Block
		for range 50 {
			size, align := 1+r.IntN(5000), 1<<r.IntN(14)
			b, err := heap.Alloc(size, heap.Config{Align: align})
			require.NoError(t, err)
			assert.Zero(t, uintptr(b.Pointer())%uintptr(max(align, 64)))
			require.Len(t, b.Bytes(), size)
			for _, v := range b.Bytes() {
				require.Zero(t, v)
			}
			for i := range b.Bytes() {
				b.Bytes()[i] = byte(len(all) + 1)
			}
			all = append(all, b)
		}
		for i, b := range all {
			require.NoError(t, b.Validate())
			for _, v := range b.Bytes() {
				require.Equal(t, byte(i+1), v, "another block overlaps")
			}
			require.NoError(t, b.Free())
		}
	}
}

func TestFreeTwiceIsAnError(t *testing.T) {
	a := alloc(t, 100, heap.Config{})
	b, err := heap.Open(a.Ref())
	require.NoError(t, err)
	assert.Equal(t, a.Pointer(), b.Pointer())
	require.NoError(t, a.Free())
	require.ErrorIs(t, a.Free(), dpdk.ErrNotFound)
	require.ErrorIs(t, b.Free(), dpdk.ErrNotFound, "another handle")
	require.ErrorIs(t, b.Validate(), dpdk.ErrNotFound)
	assert.Nil(t, a.Bytes())
	_, err = heap.View[byte](a)
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = heap.Open(a.Ref())
	require.ErrorIs(t, err, dpdk.ErrNotFound)
	_, err = heap.Open(heap.Ref{})
	require.ErrorIs(t, err, dpdk.ErrNotFound)

	c := alloc(t, 100, heap.Config{}) // DPDK gives it the same memory
	require.ErrorIs(t, b.Free(), dpdk.ErrNotFound, "a stale handle does not free another block")
	require.NoError(t, c.Validate())
}

// The primary may still complete a Free that it has not answered in time, so the memory may be that of another block.
func TestFreeAfterATimeoutCanBeCalledAgain(t *testing.T) {
	for _, completes := range []bool{true, false} {
		b, err := heap.Alloc(100, heap.Config{})
		require.NoError(t, err)
		heap.LoseAnswer(completes)
		require.ErrorIs(t, b.Free(), dpdk.ErrTimeout)
		assert.Nil(t, b.Pointer(), "no longer used")
		assert.Nil(t, b.Bytes())
		require.ErrorIs(t, b.Validate(), dpdk.ErrNotFound)
		all, err := heap.List()
		require.NoError(t, err)
		assert.Equal(t, completes, !slices.Contains(all, b.Info()))
		require.NoError(t, b.Free(), "again")
		require.ErrorIs(t, b.Free(), dpdk.ErrNotFound)
		all, err = heap.List()
		require.NoError(t, err)
		assert.NotContains(t, all, b.Info())
	}
}

func TestOneOfManyFreesSucceeds(t *testing.T) {
	for range 50 {
		b := alloc(t, 100, heap.Config{})
		var freed atomic.Int64
		var wg sync.WaitGroup
		var handles [4]*heap.Block
		for i := range handles {
			own, err := heap.Open(b.Ref())
			require.NoError(t, err)
			handles[i] = own
		}
		for _, own := range handles {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := own.Free(); err == nil {
					freed.Add(1)
				} else {
					assert.ErrorIs(t, err, dpdk.ErrNotFound)
				}
			}()
		}
		wg.Wait()
		assert.EqualValues(t, 1, freed.Load())
		require.ErrorIs(t, b.Free(), dpdk.ErrNotFound)
	}
}

func TestViewsAreSlices(t *testing.T) {
	b := alloc(t, 100, heap.Config{})
	type pair struct {
		A uint32
		B uint64
	}
	pairs, err := heap.View[pair](b)
	require.NoError(t, err)
	assert.Len(t, pairs, 6)
	assert.Equal(t, 6, cap(pairs))
	pairs[1].B = 7
	assert.EqualValues(t, 7, b.Bytes()[24])
	all, err := heap.View[[100]byte](b)
	require.NoError(t, err)
	assert.Len(t, all, 1)
	_, err = heap.View[[101]byte](b)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "101 bytes, and the block 100")
	_, err = heap.View[struct{}](b)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	_, err = heap.View[*int](b)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestInfoAndList(t *testing.T) {
	a, b := alloc(t, 100, heap.Config{}), alloc(t, 200, heap.Config{Align: 4096})
	all, err := heap.List()
	require.NoError(t, err)
	assert.ElementsMatch(t, []heap.Info{a.Info(), b.Info()}, all)
	assert.Equal(t, 200, b.Info().Size)
	assert.EqualValues(t, uintptr(b.Pointer()), b.Ref().Address)
	assert.NotEqual(t, uint64(heap.NoIOVA), a.Info().IOVA)
	assert.Zero(t, a.Info().IOVA%64)
}

// "user" writes to a block of the primary, frees another one, and leaves one of its own.
var _ = harness.Role("user", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 7))
	if err != nil {
		return err
	}
	refs, err := ring.Lookup[heap.Ref]("refs")
	if err != nil {
		return err
	}
	first, _ := refs.Dequeue()
	second, _ := refs.Dequeue()
	a, err := heap.Open(first)
	if err != nil {
		return err
	}
	words, err := heap.View[uint64](a)
	if err != nil {
		return err
	}
	words[3] = words[2] + 1
	b, err := heap.Open(second)
	if err != nil {
		return err
	}
	err = b.Free()
	again := b.Free()
	own, err2 := heap.Alloc(64, heap.Config{})
	if err2 != nil {
		return err2
	}
	copy(own.Bytes(), "of a secondary")
	refs.Enqueue(own.Ref())
	harness.Say("freed %v %v %v", err, errors.Is(again, dpdk.ErrNotFound), own.Validate())
	harness.Hear()
	return rt.Close()
})

func TestAnotherProcessUsesAndFreesBlocks(t *testing.T) {
	refs, err := ring.Create[heap.Ref]("refs", 16, ring.Config{})
	require.NoError(t, err)
	a, b := alloc(t, 64, heap.Config{}), alloc(t, 64, heap.Config{})
	words, err := heap.View[uint64](a)
	require.NoError(t, err)
	words[2] = 41
	require.True(t, refs.Enqueue(a.Ref()))
	require.True(t, refs.Enqueue(b.Ref()))
	c := harness.Start(t, "user", ealtest.Runtime().FilePrefix())
	assert.Equal(t, "<nil> true <nil>", c.Expect("freed"))
	c.Kill()
	assert.EqualValues(t, 42, words[3])
	require.ErrorIs(t, b.Free(), dpdk.ErrNotFound)
	ref, ok := refs.Dequeue()
	require.True(t, ok)
	left, err := heap.Open(ref)
	require.NoError(t, err, "it lives longer than its process")
	assert.Equal(t, "of a secondary", string(left.Bytes()[:14]))
	require.NoError(t, left.Free())
	require.NoError(t, refs.Free())
	all, err := heap.List()
	require.NoError(t, err)
	assert.Equal(t, []heap.Info{a.Info()}, all)
}

func TestAZeroBlockIsLikeAFreedOne(t *testing.T) {
	var b heap.Block
	assert.Nil(t, b.Bytes())
	assert.Nil(t, b.Pointer())
	require.ErrorIs(t, b.Free(), dpdk.ErrNotFound)
	require.ErrorIs(t, b.Validate(), dpdk.ErrNotFound)
	assert.EqualValues(t, 16, unsafe.Sizeof(b.Ref()))
}

func ExampleAlloc() {
	type slot struct{ price, quantity atomic.Uint64 }
	b, err := heap.Alloc(1024*int(unsafe.Sizeof(slot{})), heap.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Free()
	slots, err := heap.View[slot](b)
	if err != nil {
		log.Fatal(err)
	}
	slots[7].price.Store(100)
	slots[7].quantity.Store(2)

	other, err := heap.Open(b.Ref()) // in another process, to which a ring has brought the Ref
	if err != nil {
		log.Fatal(err)
	}
	same, err := heap.View[slot](other)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(same), same[7].price.Load(), same[7].quantity.Load())
	// Output: 1024 100 2
}
