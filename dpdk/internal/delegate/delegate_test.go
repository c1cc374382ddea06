package delegate

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

type eal struct{}

func (eal) PrimaryAlive() bool { return true }
func (eal) RunsGo(string) bool { return true }
func (eal) RunOnMain(f func()) { f() }

type sum struct{ A, B int }

var (
	add = Func("test_add", func(o Owner, name string, s sum) (int, error) {
		if name == "panic" {
			panic("as asked")
		}
		if s.A < 0 {
			return 0, dpdk.ErrNoSpace
		}
		return s.A + s.B + int(o)*1000, nil
	})
	ended []Owner
)

func init() { OnEnd(func(o Owner, died bool) { ended = append(ended, o) }) }

// serve connects this process with itself.
func serve(t *testing.T) (alive *atomic.Bool) {
	control.Start(eal{})
	path := filepath.Join(t.TempDir(), "calls")
	alive = new(atomic.Bool)
	alive.Store(true)
	require.NoError(t, Serve(path, func(Owner) bool { return alive.Load() }))
	Connect(path, 7)
	t.Cleanup(func() {
		Disconnect()
		Stop()
		assert.NoError(t, control.Stop())
		assert.NoFileExists(t, path)
	})
	return alive
}

func TestTheHandlerGetsTheArgumentAndTheOwner(t *testing.T) {
	n, err := add("direct", sum{1, 2})
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	serve(t)
	n, err = add("remote", sum{1, 2})
	require.NoError(t, err)
	assert.Equal(t, 7003, n)
}

func TestErrorsOfThePrimaryArriveWithTheirNumberAndName(t *testing.T) {
	serve(t)
	_, err := add("x", sum{A: -1})
	assert.ErrorIs(t, err, dpdk.ErrNoSpace)
	assert.ErrorContains(t, err, `test_add "x"`)
	_, err = add("panic", sum{})
	assert.ErrorContains(t, err, "the primary panicked: as asked")
	n, err := add("x", sum{A: 1})
	require.NoError(t, err, "the connection goes on")
	assert.Equal(t, 7001, n)
}

func TestAMissingHandlerRunsTheCallHere(t *testing.T) {
	serve(t)
	h := handlers["test_add"]
	delete(handlers, "test_add")
	defer func() { handlers["test_add"] = h }()
	n, err := add("x", sum{1, 1})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}

func TestADeadOwnerGetsNoCall(t *testing.T) {
	alive := serve(t)
	alive.Store(false)
	_, err := add("x", sum{1, 1})
	assert.ErrorIs(t, err, dpdk.ErrAgain)
	ended = nil
	Ended(7, true)
	assert.Equal(t, []Owner{7}, ended)
}
