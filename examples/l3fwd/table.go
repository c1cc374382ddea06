package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// counters count the packets of a port on one lcore. The lcore writes them, and the table reads them.
type counters struct {
	received   atomic.Uint64
	sent       atomic.Uint64
	unroutable atomic.Uint64 // received, and no route matches
	expired    atomic.Uint64 // received with a TTL of 0 or 1
	ignored    atomic.Uint64 // received, and not IP or not for this port
	unsent     atomic.Uint64 // not taken by the port that should send them
	_          [16]byte      // lcores do not share cache lines
}

// values returns the counters in the order of the table.
func (c *counters) values() [6]uint64 {
	return [...]uint64{c.received.Load(), c.sent.Load(), c.unroutable.Load(), c.expired.Load(), c.ignored.Load(), c.unsent.Load()}
}

// drop frees a packet and counts it.
func drop(m *mbuf.Mbuf, n *atomic.Uint64) {
	m.Free()
	n.Add(1)
}

// table prints the counters of the ports, and their rates since the last time.
type table struct {
	f      *forwarder
	start  time.Time
	last   time.Time
	before []uint64 // packets sent until then
}

func newTable(f *forwarder) *table {
	now := time.Now()
	return &table{f, now, now, make([]uint64, len(f.ports)+1)}
}

// total prints the table for the whole time.
func (t *table) total() {
	t.last = t.start
	clear(t.before)
	t.print()
}

func (t *table) print() {
	now := time.Now()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "after %.1f s\treceived\tsent\tno route\texpired\tignored\tunsent\tM sent/s\t\n", now.Sub(t.start).Seconds())
	var all [6]uint64
	row := func(i int, name string, v [6]uint64) {
		fmt.Fprintf(w, "%s\t", name)
		for _, n := range v {
			fmt.Fprintf(w, "%d\t", n)
		}
		fmt.Fprintf(w, "%.2f\t\n", float64(v[1]-t.before[i])/now.Sub(t.last).Seconds()/1e6)
		t.before[i] = v[1]
	}
	for i, p := range t.f.ports {
		var sum [6]uint64
		for c := i; c < len(t.f.counters); c += len(t.f.ports) {
			for k, n := range t.f.counters[c].values() {
				sum[k] += n
				all[k] += n
			}
		}
		row(i, p.String(), sum)
	}
	row(len(t.f.ports), "total", all)
	w.Flush()
	fmt.Println()
	t.last = now
}
