//go:build linux

package telserver

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// library listens as DPDK does. It replies to each request with the request, after it has received a token.
type library struct {
	path string
	let  chan struct{} // each request takes a token
	runs chan string   // gets each request before that
}

func start(t *testing.T) (*library, *Server) {
	t.Helper()
	dir := t.TempDir()
	l := &library{filepath.Join(dir, socket+".v2"), make(chan struct{}, 100), make(chan string, 100)}
	at, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: l.path, Net: "unixpacket"})
	require.NoError(t, err)
	at.SetUnlinkOnClose(false)
	t.Cleanup(func() { at.Close() })
	go l.accept(at)
	s, err := Start(dir)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return l, s
}

func (l *library) accept(at net.Listener) {
	for {
		c, err := at.Accept()
		if err != nil {
			return
		}
		go l.serve(c)
	}
}

func (l *library) serve(c net.Conn) {
	defer c.Close()
	_, _ = c.Write([]byte("hello"))
	b := make([]byte, 4096)
	for n, err := c.Read(b); err == nil; n, err = c.Read(b) {
		l.runs <- string(b[:n])
		<-l.let
		_, _ = c.Write(b[:n])
	}
}

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unixpacket", path)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	assert.Equal(t, "hello", read(t, c))
	return c
}

func read(t *testing.T, c net.Conn) string {
	t.Helper()
	b := make([]byte, maxMessage)
	n, err := c.Read(b)
	require.NoError(t, err)
	return string(b[:n])
}

func TestRequestsPassAndStopEndsThem(t *testing.T) {
	l, s := start(t)
	c := dial(t, l.path)
	l.let <- struct{}{}
	_, err := c.Write([]byte("/ethdev/info,0"))
	require.NoError(t, err)
	assert.Equal(t, "/ethdev/info,0", read(t, c))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(l.path), "other"), nil, 0o600))
	s.Stop()
	s.Stop()
	_, err = c.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	left, err := os.ReadDir(filepath.Dir(l.path))
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "other", left[0].Name())
	(*Server)(nil).Stop()
}

func TestRequestAndExcludeWaitForEachOther(t *testing.T) {
	l, _ := start(t)
	a, b := dial(t, l.path), dial(t, l.path)
	_, err := a.Write([]byte("/ethdev/info,0"))
	require.NoError(t, err)
	<-l.runs // it reads a port
	ended := make(chan int)
	go func() { ended <- Exclude(func() int { return 7 }) }()
	assert.Never(t, func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}, 50*time.Millisecond, time.Millisecond)
	l.let <- struct{}{}
	assert.Equal(t, 7, <-ended)
	assert.Equal(t, "/ethdev/info,0", read(t, a))

	Exclude(func() int {
		_, err := b.Write([]byte("/ethdev/stats,0"))
		require.NoError(t, err)
		select {
		case r := <-l.runs:
			assert.Fail(t, "beside an end", r)
		case <-time.After(50 * time.Millisecond):
		}
		return 0
	})
	assert.Equal(t, "/ethdev/stats,0", <-l.runs)
	l.let <- struct{}{}
	assert.Equal(t, "/ethdev/stats,0", read(t, b))
}

// A handler in Go may close a port.
func TestRequestsThatGoAnswersExcludeNothing(t *testing.T) {
	l, _ := start(t)
	Ours("/app/close")
	c := dial(t, l.path)
	defer Enter()()
	for _, request := range []string{"/app/close,0", ",,/app/close,0", "/app/close\x00x"} {
		_, err := c.Write([]byte(request))
		require.NoError(t, err)
		<-l.runs
		l.let <- struct{}{}
		assert.Equal(t, request, read(t, c))
	}
}

func TestClientsThatConnectedWithDPDKAreEnded(t *testing.T) {
	dir := t.TempDir()
	at, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: filepath.Join(dir, socket+".v2"), Net: "unixpacket"})
	require.NoError(t, err)
	defer at.Close()
	l := &library{runs: make(chan string, 1), let: make(chan struct{}, 1)}
	early, err := net.Dial("unixpacket", at.Addr().String()) // waits in the queue
	require.NoError(t, err)
	defer early.Close()
	go l.accept(at)
	s, err := Start(dir)
	require.NoError(t, err)
	defer s.Stop()
	require.NoError(t, early.SetDeadline(time.Now().Add(20*time.Second)))
	assert.Equal(t, "hello", read(t, early))
	_, err = early.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}

func setPatience(t *testing.T, d time.Duration) {
	before := patience
	patience = d
	t.Cleanup(func() { patience = before })
}

func TestChangesWaitForARequestNoLongerThanPatience(t *testing.T) {
	setPatience(t, 20*time.Millisecond)
	l, _ := start(t)
	c := dial(t, l.path)
	_, err := c.Write([]byte("/ethdev/info,0"))
	require.NoError(t, err)
	<-l.runs
	assert.Equal(t, 7, Exclude(func() int { return 7 }))
	l.let <- struct{}{}
	assert.Equal(t, "/ethdev/info,0", read(t, c))
}

func TestRequestsWaitForAChangeUntilStop(t *testing.T) {
	setPatience(t, time.Millisecond)
	l, s := start(t)
	c, other := dial(t, l.path), dial(t, l.path)
	leave := Enter()
	_, err := c.Write([]byte("/ethdev/info,0"))
	require.NoError(t, err)
	select {
	case r := <-l.runs:
		leave()
		require.Fail(t, "beside a change", r)
	case <-time.After(50 * time.Millisecond):
	}
	l.let <- struct{}{}
	leave()
	assert.Equal(t, "/ethdev/info,0", read(t, c))
	<-l.runs

	defer Enter()()
	_, err = other.Write([]byte("/ethdev/info,1"))
	require.NoError(t, err)
	s.Stop()
	_, err = other.Read(make([]byte, 1))
	assert.Error(t, err) // ECONNRESET if the server had not read the request
	assert.Empty(t, l.runs)
}

// listen makes a socket with the name of DPDK's.
func listen(t *testing.T, dir string) *net.UnixListener {
	t.Helper()
	at, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: filepath.Join(dir, socket+".v2"), Net: "unixpacket"})
	require.NoError(t, err)
	t.Cleanup(func() { at.Close() })
	return at
}

func TestStartReplacesTheSocketOfAKilledProcess(t *testing.T) {
	dir := t.TempDir()
	killed, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: filepath.Join(dir, hidden+socket+".v2"), Net: "unixpacket"})
	require.NoError(t, err)
	killed.SetUnlinkOnClose(false)
	require.NoError(t, killed.Close())
	at := listen(t, dir)
	l := &library{runs: make(chan string, 1), let: make(chan struct{}, 1)}
	go func() {
		for c, err := at.Accept(); err == nil; c, err = at.Accept() {
			go l.serve(c)
		}
	}()
	s, err := Start(dir)
	require.NoError(t, err)
	defer s.Stop()
	dial(t, at.Addr().String())
}

func TestStartReportsWhatItCannotReplace(t *testing.T) {
	t.Run("long path", func(t *testing.T) {
		dir := t.TempDir()
		for n := linux.MaxSocketPath - len(filepath.Join(dir, socket+".v2")); n > 0; n = linux.MaxSocketPath - len(filepath.Join(dir, socket+".v2")) {
			dir = filepath.Join(dir, strings.Repeat("x", max(n-1, 1)))
		}
		require.NoError(t, os.MkdirAll(dir, 0o700))
		listen(t, dir)
		s, err := Start(dir)
		defer s.Stop()
		assert.ErrorContains(t, err, "the path of a socket at most 107")
	})
	t.Run("folder in the way", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, hidden+socket+".v2", "x"), 0o700))
		listen(t, dir)
		s, err := Start(dir)
		defer s.Stop()
		assert.ErrorContains(t, err, "directory not empty")
	})
	t.Run("DPDK does not accept", func(t *testing.T) {
		dir := t.TempDir()
		listen(t, dir)
		s, err := Start(dir)
		defer s.Stop()
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
	t.Run("DPDK does not close", func(t *testing.T) {
		dir := t.TempDir()
		at := listen(t, dir)
		go func() {
			c, err := at.Accept()
			if err == nil {
				t.Cleanup(func() { c.Close() })
				_, _ = c.Write([]byte("hello"))
			}
		}()
		s, err := Start(dir)
		defer s.Stop()
		assert.ErrorContains(t, err, "DPDK has not closed 1 connections")
	})
}
