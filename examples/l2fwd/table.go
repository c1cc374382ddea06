package main

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

// table prints the counters of the ports, and their rates since the last time.
type table struct {
	pairs  []*pair
	start  time.Time
	last   time.Time
	before map[*side]uint64 // packets sent until then
}

func newTable(pairs []*pair) *table {
	now := time.Now()
	return &table{pairs: pairs, start: now, last: now, before: map[*side]uint64{}}
}

func (t *table) print() {
	now := time.Now()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "after %.1f s\treceived\tsent\tdropped\tM sent/s\t\n", now.Sub(t.start).Seconds())
	var received, sent, dropped, new uint64
	row := func(name string, received, sent, dropped, new uint64) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.2f\t\n", name, received, sent, dropped, float64(new)/now.Sub(t.last).Seconds()/1e6)
	}
	for _, p := range t.pairs {
		for i := range p.sides {
			s := &p.sides[i]
			r, o, d := s.received.Load(), s.sent.Load(), s.dropped.Load()
			row(s.port.String(), r, o, d, o-t.before[s])
			received, sent, dropped, new = received+r, sent+o, dropped+d, new+o-t.before[s]
			t.before[s] = o
		}
	}
	row("total", received, sent, dropped, new)
	w.Flush()
	fmt.Println()
	t.last = now
}
