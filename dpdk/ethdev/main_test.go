package ethdev_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var numbers int

// number returns a new number, for unique names.
func number() int {
	numbers++
	return numbers
}

// newPool returns a pool that must be full again when the ports that use it are closed. It allows
// fastcall although this process shares its memory: the other processes of these tests touch no
// pool.
func newPool(t testing.TB) *mbuf.Pool {
	t.Helper()
	fastcall.SetAlone(true)
	p, err := mbuf.CreatePool(fmt.Sprint("pool ", number()), 2047, mbuf.PoolConfig{Ops: "stack"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Free()) })
	mbuftest.CheckFull(t, p)
	return p
}

// null returns the devargs of a new net_null device.
func null(args string) string { return fmt.Sprintf("net_null%d%s", number(), args) }

// open returns a started port. It is detached at the test's end.
func open(t testing.TB, devargs string, cfg ethdev.Config) *ethdev.Port {
	t.Helper()
	p, err := ethdev.Open(devargs, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Detach()) })
	return p
}
