//go:build linux

package eal

import (
	"context"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/internal/rundir"
)

func TestStartsOfPrivateProcessesTouchNoFiles(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	o, _, err := parseOptions([]string{"--no-telemetry"})
	require.NoError(t, err)
	s := &startup{plan: plan{Primary, "p", false}, options: o, dir: rundir.Path("p")}
	require.NoError(t, s.reserve(context.Background()))
	require.NoError(t, s.preparePrivate())
	s.release()
	_, err = os.Stat(s.dir)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestWaitPrimaryTakesNoPrefixForEALsDefault(t *testing.T) {
	base, err := os.MkdirTemp("", "g")
	require.NoError(t, err)
	defer os.RemoveAll(base)
	t.Setenv("RUNTIME_DIRECTORY", base)
	dir := rundir.Path("rte")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	f, err := os.Create(filepath.Join(dir, rundir.ConfigFile))
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write(binary.NativeEndian.AppendUint32(nil, 19820526)) // RTE_MAGIC: the primary is ready
	require.NoError(t, err)
	require.NoError(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: 1000, Len: 100}))
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	assert.NoError(t, WaitPrimary(ctx, ""))
}
