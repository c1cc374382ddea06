//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// results are what all replacements cost.
type results struct {
	windows       map[string][]window // by worker and way
	otherwise     window              // while no worker was replaced
	sent, missing uint64
	ready, gaps   []time.Duration // of killed holders
}

// way names a row of the table.
func way(stage string, kill bool) string {
	if kill {
		return stage + " killed"
	}
	return stage + " in order"
}

func (r *results) add(stage string, kill bool, w window) {
	if r.windows == nil {
		r.windows = map[string][]window{}
	}
	r.windows[way(stage, kill)] = append(r.windows[way(stage, kill)], w)
}

func (r *results) holder(ready, gap time.Duration) {
	r.ready, r.gaps = append(r.ready, ready), append(r.gaps, gap)
}

// print prints the table and the sums. The packets taken over are those that successors found in batches. A
// worker between two rings loses packets on rings. rx and tx have a port on one side.
func (r *results) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\ttimes\ttaken over\tlost: median\tworst\tms without traffic: median\tworst\t")
	lost := map[string]uint64{}
	var twice, damaged uint64
	for _, kill := range []bool{true, false} {
		for _, stage := range order {
			all := r.windows[way(stage, kill)]
			if len(all) == 0 {
				continue
			}
			var packets []uint64
			var gaps []time.Duration
			inherited := 0
			for _, one := range all {
				packets, gaps = append(packets, one.lost), append(gaps, one.gap)
				lost[where(stage, kill)] += one.lost
				inherited += one.inherited
				twice, damaged = twice+one.twice, damaged+one.damaged
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t\n", way(stage, kill), len(all), inherited, median(packets), slices.Max(packets), ms(median(gaps)), ms(slices.Max(gaps)))
		}
	}
	if len(r.ready) > 0 {
		fmt.Fprintf(w, "holder killed\t%d\t\t\t\t%s\t%s\t\n", len(r.gaps), ms(median(r.gaps)), ms(slices.Max(r.gaps)))
	}
	w.Flush()
	if len(r.ready) > 0 {
		fmt.Printf("from the kill of the active holder to standby ready: median %s ms, worst %s ms\n", ms(median(r.ready)), ms(slices.Max(r.ready)))
	}
	fmt.Printf("summary: %d packets sent; workers killed: %d lost on rings, %d lost at ports, %d came twice, %d damaged; in order: %d lost; otherwise: %d lost; %d mbufs are missing in the pool\n",
		r.sent, lost["rings"], lost["ports"], twice+r.otherwise.twice, damaged+r.otherwise.damaged, lost["in order"], r.otherwise.lost, r.missing)
}

// where returns where a replaced worker loses packets.
func where(stage string, kill bool) string {
	switch {
	case !kill:
		return "in order"
	case stage == "work":
		return "rings"
	}
	return "ports"
}

// median returns the middle value, of two the smaller one.
func median[T uint64 | time.Duration](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }
