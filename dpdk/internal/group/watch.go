package group

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Process is a process of the group, as eal.Process is.
type Process struct {
	Pid     int
	Start   time.Time
	Primary bool
	State   uint32 // Attaching, Attached, Detached or Died
	Lcores  []int
	Go      bool
}

// Event is a change of a process: its State is Attached, Detached, Died or Recovered.
type Event struct {
	Process
	Time     time.Time // when the primary noticed the change
	Recovery delegate.Recovery
}

// watcher reports changes of secondaries to the primary, and removes the files of the dead.
type watcher struct {
	m *Member
	// Used by one goroutine:
	refused map[string]int        // by socket: the number of times in a row that a stranger's socket was dead
	ends    map[int]chan struct{} // by slot: closed when what its owner has left is cleaned up
	hangs   hangs
	silent  []string       // sockets of dead processes
	waits   int            // looks in a row that found a request under way
	work    sync.WaitGroup // goroutines that clean up

	mu       sync.Mutex
	attached map[any]Process // reported as Attached, by slot or socket
	queues   map[*queue]struct{}
	looks    int               // so far
	ending   int               // the length of ends at the last look
	broken   error             // why the table is no longer readable
	total    delegate.Recovery // so far
}

// queue holds the events for one reader.
type queue struct {
	events []Event // guarded by watcher.mu
	more   chan struct{}
}

func newWatcher(m *Member) *watcher {
	return &watcher{m: m, refused: map[string]int{}, ends: map[int]chan struct{}{}, attached: map[any]Process{}, queues: map[*queue]struct{}{}}
}

// Events returns a sequence of events about the primary's secondaries: first an event for each attached
// secondary, then one for each change. The sequence ends with done or Stop; read it to its end.
// Events returns nil if this primary cannot have secondaries.
func (m *Member) Events(done <-chan struct{}) iter.Seq[Event] {
	if m.watcher == nil {
		return nil
	}
	return m.watcher.subscribe(done, m.ctx.Done())
}

func (w *watcher) subscribe(done, stopped <-chan struct{}) iter.Seq[Event] {
	q := &queue{more: make(chan struct{}, 1)}
	w.mu.Lock()
	for _, p := range w.attached {
		q.events = append(q.events, Event{Process: p, Time: time.Now()})
	}
	w.queues[q] = struct{}{}
	w.mu.Unlock()
	return func(yield func(Event) bool) {
		defer func() {
			w.mu.Lock()
			delete(w.queues, q)
			w.mu.Unlock()
		}()
		for {
			w.mu.Lock()
			events := q.events
			q.events = nil
			w.mu.Unlock()
			for _, e := range events {
				if !yield(e) {
					return
				}
			}
			if len(events) > 0 {
				continue
			}
			select {
			case <-q.more:
			case <-done:
				return
			case <-stopped:
				return
			}
		}
	}
}

// report reports a state of the process with this key once. It reports Attached before another
// state.
func (w *watcher) report(key any, p Process, state uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, reported := w.attached[key]; !reported {
		p.State = Attached
		w.attached[key] = p
		w.queue(Event{Process: p})
	}
	if state != Attached {
		delete(w.attached, key)
		p.State = state
		w.queue(Event{Process: p})
	}
}

// recovered reports what the primary has taken care of after a process has ended.
func (w *watcher) recovered(p Process, r delegate.Recovery) {
	if r == (delegate.Recovery{}) {
		return
	}
	control.Logger().Info("recovered what an ended process had left", "pid", p.Pid,
		"returned", r.Returned, "kept", r.Kept, "dropped", r.Dropped, "in-doubt", r.InDoubt, "released", r.Released)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total.Add(r)
	p.State = Recovered
	w.queue(Event{Process: p, Recovery: r})
}

// queue gives an event to all readers. The caller holds mu.
func (w *watcher) queue(e Event) {
	e.Time = time.Now()
	for q := range w.queues {
		q.events = append(q.events, e)
		select {
		case q.more <- struct{}{}:
		default:
		}
	}
}

// look finds changes since the last look. It reads the strangers first: a slot that it frees
// still names the socket of its owner.
func (w *watcher) look() {
	if w.broken != nil { // no other goroutine writes it
		return
	}
	var strangers []string
	var unread error
	if err := w.m.table.look(func() {
		strangers, unread = w.m.strangers()
		w.members()
	}); err != nil {
		w.mu.Lock()
		w.broken = err
		w.mu.Unlock()
		control.Logger().Error("the primary can no longer see its secondaries", "error", err)
		return
	}
	if unread == nil {
		w.strangers(strangers)
	}
	w.ignoreDead()
	if w.hangs.look(&w.m.locks.again) {
		w.giveUp()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	w.ending = len(w.ends)
}

// lookNow finds the processes in Go that have ended since the last look. The looks at C programs are counted.
func (w *watcher) lookNow() {
	if w.broken == nil {
		_ = w.m.table.look(w.members) // look reports an error
	}
}

// members reports the changes of all slots.
func (w *watcher) members() {
	for i := 1; i < tableSlots; i++ {
		w.slot(i)
	}
}

// Recover waits until the primary has taken care of all processes that had ended before, and returns
// what it has done meanwhile.
func (m *Member) Recover(ctx context.Context) (delegate.Recovery, error) {
	w := m.watcher
	state := func() (looks, ending int, total delegate.Recovery, broken error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.looks, w.ending, w.total, w.broken
	}
	first, _, before, _ := state()
	for {
		looks, ending, total, broken := state()
		if err := cmp.Or(broken, m.ctx.Err()); err != nil { // nobody looks any more
			return total.Since(before), err
		}
		if looks >= first+2 && ending == 0 { // the look under way may have passed the process already
			return total.Since(before), nil
		}
		if err := sleep(ctx, poll); err != nil {
			return total.Since(before), err
		}
	}
}

// slot reports the changes of one slot.
func (w *watcher) slot(i int) {
	s := &w.m.table.slots[i]
	if done, ended := w.ends[i]; ended {
		w.free(i, done)
		return
	}
	if s.state.Load() == free {
		return
	}
	p, state, same := w.m.table.process(i)
	if !same || p.State == Attaching {
		return
	}
	if state > Detached { // godpdk did not write it
		s.state.Store(free)
		return
	}
	if state != Attaching { // processes that died during Init were never reported
		w.report(i, p, p.State)
	}
	if p.State == Attached {
		return
	}
	if p.State == Died {
		w.clean(s)
		w.hangs.died(p)
	}
	owner, done := w.m.table.owner(i), make(chan struct{})
	w.ends[i] = done
	w.work.Go(func() {
		defer close(done)
		r := w.m.bury(owner, p)
		delegate.Reach("before the places")
		delegate.Settled(owner, p.State == Died, r)
		w.recovered(p, r)
	})
	w.free(i, done)
}

// giveUp releases the locks of the dead, in a goroutine.
func (w *watcher) giveUp() { w.work.Go(func() { w.m.giveUp(true) }) }

// stop waits for the goroutines that clean up: they use memory that the end of EAL unmaps. The watch has
// ended. One that waits for others for longer gets no answer any more.
func (w *watcher) stop() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.work.Wait()
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		control.Logger().Warn("the clean-up after an ended process has not finished")
	}
}

// free frees a slot once done is closed. It waits a tick at most: the clean-up may wait for others.
func (w *watcher) free(i int, done chan struct{}) {
	select {
	case <-done:
		delete(w.ends, i)
		w.m.table.slots[i].state.Store(free)
	case <-time.After(presenceTick):
	}
}

// ignoreDead removes the sockets of the dead, and ends DPDK's waiting for processes that died before they
// answered. DPDK locks the runtime directory while it sends and waits. A socket that it has listed must stay
// until then: DPDK ignores one that is dead, and a missing one fails its call.
func (w *watcher) ignoreDead() {
	if len(w.silent) == 0 {
		return
	}
	f, err := rundir.Open(w.m.dir, false)
	if err != nil {
		return
	}
	defer f.Close()
	w.waits++
	f.Locked(func() {
		for _, socket := range w.silent {
			if !mpsocket.Answers(filepath.Join(w.m.dir, socket)) {
				_ = f.Remove(socket)
			}
		}
		w.silent, w.waits = nil, 0
	})
	if w.waits < 2 {
		return
	}
	for _, socket := range w.silent {
		if err := mpsocket.Ignore(w.m.dir, socket); err != nil {
			control.Logger().Warn("DPDK may wait some seconds for a dead process", "socket", socket, "error", err)
		}
	}
}

// strangers reports the changes of C programs, by their sockets.
func (w *watcher) strangers(names []string) {
	for _, name := range names {
		path := filepath.Join(w.m.dir, name)
		if mpsocket.Answers(path) {
			delete(w.refused, name)
			w.report(name, stranger(name, Attached), Attached)
			continue
		}
		if slices.Contains(w.silent, name) {
			continue // ignoreDead will remove it
		}
		if w.refused[name]++; w.refused[name] < 2 {
			continue
		}
		delete(w.refused, name)
		w.silent = append(w.silent, name)
		p := stranger(name, Died)
		if w.reported(name) {
			w.report(name, p, Died)
		}
		w.hangs.died(p) // also a program that lived too briefly to be reported
		w.giveUp()
	}
	w.mu.Lock()
	known := slices.Collect(maps.Keys(w.attached))
	w.mu.Unlock()
	for _, key := range known {
		if name, ok := key.(string); ok && !slices.Contains(names, name) {
			delete(w.refused, name)
			w.report(name, stranger(name, Detached), Detached)
			w.giveUp() // not while the program lived
		}
	}
}

func (w *watcher) reported(key any) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, reported := w.attached[key]
	return reported
}

// clean removes the files of a dead process from the runtime directory: its socket, to which
// DPDK would still send, its sockets for replies, and its copies of page tables. Their names hold
// its pid, which a process in another container can have too. A file in use belongs to that process,
// and while that process attaches it may have files that are not yet in use.
func (w *watcher) clean(s *slot) {
	kinds := mpsocket.Secondary + "|" + mpsocket.Requests
	if s.pid == int64(os.Getpid()) {
		kinds = mpsocket.Secondary
	}
	for _, other := range w.m.table.living {
		switch {
		case other.pid != s.pid:
		case other.state.Load() == Attaching:
			return
		default: // that process may be about to bind a socket for replies
			kinds = mpsocket.Secondary
		}
	}
	f, err := rundir.Open(w.m.dir, false)
	if err != nil {
		return
	}
	defer f.Close()
	tables := copies(s.pid)
	mine := regexp.MustCompile(fmt.Sprintf(`^(%s)%d_`, kinds, s.pid))
	names, _ := f.Names(rundir.Made)
	var removed []string
	for _, name := range names {
		if mine.MatchString(name) && !mpsocket.Answers(filepath.Join(w.m.dir, name)) || tables.MatchString(name) && f.Unlocked(name) {
			if strings.HasPrefix(name, mpsocket.Secondary) { // ignoreDead removes it
				w.silent = append(w.silent, name)
				removed = append(removed, name)
			} else if f.Remove(name) == nil {
				removed = append(removed, name)
			}
		}
	}
	if len(removed) > 0 {
		control.Logger().Warn("files of a dead process were removed from the runtime directory", "pid", s.pid, "files", removed)
	}
}
