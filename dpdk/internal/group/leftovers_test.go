//go:build linux

package group

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/internal/hugepages"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

// As /var/run is: the kernel names mapped files by their real paths.
func TestDetachFindsPageTablesBelowALink(t *testing.T) {
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
	require.NoError(t, detach(rundir.Path("p")))
	primaryFile(t, dir, nil, false)
	assert.Len(t, rundir.ConfigDescriptors(rundir.Path("p")), 1)
}

func TestRemoveRuntimeDirKeepsForeignFiles(t *testing.T) {
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

func TestRemoveRuntimeDirDoesNotFollowALink(t *testing.T) {
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
		of, ok := hugepages.Prefix(name)
		assert.Equal(t, is, ok && of == "a", name)
	}
	of, _ := hugepages.Prefix("amap_bmap_0")
	assert.Equal(t, "amap_b", of)
}

func TestCopiesOfPageTablesAreKnownInAllReleases(t *testing.T) {
	for name, is := range map[string]bool{"fbarray_memseg-2048k-0-1_77": true, "fbarray_memseg-2048k-0-1_77_1a2b3c": true, "fbarray_memseg-2048k-0-77": false,
		"fbarray_memseg-2048k-0-1_177": false, "fbarray_memseg-2048k-0-1_1_77": false, "fbarray_memzone": false} {
		assert.Equal(t, is, copies(77).MatchString(name), name)
	}
}

// bind makes a datagram socket as rte_mp's, with a file.
func bind(t *testing.T, path string) (fd int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	return fd
}

func TestDetachRemovesOnlyTheSocketOfThisProcess(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	mine, others := filepath.Join(dir, "mp_socket_7_abc"), filepath.Join(dir, "mp_socket_8_abc")
	primarys, other := filepath.Join(dir, "mp_socket"), filepath.Join(dir, "telemetry")
	fd := bind(t, mine)
	defer unix.Close(fd)
	for _, path := range []string{others, primarys} {
		unix.Close(bind(t, path)) // another process has it
	}
	fd = bind(t, other) // ours, but not for memory events
	defer unix.Close(fd)

	require.NoError(t, detach(dir))
	assert.NoFileExists(t, mine)
	for _, path := range []string{others, primarys, other} {
		_, err := os.Lstat(path)
		assert.NoError(t, err, path)
	}
	assert.NoError(t, detach(dir), "again, with the file gone")
}

func TestHugepageFilesReturnsMappedFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	mapped := map[string]bool{"pmap_0": true, "pmap_7": true, "pmap_9": false, "ppmap_0": true, "qmap_0": true, "pmap": true}
	for name, mapIt := range mapped {
		f, err := os.Create(path(name))
		require.NoError(t, err)
		require.NoError(t, f.Truncate(8192))
		if mapIt {
			for range 2 { // twice: it is one file still
				mem, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_SHARED)
				require.NoError(t, err)
				defer func() { _ = unix.Munmap(mem) }()
			}
		}
		require.NoError(t, f.Close())
	}
	files, err := HugepageFiles("p")
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{path("pmap_0"), path("pmap_7")}, files)

	require.NoError(t, os.Remove(path("pmap_7")))
	require.NoError(t, removeAll(files), "a missing file is not a failure")
	for name := range mapped {
		_, err := os.Lstat(path(name))
		assert.Equal(t, name == "pmap_0" || name == "pmap_7", os.IsNotExist(err), name)
	}
	assert.Error(t, removeAll([]string{dir}), "a file that cannot be removed is a failure")
}

func TestClearDeadRemovesTheFilesOfTheDeadPrimary(t *testing.T) {
	dir := mkdir(t, runtimeDirs(t))
	all := []string{"config", "fbarray_memzone", "hugepage_info", "godpdk_attach", "godpdk_calls", "godpdk_init", "mp_socket_1_a", "dpdk_telemetry.v2"}
	for _, name := range all {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	f, err := os.OpenFile(filepath.Join(dir, "config"), os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: 1000, Len: 100}))
	require.NoError(t, ClearDead(dir, "p", true))
	assert.FileExists(t, filepath.Join(dir, "fbarray_memzone"), "a primary in C has started meanwhile")

	f.Close()
	require.NoError(t, ClearDead(dir, "p", true))
	left, err := filepath.Glob(dir + "/*")
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "dpdk_telemetry.v2"), filepath.Join(dir, "godpdk_init")}, left, "what others have too stays")
}
