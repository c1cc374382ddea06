//go:build linux

package telemetry

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// backlog returns the path of a socket that listens as DPDK's does. Its process accepts nothing.
func backlog(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "dpdk_telemetry.v2")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	require.NoError(t, unix.Listen(fd, 1))
	return path
}
