//go:build linux

package eal

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

// Tables that are opened apart are like other processes' to each other.

func primaryTable(t *testing.T) (dir string, primary *table) {
	t.Helper()
	dir = mkdir(t, runtimeDirs(t))
	f := buildFacts()
	f.Options = map[string][]string{"no-pci": {""}}
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

func TestATableIsOnesWhoLives(t *testing.T) {
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
	assert.NoFileExists(t, filepath.Join(dir, tableFile+".new"))
	for _, table := range []*table{s, other, next} {
		table.close()
	}
}

func TestATableThatIsNotOneIsAnError(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	_, err := p.file.WriteAt([]byte("no json\n"), 0)
	require.NoError(t, err)
	_, _, err = openTable(dir)
	require.ErrorContains(t, err, filepath.Join(dir, tableFile))

	text := []byte(`{"Format":1}` + "\n")
	_, err = p.file.WriteAt(text, 0)
	require.NoError(t, err)
	s, f, err := openTable(dir)
	require.NoError(t, err)
	defer s.close()
	assert.Equal(t, 1, f.Format)
	p.slots, p.mem = nil, nil // shrunk: no use of it any more
	require.NoError(t, os.Truncate(filepath.Join(dir, tableFile), tableHead))
	assert.ErrorContains(t, s.mmap(), "bytes")
}

func TestWhoStandsStillWhileItClaimsIsNotWaitedForForEver(t *testing.T) {
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

func TestAFullTableSaysSo(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	for i := 1; i < tableSlots; i++ {
		p.slots[i].state.Store(slotLeft)
	}
	s, _, err := openTable(dir)
	require.NoError(t, err)
	defer s.close()
	require.NoError(t, s.mmap())
	require.ErrorIs(t, s.enterAny(lcoresOf(1)), dpdk.ErrNoSpace)
}

// watched is a primary's watcher with a reader.
func watched(t *testing.T) (w *watcher, next func() string) {
	t.Helper()
	dir, p := primaryTable(t)
	w = newWatcher(&attachment{dir: dir, table: p})
	ctx, cancel := context.WithCancel(context.Background())
	events := w.subscribe(ctx, context.Background())
	t.Cleanup(func() {
		cancel()
		for range events { // it ends with its context
		}
		p.close()
	})
	return w, func() string {
		w.look()
		select {
		case e := <-events:
			return e.State.String()
		case <-time.After(100 * time.Millisecond):
			return ""
		}
	}
}

func TestWhatTheWatcherTells(t *testing.T) {
	attach := func(s *table) { s.slots[s.own].state.Store(slotAttached) }
	t.Run("attached and died", func(t *testing.T) {
		w, next := watched(t)
		s := joined(t, w.a.dir, 1)
		assert.Empty(t, next(), "still in its Init")
		attach(s)
		assert.Equal(t, "attached", next())
		assert.Empty(t, next(), "once")
		s.close()
		assert.Equal(t, "died", next())
		assert.Empty(t, next())
		assert.Equal(t, slotFree, w.a.table.slots[1].state.Load(), "for the next")
	})
	t.Run("attached and detached between two looks", func(t *testing.T) {
		w, next := watched(t)
		s := joined(t, w.a.dir, 1)
		attach(s)
		(&attachment{table: s}).leave()
		assert.Equal(t, "attached", next())
		assert.Equal(t, "detached", next())
	})
	t.Run("nothing of who died in Init", func(t *testing.T) {
		w, next := watched(t)
		joined(t, w.a.dir, 1).close()
		assert.Empty(t, next())
		assert.Equal(t, slotFree, w.a.table.slots[1].state.Load())
	})
	t.Run("all to a reader that is slow, and the present to one that comes late", func(t *testing.T) {
		w, next := watched(t)
		const n = 100
		for range n {
			s := joined(t, w.a.dir, 1)
			attach(s)
			w.look()
			s.close()
			w.look()
		}
		s := joined(t, w.a.dir, 1)
		defer s.close()
		attach(s)
		for range n {
			assert.Equal(t, "attached", next())
			assert.Equal(t, "died", next())
		}
		assert.Equal(t, "attached", next())
		ctx, cancel := context.WithCancel(context.Background())
		late := w.subscribe(ctx, context.Background())
		assert.Equal(t, Attached, (<-late).State)
		cancel()
		for range late {
		}
		assert.Len(t, w.queues, 1)
	})
	t.Run("C programs by their sockets", func(t *testing.T) {
		w, next := watched(t)
		path := filepath.Join(w.a.dir, "mp_socket_77_abc")
		fd := bind(t, path)
		assert.Equal(t, "attached", next())
		unix.Close(fd)
		assert.Empty(t, next(), "it may be leaving")
		assert.Equal(t, "died", next())
		assert.NoFileExists(t, path)

		fd = bind(t, path)
		assert.Equal(t, "attached", next())
		require.NoError(t, os.Remove(path))
		assert.Equal(t, "detached", next())
		unix.Close(fd)
		unix.Close(bind(t, path)) // dead before it was seen
		assert.Empty(t, next())
		assert.Empty(t, next())
		assert.NoFileExists(t, path)
	})
	t.Run("no C program of a socket whose owner attaches", func(t *testing.T) {
		w, next := watched(t)
		s := joined(t, w.a.dir, 1)
		defer s.close()
		w.a.table.slots[1].pid = 77
		defer unix.Close(bind(t, filepath.Join(w.a.dir, "mp_socket_77_abc")))
		assert.Empty(t, next())
		copy(s.slots[1].socket[:], "mp_socket_77_abc")
		attach(s)
		assert.Equal(t, "attached", next())
		assert.Empty(t, next())
	})
}

func TestTheDeadOnesFilesAreRemovedAndNoOthers(t *testing.T) {
	w, _ := watched(t)
	s := joined(t, w.a.dir, 1)
	w.a.table.slots[1].pid = 77
	path := func(name string) string { return filepath.Join(w.a.dir, name) }
	locked, err := os.Create(path("fbarray_memseg-0_1_77")) // of a namesake in another container
	require.NoError(t, err)
	defer locked.Close()
	require.NoError(t, unix.Flock(int(locked.Fd()), unix.LOCK_SH))
	for _, name := range []string{"fbarray_memseg-0_77", "fbarray_memseg-0_177", "fbarray_memzone", "config"} {
		require.NoError(t, os.WriteFile(path(name), nil, 0o600))
	}
	unix.Close(bind(t, path("mp_socket_77_dead")))
	defer unix.Close(bind(t, path("mp_socket_77_alive")))
	unix.Close(bind(t, path("mp_socket_177_dead")))

	other := joined(t, w.a.dir, 2)
	other.slots[other.own].pid = 77
	s.close()
	w.slot(1)
	assert.FileExists(t, path("fbarray_memseg-0_77"), "a namesake attaches, and may be about to lock it")

	other.close()
	w.slot(2)
	for name, stays := range map[string]bool{"fbarray_memseg-0_77": false, "mp_socket_77_dead": false, "fbarray_memseg-0_1_77": true,
		"fbarray_memseg-0_177": true, "fbarray_memzone": true, "config": true, "mp_socket_77_alive": true, "mp_socket_177_dead": true} {
		_, err := os.Lstat(path(name))
		assert.Equal(t, stays, err == nil, name)
	}
}

func TestANewPrimarySharesNoFileWithADeadOne(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	all := []string{"config", "fbarray_memzone", "hugepage_info", "godpdk_attach", "godpdk_init", "mp_socket_1_a", "dpdk_telemetry.v2"}
	for _, name := range all {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	f, err := os.OpenFile(filepath.Join(dir, "config"), os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: 1000, Len: 100}))
	require.NoError(t, clearDead(dir, "p", true))
	assert.FileExists(t, filepath.Join(dir, "fbarray_memzone"), "a primary in C has started meanwhile")

	f.Close()
	require.NoError(t, clearDead(dir, "p", true))
	left, err := filepath.Glob(dir + "/*")
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "dpdk_telemetry.v2"), filepath.Join(dir, "godpdk_init")}, left, "what others have too stays")
}

func TestStartOfThisProcess(t *testing.T) {
	began := startTime(processStart())
	assert.WithinDuration(t, time.Now(), began, 10*time.Minute)
	assert.True(t, began.Before(time.Now().Add(2*time.Second)))
	assert.True(t, startTime(0).IsZero())
}

func TestASecondarysConfigWaitsUntilThePrimaryHasPublished(t *testing.T) {
	dir := runtimeDirs(t)
	primaryFile(t, dir, magicWord(), true)
	unlock, err := lockInit(ended(t), dir, true)
	require.NoError(t, err)
	got := make(chan Config)
	go func() {
		cfg, err := SecondaryConfig("p")
		assert.NoError(t, err)
		got <- cfg
	}()
	select {
	case <-got:
		t.Error("EAL runs, but nothing is published")
	case <-ended(t).Done():
	}
	f := buildFacts()
	f.Options = map[string][]string{"no-pci": {""}}
	primary, err := createTable(dir, &f, lcoresOf(0))
	require.NoError(t, err)
	defer primary.close()
	unlock()
	assert.True(t, (<-got).NoPCI)
}

// loop is a handler of logs that asks for more.
type loop struct {
	slog.Handler
	again func()
}

func (l loop) Enabled(context.Context, slog.Level) bool  { return true }
func (l loop) Handle(context.Context, slog.Record) error { l.again(); return nil }

func TestALogHandlerMayMakeControlCallsWhenThePrimaryHasGone(t *testing.T) {
	rt := &Runtime{role: Secondary, dir: mkdir(t, runtimeDirs(t))}
	rt.attachment = &attachment{} // nobody's
	rt.ctx, rt.cancel = context.WithCancelCause(context.Background())
	calls := 0
	control.SetLogger(slog.New(loop{slog.DiscardHandler, func() { calls++; assert.False(t, rt.lives()) }}))
	defer control.SetLogger(nil)
	done := make(chan bool, 1)
	go func() { done <- rt.lives() }()
	select {
	case alive := <-done:
		assert.False(t, alive)
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for itself")
	}
	assert.Equal(t, 1, calls, "told once")
	assert.ErrorIs(t, context.Cause(rt.ctx), dpdk.ErrPrimaryGone)
}
