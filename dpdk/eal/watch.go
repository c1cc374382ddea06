package eal

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/guard"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
)

// Event is what has become of a process: its State is Attached, Detached or Died.
type Event struct {
	Process
	Time time.Time // when it was noticed
}

// Watch tells the primary of the secondaries that come, go and die: first an event
// with Attached for each that there is, then one for each change, until ctx or this
// process's EAL ends, which closes the channel. Events wait for a slow reader
// without limit. A death is noticed at one of ten looks a second, a C program's at the
// second that finds it dead (those in Go 55 ms after the kill at the median, 114 ms at the
// worst of 20, on a machine with ten threads to run for each CPU); what the process held
// (mbufs, locks) is for the reader to see to, its files are removed.
//
// Each secondary in Go is told of, however short its life, once it has attached;
// one that dies inside Init is not. A C program is Attached when its socket is seen:
// in the middle of its rte_eal_init. If it dies while DPDK sends a message to all
// secondaries, as for a change of memory, DPDK can remove its socket first, which
// looks like Detached.
//
// The error is dpdk.ErrSecondary in a secondary, dpdk.ErrNotShared in a primary that
// can have none, and dpdk.ErrNotRunning after Close.
func (rt *Runtime) Watch(ctx context.Context) (<-chan Event, error) {
	const op = "watch of secondaries"
	if rt.role != Primary {
		return nil, &dpdk.Error{Op: op, Errno: dpdk.ESECONDARY}
	}
	if rt.watcher == nil {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotShared}
	}
	if !guard.Running() {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotRunning}
	}
	return rt.watcher.subscribe(ctx, rt.ctx), nil
}

// watcher is the primary's: it looks who lives, and cleans up after the dead.
type watcher struct {
	a *attachment
	// Of one goroutine:
	refused map[string]int // how often a stranger's socket has been dead in a row

	mu       sync.Mutex
	attached map[any]Process // told of as Attached, by slot or socket
	queues   map[*queue]struct{}
}

// queue is one reader's.
type queue struct {
	events []Event // under the watcher's mu
	more   chan struct{}
}

func newWatcher(a *attachment) *watcher {
	return &watcher{a: a, refused: map[string]int{}, attached: map[any]Process{}, queues: map[*queue]struct{}{}}
}

func (w *watcher) subscribe(ctx, rt context.Context) <-chan Event {
	q, out := &queue{more: make(chan struct{}, 1)}, make(chan Event)
	w.mu.Lock()
	for _, p := range w.attached {
		q.events = append(q.events, Event{p, time.Now()})
	}
	w.queues[q] = struct{}{}
	w.mu.Unlock()
	go func() {
		defer close(out)
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
				select {
				case out <- e:
				case <-ctx.Done():
					return
				case <-rt.Done():
					return
				}
			}
			if len(events) > 0 {
				continue
			}
			select {
			case <-q.more:
			case <-ctx.Done():
				return
			case <-rt.Done():
				return
			}
		}
	}()
	return out
}

// tell reports a state of the process with this key, once; if it is an end, after
// its beginning.
func (w *watcher) tell(key any, p Process, state ProcessState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, told := w.attached[key]; !told {
		p.State = Attached
		w.attached[key] = p
		w.queue(p)
	}
	if state != Attached {
		delete(w.attached, key)
		p.State = state
		w.queue(p)
	}
}

func (w *watcher) queue(p Process) {
	for q := range w.queues {
		q.events = append(q.events, Event{p, time.Now()})
		select {
		case q.more <- struct{}{}:
		default:
		}
	}
}

// look compares what there is with what was told. The strangers come first: a slot
// that is made free here still tells whose its socket is.
func (w *watcher) look() {
	strangers, err := w.a.strangers()
	for i := 1; i < tableSlots; i++ {
		w.slot(i)
	}
	if err == nil {
		w.strangers(strangers)
	}
}

// slot looks at one slot.
func (w *watcher) slot(i int) {
	s := &w.a.table.slots[i]
	if s.state.Load() == slotFree {
		return
	}
	p, state, same := w.a.table.process(i)
	if !same || p.State == Attaching {
		return
	}
	if state != slotAttaching { // who died in Init was never told of
		w.tell(i, p, p.State)
	}
	if p.State == Attached {
		return
	}
	if p.State == Died {
		w.clean(s)
	}
	s.state.Store(slotFree)
}

// strangers looks at the sockets of C programs.
func (w *watcher) strangers(names []string) {
	for _, name := range names {
		path := filepath.Join(w.a.dir, name)
		if mpsocket.Answers(path) {
			delete(w.refused, name)
			w.tell(name, stranger(name, Attached), Attached)
			continue
		}
		if w.refused[name]++; w.refused[name] < 2 {
			continue
		}
		delete(w.refused, name)
		if w.told(name) {
			w.tell(name, stranger(name, Died), Died)
		}
		_ = os.Remove(path)
	}
	w.mu.Lock()
	known := slices.Collect(maps.Keys(w.attached))
	w.mu.Unlock()
	for _, key := range known {
		if name, ok := key.(string); ok && !slices.Contains(names, name) {
			delete(w.refused, name)
			w.tell(name, stranger(name, Detached), Detached)
		}
	}
}

func (w *watcher) told(key any) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, told := w.attached[key]
	return told
}

// clean removes what a dead process left in the runtime directory: its socket, to
// which DPDK would still send, and its copies of page tables. Both have its pid in
// their names, which a process in another container can have too: what has an owner
// is that one's, and while that one attaches there may be files that have none yet.
func (w *watcher) clean(s *slot) {
	for _, other := range w.a.table.living {
		if other.state.Load() == slotAttaching && other.pid == s.pid {
			return
		}
	}
	pid := "_" + strconv.FormatInt(s.pid, 10)
	files, _ := named(w.a.dir, mpsocket.Primary+pid+"_", "fbarray_")
	for _, f := range files {
		name := filepath.Base(f)
		if strings.HasPrefix(name, mpsocket.Primary) && !mpsocket.Answers(f) ||
			strings.HasPrefix(name, "fbarray_") && strings.HasSuffix(name, pid) && unlocked(f) {
			_ = os.Remove(f)
		}
	}
}

// unlocked says whether nobody has the lock that EAL takes on a file in use.
func unlocked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return linux.Flock(f) == nil
}
