//go:build linux

package processes

import (
	"fmt"
	"math/bits"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/test/harness"
)

const (
	most = 1 << 20 // messages of one test in long form; as TOTAL in peer.c
	mix  = 0x9E3779B97F4A7C15
)

// message is 24 bytes: not a multiple of the width of vector copies.
type message struct{ Seq, Payload, Sum uint64 }

func newMessage(seq uint64) message { return message{seq, seq * mix, ^(seq ^ seq*mix)} }

// board has the counts of all processes of a test, in a memzone. A C process sees it as a struct of
// uint64_t.
type board struct {
	Sent, Received, Torn, Disordered, Doubled atomic.Uint64
	Seen                                      [most / 64]atomic.Uint64 // a bit a message
}

// work has the arguments of "produce", "consume" and "both": a ring, the first sequence number of
// the producer, the step to its next number (the number of producers), and the number of messages
// that all producers send together.
type work struct {
	ring               *ring.Ring[message]
	board              *board
	first, step, total uint64
}

func newWork(args []string) (w work, err error) {
	if w.ring, err = ring.Lookup[message](args[0]); err != nil {
		return w, err
	}
	b, err := memzone.LookupValue[board]("board")
	if err != nil {
		return w, err
	}
	w.board = b.Get()
	for i, n := range []*uint64{&w.first, &w.step, &w.total} {
		if *n, err = strconv.ParseUint(args[1+i], 10, 64); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w work) produce() {
	var buf [32]message
	var idle lcore.Idle // there may be fewer CPUs than pollers
	for seq := w.first; seq < w.total; {
		n, want := 0, 1+int(seq%uint64(len(buf)))
		for ; n < want && seq < w.total; n++ {
			buf[n] = newMessage(seq)
			seq += w.step
		}
		for in := 0; in < n; {
			k := w.ring.EnqueueBurst(buf[in:n])
			in += k
			idle.After(k)
		}
		w.board.Sent.Add(uint64(n))
	}
}

func (w work) consume() {
	last := make([]int64, w.step) // of each producer
	for i := range last {
		last[i] = -1
	}
	var buf [32]message
	var idle lcore.Idle
	for {
		// Read first: a ring that is empty after the last message was sent stays empty.
		all := w.board.Sent.Load() == w.total
		n := w.ring.DequeueBurst(buf[:])
		if n == 0 && all {
			return
		}
		idle.After(n)
		for _, m := range buf[:n] {
			w.check(m, last)
		}
		w.board.Received.Add(uint64(n))
	}
}

func (w work) check(m message, last []int64) {
	if m != newMessage(m.Seq) || m.Seq >= w.total {
		w.board.Torn.Add(1)
		return
	}
	if int64(m.Seq) <= last[m.Seq%w.step] {
		w.board.Disordered.Add(1)
	}
	last[m.Seq%w.step] = int64(m.Seq)
	if bit := uint64(1) << (m.Seq % 64); w.board.Seen[m.Seq/64].Or(bit)&bit != 0 {
		w.board.Doubled.Add(1)
	}
}

var _ = verb("board", func(args []string) (string, error) {
	_, err := memzone.CreateValue[board](args[0], memzone.Config{})
	return "", err
})

// "count" returns the counts of the board.
var _ = verb("count", func([]string) (string, error) {
	v, err := memzone.LookupValue[board]("board")
	if err != nil {
		return "", err
	}
	b, seen := v.Get(), 0
	for i := range b.Seen {
		seen += bits.OnesCount64(b.Seen[i].Load())
	}
	return fmt.Sprintf("sent %d, received %d, seen %d, torn %d, disordered %d, doubled %d", b.Sent.Load(),
		b.Received.Load(), seen, b.Torn.Load(), b.Disordered.Load(), b.Doubled.Load()), nil
})

func allArrived(total int) string {
	return fmt.Sprintf("sent %d, received %[1]d, seen %[1]d, torn 0, disordered 0, doubled 0", total)
}

var _ = verb("produce", func(args []string) (string, error) {
	w, err := newWork(args)
	if err == nil {
		w.produce()
	}
	return "", err
})

var _ = verb("consume", func(args []string) (string, error) {
	w, err := newWork(args)
	if err == nil {
		w.consume()
	}
	return "", err
})

var _ = verb("both", func(args []string) (string, error) {
	w, err := newWork(args)
	if err != nil {
		return "", err
	}
	var wg sync.WaitGroup
	wg.Go(w.produce)
	w.consume()
	wg.Wait()
	return "", nil
})

// An 8-byte element is a pointer in C.

var _ = verb("produce-pointers", func(args []string) (string, error) {
	r, err := ring.Lookup[uint64](args[0])
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseUint(args[1], 10, 64)
	var buf [8]uint64
	var idle lcore.Idle
	for i := uint64(0); i < n; i += 8 {
		for k := range buf {
			buf[k] = (i + uint64(k)) * mix
		}
		for r.EnqueueBulk(buf[:]) == 0 {
			idle.After(0)
		}
		idle.After(len(buf))
	}
	return "", err
})

var _ = verb("consume-pointers", func(args []string) (string, error) {
	r, err := ring.Lookup[uint64](args[0])
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseUint(args[1], 10, 64)
	var buf [8]uint64
	var idle lcore.Idle
	wrong := 0
	for i := uint64(0); i < n; i += 8 {
		for r.DequeueBulk(buf[:]) == 0 {
			idle.After(0)
		}
		idle.After(len(buf))
		for k, v := range buf {
			if v != (i+uint64(k))*mix {
				wrong++
			}
		}
	}
	return fmt.Sprintf("%d wrong", wrong), err
})

// couple is a primary and a secondary that exchange messages.
type couple struct {
	name               string
	primary, secondary func(t *testing.T, role, prefix string) *peer
}

func inGo(t *testing.T, role, prefix string) *peer { return started(t, role, prefix) }

func inC(t *testing.T, role, prefix string) *peer {
	p := cPeer(t, "peer", role, prefix)
	p.done()
	return p
}

var couples = []couple{
	{"Go with Go", inGo, inGo},
	{"Go with C", inGo, inC},
	{"C with Go", inC, inGo},
}

// start starts both, primary first.
func (c couple) start(t *testing.T) (primary, secondary *peer) {
	prefix := newPrefix(t)
	primary = c.primary(t, "primary", prefix)
	return primary, c.secondary(t, "secondary", prefix)
}

// teller is the one of the two that can count the board.
func (c couple) teller(primary, secondary *peer) *peer {
	if c.name == "C with Go" {
		return secondary
	}
	return primary
}

func TestAMillionMessagesArriveInOrderEachWay(t *testing.T) {
	total := harness.Size(most, most/4)
	for _, c := range couples {
		t.Run(c.name, func(t *testing.T) {
			a, b := c.start(t)
			for _, way := range []struct {
				name     string
				from, to *peer
			}{{"down", a, b}, {"up", b, a}} {
				way.from.do("create", way.name, "1024", "24", "single") // the other side looks it up
				way.to.do("board", "board")
				way.to.ask("consume", way.name, "0", "1", strconv.Itoa(total))
				way.from.do("produce", way.name, "0", "1", strconv.Itoa(total))
				way.to.done()
				assert.Equal(t, allArrived(total), c.teller(a, b).do("count"), way.name)
				c.teller(a, b).do("free-zone", "board")
			}
			b.quit()
			a.quit()
		})
	}
}

// Each process is a producer and a consumer of the same ring.
func TestManyProducersAndConsumersLoseNothing(t *testing.T) {
	total := harness.Size(most/4, most/16)
	for _, mode := range []string{"multi", "rts", "hts"} {
		for _, c := range couples[:2] {
			t.Run(mode+" "+c.name, func(t *testing.T) {
				a, b := c.start(t)
				a.do("create", "ring", "256", "24", mode)
				a.do("board", "board")
				a.ask("both", "ring", "0", "2", strconv.Itoa(total))
				b.do("both", "ring", "1", "2", strconv.Itoa(total))
				a.done()
				assert.Equal(t, allArrived(total), a.do("count"))
				b.quit()
				a.quit()
			})
		}
	}
}

func TestEightByteElementsAreThePointersOfC(t *testing.T) {
	total := strconv.Itoa(harness.Size(most, most/4))
	for _, c := range couples[1:] {
		t.Run(c.name, func(t *testing.T) {
			a, b := c.start(t)
			for _, way := range []struct {
				name     string
				from, to *peer
			}{{"down", a, b}, {"up", b, a}} {
				way.to.do("create", way.name, "512", "8", "single")
				way.to.ask("consume-pointers", way.name, total)
				way.from.do("produce-pointers", way.name, total)
				assert.Equal(t, "0 wrong", way.to.done(), way.name)
			}
			b.quit()
			a.quit()
		})
	}
}
