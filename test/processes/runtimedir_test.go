//go:build linux

package processes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

func init() {
	sentinels["ErrNoSpace"] = dpdk.ErrNoSpace
	sentinels["EPERM"] = unix.EPERM
}

// Two ordinary users.
const victim, attacker = 12345, 12346

// "unmount" takes a mount away from this process only.
var _ = verb("unmount", func(args []string) (string, error) { return "", unix.Unmount(args[0], unix.MNT_DETACH) })

// "wait-primary" is WaitPrimary, which must return at once.
var _ = verb("wait-primary", func(args []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return "", eal.WaitPrimary(ctx, args[0])
})

// "plain" starts a primary without lcores, which EAL takes once only, also if it fails.
var _ = verb("plain", func(args []string) (string, error) {
	cfg := harness.Config(own)
	cfg.Logger, cfg.FilePrefix, cfg.Lcores, cfg.Extra = logger, args[0], "", args[1:]
	started, err := eal.Init(cfg)
	if err != nil {
		return "", err
	}
	rt = started
	return rt.ProcessType().String(), nil
})

// public is a folder that all users can reach, as /tmp; EAL's runtime directory will be in it.
func public(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "godpdk")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, unix.Chmod(dir, 0o1777))
	t.Setenv("RUNTIME_DIRECTORY", dir)
	return dir
}

// mounted makes a folder and mounts something there.
func mounted(t *testing.T, dir, kind, options string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, unix.Mount("nodev", dir, kind, 0, options))
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return dir
}

// as is a process of a user.
func as(t *testing.T, uid uint32) *peer {
	t.Helper()
	return &peer{harness.StartWith(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}, "node", strconv.Itoa(nextLcore())), t}
}

// shell runs a script as a user.
func shell(t *testing.T, uid uint32, dir, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAnotherUsersLinkDoesNotLeadIntoAHomeFolder(t *testing.T) {
	prefix := newPrefix(t)
	top := public(t)
	pages := "--huge-dir=" + mounted(t, filepath.Join(top, "pages"), "hugetlbfs", fmt.Sprintf("uid=%d,gid=%d,mode=0700", victim, victim))
	home := filepath.Join(top, "home")
	require.NoError(t, os.Mkdir(home, 0o700))
	require.NoError(t, os.Chown(home, victim, victim))
	shell(t, victim, home, "echo text > thesis; echo mine > config")
	traps := map[string]string{
		"a link":                 "mkdir -m 0755 dpdk; ln -s ../home dpdk/" + prefix,
		"a link for the parent":  "ln -s home dpdk; true",
		"a folder for all":       "mkdir -m 0777 dpdk; mkdir -m 0777 dpdk/" + prefix,
		"a parent for all":       "mkdir -m 0777 dpdk; chmod 0777 dpdk",
		"a link without private": "mkdir -m 0755 dpdk; ln -s ../home dpdk/" + prefix,
	}
	for name, script := range traps {
		t.Run(name, func(t *testing.T) {
			shell(t, attacker, top, script)
			p := as(t, victim)
			option := pages
			if strings.Contains(name, "without private") {
				option = "--in-memory"
			}
			a := p.refused("EPERM", "init", "primary", prefix, option)
			assert.Contains(t, a.Err, "runtime directory: "+top+"/dpdk")
			p.quit()
			assert.Equal(t, []string{"config", "thesis"}, namesIn(t, home))
			text, err := os.ReadFile(filepath.Join(home, "config"))
			require.NoError(t, err)
			assert.Equal(t, "mine\n", string(text))
			require.NoError(t, os.RemoveAll(filepath.Join(top, "dpdk")))
		})
	}
	// The folders of the user's own processes are used and removed, and root does not use them.
	p, s, root := as(t, victim), as(t, victim), goPeer(t)
	require.Equal(t, "primary", p.do("init", "primary", prefix, pages))
	require.Equal(t, "secondary", s.do("init", "secondary", prefix))
	a := root.refused("", "init", "secondary", prefix)
	assert.Contains(t, a.Err, "belongs to user 12345")
	assert.NotContains(t, a.Is, "ErrNoPrimary")
	other := as(t, attacker)
	a = other.refused("EPERM", "wait-primary", prefix)
	assert.NotContains(t, a.Is, "ErrNoPrimary", "it would advise to start another group")
	other.quit()
	root.quit()
	s.quit()
	p.quit()
	assert.Empty(t, namesIn(t, filepath.Join(top, "dpdk")))
	assert.Empty(t, namesIn(t, filepath.Join(top, "pages")))
}

func TestFailedInitReturnsItsHugepages(t *testing.T) {
	prefix := newPrefix(t)
	dir := mounted(t, filepath.Join(public(t), "pages"), "hugetlbfs", "size=16M")
	run := filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix)
	p := goPeer(t)
	p.refused("", "init", "primary", prefix, "--huge-dir="+dir, "-m", "64")
	assert.Empty(t, namesIn(t, dir))
	assert.NoDirExists(t, run)
	p.quit()

	p = goPeer(t)
	p.do("init", "primary", prefix, "--huge-dir="+dir, "-m", "8")
	p.quit()
	assert.NoDirExists(t, run)
}

// EAL keeps the configuration of a failed start open, and goes on with it. EAL of 25.11
// does not find its hugepages any more, and the error has that reason.
func TestSecondaryJoinsAPrimaryThatFailedBefore(t *testing.T) {
	prefix := newPrefix(t)
	p := goPeer(t)
	p.refused("ErrNoHugepages", "plain", prefix+"x", "--huge-dir=/proc")
	p.ask("plain", prefix)
	if a := p.answer(); a.Err != "" {
		require.Contains(t, a.Err, "has failed before in this process, after which it may not start: try in a new process")
		p.quit()
		return
	}
	q, s := goPeer(t), goPeer(t)
	q.refused("ErrPrimaryRunning", "init", "primary", prefix)
	require.Equal(t, "secondary", s.do("init", "secondary", prefix))
	q.quit()
	s.quit()
	p.quit()
}

func TestAFullRuntimeDirectoryIsAnErrorAndNoCrash(t *testing.T) {
	prefix := newPrefix(t)
	top := public(t)
	started := 0
	for _, options := range []string{"size=16k", "size=64k", "size=200k", "size=600k", "size=1m", "size=1500k", "size=2m", "size=2600k", "size=8m,nr_inodes=5", "size=8m"} {
		t.Run(options, func(t *testing.T) {
			t.Setenv("RUNTIME_DIRECTORY", mounted(t, filepath.Join(top, "run"), "tmpfs", options))
			p := goPeer(t)
			p.ask("init", "primary", prefix)
			a := p.answer()
			if a.Err == "" {
				started++
			} else {
				assert.Contains(t, a.Is, "ErrNoSpace", a.Err)
				assert.Contains(t, a.Err, filepath.Join(top, "run", "dpdk"))
			}
			p.quit()
			assert.Empty(t, hugeFiles(t, prefix))
		})
	}
	assert.NotZero(t, started, "8 MB are enough")

	t.Setenv("RUNTIME_DIRECTORY", mounted(t, filepath.Join(top, "run2"), "tmpfs", "size=64m"))
	p := goPeer(t)
	p.do("init", "primary", prefix)
	for _, left := range []int64{0, 64 << 10, 500 << 10, 1 << 20} {
		var st unix.Statfs_t
		require.NoError(t, unix.Statfs(filepath.Join(top, "run2"), &st))
		filler, err := os.Create(filepath.Join(top, "run2", "filler"))
		require.NoError(t, err)
		require.NoError(t, unix.Fallocate(int(filler.Fd()), 0, 0, int64(st.Bavail)*st.Bsize-left))
		filler.Close()
		s := goPeer(t)
		s.refused("ErrNoSpace", "init", "secondary", prefix)
		s.quit()
		require.NoError(t, os.Remove(filler.Name()))
	}
	s := goPeer(t)
	s.do("init", "secondary", prefix)
	s.quit()
	p.quit()
}

func TestATruncatedTableDoesNotKillItsProcesses(t *testing.T) {
	prefix := newPrefix(t)
	p, s := started(t, "primary", prefix), started(t, "secondary", prefix)
	p.do("watch")
	noticed(p, s.Pid(), "attached")
	require.NoError(t, os.Truncate(attachFile(prefix), 0))
	a := p.refused("", "processes")
	assert.Contains(t, a.Err, attachFile(prefix))
	s.refused("", "processes")
	assert.Equal(t, "true", s.do("alive"), "its lock stays")
	late := goPeer(t)
	late.refused("", "init", "secondary", prefix)
	late.quit()
	s.quit()
	p.do("create", "ring", "64", "8", "multi")
	p.quit()
}

// EAL maps these files without a check of their sizes.
func TestATruncatedFileOfEALIsAnErrorOfInit(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	dir := filepath.Dir(attachFile(prefix))
	tables, err := filepath.Glob(filepath.Join(dir, "fbarray_*"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(tables), 2, "the table of memzones, and one of hugepages")
	for _, file := range append(tables, filepath.Join(dir, "config")) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			before, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, size := range []int{0, 4096, len(before) - 1} {
				if size >= len(before) {
					continue
				}
				require.NoError(t, os.Truncate(file, int64(size)))
				s := goPeer(t)
				a := s.refused("", "init", "secondary", prefix)
				assert.Contains(t, a.Err, fmt.Sprintf("%s: has %d bytes, and the primary made it with %d", file, size, len(before)))
				s.quit()
				repair(t, file, before)
			}
			require.NoError(t, os.Rename(file, file+"x"))
			s := goPeer(t)
			assert.Contains(t, s.refused("", "init", "secondary", prefix).Err, file+": does not exist")
			s.quit()
			require.NoError(t, os.Rename(file+"x", file))
		})
	}
	s := started(t, "secondary", prefix)
	p.do("create", "ring", "64", "24", "multi")
	s.do("enqueue", "ring", "7")
	s.quit()
	p.quit()
}

// repair writes a file that processes have mapped.
func repair(t *testing.T, file string, content []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteAt(content, 0)
	require.NoError(t, err)
}

func TestSocketsOfKilledSecondariesAreRemoved(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	p.do("ipc-register", "name", "hang")
	dir := filepath.Dir(attachFile(prefix))
	for range 3 {
		s := started(t, "secondary", prefix)
		s.ask("ipc-request", "name", "x", "60000", "1", "4")
		require.Eventually(t, func() bool {
			mine, _ := filepath.Glob(fmt.Sprintf("%s/godpdk_mp_%d_*", dir, s.Pid()))
			return len(mine) > 1
		}, 20*time.Second, 10*time.Millisecond)
		s.Kill()
		require.Eventually(t, func() bool {
			return !slices.ContainsFunc(namesIn(t, dir), func(name string) bool { return strings.Contains(name, "_"+strconv.Itoa(s.Pid())) })
		}, 20*time.Second, 50*time.Millisecond, "%v", namesIn(t, dir))
	}
	p.quit()
}

func TestASecondaryWithoutItsPrimarysHugepagesIsRefused(t *testing.T) {
	prefix := newPrefix(t)
	p := started(t, "primary", prefix)
	for name, mount := range map[string]func(s *peer){
		"none":    func(*peer) {},
		"its own": func(s *peer) { s.do("mount-pages", harness.HugeDir()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &peer{harness.StartWith(t, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "node", strconv.Itoa(nextLcore())), t}
			s.do("unmount", harness.HugeDir())
			mount(s)
			a := s.refused("ErrMismatch", "init", "secondary", prefix)
			for _, part := range []string{"hugepages in " + harness.HugeDir(), "primary has device ", "secondary has device "} {
				assert.Contains(t, a.Err, part)
			}
			assert.Empty(t, s.do("files", harness.HugeDir()))
			s.quit()
		})
	}
	s := started(t, "secondary", prefix)
	s.quit()
	p.quit()
}

var _ = verb("mount-pages", func(args []string) (string, error) {
	return "", unix.Mount("nodev", args[0], "hugetlbfs", 0, "")
})

var _ = verb("files", func(args []string) (string, error) {
	files, err := filepath.Glob(args[0] + "/*")
	return strings.Join(files, " "), err
})

func TestInitNamesTheLibrariesThatACPrimaryLacks(t *testing.T) {
	prefix := newPrefix(t)
	harness.Need(t, harness.Compiler)
	plugins, err := filepath.Glob("/usr/lib/*/dpdk/pmds-*") // which EAL loads into the primary as well
	require.NoError(t, err)
	for _, dir := range plugins {
		bus, err := os.ReadFile(filepath.Join(dir, "librte_bus_vdev.so")) // a secondary with it asks the primary's, for 5 s
		require.NoError(t, err)
		few := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(few, "librte_bus_vdev.so"), bus, 0o644))
		require.NoError(t, unix.Mount(few, dir, "", unix.MS_BIND, ""))
	}
	p := cPeer(t, "bare", "primary", prefix)
	p.done()
	for _, dir := range plugins {
		require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
	}
	s := goPeer(t)
	s.ask("init", "secondary", prefix)
	a := s.answer()
	require.Contains(t, a.Is, "ErrMismatch", a.Err)
	assert.Less(t, a.Took, atOnce)
	assert.Regexp(t, `tail queues of DPDK's libraries: primary has [A-Za-z_ ]+, secondary has [A-Z_0-9]+ too: link that library`, a.Err)
	assert.NotContains(t, a.Err, "bad address")
	assert.Less(t, strings.Count(a.Err, "\n"), 3, a.Err)
	s.quit()
	p.quit()
}
