//go:build linux

package find

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/examples/top/sample"
)

func TestStatOfACommandWithParentheses(t *testing.T) {
	s, ok := parseStat("12 (a) R (b) T 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 1 0 99")
	assert.True(t, ok)
	assert.Equal(t, stat{"a) R (b", 'T', 1750}, s)
	for _, bad := range []string{"", "12 )a( R", "12 (a) R 1 2", "12 (a) R 1 2 3 4 5 6 7 8 9 10 x 25 0"} {
		_, ok := parseStat(bad)
		assert.False(t, ok, bad)
	}
}

// The folder of an ended group is not shown; a dead secondary of a living group is.
func TestSecondariesLiveWhileTheirSocketIsOpen(t *testing.T) {
	dir := t.TempDir()
	for _, prefix := range []string{"ended", "alive"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, prefix), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, prefix, "config"), nil, 0o600))
	}
	open := func(name string) *net.UnixConn {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unixgram"})
		require.NoError(t, err)
		return c
	}
	// The files stay, as after SIGKILL: Go removes only sockets that listen.
	open("ended/mp_socket_7_1f").Close()
	open("alive/mp_socket_8_1f").Close()
	defer open(fmt.Sprintf("alive/mp_socket_%d_2f", os.Getpid())).Close()

	all, err := Targets(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, "alive", all[0].Name)
	assert.False(t, all[0].Shares, "nothing has the lock")
	states := map[int]sample.State{}
	for _, p := range all[0].Processes {
		assert.Equal(t, "secondary", p.Role)
		states[p.PID] = p.State
	}
	assert.Equal(t, map[int]sample.State{8: sample.Dead, os.Getpid(): sample.Running}, states)
}

// A lock of an open file has no PID, as that of a process in another PID namespace.
func TestAPrimaryOfAnotherPIDNamespaceIsForeign(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "p"), 0o700))
	f, err := os.Create(filepath.Join(dir, "p", "config"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}))
	all, err := Targets(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.True(t, all[0].Shares)
	assert.Equal(t, []sample.Process{{Role: "primary", State: sample.Unknown, Foreign: true}}, all[0].Processes)
}

func TestAFIFOInPlaceOfTheConfigurationIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "p"), 0o700))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "p", "config"), 0o600))
	all, err := Targets(dir)
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestOnlyThreadsOfEALAreLcores(t *testing.T) {
	for name, want := range map[string]bool{"lcore-worker-1": true, "rte-worker-12": true, "dpdk-worker3": true, "my-worker-1": false, "worker1": false} {
		assert.Equal(t, want, worker.MatchString(name), name)
	}
}
