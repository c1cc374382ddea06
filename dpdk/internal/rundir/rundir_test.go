//go:build linux

package rundir

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
)

func TestRuntimeDirByEnvironment(t *testing.T) {
	home := "/tmp" // of a user without XDG_RUNTIME_DIR
	if os.Getuid() == 0 {
		home = "/var/run"
	}
	for _, tc := range []struct{ name, runtimeDir, xdg, want string }{
		{"systemd's, first of all", "/run/app", "/run/user/7", "/run/app/dpdk/p"},
		{"none", "", "", home + "/dpdk/p"},
		{"trailing slash", "/run/app/", "", "/run/app/dpdk/p"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("RUNTIME_DIRECTORY", tc.runtimeDir)
			t.Setenv("XDG_RUNTIME_DIR", tc.xdg)
			assert.Equal(t, tc.want, Path("p"))
		})
	}
	t.Setenv("RUNTIME_DIRECTORY", "")
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	if os.Getuid() == 0 {
		assert.Equal(t, "/var/run/dpdk/p", Path("p"), "root's is not the session's")
	} else {
		assert.Equal(t, "/run/user/7/dpdk/p", Path("p"))
	}
}

func TestEmptyEnvironmentVariableIsRefused(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", "")
	err := CheckEnv()
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), "RUNTIME_DIRECTORY")
	t.Setenv("RUNTIME_DIRECTORY", "/run/app")
	assert.NoError(t, CheckEnv())
}

func TestErrorOfAnUnreadableFolderIsNotErrNoPrimary(t *testing.T) {
	err := Error(&os.PathError{Op: "open", Path: "/run/dpdk/p", Err: unix.EACCES})
	require.ErrorIs(t, err, unix.EACCES)
	assert.NotErrorIs(t, err, dpdk.ErrNoPrimary)
	assert.Contains(t, err.Error(), "run as the user")
}
