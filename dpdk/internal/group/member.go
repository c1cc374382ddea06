// Package group is the membership of this process in the group of processes that share a file
// prefix, and with it memory: how a process finds its turn to start, what a primary publishes and a
// secondary checks, who lives, and what is left of the dead.
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
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/dpdk/internal/mpsocket"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Member is this process as a member of its group.
type Member struct {
	dir, prefix string
	role        Role
	facts       *Facts // of the primary; nil if it is a C program
	// table is nil if the primary is a C program: then socket is the primary's
	// rte_mp socket, by which to see it end. It is nil too if nobody can attach.
	table  *table
	socket *os.File
	shared bool // eal.Config.SharedLcores
	warn   func(text string, args ...any)

	// From Start on:
	ctx     context.Context
	cancel  context.CancelCauseFunc
	gone    atomic.Bool   // a secondary's primary
	ended   chan struct{} // closed when the goroutine has ended
	watcher *watcher      // in a primary with secondaries
	ear     int           // DPDK's socket for messages; -1 if there is none, or nobody hears
}

// NewPrimary makes this process the primary of a directory, or one that starts as such. Before
// Publish nobody can attach to it.
func NewPrimary(dir, prefix string) *Member {
	setOwn(dir, false)
	return &Member{dir: dir, prefix: prefix, role: Primary, ear: -1}
}

// NewPrivate makes this process the only one that knows of its memory.
func NewPrivate(dir, prefix string) *Member {
	return &Member{dir: dir, prefix: prefix, role: Primary, ear: -1}
}

// Join checks, before EAL starts, that this process fits the primary. A primary that is a C
// program has published nothing.
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
	m.facts, m.table, r.table = f, r.table, nil
	return m, nil
}

// Adopt returns the options that a secondary with these options takes over from its primary.
func (m *Member) Adopt(o Options) ([]Option, error) {
	if m.table == nil {
		return nil, nil
	}
	return m.facts.checkDevices(o, m.warn)
}

// Claim claims a slot in the table and this process's lcores. The lcores are for --lcores; they
// are "" if the options have named some.
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

// Publish makes this process, whose EAL has started, the primary that others find.
func (m *Member) Publish(o Options, iova string) error {
	f, err := ownFacts(o, m.prefix, iova)
	if err != nil {
		return err
	}
	t, err := createTable(m.dir, f, ealLcores())
	if err != nil {
		return err
	}
	m.facts, m.table = f, t
	return nil
}

// Attached completes a secondary's membership when EAL has started. It fails if the primary
// is not the one that was looked at before.
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

// presenceTick is how often the kernel is asked who lives. A C program is taken for
// dead at the second refusal: between the close of its socket and the end of the
// file it may be leaving.
const presenceTick = 100 * time.Millisecond

// Start starts to look after the others, when EAL has started. private is a process that no
// other one shares memory with.
func (m *Member) Start(private bool) {
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.ended = make(chan struct{})
	if !private {
		m.listen()
	}
	look := func() {}
	switch {
	case m.role == Secondary:
		look = func() { m.PrimaryAlive() }
	case m.table != nil:
		m.watcher = newWatcher(m)
		look = m.watcher.look
	default: // nobody can attach
		close(m.ended)
		return
	}
	go func() {
		defer close(m.ended)
		for sleep(m.ctx, presenceTick) == nil {
			look()
			m.hear()
		}
	}()
}

// Ready tells WaitReady, in this process, that its own primary is ready, or no longer.
func (m *Member) Ready(ready bool) {
	own.Lock()
	defer own.Unlock()
	own.ready = ready
}

// Context ends with Stop and, in a secondary, when the primary has gone.
func (m *Member) Context() context.Context { return m.ctx }

// PrimaryAlive looks whether a secondary's primary lives, and ends the context if not. It is true in
// a primary.
func (m *Member) PrimaryAlive() bool {
	if m.role == Primary || !m.gone.Load() && m.primaryLives() {
		return true
	}
	m.cancel(dpdk.ErrPrimaryGone)
	if m.gone.Swap(true) { // and no sync.Once: a log handler may make a control call
		return false
	}
	// The next primary of the prefix must not ask this process to follow changes of
	// its memory.
	err := detach(m.dir)
	control.Logger().Error("the primary process has gone", "file-prefix", m.prefix)
	if err != nil {
		control.Logger().Warn("files in the runtime directory", "error", err)
	}
	return false
}

// primaryLives asks the kernel whether the primary that this process attached to
// has ended. One that came after it is another one.
func (m *Member) primaryLives() bool {
	if m.table != nil {
		return m.table.held(0)
	}
	return mpsocket.Answers("/proc/self/fd/" + strconv.Itoa(int(m.socket.Fd())))
}

// Stop ends what Start began.
func (m *Member) Stop() {
	m.cancel(context.Canceled)
	<-m.ended
}

// leaving tells the others that this process is about to go, and not killed.
func (m *Member) leaving() {
	t := m.table
	if t == nil || t.mem == nil || t.own < 0 {
		return
	}
	// If the table has been cut short, this process counts as dead: its lock goes.
	_ = t.look(func() { t.slots[t.own].state.CompareAndSwap(Attached, Detached) })
}

// Leave ends the membership of a process that goes on without it.
func (m *Member) Leave() {
	m.leaving()
	if m.table != nil {
		m.table.close()
	}
	if m.socket != nil {
		m.socket.Close()
	}
}

// Detach removes what a secondary has in the runtime directory.
func (m *Member) Detach() error { return detach(m.dir) }

// EndStarts keeps processes of this primary's prefix from starting until unlock: they
// would find a primary that is about to go, or files that are. One that is starting just
// now is waited for, up to 5 seconds; the others are not let in before.
func (m *Member) EndStarts() (unlock func(), err error) {
	m.leaving()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if unlock, err = lockInit(ctx, m.dir, true); err != nil {
		return func() {}, err
	}
	return unlock, nil
}

// HoldPrimary keeps a secondary's primary from ending until unlock, if it lives and has
// not begun to; otherwise unlock is nil.
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
		if sleep(ctx, poll) != nil { // others start, one after the other
			return nil
		}
	}
	return nil
}

// Disown ends what NewPrimary began.
func (m *Member) Disown() { setOwn("", false) }

// ealLcores are the lcores that EAL made for this process.
func ealLcores() (set lcoreSet) {
	for _, l := range cgo.Lcores() {
		if l.Role == cgo.RoleRTE || l.Role == cgo.RoleService {
			set.add(l.ID)
		}
	}
	return set
}
