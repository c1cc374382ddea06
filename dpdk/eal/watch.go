package eal

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
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
	if !control.Running() {
		return nil, &dpdk.Error{Op: op, Cause: dpdk.ErrNotRunning}
	}
	return rt.watcher.subscribe(ctx, rt.ctx), nil
}

// watcher is the primary's: it looks who lives, and cleans up after the dead.
type watcher struct {
	a *attachment
	// Of one goroutine:
	refused map[string]int // how often a stranger's socket has been dead in a row
	broken  bool           // the table is no longer readable

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
	if w.broken {
		return
	}
	var strangers []string
	var unread error
	if err := w.a.table.look(func() {
		strangers, unread = w.a.strangers()
		for i := 1; i < tableSlots; i++ {
			w.slot(i)
		}
	}); err != nil {
		w.broken = true
		control.Logger().Error("the primary can no longer see its secondaries", "error", err)
		return
	}
	if unread == nil {
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
	if state > slotLeft { // not written by godpdk
		s.state.Store(slotFree)
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
		if f, err := openFolder(w.a.dir, false); err == nil {
			_ = f.remove(name)
			f.close()
		}
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
// which DPDK would still send, those on which it waited for replies, and its copies of
// page tables. All have its pid in their names, which a process in another container can have too: what has an owner
// is that one's, and while that one attaches there may be files that have none yet.
func (w *watcher) clean(s *slot) {
	kinds := mpsocket.Secondary + "|" + mpsocket.Requests
	if s.pid == int64(os.Getpid()) {
		kinds = mpsocket.Secondary
	}
	for _, other := range w.a.table.living {
		switch {
		case other.pid != s.pid:
		case other.state.Load() == slotAttaching:
			return
		default: // it may be about to bind a socket for replies
			kinds = mpsocket.Secondary
		}
	}
	f, err := openFolder(w.a.dir, false)
	if err != nil {
		return
	}
	defer f.close()
	tables := copies(s.pid)
	mine := regexp.MustCompile(fmt.Sprintf(`^(%s)%d_`, kinds, s.pid))
	names, _ := f.names(made)
	for _, name := range names {
		if mine.MatchString(name) && !mpsocket.Answers(filepath.Join(w.a.dir, name)) || tables.MatchString(name) && f.unlocked(name) {
			_ = f.remove(name)
		}
	}
}

// unlocked says whether nobody has the lock that EAL takes on a file in use.
func (f *folder) unlocked(name string) bool {
	file, err := f.open(name, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer file.Close()
	return linux.Flock(file) == nil
}
