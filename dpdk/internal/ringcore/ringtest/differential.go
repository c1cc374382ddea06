package ringtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/internal/ringcore"
	"github.com/stretchr/testify/require"
)

var (
	modes     = []ringcore.Sync{ringcore.Multi, ringcore.Single, ringcore.RTS, ringcore.HTS}
	elemSizes = []uint32{4, 8, 12, 16, 20, 64, 100}
	shapes    = []struct {
		count uint32
		exact bool
	}{{2, false}, {8, false}, {64, false}, {1, true}, {5, true}, {7, true}, {40, true}}
)

// Differential drives every ordered pair of implementations, the first one
// enqueueing and the second one dequeueing, with the same seeded script of bulk
// and burst operations, on one ring from mk for every element size, shape and
// pair of modes. After each operation it checks the results, the elements, the
// ring's words and slots and the bytes around the caller's buffers against a
// model. Positions start just below 2^32, so that they wrap.
func Differential(t *testing.T, mk Make, impls ...Impl) {
	for _, enq := range impls {
		for _, deq := range impls {
			t.Run(enq.Name+"→"+deq.Name, func(t *testing.T) {
				for _, prod := range modes {
					for _, cons := range modes {
						t.Run(fmt.Sprintf("%v→%v", prod, cons), func(t *testing.T) {
							for _, size := range elemSizes {
								for _, sh := range shapes {
									r := mk(t, size, sh.count, prod, cons, sh.exact)
									name := fmt.Sprintf("elements of %d bytes, count %d, exact %t", size, sh.count, sh.exact)
									newModel(t, name, r).drive(enq, deq)
								}
							}
						})
					}
				}
			})
		}
	}
}

const (
	opsPerRing = 40
	startPos   = 0xFFFFFFF0
	startCount = 0xFFFFFFFA // RTS counters: they wrap as well, and not into the position
)

// model is what a ring should be.
type model struct {
	t          *testing.T
	name       string
	r          *ringcore.Ring
	queue      []uint32 // the elements in the ring, by number
	next       uint32   // number of the next element to enqueue
	slots      []byte   // what the slots hold
	prod, cons side
	user       []byte // the caller's buffer, with guards around it
	want       []byte // what it should be
	log        string // the operation under way
}

type side struct {
	ht   *ringcore.HeadTail
	sync ringcore.Sync
	pos  uint32
	cnt  uint32 // RTS: operations that moved something
}

func newModel(t *testing.T, name string, r *ringcore.Ring) *model {
	m := &model{
		t: t, name: name, r: r,
		slots: make([]byte, int(r.Size)*int(r.ElemSize)),
		prod:  side{r.Prod, r.ProdSync, startPos, startCount},
		cons:  side{r.Cons, r.ConsSync, startPos, startCount},
		user:  make([]byte, 8+2*guardLen+int(r.Capacity+3)*int(r.ElemSize)),
	}
	m.want = make([]byte, len(m.user))
	for _, s := range []side{m.prod, m.cons} {
		s.ht.Head, s.ht.Tail = s.pos, s.pos
		if s.sync == ringcore.RTS {
			s.ht.Head, s.ht.RTSHead = s.cnt, word(s.cnt, s.pos)
		}
	}
	copy(m.slots, m.ringSlots())
	return m
}

func (m *model) drive(enq, deq Impl) {
	rng := rand.New(rand.NewPCG(1, uint64(m.r.ElemSize)))
	for i := range opsPerRing {
		// Every size from 0 to capacity + 3, the larger half less often.
		n := rng.Uint32N(m.r.Capacity + 4)
		if i%3 != 0 {
			n = rng.Uint32N(m.r.Capacity/2 + 2)
		}
		bulk := rng.IntN(2) == 0
		offset := guardLen + 4*rng.Uint32N(2) // elements need no more than 4-byte alignment
		if i == 0 {
			n, bulk = m.r.Capacity, true // once full
		}
		if i%2 == 0 {
			m.enqueue(enq, n, bulk, offset)
		} else {
			m.dequeue(deq, n, bulk, offset)
		}
	}
}

func (m *model) enqueue(impl Impl, n uint32, bulk bool, offset uint32) {
	free := m.r.Capacity - uint32(len(m.queue))
	want := take(n, free, bulk)
	m.log = fmt.Sprintf("enqueue %d of %d, bulk %t", n, free, bulk)

	m.clear()
	for i := range n {
		m.fill(m.user[offset+i*m.r.ElemSize:], m.next+i)
	}
	copy(m.want, m.user)
	done, left := impl.Enqueue(m.r, m.objs(n, offset), n, bulk)

	m.check(done == want, "done %d, not %d", done, want)
	m.check(left == free-want, "free %d, not %d", left, free-want)
	for i := range want {
		at := (m.prod.pos + i) & m.r.Mask
		m.fill(m.slots[at*m.r.ElemSize:], m.next+i)
		m.queue = append(m.queue, m.next+i)
	}
	m.next += want
	m.prod.moved(want)
	m.checkRing()
	m.check(bytes.Equal(m.user, m.want), "the source was written to")
}

func (m *model) dequeue(impl Impl, n uint32, bulk bool, offset uint32) {
	available := uint32(len(m.queue))
	want := take(n, available, bulk)
	m.log = fmt.Sprintf("dequeue %d of %d, bulk %t", n, available, bulk)

	m.clear()
	copy(m.want, m.user)
	done, left := impl.Dequeue(m.r, m.objs(n, offset), n, bulk)

	m.check(done == want, "done %d, not %d", done, want)
	m.check(left == available-want, "available %d, not %d", left, available-want)
	for i := range want {
		m.fill(m.want[offset+i*m.r.ElemSize:], m.queue[i])
	}
	m.queue = m.queue[want:]
	m.cons.moved(want)
	m.checkRing()
	m.check(bytes.Equal(m.user, m.want), "the elements or the bytes around them are wrong")
}

// objs is the caller's buffer; there need not be one for no elements.
func (m *model) objs(n, offset uint32) unsafe.Pointer {
	if n == 0 {
		return nil
	}
	return unsafe.Pointer(&m.user[offset])
}

func (m *model) clear() {
	for i := range m.user {
		m.user[i] = guardByte
	}
}

// fill writes the element with this number to b.
func (m *model) fill(b []byte, number uint32) {
	for i := uint32(0); i < m.r.ElemSize; i += 4 {
		binary.NativeEndian.PutUint32(b[i:], number*0x9E3779B1+i*0x85EBCA77)
	}
}

func (m *model) ringSlots() []byte {
	return unsafe.Slice((*byte)(m.r.Slots), len(m.slots))
}

func (m *model) checkRing() {
	m.prod.check(m, "producer")
	m.cons.check(m, "consumer")
	m.check(bytes.Equal(m.ringSlots(), m.slots), "the slots are wrong")
	m.check(m.r.Count() == uint32(len(m.queue)), "Count() is %d", m.r.Count())
	m.check(m.r.FreeCount() == m.r.Capacity-uint32(len(m.queue)), "FreeCount() is %d", m.r.FreeCount())
}

func (m *model) check(ok bool, format string, args ...any) {
	if !ok { // saves testify the work on each of a million checks
		require.Fail(m.t, fmt.Sprintf(format, args...), "%s: %s", m.name, m.log)
	}
}

func (s *side) moved(n uint32) {
	if n != 0 {
		s.pos += n
		s.cnt++
	}
}

// check compares the side's words with what they should be while nobody is
// inside.
func (s *side) check(m *model, name string) {
	want := *s.ht
	want.Head, want.Tail = s.pos, s.pos
	if s.sync == ringcore.RTS {
		want.Head, want.RTSHead = s.cnt, word(s.cnt, s.pos)
	}
	m.check(*s.ht == want, "%s is %+v, not %+v", name, *s.ht, want)
}

// take is how many of n elements go where there is room for some.
func take(n, room uint32, bulk bool) uint32 {
	if bulk && n > room {
		return 0
	}
	return min(n, room)
}

// word is a counter and a position as one word in memory.
func word(cnt, pos uint32) uint64 {
	var b [8]byte
	binary.NativeEndian.PutUint32(b[:], cnt)
	binary.NativeEndian.PutUint32(b[4:], pos)
	return binary.NativeEndian.Uint64(b[:])
}
