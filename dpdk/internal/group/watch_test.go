//go:build linux

package group

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var stateNames = map[uint32]string{Attached: "attached", Detached: "detached", Died: "died"}

// channel sends a subscription's events until ctx ends.
func channel(w *watcher, ctx context.Context) <-chan Event {
	events, out := w.subscribe(ctx.Done(), nil), make(chan Event)
	go func() {
		defer close(out)
		for e := range events {
			select {
			case out <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// watched is a primary's watcher with a reader.
func watched(t *testing.T) (w *watcher, next func() string) {
	t.Helper()
	dir, p := primaryTable(t)
	w = newWatcher(&Member{dir: dir, table: p})
	ctx, cancel := context.WithCancel(context.Background())
	events := channel(w, ctx)
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
			return stateNames[e.State]
		case <-time.After(100 * time.Millisecond):
			return ""
		}
	}
}

func TestWatcherReports(t *testing.T) {
	attach := func(s *table) { s.slots[s.own].state.Store(Attached) }
	t.Run("attached and died", func(t *testing.T) {
		w, next := watched(t)
		s := joined(t, w.m.dir, 1)
		assert.Empty(t, next(), "still in its Init")
		attach(s)
		assert.Equal(t, "attached", next())
		assert.Empty(t, next(), "once")
		s.close()
		assert.Equal(t, "died", next())
		assert.Empty(t, next())
		assert.Equal(t, free, w.m.table.slots[1].state.Load(), "for the next")
	})
	t.Run("attached and detached between two looks", func(t *testing.T) {
		w, next := watched(t)
		s := joined(t, w.m.dir, 1)
		attach(s)
		(&Member{table: s}).Leave()
		assert.Equal(t, "attached", next())
		assert.Equal(t, "detached", next())
	})
	t.Run("nothing about a process that died in Init", func(t *testing.T) {
		w, next := watched(t)
		joined(t, w.m.dir, 1).close()
		assert.Empty(t, next())
		assert.Equal(t, free, w.m.table.slots[1].state.Load())
	})
	t.Run("all to a reader that is slow, and the present to one that comes late", func(t *testing.T) {
		w, next := watched(t)
		const n = 100
		for range n {
			s := joined(t, w.m.dir, 1)
			attach(s)
			w.look()
			s.close()
			w.look()
		}
		s := joined(t, w.m.dir, 1)
		defer s.close()
		attach(s)
		for range n {
			assert.Equal(t, "attached", next())
			assert.Equal(t, "died", next())
		}
		assert.Equal(t, "attached", next())
		ctx, cancel := context.WithCancel(context.Background())
		late := channel(w, ctx)
		assert.Equal(t, Attached, (<-late).State)
		cancel()
		for range late {
		}
		assert.Len(t, w.queues, 1)
	})
	t.Run("C programs by their sockets", func(t *testing.T) {
		w, next := watched(t)
		path := filepath.Join(w.m.dir, "mp_socket_77_abc")
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
	t.Run("the socket of an attaching process is not a C program", func(t *testing.T) {
		w, next := watched(t)
		s := joined(t, w.m.dir, 1)
		defer s.close()
		w.m.table.slots[1].pid = 77
		defer unix.Close(bind(t, filepath.Join(w.m.dir, "mp_socket_77_abc")))
		assert.Empty(t, next())
		copy(s.slots[1].socket[:], "mp_socket_77_abc")
		attach(s)
		assert.Equal(t, "attached", next())
		assert.Empty(t, next())
	})
}

func TestWatcherRemovesOnlyTheFilesOfDeadProcesses(t *testing.T) {
	w, _ := watched(t)
	s := joined(t, w.m.dir, 1)
	w.m.table.slots[1].pid = 77
	path := func(name string) string { return filepath.Join(w.m.dir, name) }
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

	other := joined(t, w.m.dir, 2)
	other.slots[other.own].pid = 77
	s.close()
	w.slot(1)
	assert.FileExists(t, path("fbarray_memseg-0_77"), "a namesake attaches, and may be about to lock it")

	other.close()
	w.slot(2)
	lock, err := os.Open(w.m.dir) // as DPDK while it sends a request
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, unix.Flock(int(lock.Fd()), unix.LOCK_SH))
	w.ignoreDead()
	assert.FileExists(t, path("mp_socket_77_dead"), "DPDK may have listed it")
	require.NoError(t, unix.Flock(int(lock.Fd()), unix.LOCK_UN))
	w.ignoreDead()
	for name, stays := range map[string]bool{"fbarray_memseg-0_77": false, "mp_socket_77_dead": false, "fbarray_memseg-0_1_77": true,
		"fbarray_memseg-0_177": true, "fbarray_memzone": true, "config": true, "mp_socket_77_alive": true, "mp_socket_177_dead": true} {
		_, err := os.Lstat(path(name))
		assert.Equal(t, stays, err == nil, name)
	}
}

func TestWatcherIgnoresInvalidStates(t *testing.T) {
	w, next := watched(t)
	s := joined(t, w.m.dir, 1)
	defer s.close()
	s.slots[s.own].state.Store(77)
	assert.Empty(t, next())
	assert.Equal(t, free, w.m.table.slots[1].state.Load())
}

func TestSocketsForRepliesOfTheDeadAreRemoved(t *testing.T) {
	w, _ := watched(t)
	path := func(name string) string { return filepath.Join(w.m.dir, name) }
	s := joined(t, w.m.dir, 1)
	w.m.table.slots[1].pid = 77
	unix.Close(bind(t, path("godpdk_mp_77_a")))
	unix.Close(bind(t, path("godpdk_mp_78_a")))
	defer unix.Close(bind(t, path("godpdk_mp_77_b"))) // of a namesake
	namesake := joined(t, w.m.dir, 2)
	w.m.table.slots[2].pid = 77
	namesake.slots[2].state.Store(Attached)
	s.close()
	w.slot(1)
	for _, name := range []string{"godpdk_mp_77_a", "godpdk_mp_77_b"} {
		_, err := os.Lstat(path(name))
		assert.NoError(t, err, "the namesake may be about to bind it")
	}
	namesake.close()
	w.slot(2)
	for name, stays := range map[string]bool{"godpdk_mp_77_a": false, "godpdk_mp_77_b": true, "godpdk_mp_78_a": true} {
		_, err := os.Lstat(path(name))
		assert.Equal(t, stays, err == nil, name)
	}
}

func TestStopWaitsForTheCleanUp(t *testing.T) {
	m := &Member{role: Primary, ended: make(chan struct{})}
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.watcher = newWatcher(m)
	close(m.ended)
	release, stopped := make(chan struct{}), make(chan struct{})
	m.watcher.work.Go(func() { <-release })
	go func() {
		defer close(stopped)
		m.Stop()
	}()
	select {
	case <-stopped:
		t.Fatal("it uses memory that the end of EAL unmaps")
	case <-time.After(50 * time.Millisecond):
	}
	_, err := m.Recover(context.Background())
	require.ErrorIs(t, err, context.Canceled, "nobody looks any more")
	close(release)
	<-stopped
}
