//go:build linux

package group_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/group"
	"github.com/godpdk/godpdk/dpdk/internal/rundir"
	"github.com/godpdk/godpdk/test/harness"
)

const nobody = 12345 // a user without files

func TestRuntimeDirectoryThatOthersCanWriteToIsRefused(t *testing.T) {
	harness.Need(t, harness.Root)
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
			dir := group.Mkdir(t, group.RuntimeDirs(t))
			tc.do(t, filepath.Join(dir, "../..", tc.at))
			for _, role := range []group.Role{group.Primary, group.Auto} {
				r, err := group.Reserve(context.Background(), dir, role)
				private := rundir.CheckPrivate(dir)
				if tc.says == "" {
					require.NoError(t, err)
					require.NoError(t, private)
					r.Release()
					continue
				}
				require.ErrorIs(t, private, unix.EPERM)
				require.ErrorIs(t, err, unix.EPERM)
				assert.NotErrorIs(t, err, dpdk.ErrNoPrimary)
				assert.Contains(t, err.Error(), tc.says)
				err = group.WaitReady(group.Ended(t), rundir.Path("p"), true)
				require.ErrorIs(t, err, unix.EPERM)
				_, err = group.Look(context.Background(), rundir.Path("p"))
				require.ErrorIs(t, err, unix.EPERM)
			}
		})
	}
}
