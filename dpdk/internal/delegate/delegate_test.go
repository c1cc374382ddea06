package delegate

import (
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/control"
)

type eal struct{}

func (eal) PrimaryAlive() bool { return true }
func (eal) RunsGo(string) bool { return true }
func (eal) EnterLocks()        {}
func (eal) LeaveLocks()        {}
func (eal) RunOnMain(f func()) { f() }

type sum struct{ A, B int }

var (
	add = Func("test_add", func(o Owner, name string, s sum) (int, error) {
		switch name {
		case "panic":
			panic("as asked")
		case "slow":
			<-slow
		case "late":
			late++
		}
		if s.A < 0 {
			return 0, dpdk.ErrNoSpace
		}
		return s.A + s.B + int(o)*1000, nil
	})
	slow  = make(chan struct{})
	late  int
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

func TestANameThatJSONWouldChangeIsRefused(t *testing.T) {
	serve(t)
	_, err := add("a\xff", sum{1, 1})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	require.ErrorContains(t, err, "not valid UTF-8")
	_, err = add("ä", sum{1, 1})
	require.NoError(t, err)
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

// A call that waits behind another one gets no time of its own: the last of many would wait for minutes.
func TestAllCallsWaitForTheSameTime(t *testing.T) {
	defer func(d time.Duration) { timeout = d }(timeout)
	timeout = 200 * time.Millisecond
	serve(t)
	defer close(slow)
	const calls = 20
	errs := make(chan error, calls)
	began := time.Now()
	for range calls {
		go func() {
			_, err := add("slow", sum{1, 1})
			errs <- err
		}()
	}
	for range calls {
		assert.ErrorIs(t, <-errs, dpdk.ErrTimeout)
	}
	assert.Less(t, time.Since(began), calls/2*timeout)
}

// A primary that was stopped reads the request when nobody waits for the reply any more.
func TestACallDoesNotBeginAfterItsTimeout(t *testing.T) {
	defer func(d time.Duration) { timeout = d }(timeout)
	timeout = 50 * time.Millisecond
	control.Start(eal{})
	path := filepath.Join(t.TempDir(), "calls")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	defer l.Close()
	Connect(path, 7)
	_, err = add("late", sum{1, 1})
	Disconnect()
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	c, err := l.AcceptUnix()
	require.NoError(t, err)
	s := &server{alive: func(Owner) bool { return true }, sessions: map[*session]struct{}{}}
	s.serve(&session{conn: c})
	require.Zero(t, late)
	require.NoError(t, control.Stop())
}

func TestThePrimaryAcceptsAfterAnError(t *testing.T) {
	results := []error{syscall.EMFILE, net.ErrClosed}
	new(server).accept(func() (*net.UnixConn, error) {
		err := results[0]
		results = results[1:]
		return nil, err
	})
	assert.Empty(t, results)
}

// A connection may belong to no process of the group, or its process may be stopped.
func TestStopClosesConnectionsThatHaveSentNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	require.NoError(t, Serve(path, func(Owner) bool { return true }))
	s := serving
	silent, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	defer silent.Close()
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sessions) == 1
	}, 10*time.Second, time.Millisecond)
	Stop()
	require.NoError(t, silent.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = silent.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.False(t, s.enter(&session{}), "one that was accepted just before")
}
