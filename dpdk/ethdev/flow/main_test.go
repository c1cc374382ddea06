package flow_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/ethdev/flow"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mbuf/mbuftest"
	"github.com/godpdk/godpdk/test/flowfake"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.MainEAL(m, mbuftest.Leaks) }

var numbers int

// newPool returns a pool, which the test frees.
func newPool(t testing.TB) *mbuf.Pool {
	t.Helper()
	numbers++
	pool, err := mbuf.CreatePool(fmt.Sprint("pool ", numbers), 2047, mbuf.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Free()) })
	return pool
}

// faked returns a started port with 8 queues that the fake driver serves. All rules must be gone when the test ends.
func faked(t testing.TB) *ethdev.Port {
	t.Helper()
	pool := newPool(t)
	numbers++
	p, err := ethdev.Open(fmt.Sprintf("net_null%d", numbers), ethdev.Config{Pool: pool, RxQueues: 8})
	require.NoError(t, err)
	stop := flowfake.Serve(p.ID())
	t.Cleanup(func() {
		_ = p.Detach() // the test may have ended it
		assert.Zero(t, flowfake.Now().Rules, "the port has ended, and its rules have not")
		assert.Zero(t, flowfake.Now().Indirect, "the port has ended, and its indirect actions have not")
		assert.Zero(t, flowfake.Now().Wrong, "calls with wrong arguments")
		stop()
	})
	return p
}

// parse returns the rule of a text.
func parse(t testing.TB, text string) flow.Rule {
	t.Helper()
	r, err := flow.Parse(text)
	require.NoError(t, err, text)
	return r
}

func create(t testing.TB, p *ethdev.Port, text string) *flow.Flow {
	t.Helper()
	f, err := flow.Create(p, parse(t, text))
	require.NoError(t, err, text)
	return f
}

const simple = "ingress pattern eth / ipv4 dst is 10.0.0.1 / end actions queue index 3 / end"
