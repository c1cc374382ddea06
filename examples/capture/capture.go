package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk/pdump"
)

// flushes is the interval in which a reader of the output gets packets.
const flushes = 200 * time.Millisecond

// recorder writes and prints packets. Each capture has a goroutine.
type recorder struct {
	stop  func() // ends all captures
	limit int
	print bool
	lines io.Writer

	mu      sync.Mutex
	w       *pdump.Writer
	totals  totals
	decoder *decoder
	err     error // of the output
}

// capture records packets until ctx ends, or o.count of them. Then it prints the totals.
func capture(ctx context.Context, captures []*pdump.Capture, o options) error {
	file, lines, err := output(o.write)
	if err != nil {
		return err
	}
	defer file.Close()
	w, err := pdump.NewWriter(file, captures...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &recorder{stop: cancel, limit: o.count, print: !o.quiet, lines: lines, w: w, decoder: newDecoder()}
	for _, c := range captures {
		fmt.Fprintf(lines, "capture: %v\n", c.Port())
	}
	var all sync.WaitGroup
	for _, c := range captures {
		all.Go(func() {
			for p := range c.Packets(ctx) {
				if !r.add(p) {
					return
				}
			}
		})
	}
	all.Go(func() { r.flush(ctx) })
	all.Wait()

	stats, err := sum(captures)
	r.totals.unreadable, r.totals.dropped = stats.Unreadable, stats.Dropped
	err = errors.Join(r.err, err, w.Close(), file.Close())
	r.totals.print(lines)
	if ended(err) {
		return nil
	}
	return err
}

// add records a packet. It returns false at the end.
func (r *recorder) add(p pdump.Packet) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || r.limit > 0 && r.totals.packets == r.limit {
		return false
	}
	if r.err = r.w.Write(p); r.err != nil {
		r.stop()
		return false
	}
	line := r.totals.add(r.decoder, p.CaptureInfo(), p.Data)
	if r.print {
		fmt.Fprintf(r.lines, "%s port %d %-11v %s\n", p.Time.Format("15:04:05.000000000"), p.Port, p.Direction, line)
	}
	if r.totals.packets == r.limit {
		r.stop()
	}
	return true
}

// flush flushes the output until ctx ends.
func (r *recorder) flush(ctx context.Context) {
	tick := time.NewTicker(flushes)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		if err := r.w.Flush(); err != nil && r.err == nil {
			r.err = err
			r.stop()
		}
		r.mu.Unlock()
	}
}

// sum adds up the counters of the captures.
func sum(captures []*pdump.Capture) (total pdump.Stats, err error) {
	for _, c := range captures {
		s, e := c.Stats()
		total.Unreadable += s.Unreadable
		total.Dropped += s.Dropped
		err = errors.Join(err, e)
	}
	return total, err
}
