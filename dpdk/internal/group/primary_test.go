//go:build linux

package group

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// Package-internal tests start no EAL; the files of a primary are made by hand.
// Its lock is an open file description lock, which the code under test sees as
// another process's, although it is this one's.

// runtimeDirs points EAL's runtime directory at a folder with a short path,
// since sockets go there, and returns the prefix p's, which does not exist yet.
func runtimeDirs(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "g")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	t.Setenv("RUNTIME_DIRECTORY", base)
	return filepath.Join(base, "dpdk", "p")
}

func mkdir(t *testing.T, dir string) string {
	require.NoError(t, os.MkdirAll(dir, 0o700))
	return dir
}

// primaryFile is what a primary has in its runtime directory, or left there.
func primaryFile(t *testing.T, dir string, content []byte, locked bool) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	f, err := os.Create(filepath.Join(dir, rundir.ConfigFile))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write(content)
	require.NoError(t, err)
	if locked {
		// As EAL does, only a part of the file.
		lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 1000, Len: 100}
		require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock))
	}
}

func magicWord() []byte { return binary.NativeEndian.AppendUint32(nil, magic) }

// ended is a context that ends soon enough for a test of what happens then.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 3*poll)
	t.Cleanup(cancel)
	return ctx
}

func TestPrimaryState(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(t *testing.T, dir string)
		want state
	}{
		{"no folder", func(*testing.T, string) {}, absent},
		{"no file", func(t *testing.T, dir string) { require.NoError(t, os.MkdirAll(dir, 0o700)) }, absent},
		{"dead while starting", func(t *testing.T, dir string) { primaryFile(t, dir, nil, false) }, absent},
		{"dead", func(t *testing.T, dir string) { primaryFile(t, dir, magicWord(), false) }, absent},
		{"starting: empty file", func(t *testing.T, dir string) { primaryFile(t, dir, nil, true) }, starting},
		{"starting: short file", func(t *testing.T, dir string) { primaryFile(t, dir, magicWord()[:3], true) }, starting},
		{"starting: not yet marked", func(t *testing.T, dir string) { primaryFile(t, dir, make([]byte, 4096), true) }, starting},
		{"ready", func(t *testing.T, dir string) { primaryFile(t, dir, append(magicWord(), make([]byte, 4096)...), true) }, ready},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := runtimeDirs(t)
			tc.make(t, dir)
			got, err := primaryState(dir)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestUnreadablePrimaryFileIsNotErrNoPrimary(t *testing.T) {
	dir := runtimeDirs(t)
	require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o700))
	require.NoError(t, os.WriteFile(dir, nil, 0o600)) // a file where the folder should be
	_, err := primaryState(dir)
	require.Error(t, err)
	err = WaitReady(context.Background(), rundir.Path("p"), true)
	require.Error(t, err)
	assert.NotErrorIs(t, err, dpdk.ErrNoPrimary, "nobody knows")
	assert.Contains(t, err.Error(), dir)
}

func TestWaitPrimary(t *testing.T) {
	t.Run("is ready at once when one is", func(t *testing.T) {
		primaryFile(t, runtimeDirs(t), magicWord(), true)
		assert.NoError(t, WaitReady(context.Background(), rundir.Path("p"), true))
	})
	t.Run("ends with the context when there is none", func(t *testing.T) {
		runtimeDirs(t)
		err := WaitReady(ended(t), rundir.Path("p"), true)
		require.ErrorIs(t, err, dpdk.ErrNoPrimary)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Contains(t, err.Error(), `none runs with file prefix "p"`)
	})
	t.Run("ends with the context when one starts and does not finish", func(t *testing.T) {
		primaryFile(t, runtimeDirs(t), nil, true)
		err := WaitReady(ended(t), rundir.Path("p"), true)
		require.ErrorIs(t, err, dpdk.ErrNoPrimary)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Contains(t, err.Error(), "still starting")
	})
	t.Run("sees one that comes later", func(t *testing.T) {
		dir := runtimeDirs(t)
		got := make(chan error, 1)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		go func() { got <- WaitReady(ctx, rundir.Path("p"), true) }()
		primaryFile(t, dir, nil, true)
		require.NoError(t, os.WriteFile(filepath.Join(dir, rundir.ConfigFile), magicWord(), 0o600))
		assert.NoError(t, <-got)
	})
}

func TestRolesAreSettledBeforeEALStarts(t *testing.T) {
	none := func(*testing.T, string) {}
	dead := func(t *testing.T, dir string) { primaryFile(t, dir, magicWord(), false) }
	runs := func(t *testing.T, dir string) { primaryFile(t, dir, magicWord(), true) }
	stuck := func(t *testing.T, dir string) { primaryFile(t, dir, nil, true) }
	for _, tc := range []struct {
		name  string
		files func(*testing.T, string)
		role  Role
		want  Role
		err   error
	}{
		{"primary, nothing there", none, Primary, Primary, nil},
		{"primary after a dead one", dead, Primary, Primary, nil},
		{"primary beside a running one", runs, Primary, Primary, dpdk.ErrPrimaryRunning},
		{"primary beside a starting one", stuck, Primary, Primary, dpdk.ErrPrimaryRunning},
		{"auto, nothing there", none, Auto, Primary, nil},
		{"auto after a dead one", dead, Auto, Primary, nil},
		{"auto beside a running one", runs, Auto, Secondary, nil},
		{"auto beside one that never finishes", stuck, Auto, Secondary, context.DeadlineExceeded},
		{"secondary of a running one", runs, Secondary, Secondary, nil},
		{"secondary of none fails at once", none, Secondary, Secondary, dpdk.ErrNoPrimary},
		{"secondary of a dead one fails at once", dead, Secondary, Secondary, dpdk.ErrNoPrimary},
		{"secondary of one that never finishes", stuck, Secondary, Secondary, context.DeadlineExceeded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := runtimeDirs(t)
			tc.files(t, dir)
			ctx := context.Background()
			if tc.err == context.DeadlineExceeded {
				ctx = ended(t)
			}
			r, err := Reserve(ctx, dir, tc.role)
			if tc.err != nil {
				require.ErrorIs(t, err, tc.err)
				assert.Contains(t, err.Error(), dir, "names the directory")
				// Nothing stays reserved.
				unlock, err := lockInit(ended(t), mkdir(t, dir), true)
				require.NoError(t, err)
				unlock()
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tc.want, r.Role)
			_, err = lockInit(ended(t), dir, true)
			require.ErrorIs(t, err, context.DeadlineExceeded, "reserved until Release")
			r.Release()
			unlock, err := lockInit(ended(t), dir, true)
			require.NoError(t, err)
			unlock()
		})
	}
}

func TestTooLongPrefixIsRefusedWithTheLengthToSave(t *testing.T) {
	dir := runtimeDirs(t)
	room := 107 - len(filepath.Dir(dir)+"/") - len("/mp_socket_4194304_0123456789abcdef")

	fits, err := Reserve(context.Background(), rundir.Path(strings.Repeat("p", room)), Auto)
	require.NoError(t, err)
	fits.Release()

	_, err = Reserve(context.Background(), rundir.Path(strings.Repeat("p", room+3)), Auto)
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "shorten it by 3")
}

func TestStartsOfAPrefixExcludeEachOther(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))

	first, err := lockInit(ended(t), dir, false)
	require.NoError(t, err)
	for _, makes := range []bool{false, true} {
		_, err = lockInit(ended(t), dir, makes)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, unix.EAGAIN)
		assert.Contains(t, err.Error(), filepath.Join(dir, rundir.InitLock), "names the lock")
	}

	got := make(chan error, 1)
	go func() {
		unlock, err := lockInit(context.Background(), dir, true)
		if err == nil {
			unlock()
		}
		got <- err
	}()
	first()
	assert.NoError(t, <-got, "the wait ends with the lock")
}

func TestRuntimeDirThatCannotBeMade(t *testing.T) {
	dir := runtimeDirs(t)
	require.NoError(t, os.WriteFile(filepath.Dir(dir), nil, 0o600))
	_, err := Reserve(context.Background(), dir, Primary)
	var e *dpdk.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Detail, "runtime directory")
}

// In the process that is the primary, to close the file would drop EAL's lock.
func TestWaitReadyInThePrimaryKeepsEALsLock(t *testing.T) {
	dir := runtimeDirs(t)
	primaryFile(t, dir, magicWord(), false)
	f, err := os.OpenFile(filepath.Join(dir, rundir.ConfigFile), os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})) // as EAL's
	setOwn(dir, false)
	defer setOwn("", false)

	err = WaitReady(ended(t), rundir.Path("p"), true)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, err.Error(), "still starting")
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock))
	assert.EqualValues(t, unix.F_WRLCK, lock.Type, "another primary could start")
}

func TestLockInitRetriesIfTheFileWasRemoved(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	stop, err := lockInit(ended(t), dir, true)
	require.NoError(t, err)
	got := make(chan func())
	go func() {
		unlock, err := lockInit(context.Background(), dir, true)
		assert.NoError(t, err)
		got <- unlock
	}()
	<-ended(t).Done() // it has seen the file by now
	require.NoError(t, os.RemoveAll(dir))
	stop()
	unlock := <-got
	_, err = lockInit(ended(t), dir, true)
	require.ErrorIs(t, err, context.DeadlineExceeded, "two start at the same time")
	unlock()

	require.NoError(t, os.RemoveAll(dir))
	_, err = lockInit(ended(t), dir, false)
	require.ErrorIs(t, err, dpdk.ErrNoPrimary, "a secondary makes no folder")
}

// strangeFiles are names of EAL's and godpdk's, with something else under them.
func strangeFiles(t *testing.T, f func(t *testing.T, dir, path, kind string)) {
	dir := mkdir(t, runtimeDirs(t))
	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	for _, name := range []string{rundir.ConfigFile, rundir.TableFile, rundir.TableFile + ".new", rundir.InitLock, "fbarray_memzone", "fbarray_memseg-2048k-0-0_7", "hugepage_info", "mp_socket", "mp_socket_7_a"} {
		for kind, make := range map[string]func(path string) error{
			"link": func(path string) error { return os.Symlink(victim, path) },
			"FIFO": func(path string) error { return unix.Mkfifo(path, 0o600) },
			"hard": func(path string) error { return os.Link(victim, path) },
			"file": func(path string) error { return os.WriteFile(path, nil, 0o600) },
			"dir":  func(path string) error { return os.Mkdir(path, 0o700) },
		} {
			if socket := strings.HasPrefix(name, "mp_socket"); (kind == "file") != socket && kind == "file" {
				continue
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				path := filepath.Join(dir, name)
				require.NoError(t, os.RemoveAll(path)) // of the case before
				if err := make(path); err != nil {     // another file system
					require.ErrorIs(t, err, unix.EXDEV)
					return
				}
				defer os.RemoveAll(path)
				done := timeLimit(t)
				f(t, dir, path, kind)
				done()
				text, err := os.ReadFile(victim)
				require.NoError(t, err)
				assert.Equal(t, "precious", string(text))
			})
		}
	}
}

// timeLimit ends the whole run with a stack if the test hangs in open(2).
func timeLimit(t *testing.T) (done func()) {
	timer := time.AfterFunc(30*time.Second, func() { panic(t.Name() + " hangs") })
	return func() { timer.Stop() }
}

func TestFilesOfAnotherKindAreRefusedAndNotFollowed(t *testing.T) {
	strangeFiles(t, func(t *testing.T, dir, path, kind string) {
		r, err := Reserve(ended(t), dir, Primary)
		r.Release()
		require.Error(t, err, "EAL would open it")
		assert.Contains(t, err.Error(), path)
		assert.Contains(t, err.Error(), "remove it")
	})
}

func TestFilesOfAnotherKindDoNotBlockReaders(t *testing.T) {
	_, p := primaryTable(t)
	defer p.close()
	strangeFiles(t, func(t *testing.T, dir, path, kind string) {
		_ = WaitReady(ended(t), rundir.Path("p"), true)
		_, _ = primaryState(dir)
		_, _, _ = openTable(dir)
		_ = ending(dir)
		w := newWatcher(&Member{dir: dir, table: p})
		w.clean(&slot{pid: 7})
		_ = detach(dir)
	})
}

func TestReserveTimesOutWhileTheDirectoryIsLocked(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	f, err := os.Open(dir)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_SH)) // as rte_mp while it sends
	_, err = Reserve(ended(t), dir, Primary)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, unix.EAGAIN)
	assert.Contains(t, err.Error(), "lock of "+dir)
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_UN))
	r, err := Reserve(ended(t), dir, Primary)
	require.NoError(t, err)
	r.Release()
}
