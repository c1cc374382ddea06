// Package group makes this process a member of the group of processes that share a file prefix, and
// with it memory. It serializes starts, publishes the facts of a primary and checks a secondary against
// them, watches the liveness of members, and removes the files of dead ones.
package group

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/delegate"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/owner"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Member is this process as a member of its group.
type Member struct {
	dir, prefix string
	role        Role
	facts       *Facts // of the primary; nil if it is a C program
	// table is nil if the primary is a C program. Then socket is the primary's socket for messages,
	// which shows the end of the primary. It is also nil if no process can attach.
	table  *table
	socket *os.File
	shared bool // eal.Config.SharedLcores
	warn   func(text string, args ...any)

	// Set by Start:
	ctx     context.Context
	cancel  context.CancelCauseFunc
	gone    atomic.Bool   // the primary of this secondary has gone
	ended   chan struct{} // closed when the goroutine has ended
	watcher *watcher      // in a primary with secondaries
	locks   sharedLocks   // in a primary with secondaries
	noted   bool          // the primary frees this secondary's arrays
	ear     int           // DPDK's socket for messages; -1 if DPDK has none, or no longer receives
}

// NewPrimary returns this process as the primary of a directory, in which it starts. No process
// in Go can attach to it before Publish.
func NewPrimary(dir, prefix string) *Member {
	setOwn(dir, false)
	return &Member{dir: dir, prefix: prefix, role: Primary, ear: -1}
}

// NewPrivate returns this process as a primary that shares no memory.
func NewPrivate(dir, prefix string) *Member {
	return &Member{dir: dir, prefix: prefix, role: Primary, ear: -1}
}

// Join returns this process as a secondary, before EAL starts. It checks that this process fits the
// primary, unless that is a C program, which publishes no facts.
func (r *Reservation) Join(prefix string, shared bool, warn func(text string, args ...any)) (*Member, error) {
	m := &Member{dir: r.dir, prefix: prefix, role: Secondary, shared: shared, warn: warn, ear: -1}
	if r.table == nil {
		return m, nil
	}
	f, err := r.table.facts()
	if err != nil {
		return nil, err
	}
	own := buildFacts()
	if err := f.checkBuild(&own, warn); err != nil {
		return nil, err
	}
	if err := f.checkMounts(); err != nil {
		return nil, err
	}
	if err := f.checkFiles(r.dir); err != nil {
		return nil, err
	}
	m.facts, m.table, r.table = f, r.table, nil
	return m, nil
}

// Adopt checks the devices in the options of a secondary, and returns options that it adopts from its
// primary.
func (m *Member) Adopt(o Options) ([]Option, error) {
	if m.table == nil {
		return nil, nil
	}
	return m.facts.checkDevices(o, m.warn)
}

// Claim claims a slot in the table and this process's lcores. If the options choose no lcores, it
// chooses a free one and returns it as a value for --lcores.
func (m *Member) Claim(ctx context.Context, o Options) (lcores string, err error) {
	t := m.table
	if t == nil {
		return "", nil
	}
	if err := t.mmap(); err != nil {
		return "", &dpdk.Error{Op: opInit, Errno: errnoOf(err), Detail: err.Error()}
	}
	if e := t.look(func() {
		err = t.claiming(ctx, func() error {
			if err := t.otherPid(); err != nil {
				return err
			}
			var set lcoreSet
			var err error
			if set, lcores, err = t.choose(o); err != nil {
				return err
			}
			if err := m.disjoint(set); err != nil {
				return err
			}
			return t.enterAny(set)
		})
	}); e != nil {
		return "", e
	}
	return lcores, err
}

// Publish lets other processes find this primary, after EAL has started.
func (m *Member) Publish(o Options, iova string) error {
	f, err := ownFacts(o, m.dir, m.prefix, iova)
	if err != nil {
		return err
	}
	m.locks.find(m.dir)
	t, err := createTable(m.dir, f, ealLcores())
	if err != nil {
		return err
	}
	m.facts, m.table = f, t
	return nil
}

// Attached completes the membership of a secondary after EAL has started. It fails if the primary
// that Join has found no longer runs.
func (m *Member) Attached(ctx context.Context) error {
	if m.table == nil {
		socket, err := os.OpenFile(filepath.Join(m.dir, mpsocket.Primary), linux.O_PATH, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return NoPrimary(m.dir)
		}
		if err != nil {
			return rundir.Error(err)
		}
		m.socket = socket
	}
	if !m.primaryLives() {
		return NoPrimary(m.dir)
	}
	if m.table == nil {
		return nil
	}
	if err := m.facts.checkOps(cgo.MempoolOps()); err != nil {
		return err
	}
	var err error
	if e := m.table.look(func() { err = m.complete(ctx) }); e != nil {
		return e
	}
	return err
}

// complete writes this process's lcores and socket into its slot.
func (m *Member) complete(ctx context.Context) error {
	s, lcores := &m.table.slots[m.table.own], ealLcores()
	if s.lcores != lcores {
		err := m.table.claiming(ctx, func() error {
			if err := m.disjoint(lcores); err != nil {
				return err
			}
			s.lcores = lcores
			return nil
		})
		if err != nil {
			return err
		}
	}
	if own, _, err := mpsocket.Own(filepath.Join(m.dir, mpsocket.Secondary)); err == nil && len(own) > 0 {
		copy(s.socket[:len(s.socket)-1], filepath.Base(own[0]))
	}
	s.state.Store(Attached)
	return nil
}

// presenceTick is the interval between liveness checks. A C program counts as dead at the second check
// that finds its socket dead: it may be exiting, between the close of its socket and the removal of
// the file.
const presenceTick = 100 * time.Millisecond

// Start begins to watch the other members, after EAL has started in the thread eal. private is set for a
// process that shares no memory.
func (m *Member) Start(eal int, private bool) {
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.ended = make(chan struct{})
	if !private {
		m.listen(eal)
	}
	if m.table != nil {
		control.WatchStopped(m.stopped)
		owner.Join(owner.Of(m.table.owner(m.table.own)), m.table)
	}
	calls := filepath.Join(m.dir, rundir.CallSocket)
	look := func() {}
	switch {
	case m.role == Secondary:
		if _, err := os.Lstat(calls); err == nil && m.table != nil {
			delegate.Connect(calls, m.table.owner(m.table.own))
		}
		look = func() { m.PrimaryAlive() }
	case m.table != nil:
		if err := delegate.Serve(calls, m.table.alive); err != nil {
			control.Logger().Warn("secondaries make their control calls themselves: one that is killed inside a call may stop all others", "error", err)
		}
		m.watcher = newWatcher(m)
		look = func() {
			m.watcher.look()
			cgo.GrowthStopped(m.stopped()) // for growth without a control call
		}
		if errno := cgo.GrowthGuard(); errno != 0 {
			control.Logger().Warn("a stopped secondary may delay calls that need memory for minutes", "error", dpdk.Errno(errno))
		}
	default: // no process can attach
		close(m.ended)
		return
	}
	go func() {
		defer close(m.ended)
		tick := time.NewTicker(presenceTick)
		defer tick.Stop()
		for {
			select {
			case <-m.ctx.Done():
				return
			case <-tick.C:
			case <-delegate.Looks(): // in a primary
				m.watcher.lookNow()
				continue
			}
			look()
			m.hear()
		}
	}()
}

// Ready sets the state that WaitReady finds in this process if it is the primary.
func (m *Member) Ready(ready bool) {
	own.Lock()
	defer own.Unlock()
	own.ready = ready
}

// Context returns a context that ends with Stop and, in a secondary, when the primary has gone.
func (m *Member) Context() context.Context { return m.ctx }

// PrimaryAlive reports whether the primary of a secondary is alive, and ends the context if it is
// not. In a primary it returns true.
func (m *Member) PrimaryAlive() bool {
	if m.role == Primary || !m.gone.Load() && m.primaryLives() {
		return true
	}
	m.cancel(dpdk.ErrPrimaryGone)
	if m.gone.Swap(true) { // not a sync.Once: a log handler may make a control call
		return false
	}
	// The next primary of the prefix must not ask this process to follow changes of memory.
	err := detach(m.dir)
	control.Logger().Error("the primary process has gone", "file-prefix", m.prefix)
	if err != nil {
		control.Logger().Warn("files in the runtime directory", "error", err)
	}
	return false
}

// primaryLives reports whether the primary that this process attached to is alive. A primary
// restarted since then does not count.
func (m *Member) primaryLives() bool {
	if m.table != nil {
		return m.table.held(0)
	}
	return mpsocket.Answers("/proc/self/fd/" + strconv.Itoa(int(m.socket.Fd())))
}

// Stop ends the watch that Start has begun.
func (m *Member) Stop() {
	m.cancel(context.Canceled)
	<-m.ended
	if m.watcher != nil {
		m.watcher.stop()
	}
	delegate.Disconnect()
	if m.role == Primary {
		delegate.Stop()
	}
}

// leaving marks this process as Detached, so that the others do not report it as dead.
func (m *Member) leaving() {
	t := m.table
	if t == nil || t.mem == nil || t.own < 0 {
		return
	}
	// If the table was truncated, this process counts as dead when its lock is released.
	_ = t.look(func() { t.slots[t.own].state.CompareAndSwap(Attached, Detached) })
}

// Leave ends the membership of this process, which continues to run.
func (m *Member) Leave() {
	m.leaving()
	if m.table != nil {
		owner.Leave()
		m.table.close()
	}
	if m.socket != nil {
		m.socket.Close()
	}
}

// Detach removes the files of this secondary from the runtime directory.
func (m *Member) Detach() error { return detach(m.dir) }

// EndStarts prevents starts with this primary's prefix until unlock: a new process would find a
// primary or files that are about to go. It first waits up to 5 seconds for a process that is
// starting.
func (m *Member) EndStarts() (unlock func(), err error) {
	m.leaving()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if unlock, err = lockInit(ctx, m.dir, true); err != nil {
		return func() {}, err
	}
	if m.table != nil && (m.locks.again.Load() || m.hasDead()) {
		m.giveUp(false) // else the end would wait for a process that was killed
	}
	return unlock, nil
}

// HoldPrimary prevents the end of this secondary's primary until unlock. unlock is nil if the
// primary is dead or has begun to end.
func (m *Member) HoldPrimary() (unlock func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for !m.gone.Load() && m.primaryLives() && !ending(m.dir) {
		if f, err := tryInit(m.dir, false); err != nil {
			return nil
		} else if f != nil {
			if ending(m.dir) || !m.primaryLives() {
				f.Close()
				return nil
			}
			return func() { f.Close() }
		}
		if sleep(ctx, poll) != nil { // other processes start, one after the other
			return nil
		}
	}
	return nil
}

// Disown undoes NewPrimary.
func (m *Member) Disown() { setOwn("", false) }

// ealLcores returns the lcores that EAL has created in this process.
func ealLcores() (set lcoreSet) {
	for _, l := range cgo.Lcores() {
		if l.Role == cgo.RoleRTE || l.Role == cgo.RoleService {
			set.add(l.ID)
		}
	}
	return set
}
