package ring_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/build"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

// steps is how many random operations each ring sees.
func steps() int {
	if build.Race || testing.Short() {
		return 5_000
	}
	return 100_000
}

// Rings of all kinds of elements and all pairs of modes do at random what a ring can do, beside
// a model: the numbers of the element that came in last and went out last.
func TestRandomOperationsAgainstAModel(t *testing.T) {
	rng := harness.Random(t)
	for kind, run := range map[string]func(*testing.T, *rand.Rand, ring.Config){
		"uint32": randomly[uint32], "int32": randomly[int32], "float32": randomly[float32],
		"uint64": randomly[uint64], "int64": randomly[int64], "float64": randomly[float64],
		"uintptr": randomly[uintptr], "complex64": randomly[complex64], "complex128": randomly[complex128],
		"4 bytes": randomly[[4]byte], "8 bytes": randomly[[8]byte], "12 bytes": randomly[[12]byte],
		"16 bytes": randomly[[16]byte], "100 bytes": randomly[[100]byte],
		"8 of 2 bytes": randomly[[8]uint16], "5 words": randomly[[5]uint32], "6 words": randomly[[6]uint32],
		"7 words": randomly[[7]uint32], "16 words": randomly[[16]uint32], "33 words": randomly[[33]uint32],
		"3 double words": randomly[[3]uint64],
		"a struct": randomly[struct {
			A uint64
			B uint32
			C uint16
			_ uint16
		}],
		"a struct of structs": randomly[[3]struct{ A, B uint32 }],
	} {
		for _, prod := range syncs {
			for _, cons := range syncs {
				t.Run(fmt.Sprintf("%s, %v to %v", kind, prod, cons), func(t *testing.T) {
					run(t, rng, ring.Config{Producer: prod, Consumer: cons})
				})
			}
		}
	}
}

// model is a ring beside the numbers of its elements: those from out to in-1 are in it.
type model[T any] struct {
	t       *testing.T
	r       *ring.Ring[T]
	in, out uint32
	buf     []T
}

func randomly[T any](t *testing.T, rng *rand.Rand, cfg ring.Config) {
	count := 1 << (1 + rng.IntN(5))
	if cfg.ExactSize = rng.IntN(2) == 0; cfg.ExactSize {
		count = 1 + rng.IntN(40)
	}
	r, err := ring.Create[T](name(), count, cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Free()) }()
	m := &model[T]{t: t, r: r, buf: make([]T, 64)}
	reserve := cfg.Producer == ring.Single || cfg.Producer == ring.HTS
	peek := cfg.Consumer == ring.Single || cfg.Consumer == ring.HTS
	for i := range steps() {
		bulk, n := rng.IntN(2) == 0, rng.IntN(r.Capacity()+2)
		switch op := rng.IntN(10); {
		case op == 0:
			var one T
			m.number(&one, m.in)
			if ok := r.Enqueue(one); m.same(ok, m.room() > 0, "enqueue") && ok {
				m.in++
			}
		case op == 1:
			one, ok := r.Dequeue()
			if m.same(ok, m.len() > 0, "dequeue") && ok {
				m.taken(&one)
			}
		case op < 5:
			m.enqueue(n, bulk, i%2 == 0)
		case op < 8:
			m.dequeue(n, bulk, i%2 == 0)
		case op == 8 && reserve:
			m.reserve(n, bulk, rng)
		case op == 9 && peek:
			m.peek(n, bulk, rng)
		}
		if i%16 == 0 {
			m.check()
		}
	}
	m.check()
}

func (m *model[T]) len() int  { return int(m.in - m.out) }
func (m *model[T]) room() int { return m.r.Capacity() - m.len() }

func (m *model[T]) enqueue(n int, bulk, counted bool) {
	objs := m.buf[:n]
	for i := range objs {
		m.number(&objs[i], m.in+uint32(i))
	}
	left := m.room() - moved(n, m.room(), bulk)
	var done int
	switch {
	case counted && bulk:
		done, left = m.r.EnqueueBulkFree(objs)
	case counted:
		done, left = m.r.EnqueueBurstFree(objs)
	case bulk:
		done = m.r.EnqueueBulk(objs)
	default:
		done = m.r.EnqueueBurst(objs)
	}
	m.same(done, moved(n, m.room(), bulk), "enqueue of several")
	m.in += uint32(done)
	m.same(left, m.room(), "the room that is left")
}

func (m *model[T]) dequeue(n int, bulk, counted bool) {
	objs := m.buf[:n]
	left := m.len() - moved(n, m.len(), bulk)
	var done int
	switch {
	case counted && bulk:
		done, left = m.r.DequeueBulkAvailable(objs)
	case counted:
		done, left = m.r.DequeueBurstAvailable(objs)
	case bulk:
		done = m.r.DequeueBulk(objs)
	default:
		done = m.r.DequeueBurst(objs)
	}
	m.same(done, moved(n, m.len(), bulk), "dequeue of several")
	for i := range objs[:done] {
		m.taken(&objs[i])
	}
	m.same(left, m.len(), "the elements that are left")
}

func (m *model[T]) reserve(n int, bulk bool, rng *rand.Rand) {
	f := m.r.ReserveBurst
	if bulk {
		f = m.r.ReserveBulk
	}
	span, err := f(n)
	m.same(err, nil, "reserve")
	m.same(span.Len(), moved(n, m.room(), bulk), "reserve")
	keep := rng.IntN(span.Len() + 1)
	for i := range keep {
		m.number(span.At(i), m.in+uint32(i))
	}
	if span.Len() > 0 {
		m.same(m.r.Commit(span.Len()+1) != nil, true, "commit of more than was reserved")
		m.same(m.r.Commit(keep), nil, "commit")
		m.in += uint32(keep)
	}
}

func (m *model[T]) peek(n int, bulk bool, rng *rand.Rand) {
	f := m.r.PeekBurst
	if bulk {
		f = m.r.PeekBulk
	}
	span, err := f(n)
	m.same(err, nil, "peek")
	m.same(span.Len(), moved(n, m.len(), bulk), "peek")
	take := rng.IntN(span.Len() + 1)
	for i := range take {
		m.taken(span.At(i))
	}
	if span.Len() > 0 {
		m.same(m.r.Consume(take), nil, "consume")
	}
}

// moved is how many of n elements go where there is room for some.
func moved(n, room int, bulk bool) int {
	if n > room && bulk {
		return 0
	}
	return min(n, room)
}

// number writes all words of element i.
func (m *model[T]) number(v *T, i uint32) {
	words := wordsOf(v)
	for k := range words {
		words[k] = i*2654435761 + uint32(k)
	}
}

// taken is the next element, and all of it.
func (m *model[T]) taken(v *T) {
	for k, w := range wordsOf(v) {
		if w != m.out*2654435761+uint32(k) {
			m.t.Fatalf("element %d has the word %#x at %d", m.out, w, k)
		}
	}
	m.out++
}

func wordsOf[T any](v *T) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(v)), unsafe.Sizeof(*v)/4)
}

func (m *model[T]) same(got, want any, what string) bool {
	if got != want {
		m.t.Helper()
		m.t.Fatalf("%s: %v, want %v, with %d of %d elements in it", what, got, want, m.len(), m.r.Capacity())
	}
	return true
}

func (m *model[T]) check() {
	m.t.Helper()
	m.same(m.r.Len(), m.len(), "Len")
	m.same(m.r.FreeLen(), m.room(), "FreeLen")
	m.same(m.r.Empty(), m.len() == 0, "Empty")
	m.same(m.r.Full(), m.room() == 0, "Full")
}
