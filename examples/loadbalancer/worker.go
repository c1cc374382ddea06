//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/hashtable"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/memzone"
	"github.com/godpdk/godpdk/dpdk/place"
	"github.com/godpdk/godpdk/dpdk/rcu"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// worker gives packets of some of the flows their new addresses.
type worker struct {
	tables
	shared   *Shared
	counters *Counters
	busy     time.Duration

	// of a burst
	keys  [burst]Key
	found [burst]bool
	known [burst]Flow
	begun bool // a packet of the burst has begun a flow
}

// work is worker n, until ctx ends or a successor takes over. While another process is this worker, it waits for the end of that one, or asks it
// to leave.
func work(ctx context.Context, n int, takeOver bool, busy time.Duration) error {
	if n < 0 || n >= maxWorkers {
		return fmt.Errorf("-n=%d: use 0 to %d", n, maxWorkers-1)
	}
	zone, err := memzone.LookupValue[Shared](sharedName)
	if err != nil {
		return err
	}
	w := &worker{shared: zone.Get(), busy: busy}
	if uint32(n) >= w.shared.Workers {
		return fmt.Errorf("-n=%d: the primary has %d workers: use 0 to %d, or start it with more -workers", n, w.shared.Workers, w.shared.Workers-1)
	}
	w.counters = &w.shared.Of[n]
	if w.tables, err = lookupTables(); err != nil {
		return err
	}
	in, err1 := ring.Lookup[*mbuf.Mbuf](toWorker(n))
	out, err2 := ring.Lookup[*mbuf.Mbuf](fromWorker(n))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	claim := place.Claim
	if takeOver {
		claim = place.TakeOver
	}
	fmt.Printf("worker %d: waits\n", n)
	p, err := claim(ctx, placeName(n), place.Parts{})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		return err
	}
	batch, err := place.NewBatch[*mbuf.Mbuf](p, "packets", burst)
	if err != nil {
		return err
	}
	reader, err := w.readers.RegisterAny()
	if err != nil {
		return err
	}
	fmt.Printf("worker %d: works, with %d packets of its predecessor\n", n, batch.Len())
	w.run(ctx, p, reader, batch, in, out)
	if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) {
		fmt.Printf("worker %d: the primary has gone\n", n)
		return nil
	}
	fmt.Printf("worker %d: leaves\n", n)
	return errors.Join(reader.Unregister(), p.Leave())
}

// lookupTables finds the tables of the primary.
func lookupTables() (t tables, err error) {
	if t.flows, err = hashtable.Lookup[Key, Flow](flowsName); err != nil {
		return t, err
	}
	if t.neighbours, err = hashtable.Lookup[Addr, Hop](neighboursName); err != nil {
		return t, err
	}
	t.readers, err = rcu.Lookup(readersName)
	return t, err
}

// run moves packets from one ring to the other. The packets that it works on are in a batch, in shared memory. If it is killed, its successor does what
// is to be done with all of them, again: see rewrite.
func (w *worker) run(ctx context.Context, p *place.Place, reader *rcu.Reader, batch *ring.Batch[*mbuf.Mbuf], in, out *Packets) {
	reader.Online()
	w.handle(batch.Elems())
	var idle lcore.Idle
	for ctx.Err() == nil && !p.Wanted() {
		reader.Quiescent() // it does not use the set of the last round any more
		if batch.Len() == 0 && in.DequeueBatch(batch, burst) > 0 {
			w.handle(batch.Elems())
		}
		idle.After(out.EnqueueBatch(batch)) // those that do not fit stay
	}
	reader.Offline()
}

// handle rewrites packets, and sets the ports that they leave by. That is mbuf.InvalidPort for packets that the primary must drop: a worker frees no packets.
func (w *worker) handle(pkts []*mbuf.Mbuf) {
	n := len(pkts)
	for i, m := range pkts {
		w.keys[i] = note(m).Key
	}
	w.flows.LookupBulk(w.known[:n], w.found[:n], w.keys[:n])
	w.begun = false
	for start := time.Now(); w.busy > 0 && time.Since(start) < w.busy; {
	}
	var forwarded, dropped uint64
	for i, m := range pkts {
		note, flow := note(m), &w.known[i]
		if w.begun { // perhaps the flow of this packet, after it was looked up
			*flow, w.found[i] = w.flows.Lookup(note.Key)
		}
		if !w.flow(note, flow, w.found[i]) {
			m.SetPort(mbuf.InvalidPort)
			dropped++
			continue
		}
		m.SetPort(w.shared.rewrite(m.Data(), note, flow).Port)
		forwarded++
	}
	w.counters.Forwarded.Add(forwarded)
	w.counters.Dropped.Add(dropped)
}

// flow completes what is known of the flow of a packet, and reports whether the packet may go on.
func (w *worker) flow(n *Note, f *Flow, found bool) bool {
	now, set := w.shared.Now.Load(), &w.shared.Sets[w.shared.Active.Load()]
	switch {
	case n.ToBackend && (!found || n.Syn && !set.takes(f.Backend)):
		return w.begin(n, f, set, now)
	case !found || !n.ToBackend && f.Backend != n.Server:
		return false // not of a flow
	}
	// One change per flow and second is enough to keep the flow, and to learn that a station has moved.
	if f.Seen != now {
		f.Seen = now
		if hop, ok := w.neighbours.Lookup(f.Backend); ok {
			f.ToBackend = hop
		}
		if n.ToBackend {
			f.ToClient = n.From
		}
		_ = w.flows.Add(n.Key, *f) // if it fails, the next second tries again
	}
	return true
}

// begin chooses a backend for a new flow. A SYN begins one if the backend of the old one gets no new flows: a client may use its port again.
func (w *worker) begin(n *Note, f *Flow, set *Set, now uint32) bool {
	backend, hop, ok := set.choose(&n.Key, w.neighbours.Lookup)
	if !ok {
		return false
	}
	*f = Flow{Backend: backend, ToBackend: hop, ToClient: n.From, Seen: now}
	if err := w.flows.Add(n.Key, *f); err != nil { // the table is full, or a process that changes it is stopped
		return false
	}
	w.begun = true
	w.counters.Flows.Add(1)
	return true
}
