//go:build linux

package hostcheck_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/hostcheck"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

var here hostcheck.Host

// about returns the findings with a text.
func about(findings []hostcheck.Finding, text string) (found []hostcheck.Finding) {
	for _, f := range findings {
		if strings.Contains(f.Found, text) {
			found = append(found, f)
		}
	}
	return found
}

// age makes files look older than those of a start.
func age(t *testing.T, paths ...string) {
	t.Helper()
	then := time.Now().Add(-time.Minute)
	for _, path := range paths {
		require.NoError(t, os.Chtimes(path, then, then))
	}
}

func runtimeDir(prefix string) string {
	return filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix)
}

// runs starts EAL, checks the host from inside, and waits for the end.
var _ = harness.Role("runs", func(args []string) error {
	cfg := harness.Config(0)
	cfg.FilePrefix, cfg.MemoryMB = args[0], 4
	if len(args) > 1 {
		cfg.ProcessType, cfg.Lcores, cfg.MemoryMB = eal.Secondary, "", 0
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	harness.Say("own %v", about(here.Processes(), fmt.Sprintf("%q", args[0])))
	_, _ = io.Copy(io.Discard, os.Stdin)
	return rt.Close()
})

func TestAProcessIsAliveDeadAndItsFilesAreRemoved(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	prefix := fmt.Sprintf("alive%d", os.Getpid())
	dir, mine := runtimeDir(prefix), fmt.Sprintf("file prefix %q", prefix)
	primary := harness.Start(t, "runs", prefix)
	assert.Contains(t, primary.Expect("own "), "the primary lives, with 0 secondaries", "seen from inside")

	config, err := os.Open(filepath.Join(dir, "config"))
	require.NoError(t, err)
	locked, err := linux.Locked(config)
	require.NoError(t, err)
	assert.True(t, locked, "a check inside the primary does not release EAL's lock")
	require.NoError(t, config.Close())

	// As in another container: its own pid, by which EAL names its files, is 1.
	secondary := harness.StartWith(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "runs", prefix, "secondary")
	secondary.Expect("own ")
	pages, err := filepath.Glob(filepath.Join(harness.HugeDir(), prefix+"map_*"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	age(t, append(pages, dir)...)
	found := about(here.Processes(), mine)
	require.Len(t, found, 1)
	assert.Equal(t, hostcheck.OK, found[0].Level)
	assert.Contains(t, found[0].Found, "the primary lives, with 1 secondaries")

	primary.Kill()
	age(t, dir)
	found = about(here.Processes(), mine)
	require.Len(t, found, 1)
	assert.Equal(t, hostcheck.Warning, found[0].Level)
	assert.Contains(t, found[0].Found, fmt.Sprintf("the primary is dead, and 1 secondaries live: process %d", secondary.Pid()))
	require.Len(t, found[0].Fixes, 1)
	assert.Equal(t, fmt.Sprint("kill ", secondary.Pid()), found[0].Fixes[0].Commands[0])

	secondary.Kill()
	age(t, append(pages, dir)...)
	other := filepath.Join(harness.HugeDir(), prefix+"map_999") // of a process that this one cannot see
	file, err := os.Create(other)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, linux.Flock(file))
	age(t, other)
	found = about(here.Processes(), mine)
	require.Len(t, found, 2)
	assert.Contains(t, found[0].Found, "its processes are dead, and have left files")
	assert.Contains(t, found[1].Found, fmt.Sprintf("1 in use by processes without a runtime directory here, such as those of another container; %d files hold %d MiB, and no process uses them", len(pages), 2*len(pages)))
	for i, f := range found {
		assert.Equal(t, hostcheck.Warning, f.Level)
		require.Len(t, f.Fixes, 1)
		assert.Equal(t, i == 1, f.Fixes[0].Safe, "a process can start before its runtime directory is removed")
		out, err := exec.Command("sh", "-c", f.Fixes[0].Commands[0]).CombinedOutput()
		assert.NoError(t, err, "%s", out)
	}
	assert.NoDirExists(t, dir)
	for _, page := range pages {
		assert.NoFileExists(t, page)
	}
	assert.FileExists(t, other, "a process has locked it")
	require.NoError(t, os.Remove(other))
	assert.Empty(t, about(here.Processes(), mine))
}

// A process that shares no memory has only its telemetry socket in the runtime directory.
func TestAProcessWithoutSharedMemoryIsAlive(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	prefix := fmt.Sprintf("private%d", os.Getpid())
	require.NoError(t, os.MkdirAll(runtimeDir(prefix), 0o700))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(runtimeDir(prefix))) })
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(runtimeDir(prefix), "dpdk_telemetry.v2")}))
	require.NoError(t, unix.Listen(fd, 1))
	age(t, runtimeDir(prefix))
	found := about(here.Processes(), prefix)
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Found, "a process lives that shares no memory")
	require.NoError(t, unix.Close(fd))
	assert.Contains(t, about(here.Processes(), prefix)[0].Found, "its processes are dead")
}

// The secondary is in a pid namespace that this process does not see: only its socket is here.
func TestTheProcessOfASecondaryElsewhereIsUnknown(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	prefix := fmt.Sprintf("elsewhere%d", os.Getpid())
	dir := runtimeDir(prefix)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config"), nil, 0o600))
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(dir, "mp_socket_1_2f")}))
	age(t, dir)
	found := about(here.Processes(), prefix)
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Found, "the primary is dead, and 1 secondaries live; this process does not see 1 of them")
	require.Len(t, found[0].Fixes, 1)
	assert.Equal(t, "grep -l /"+prefix+"/config /proc/[0-9]*/maps", found[0].Fixes[0].Commands[0])
	require.NoError(t, unix.Close(fd))
	assert.Contains(t, about(here.Processes(), prefix)[0].Found, "its processes are dead")
}

func TestThisHostHasWhatTheTestsUse(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	for _, f := range here.Memory(hostcheck.Need{HugeDir: harness.HugeDir(), MemoryMB: 8}) {
		assert.Equal(t, hostcheck.OK, f.Level, f.String())
	}
}

var _ = harness.Role("nobody", func([]string) error {
	if err := syscall.Setuid(65534); err != nil {
		return err
	}
	for _, f := range here.Check(hostcheck.Need{}) {
		harness.Say("%v %s %v", f.Level, f.Check, f)
		for _, fix := range f.Fixes {
			if fix.Safe {
				harness.Say("safe %v", fix)
			}
		}
	}
	return nil
})

func TestAnotherUserIsWarnedOfItsOwnRights(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	text := strings.Join(harness.Start(t, "nobody").Wait(), "\n")
	assert.Regexp(t, `error hugetlbfs uid 65534 cannot make files in the hugetlbfs at \S+, pages of 2 MiB.* \(permission denied\): (.* )?as root: .*mount -t hugetlbfs -o uid=65534,mode=0700`, text)
	assert.Regexp(t, `ok capabilities uid 65534 has none of the capabilities that DPDK can use; lacks IPC_LOCK`, text)
	assert.NotRegexp(t, `safe .*(echo|mount|rm) `, text, "this user cannot run root's commands")
}

var _ = harness.Role("few files", func([]string) error {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
		return err
	}
	for _, f := range here.Limits() {
		harness.Say("%v %s %v", f.Level, f.Check, f)
	}
	return nil
})

func TestLimitsOfThisProcessAreFound(t *testing.T) {
	text := strings.Join(harness.Start(t, "few files").Wait(), "\n")
	assert.Regexp(t, `warning open-files this process has \d+ open files and may have 64; .*ulimit -n \d+`, text)
	assert.Contains(t, text, " memlock ")
	assert.Contains(t, text, "64 KiB")
}
