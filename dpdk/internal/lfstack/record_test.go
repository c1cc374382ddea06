//go:build amd64 && !purego && !race && godpdk_debug

package lfstack

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
)

// memory is a stack and a table of records in memory of this process.
type memory struct {
	words []uint64
	Stack
	table Table
}

// newMemory makes a stack of n pointers, which are 1 to n.
func newMemory(n int) *memory {
	const head = (cgo.StackElems - cgo.StackUsed) / 8 // words of the lists
	m := &memory{words: make([]uint64, 2+head+2*n+Records*Size/8)}
	start := unsafe.Pointer(&m.words[0])
	start = unsafe.Add(start, -uintptr(start)%16)
	m.Stack = Stack{(*list)(start), (*list)(unsafe.Add(start, cgo.StackFree-cgo.StackUsed))}
	elems := unsafe.Add(start, head*8)
	for i := range n {
		e := uint64(uintptr(unsafe.Add(elems, i*16)))
		m.free.push(nil, e, e, 1)
	}
	m.table = Table{unsafe.Add(elems, n*16)}
	m.table.Clear()
	for i := range uint64(n) {
		v := i + 1
		m.Push(nil, unsafe.Pointer(&v), 1)
	}
	return m
}

// cache is what an rte_mempool_cache has.
type cache struct {
	objs [64]uint64
	n    int
	rec  *Record
}

func (c *cache) start() unsafe.Pointer { return unsafe.Pointer(&c.objs[0]) }

func (c *cache) fill(m *memory, n int) {
	c.rec.Begin(&m.Stack, n, false, true)
	if m.Pop(c.rec, c.start(), n) {
		c.n = n
		Reach("filled")
	}
	c.rec.End()
}

func (c *cache) flush(m *memory) {
	n := c.n
	c.rec.Begin(&m.Stack, n, true, true)
	c.n = 0
	m.Push(c.rec, c.start(), n)
	c.rec.End()
}

func (c *cache) settle() {
	if n, inCache := c.rec.Settle(); inCache {
		c.n = n
	}
}

// check fails unless each of n objects is in the stack or in one of the caches, once.
func (m *memory) check(t *testing.T, n int, caches ...*cache) {
	t.Helper()
	var all []uint64
	for _, c := range caches {
		all = append(all, c.objs[:c.n]...)
	}
	require.EqualValues(t, n-len(all), m.used.len.value, "the length")
	require.EqualValues(t, len(all), m.free.len.value, "the length of the free list")
	for e := m.used.head.value; e != 0; e = at(e).next {
		all = append(all, at(e).data)
	}
	free := 0
	for e := m.free.head.value; e != 0; e = at(e).next {
		free++
	}
	require.Equal(t, int(m.free.len.value), free, "free entries")
	slices.Sort(all)
	for i := range all {
		require.EqualValues(t, i+1, all[i], "objects: %d", all)
	}
	require.Len(t, all, n)
}

var points = []string{"begun", "before reserve", "after reserve", "before unlink", "after unlink", "before link", "after link", "before count", "after count"}

// dieAt runs f in a goroutine that ends at a point.
func dieAt(t *testing.T, point string, f func()) {
	reached := false
	Point = func(at string) {
		if at == point {
			reached = true
			runtime.Goexit()
		}
	}
	defer func() { Point = func(string) {} }()
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
	require.True(t, reached, point)
}

// Between the death and Settle nobody, a thread without a record, or one with a record uses the stack.
// The last takes the victim's tags away.
func TestSettleAtEachPoint(t *testing.T) {
	others := map[string]func(m *memory, c *cache){
		"nobody": func(*memory, *cache) {},
		"C": func(m *memory, _ *cache) {
			var objs [3]uint64
			require.True(t, m.Pop(nil, unsafe.Pointer(&objs[0]), 3))
			require.True(t, m.Push(nil, unsafe.Pointer(&objs[0]), 3))
		},
		"another":        func(m *memory, c *cache) { c.fill(m, 5); c.flush(m) },
		"one that stays": func(m *memory, c *cache) { c.fill(m, 5) },
		"another that dies": func(m *memory, c *cache) {
			dieAt(t, "after unlink", func() { c.fill(m, 5) })
			c.settle()
		},
	}
	for name, other := range others {
		for _, put := range []bool{false, true} {
			for _, point := range append(points, "filled") {
				for odd := range uint64(2) {
					if !put || point != "filled" {
						t.Run(fmt.Sprintf("%s, put %v, %s, %d", name, put, point, odd), func(t *testing.T) {
							settleAt(t, point, put, odd, other)
						})
					}
				}
			}
		}
	}
}

func settleAt(t *testing.T, point string, put bool, odd uint64, other func(m *memory, c *cache)) {
	const n = 40
	m := newMemory(n)
	victim, neighbour := &cache{rec: m.table.At(1)}, &cache{rec: m.table.At(2)}
	victim.fill(m, 8)
	if !put {
		victim.flush(m)
	}
	victim.rec.state += odd * attempt // the next attempts have the parity of the tags that are there
	dieAt(t, point, func() {
		if put {
			victim.flush(m)
		} else {
			victim.fill(m, 8)
		}
	})
	other(m, neighbour)
	require.True(t, victim.rec.Fits(&m.Stack, n, len(victim.objs)))
	victim.settle()
	require.True(t, victim.rec.Idle())
	m.check(t, n, victim, neighbour)
	if victim.n == 0 {
		victim.fill(m, 8)
	}
	victim.flush(m)
	m.check(t, n, victim, neighbour)
}

// What a record may hold that a process has overwritten.
func TestARecordThatCannotBeRightDoesNotFit(t *testing.T) {
	const n = 40
	for name, change := range map[string]func(r *Record){
		"from":        func(r *Record) { r.from += 64 },
		"to":          func(r *Record) { r.to = 0 },
		"put":         func(r *Record) { r.put = !r.put },
		"nothing":     func(r *Record) { r.n = 0 },
		"too many":    func(r *Record) { r.n = n + 1 },
		"no room":     func(r *Record) { r.n = 9 },
		"no entry":    func(r *Record) { r.first = 4096 },
		"in an entry": func(r *Record) { r.first += 8 },
	} {
		m := newMemory(n)
		victim := &cache{rec: m.table.At(1)}
		dieAt(t, "after unlink", func() { victim.fill(m, 8) })
		require.True(t, victim.rec.Fits(&m.Stack, n, 8))
		change(victim.rec)
		require.False(t, victim.rec.Fits(&m.Stack, n, 8), name)
	}
}

// A thread that is late to help an earlier change must not take the present attempt for it.
func TestHelpIgnoresAnEarlierChange(t *testing.T) {
	m := newMemory(40)
	victim, neighbour := &cache{rec: m.table.At(1)}, &cache{rec: m.table.At(2)}
	victim.fill(m, 8)
	earlier := m.used.len.mark >> tagShift
	neighbour.fill(m, 8)
	victim.flush(m)
	neighbour.flush(m)
	victim.rec.state += (1 ^ victim.rec.state/attempt ^ earlier) & 1 * attempt
	dieAt(t, "before reserve", func() { victim.fill(m, 8) })
	require.Equal(t, earlier, victim.rec.tag(victim.rec.state))
	neighbour.rec.help(&m.used.len, earlier)
	victim.settle()
	m.check(t, 40, victim, neighbour)
}

// Many use a small stack and die at random points, again and again. Each is settled while the others work.
func TestStormOfDeathsLosesAndDoublesNothing(t *testing.T) {
	const n, workers = 60, 5
	m := newMemory(n)
	var deaths atomic.Int32
	enough := int32(200_000)
	if testing.Short() {
		enough = 20_000
	}
	Point = func(string) {
		switch rand.IntN(40) {
		case 0:
			deaths.Add(1)
			runtime.Goexit()
		case 1, 2:
			runtime.Gosched()
		}
	}
	defer func() { Point = func(string) {} }()
	var caches [workers]cache
	var wg sync.WaitGroup
	for i := range caches {
		c := &caches[i]
		c.rec = m.table.At(i + 1)
		wg.Go(func() {
			for deaths.Load() < enough {
				var life sync.WaitGroup
				life.Go(func() {
					for deaths.Load() < enough {
						if c.n == 0 {
							c.fill(m, 1+rand.IntN(n/workers))
						} else {
							c.flush(m)
						}
					}
				})
				life.Wait()
				if !c.rec.Idle() {
					c.settle()
				}
			}
		})
	}
	wg.Go(func() { // C
		for deaths.Load() < enough {
			var objs [3]uint64
			if m.Pop(nil, unsafe.Pointer(&objs[0]), 3) {
				m.Push(nil, unsafe.Pointer(&objs[0]), 3)
			}
		}
	})
	wg.Wait()
	all := []*cache{}
	for i := range caches {
		all = append(all, &caches[i])
	}
	m.check(t, n, all...)
}
