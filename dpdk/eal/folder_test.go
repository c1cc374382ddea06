//go:build linux

package eal

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

const nobody = 12345 // a user without files

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("GODPDK_REQUIRE") != "" {
		t.Fatal("needs root, to make folders of other users")
	}
	t.Skip("needs root, to make folders of other users")
}

func TestOnlyARuntimeDirectoryThatNoOtherUserCanWriteToIsUsed(t *testing.T) {
	needRoot(t)
	chmod := func(mode uint32) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { require.NoError(t, unix.Chmod(path, mode)) }
	}
	chown := func(t *testing.T, path string) { require.NoError(t, os.Chown(path, nobody, nobody)) }
	link := func(t *testing.T, path string) {
		require.NoError(t, os.Rename(path, path+".moved"))
		require.NoError(t, os.Symlink(path+".moved", path))
	}
	nothing := func(*testing.T, string) {}
	mount := func(t *testing.T, path string) {
		runtime.LockOSThread() // and never unlocked: the thread ends with the test
		require.NoError(t, unix.Unshare(unix.CLONE_NEWNS))
		require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		require.NoError(t, unix.Mount("nodev", path, "tmpfs", 0, "size=1M,mode=0777"))
		t.Cleanup(func() { assert.NoError(t, unix.Unmount(path, unix.MNT_DETACH)) })
		require.NoError(t, os.Mkdir(filepath.Join(path, "p"), 0o700))
	}
	for _, tc := range []struct {
		name string
		at   string // below the base
		do   func(t *testing.T, path string)
		says string // "" is accepted
	}{
		{"as EAL makes it", ".", nothing, ""},
		{"readable by others", "dpdk/p", chmod(0o755), ""},
		{"writable by the group", "dpdk/p", chmod(0o770), "mode 0770"},
		{"writable by all", "dpdk/p", chmod(0o1777), "mode 1777"},
		{"another user's", "dpdk/p", chown, "belongs to user 12345"},
		{"a link", "dpdk/p", link, "a symbolic link"},
		{"in a folder of mode 0755, as volumes have", "dpdk", chmod(0o755), ""},
		{"in a folder like /tmp", "dpdk", chmod(0o1777), ""},
		{"in a folder in which others can exchange it", "dpdk", chmod(0o775), "mode 0775"},
		{"in a folder of another user", "dpdk", chown, "belongs to user 12345"},
		{"in a link", "dpdk", link, "a symbolic link"},
		{"in a volume with mode 0777, as Kubernetes makes them", "dpdk", mount, ""},
		{"below a folder in which others can exchange it", ".", chmod(0o777), "mode 0777"},
		{"below a folder like /tmp", ".", chmod(0o1777), ""},
		{"below a folder of another user", ".", chown, "belongs to user 12345"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := mkdir(t, runtimeDirs(t))
			tc.do(t, filepath.Join(dir, "../..", tc.at))
			for _, role := range []ProcessType{Primary, Auto} {
				p := plan{role, "p", true}
				done, err := p.arrange(context.Background())
				private := checkPrivate(dir)
				if tc.says == "" {
					require.NoError(t, err)
					require.NoError(t, private)
					done()
					continue
				}
				require.ErrorIs(t, private, unix.EPERM)
				require.ErrorIs(t, err, unix.EPERM)
				assert.NotErrorIs(t, err, dpdk.ErrNoPrimary)
				assert.Contains(t, err.Error(), tc.says)
				err = WaitPrimary(ended(t), "p")
				require.ErrorIs(t, err, unix.EPERM)
				_, err = SecondaryConfig("p")
				require.ErrorIs(t, err, unix.EPERM)
			}
		})
	}
}

// strangeFiles are names of EAL's and godpdk's, with something else under them.
func strangeFiles(t *testing.T, f func(t *testing.T, dir, path, kind string)) {
	dir := mkdir(t, runtimeDirs(t))
	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	for _, name := range []string{configFile, tableFile, tableFile + ".new", initLock, "fbarray_memzone", "fbarray_memseg-2048k-0-0_7", "hugepage_info", "mp_socket", "mp_socket_7_a"} {
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
		p := plan{Primary, "p", true}
		done, err := p.arrange(ended(t))
		if done != nil {
			done()
		}
		require.Error(t, err, "EAL would open it")
		assert.Contains(t, err.Error(), path)
		assert.Contains(t, err.Error(), "remove it")
	})
}

func TestFilesOfAnotherKindDoNotHoldUpWhoLooks(t *testing.T) {
	_, p := primaryTable(t)
	defer p.close()
	strangeFiles(t, func(t *testing.T, dir, path, kind string) {
		_ = WaitPrimary(ended(t), "p")
		_, _ = primaryState(dir)
		_, _, _ = openTable(dir)
		_ = ending(dir)
		w := newWatcher(&attachment{dir: dir, table: p})
		w.clean(&slot{pid: 7})
		_ = detach(dir)
	})
}

// As /var/run is: the kernel names mapped files by their real paths.
func TestCopiesOfPageTablesGoWhenTheBaseIsALink(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	base := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.Symlink(os.Getenv("RUNTIME_DIRECTORY"), base))
	t.Setenv("RUNTIME_DIRECTORY", base)
	for name, stays := range map[string]bool{fmt.Sprintf("fbarray_memseg-2048k-0-0_%d", os.Getpid()): false, "fbarray_memseg-2048k-0-0": true} {
		f, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		defer f.Close()
		require.NoError(t, f.Truncate(4096))
		mem, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_SHARED)
		require.NoError(t, err)
		defer func() { _ = unix.Munmap(mem) }()
		defer func() {
			_, err := os.Lstat(f.Name())
			assert.Equal(t, stays, err == nil, name)
		}()
	}
	require.NoError(t, detach(runtimeDir("p")))
	primaryFile(t, dir, nil, false)
	assert.Len(t, ealConfig(runtimeDir("p")), 1)
}

func TestAnEmptyVariableIsRefusedBecauseEALWouldNotIgnoreIt(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", "")
	err := checkEnv()
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "RUNTIME_DIRECTORY")
	t.Setenv("RUNTIME_DIRECTORY", "/run/app")
	assert.NoError(t, checkEnv())
}

func TestALockThatEALWouldWaitForIsWaitedForWithABound(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	f, err := os.Open(dir)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_SH)) // as rte_mp while it sends
	p := plan{Primary, "p", true}
	_, err = p.arrange(ended(t))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, unix.EAGAIN)
	assert.Contains(t, err.Error(), "lock of "+dir)
	require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_UN))
	done, err := p.arrange(ended(t))
	require.NoError(t, err)
	done()
}

func TestTheEndRemovesOnlyWhatDPDKAndGodpdkMake(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	path := func(name string) string { return filepath.Join(dir, name) }
	for name := range map[string]bool{"config": true, "hugepage_info": true, "fbarray_memzone": true, "godpdk_attach": true, "godpdk_init": true,
		"notes": true, "config.bak": true, "mp_socket.txt": true, "telemetry2": true} {
		require.NoError(t, os.WriteFile(path(name), nil, 0o600))
	}
	for _, name := range []string{"mp_socket", "mp_socket_1_a", "dpdk_telemetry.v2", "dpdk_telemetry.v2:1", "godpdk_mp_7_a"} {
		unix.Close(bind(t, path(name)))
	}
	require.NoError(t, os.Symlink("/etc/passwd", path("fbarray_link")))
	require.NoError(t, removeRuntimeDir(dir))
	left, err := filepath.Glob(dir + "/*")
	require.NoError(t, err)
	assert.Equal(t, []string{path("config.bak"), path("fbarray_link"), path("mp_socket.txt"), path("notes"), path("telemetry2")}, left)

	for _, f := range left {
		require.NoError(t, os.Remove(f))
	}
	require.NoError(t, removeRuntimeDir(dir))
	assert.NoDirExists(t, dir)
}

func TestAFolderThatIsALinkIsNotEmptied(t *testing.T) {
	dir := runtimeDirs(t)
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "thesis"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "config"), nil, 0o600))
	require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o700))
	require.NoError(t, os.Symlink(home, dir))
	assert.Error(t, removeRuntimeDir(dir))
	assert.FileExists(t, filepath.Join(home, "thesis"))
	assert.FileExists(t, filepath.Join(home, "config"))
}

func TestHugepageFilesOfAPrefixAreNotThoseOfALongerOne(t *testing.T) {
	for name, is := range map[string]bool{"amap_0": true, "amap_12": true, "amap_bmap_0": false, "amap_": false, "amap_1x": false, "aamap_1": false, "amap_1 (deleted)": false} {
		assert.Equal(t, is, isHugepageFile(name, "a"), name)
	}
	assert.True(t, isHugepageFile("amap_bmap_0", "amap_b"))
}

func TestOfAPublishedPrimaryNothingIsTakenOnTrust(t *testing.T) {
	for _, text := range []string{`{"allow":[]}`, `{"allow":null}`, `{"vdev":[]}`, `{"no-pci":[]}`, `{"huge-dir":null}`, `{"base-virtaddr":[]}`,
		`{"block":["a\u0000b"]}`, `{"block":["a\nb"]}`, `{"allow":[""]}`} {
		dir, p := primaryTable(t)
		primaryFile(t, dir, magicWord(), true)
		f := buildFacts()
		head, err := json.Marshal(&f)
		require.NoError(t, err)
		line := strings.Replace(string(head), `"Options":null`, `"Options":`+text, 1)
		require.Contains(t, line, text)
		_, err = p.file.WriteAt([]byte(line+"\n"), 0)
		require.NoError(t, err)
		_, err = SecondaryConfig("p")
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), "start the primary anew", text)
		p.close()
	}
}

func TestATableThatIsCutShortIsAnErrorAndNoCrash(t *testing.T) {
	dir, p := primaryTable(t)
	defer p.close()
	s := joined(t, dir, 1)
	defer s.close()
	s.slots[s.own].state.Store(slotAttached)
	require.NoError(t, os.Truncate(filepath.Join(dir, tableFile), 0))

	w := newWatcher(&attachment{dir: dir, table: p})
	control.SetLogger(nil)
	w.look()
	assert.True(t, w.broken)
	w.look() // told once
	rt := &Runtime{role: Primary, dir: dir}
	rt.attachment = &attachment{dir: dir, table: p}
	_, err := rt.processes()
	require.ErrorIs(t, err, unix.EFAULT)
	assert.Contains(t, err.Error(), filepath.Join(dir, tableFile))
	(&attachment{table: s}).leaving()
	assert.False(t, ending(dir))
	assert.True(t, s.held(0), "the locks do not depend on the size")
	_, _, err = openTable(dir)
	assert.Error(t, err)
}

func TestAFaultElsewhereIsNotTheTables(t *testing.T) {
	_, p := primaryTable(t)
	defer p.close()
	assert.PanicsWithValue(t, "mine", func() { _ = p.look(func() { panic("mine") }) })
	assert.Panics(t, func() { _ = p.look(func() { var s *slot; s.pid = 1 }) })
}

func TestStatesThatNobodyWritesAreNotTold(t *testing.T) {
	w, next := watched(t)
	s := joined(t, w.a.dir, 1)
	defer s.close()
	s.slots[s.own].state.Store(77)
	assert.Empty(t, next())
	assert.Equal(t, slotFree, w.a.table.slots[1].state.Load())
}

func TestSocketsForRepliesOfTheDeadAreRemoved(t *testing.T) {
	w, _ := watched(t)
	path := func(name string) string { return filepath.Join(w.a.dir, name) }
	s := joined(t, w.a.dir, 1)
	w.a.table.slots[1].pid = 77
	unix.Close(bind(t, path("godpdk_mp_77_a")))
	unix.Close(bind(t, path("godpdk_mp_78_a")))
	defer unix.Close(bind(t, path("godpdk_mp_77_b"))) // of a namesake
	namesake := joined(t, w.a.dir, 2)
	w.a.table.slots[2].pid = 77
	namesake.slots[2].state.Store(slotAttached)
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

func TestCopiesOfPageTablesAreKnownInAllReleases(t *testing.T) {
	for name, is := range map[string]bool{"fbarray_memseg-2048k-0-1_77": true, "fbarray_memseg-2048k-0-1_77_1a2b3c": true, "fbarray_memseg-2048k-0-77": false,
		"fbarray_memseg-2048k-0-1_177": false, "fbarray_memseg-2048k-0-1_1_77": false, "fbarray_memzone": false} {
		assert.Equal(t, is, copies(77).MatchString(name), name)
	}
}

func TestAnUnreadableFolderIsNotAnAbsentPrimary(t *testing.T) {
	err := unusable(&os.PathError{Op: "open", Path: "/run/dpdk/p", Err: unix.EACCES})
	require.ErrorIs(t, err, unix.EACCES)
	assert.NotErrorIs(t, err, dpdk.ErrNoPrimary)
	assert.Contains(t, err.Error(), "run as the user")
}

func TestHugepagesElsewhereAreRefusedWithBothMounts(t *testing.T) {
	dir := t.TempDir()
	var st unix.Stat_t
	require.NoError(t, unix.Stat(dir, &st))
	f := &facts{Mounts: map[string]mount{dir: {st.Dev, st.Ino}}}
	require.NoError(t, f.checkMounts())

	f.Mounts[dir] = mount{st.Dev, st.Ino + 1}
	err := f.checkMounts()
	require.ErrorIs(t, err, dpdk.ErrMismatch)
	for _, part := range []string{dir, fmt.Sprintf("inode %d", st.Ino), fmt.Sprintf("inode %d", st.Ino+1), "volume"} {
		assert.Contains(t, err.Error(), part)
	}
	require.NoError(t, os.Remove(dir))
	assert.ErrorContains(t, f.checkMounts(), "no such file")
}

// FuzzTable reads arbitrary bytes in place of the published file.
func FuzzTable(f *testing.F) {
	own := buildFacts()
	head, err := json.Marshal(&own)
	require.NoError(f, err)
	f.Add(string(head)+"\n", []byte{1, 0, 0, 0})
	f.Add(`{"Options":{"allow":[]}}`, []byte{2})
	f.Add(strings.Replace(string(head), `"Options":null`, `"Options":{"allow":["class=eth",""],"no-pci":[""],"huge-dir":["/"]}`, 1)+"\n", []byte{3, 1, 1, 1, 9, 9, 9, 9, 9, 9, 9, 9})
	base, err := os.MkdirTemp("/dev/shm", "g") // a disk would write each of the files
	require.NoError(f, err)
	f.Cleanup(func() { os.RemoveAll(base) })
	f.Fuzz(func(t *testing.T, text string, slots []byte) {
		t.Setenv("RUNTIME_DIRECTORY", base)
		dir := filepath.Join(base, "dpdk", "p")
		require.NoError(t, os.MkdirAll(dir, 0o700))
		facts := buildFacts()
		p, err := createTable(dir, &facts, lcoresOf(0))
		require.NoError(t, err)
		defer p.close()
		_, err = p.file.WriteAt([]byte(text)[:min(len(text), tableHead)], 0)
		require.NoError(t, err)
		copy(p.mem[tableHead:], slots)

		s, got, err := openTable(dir)
		if err == nil {
			require.NotNil(t, s)
			var cfg Config
			cfg.fill(got)
			args, err := cfg.args()
			if err == nil {
				_, _, _ = parseOptions(args)
			}
			o, _, err := parseOptions(nil)
			require.NoError(t, err)
			_ = got.checkBuild(&facts, func(string, ...any) {})
			_ = got.checkDevices(o, func(string, ...any) {})
			_ = got.checkMounts()
			if s.mmap() == nil {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
				_ = (&attachment{dir: dir}).enter(ctx, s, o)
				cancel()
			}
			s.close()
		}
		w := newWatcher(&attachment{dir: dir, table: p})
		w.look()
		_ = p.processes()
		_ = ending(dir)
	})
}
