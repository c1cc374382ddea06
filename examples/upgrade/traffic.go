//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const (
	inFlight = 512              // packets: the rings hold more, so a full ring never stops the sender
	frame    = 60               // bytes
	quiet    = time.Second      // without a packet: the pipeline is empty
	stuck    = 20 * time.Second // without a packet: the pipeline has stopped
)

// generator sends numbered packets into the pipeline and checks what comes out.
type generator struct {
	pool    *mbuf.Cache
	in, out *ring.Ring[*mbuf.Mbuf]
	rate    int
	period  time.Duration
	start   time.Time

	sent, next uint64 // packets sent; the number that should come next
	first      bool   // a packet has come
	last       time.Time
	window            // since begin, or end
	otherwise  window // outside of the windows
}

// window is what happened between the commands begin and end.
type window struct {
	lost, twice, damaged uint64
	gap                  time.Duration // the longest time without a packet
	inherited            int           // packets that the successor found in the batch of its predecessor
}

func (w *window) add(o window) {
	w.lost, w.twice, w.damaged = w.lost+o.lost, w.twice+o.twice, w.damaged+o.damaged
}

// traffic runs the commands that the launcher types: begin and end enclose a window, stop empties the
// pipeline and ends. With a period it prints the sums so far, and the longest time without a packet since the
// last line.
func traffic(ctx context.Context, rate int, period time.Duration) error {
	pool, err := mbuf.LookupPool("packets")
	if err != nil {
		return err
	}
	g := generator{rate: rate, period: period, start: time.Now(), last: time.Now()}
	if g.pool, err = pool.NewCache(64); err != nil {
		return err
	}
	if g.in, err = ring.Lookup[*mbuf.Mbuf]("wire_in"); err != nil {
		return err
	}
	if g.out, err = ring.Lookup[*mbuf.Mbuf]("wire_out"); err != nil {
		return err
	}
	commands := make(chan string)
	go func() {
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			commands <- s.Text()
		}
	}()
	fmt.Println("sends")
	stopped, err := g.run(ctx, commands)
	if err != nil {
		return err
	}
	if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) {
		fmt.Println("last", g.last.UnixNano())
		return nil
	}
	if stopped {
		g.drain()
	}
	if err := g.pool.Close(); err != nil {
		return err
	}
	g.otherwise.add(g.window)
	fmt.Println("all", g.sent, g.otherwise.lost, g.otherwise.twice, g.otherwise.damaged, pool.Size()-pool.Available())
	return nil
}

// run sends and receives until ctx ends or stop is typed.
func (g *generator) run(ctx context.Context, commands <-chan string) (stopped bool, err error) {
	var idle lcore.Idle
	var end, mark uint64 // a window ends when the packet mark has passed
	var tick <-chan time.Time
	if g.period > 0 {
		tick = time.Tick(g.period)
	}
	for ctx.Err() == nil {
		select {
		case <-tick:
			g.otherwise.add(g.window)
			gap := max(g.gap, time.Since(g.last))
			g.window = window{}
			fmt.Printf("%d sent, %d lost, %d came twice, %d damaged, %d ms without traffic\n",
				g.sent, g.otherwise.lost, g.otherwise.twice, g.otherwise.damaged, gap.Milliseconds())
		case c := <-commands:
			switch c {
			case "begin":
				g.otherwise.add(g.window)
				g.window = window{}
			case "end":
				mark, end = g.sent, 1
			case "stop":
				return true, nil
			default:
				return false, fmt.Errorf("command %q: type begin, end or stop", c)
			}
		default:
		}
		idle.After(g.receive() + g.send())
		if end == 1 && g.next > mark {
			fmt.Println("window", g.lost, g.twice, g.damaged, g.gap.Nanoseconds())
			g.window, end = window{}, 0
		}
		if time.Since(g.last) > stuck && g.first {
			return false, fmt.Errorf("no packet for %v: %d sent, %d came", stuck, g.sent, g.next)
		}
	}
	return false, nil
}

// send sends the packets that are due.
func (g *generator) send() int {
	due := uint64(time.Since(g.start).Seconds()*float64(g.rate)) - g.sent
	room := uint64(inFlight) - min(g.sent-g.next, inFlight)
	n := min(due, room, burst)
	if due > burst { // it was held up: do not make up for it
		g.start = time.Now().Add(-time.Duration(float64(g.sent+burst) / float64(g.rate) * float64(time.Second)))
	}
	var pkts [burst]*mbuf.Mbuf
	if n == 0 || !g.pool.AllocBulk(pkts[:n]) {
		return 0
	}
	for i, m := range pkts[:n] {
		data, _ := m.Append(frame)
		number := g.sent + uint64(i)
		binary.LittleEndian.PutUint64(data[frame-16:], number)
		binary.LittleEndian.PutUint64(data[frame-8:], ^number)
	}
	sent := g.in.EnqueueBurst(pkts[:n])
	g.pool.FreeBulk(pkts[sent:n])
	g.sent += uint64(sent)
	return sent
}

// receive checks the packets that have come.
func (g *generator) receive() int {
	var pkts [burst]*mbuf.Mbuf
	n := g.out.DequeueBurst(pkts[:])
	if n == 0 {
		return 0
	}
	now := time.Now()
	if !g.first {
		g.first = true
		fmt.Println("first", now.UnixNano())
	} else {
		g.gap = max(g.gap, now.Sub(g.last))
	}
	g.last = now
	for _, m := range pkts[:n] {
		g.check(m)
	}
	return n
}

// check counts a packet by its number, and frees it.
func (g *generator) check(m *mbuf.Mbuf) {
	data := m.Data()
	if len(data) != frame {
		g.damaged++
		return // of unknown owner
	}
	number := binary.LittleEndian.Uint64(data[frame-16:])
	switch {
	case number != ^binary.LittleEndian.Uint64(data[frame-8:]) || number >= g.sent:
		g.damaged++
	case number < g.next:
		g.twice++ // it was freed when it came first, and may be another packet by now
	default:
		g.lost += number - g.next
		g.next = number + 1
		g.pool.Free(m)
	}
}

// drain receives until nothing comes any more. All packets that have not come by then are lost.
func (g *generator) drain() {
	var idle lcore.Idle
	for time.Since(g.last) < quiet {
		idle.After(g.receive())
	}
	g.lost += g.sent - g.next
}
