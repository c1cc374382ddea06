//go:build linux

package group

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Tables that are opened apart are like other processes' to each other.

func primaryTable(t *testing.T) (dir string, primary *table) {
	t.Helper()
	dir = mkdir(t, runtimeDirs(t))
	f := buildFacts()
	f.Options = Options{"no-pci": {""}}
	primary, err := createTable(dir, &f, lcoresOf(0))
	require.NoError(t, err)
	return dir, primary
}

func lcoresOf(ids ...int) (set lcoreSet) {
	for _, id := range ids {
		set.add(id)
	}
	return set
}

// joined has the table open as another process, in a slot.
func joined(t *testing.T, dir string, ids ...int) *table {
	t.Helper()
	s, _, err := openTable(dir)
	require.NoError(t, err)
	require.NotNil(t, s)
	require.NoError(t, s.mmap())
	require.NoError(t, s.enterAny(lcoresOf(ids...)))
	return s
}

func TestLookAtAClosedTableReturnsAnError(t *testing.T) {
	_, p := primaryTable(t)
	p.close()
	assert.ErrorIs(t, p.look(func() { p.slots[0].state.Load() }), syscall.EFAULT)
}

// The objects in the caches of its lcores are those of the process that died, until the primary has settled that.
func TestTheLcoreOfADeadProcessIsTakenLast(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	joined(t, dir, 1).close() // as its death
	claim := func() (taken *table, lcore int) {
		s, _, err := openTable(dir)
		require.NoError(t, err)
		require.NoError(t, s.mmap())
		_, err = (&Member{dir: dir, table: s}).Claim(t.Context(), nil)
		require.NoError(t, err)
		return s, s.slots[s.own].lcores.list()[0]
	}
	s, lcore := claim()
	assert.Equal(t, 2, lcore)
	s.close()
	for i := range p.slots[1:] {
		p.slots[i+1].state.Store(free) // settled
	}
	s, lcore = claim()
	defer s.close()
	assert.Equal(t, 1, lcore)
}

func TestTableOfADeadPrimaryIsNotFound(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	none, _, err := openTable(dir)
	require.NoError(t, err)
	require.Nil(t, none, "nothing published")

	dir, p := primaryTable(t)
	s := joined(t, dir, 1, 2)
	assert.True(t, s.held(0))
	assert.True(t, p.held(1))
	assert.False(t, p.held(2))
	other := joined(t, dir, 3)
	assert.Equal(t, []int{1, 2}, []int{s.own, other.own}, "each has a slot of its own")

	p.close()
	assert.False(t, s.held(0))
	none, _, err = openTable(dir)
	require.NoError(t, err)
	assert.Nil(t, none, "a dead primary's")
	f := buildFacts()
	next, err := createTable(dir, &f, lcoresOf(0))
	require.NoError(t, err)
	assert.False(t, s.held(0), "the next primary is another one")
	assert.NoFileExists(t, filepath.Join(dir, rundir.TableFile+".new"))
	for _, table := range []*table{s, other, next} {
		table.close()
	}
}

func TestMalformedTableIsAnError(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	_, err := p.file.WriteAt([]byte("no json\n"), 0)
	require.NoError(t, err)
	_, _, err = openTable(dir)
	require.ErrorContains(t, err, filepath.Join(dir, rundir.TableFile))

	text := []byte(`{"Format":1}` + "\n")
	_, err = p.file.WriteAt(text, 0)
	require.NoError(t, err)
	s, f, err := openTable(dir)
	require.NoError(t, err)
	defer s.close()
	assert.Equal(t, 1, f.Format)
	p.slots, p.mem = nil, nil // shrunk: no use of it any more
	require.NoError(t, os.Truncate(filepath.Join(dir, rundir.TableFile), tableHead))
	assert.ErrorContains(t, s.mmap(), "bytes")
}

func TestClaimTimesOutWhileAnotherProcessIsStuck(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	s := joined(t, dir, 1)
	defer s.close()
	require.NoError(t, p.claiming(context.Background(), func() error {
		err := s.claiming(ended(t), func() error { t.Error("at the same time"); return nil })
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, unix.EAGAIN)
		return nil
	}))
	assert.NoError(t, s.claiming(ended(t), func() error { return nil }), "the lock was given back")
}

func TestFullTableReturnsErrNoSpace(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	for i := 1; i < tableSlots; i++ {
		p.slots[i].state.Store(Detached)
	}
	s, _, err := openTable(dir)
	require.NoError(t, err)
	defer s.close()
	require.NoError(t, s.mmap())
	require.ErrorIs(t, s.enterAny(lcoresOf(1)), dpdk.ErrNoSpace)
}

func TestProcessStart(t *testing.T) {
	began := startTime(processStart())
	assert.WithinDuration(t, time.Now(), began, 10*time.Minute)
	assert.True(t, began.Before(time.Now().Add(2*time.Second)))
	assert.True(t, startTime(0).IsZero())
}

func TestLookWaitsUntilThePrimaryHasPublished(t *testing.T) {
	dir := runtimeDirs(t)
	primaryFile(t, dir, magicWord(), true)
	unlock, err := lockInit(ended(t), dir, true)
	require.NoError(t, err)
	got := make(chan *Facts)
	go func() {
		f, err := Look(context.Background(), rundir.Path("p"))
		assert.NoError(t, err)
		got <- f
	}()
	select {
	case <-got:
		t.Error("EAL runs, but nothing is published")
	case <-ended(t).Done():
	}
	f := buildFacts()
	f.Options = Options{"no-pci": {""}}
	primary, err := createTable(dir, &f, lcoresOf(0))
	require.NoError(t, err)
	defer primary.close()
	unlock()
	assert.Contains(t, (<-got).Options, "no-pci")
}

// loop is a handler of logs that asks for more.
type loop struct {
	slog.Handler
	again func()
}

func (l loop) Enabled(context.Context, slog.Level) bool  { return true }
func (l loop) Handle(context.Context, slog.Record) error { l.again(); return nil }

func TestALogHandlerMayMakeControlCallsWhenThePrimaryHasGone(t *testing.T) {
	m := &Member{role: Secondary, dir: mkdir(t, runtimeDirs(t))}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	calls := 0
	control.SetLogger(slog.New(loop{slog.DiscardHandler, func() { calls++; assert.False(t, m.PrimaryAlive()) }}))
	defer control.SetLogger(nil)
	done := make(chan bool, 1)
	go func() { done <- m.PrimaryAlive() }()
	select {
	case alive := <-done:
		assert.False(t, alive)
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for itself")
	}
	assert.Equal(t, 1, calls, "logged once")
	assert.ErrorIs(t, context.Cause(m.ctx), dpdk.ErrPrimaryGone)
}

func TestTruncatedTableIsAnErrorNotACrash(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	s := joined(t, dir, 1)
	defer s.close()
	s.slots[s.own].state.Store(Attached)
	require.NoError(t, os.Truncate(filepath.Join(dir, rundir.TableFile), 0))

	m := &Member{dir: dir, table: p, ctx: t.Context()}
	w := newWatcher(m)
	m.watcher = w
	control.SetLogger(nil)
	w.look()
	w.look() // logs once
	_, err := m.Recover(context.Background())
	require.ErrorIs(t, err, unix.EFAULT, "not a wait without end")
	_, err = m.Processes()
	require.ErrorIs(t, err, unix.EFAULT)
	assert.Contains(t, err.Error(), filepath.Join(dir, rundir.TableFile))
	(&Member{table: s}).leaving()
	assert.False(t, ending(dir))
	assert.True(t, s.held(0), "the locks do not depend on the size")
	_, _, err = openTable(dir)
	assert.Error(t, err)
}

func TestLookPassesOnOtherFaults(t *testing.T) {
	_, p := primaryTable(t)
	defer p.close()
	assert.PanicsWithValue(t, "mine", func() { _ = p.look(func() { panic("mine") }) })
	assert.Panics(t, func() { _ = p.look(func() { var s *slot; s.pid = 1 }) })
}
