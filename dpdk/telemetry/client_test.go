//go:build linux

package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
)

// client returns a client that is closed at the end of the test.
func client(t *testing.T, path string, cfg Config) *Client {
	c := NewClient(path, cfg)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// asking returns a client of a fake with these replies.
func asking(t *testing.T, values map[string]string) *Client {
	return client(t, start(t, replies(values)).path, Config{})
}

func TestCallReturnsTheValueOfTheReply(t *testing.T) {
	f := start(t, replies(map[string]string{"/app/stats": `{"a":1}`, "/app/stats,x,y": `"text"`}))
	c := client(t, f.path, Config{})
	v, err := c.Call(t.Context(), "/app/stats", "")
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":1}`, string(v))
	v, err = c.Call(t.Context(), "/app/stats", "x,y")
	require.NoError(t, err)
	assert.Equal(t, `"text"`, string(v))
	assert.Equal(t, []string{"/app/stats", "/app/stats,x,y"}, f.asked())
	assert.Equal(t, 1, f.connections(), "for both calls")
}

func TestInfoIsOfTheProcessThatListens(t *testing.T) {
	f := start(t, replies(map[string]string{"/info": `{}`}))
	c := client(t, f.path, Config{})
	i, err := c.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Info{Version: "DPDK 99.11.0", PID: 7, MaxOutput: 16384}, i)

	f.end() // and another process starts
	f.become(strings.Replace(greeting, `:7`, `:8`, 1), f.answer)
	f.listen()
	i, err = c.Info(t.Context())
	require.NoError(t, err, "the next call reconnects")
	assert.Equal(t, 8, i.PID)
}

func TestNullIsAnErrorWithItsReason(t *testing.T) {
	c := asking(t, map[string]string{"/ethdev/stats,0": `{}`})
	_, err := c.Call(t.Context(), "/ring/list", "")
	assert.ErrorIs(t, err, dpdk.ErrUnsupported)
	assert.ErrorContains(t, err, "DPDK 99.11.0")
	_, err = c.Call(t.Context(), "/ethdev/stats", "9")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	assert.NotErrorIs(t, err, dpdk.ErrUnsupported)
}

func TestCommandsThatDPDKWouldCutAreRefused(t *testing.T) {
	f := start(t, replies(nil))
	c := client(t, f.path, Config{})
	for _, command := range []string{"", "ethdev", "/a,b", `/a"b`, "/ü", "/a b"} {
		_, err := c.Call(t.Context(), command, "")
		assert.ErrorIs(t, err, dpdk.ErrInvalid, command)
	}
	_, err := c.Call(t.Context(), "/"+strings.Repeat("a", 55), "")
	assert.ErrorIs(t, err, dpdk.ErrNameTooLong)
	for _, params := range []string{"a\x00b", strings.Repeat("a", 1022)} {
		_, err := c.Call(t.Context(), "/a", params)
		assert.ErrorIs(t, err, dpdk.ErrInvalid)
	}
	assert.Empty(t, f.asked())
	_, err = c.Call(t.Context(), "/"+strings.Repeat("a", 54), strings.Repeat("b", 1023-56))
	assert.ErrorIs(t, err, dpdk.ErrUnsupported, "the longest ones are sent")
}

func TestGarbageIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "garbage", "binary": "\x00\xff\xfe", "half": `{"/a":[1,2`, "an array": `[]`, "null": `null`, "another command": `{"/b":1}`,
		"two commands": `{"/a":1,"/b":2}`, "unescaped": `{"/a":"x"y"}`, "deep": `{"/a":` + strings.Repeat("[", 12000),
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, func(string) string { return text })
			c := client(t, f.path, Config{})
			_, err := c.Call(t.Context(), "/a", "")
			require.ErrorIs(t, err, dpdk.ErrBadMessage)
			assert.Less(t, len(err.Error()), 1000)
			f.become(greeting, replies(map[string]string{"/a": "1"}))
			_, err = c.Call(t.Context(), "/a", "")
			assert.NoError(t, err, "the next call starts over")
		})
	}
}

func TestGarbageAsGreetingIsAnError(t *testing.T) {
	for _, text := range []string{"garbage", "{}", `{"max_output_len":-1}`, `{"max_output_len":99999999999}`, `[1]`} {
		f := start(t, replies(map[string]string{"/a": "1"}))
		f.become(text, f.answer)
		c := client(t, f.path, Config{})
		_, err := c.Call(t.Context(), "/a", "")
		require.ErrorIs(t, err, dpdk.ErrBadMessage, text)
		f.become(greeting, f.answer)
		_, err = c.Call(t.Context(), "/a", "")
		assert.NoError(t, err)
	}
}

func TestReplyLongerThanAnnouncedIsAnError(t *testing.T) {
	frame := len(`{"/a":""}`)
	f := start(t, func(string) string { return `{"/a":"` + strings.Repeat("x", 16384-frame+1) + `"}` })
	c := client(t, f.path, Config{})
	_, err := c.Call(t.Context(), "/a", "")
	require.ErrorIs(t, err, dpdk.ErrMessageSize)
	f.become(greeting, func(string) string { return `{"/a":"` + strings.Repeat("x", 16384-frame) + `"}` })
	v, err := c.Call(t.Context(), "/a", "")
	require.NoError(t, err, "the longest one")
	assert.Len(t, v, 16384-frame+2)
}

func TestListsThatMayBeIncompleteAreErrors(t *testing.T) {
	numbers := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }
	names := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("x", 100)+`",`, n), ",") + "]"
	}
	values := map[string]string{"/ethdev/list": numbers(511), "/eal/heap_list": numbers(512), "/mempool/list": names(150), "/ring/list": names(158)}
	xstats := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`"x%d":%d`, i, i)
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	values["/ethdev/xstats,0"], values["/ethdev/xstats,1"] = xstats(255), xstats(256)
	c := asking(t, values)
	ports, err := c.Ports(t.Context())
	require.NoError(t, err)
	assert.Len(t, ports, 511)
	heaps, err := c.Heaps(t.Context())
	require.ErrorIs(t, err, dpdk.ErrOverflow, "DPDK has no room for more entries")
	assert.Len(t, heaps, 512, "what came is returned")
	_, err = c.Mempools(t.Context())
	require.NoError(t, err)
	_, err = c.Rings(t.Context())
	require.ErrorIs(t, err, dpdk.ErrOverflow, "DPDK has no room for more bytes")
	_, err = c.PortXStats(t.Context(), 0)
	require.NoError(t, err)
	all, err := c.PortXStats(t.Context(), 1)
	require.ErrorIs(t, err, dpdk.ErrOverflow)
	assert.EqualValues(t, 255, all["x255"])
}

func TestCallEndsInTimeWithoutAnAnswer(t *testing.T) {
	silence := make(chan struct{})
	t.Cleanup(func() { close(silence) })
	f := start(t, func(string) string { <-silence; return "" })
	c := client(t, f.path, Config{Timeout: 30 * time.Millisecond})
	_, err := c.Call(t.Context(), "/a", "")
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	c = client(t, f.path, Config{Timeout: time.Hour})
	_, err = c.Call(ctx, "/a", "")
	require.ErrorContains(t, err, "enough")
	ctx, done := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer done()
	_, err = c.Call(ctx, "/a", "")
	require.ErrorIs(t, err, dpdk.ErrTimeout)
}

// A late reply must not become that of the next request.
func TestReplyAfterTheTimeoutIsDiscarded(t *testing.T) {
	late := make(chan struct{})
	f := start(t, func(request string) string {
		if request == "/a,slow" {
			<-late
		}
		return `{"/a":"` + request + `"}`
	})
	c := client(t, f.path, Config{Timeout: 50 * time.Millisecond})
	_, err := c.Call(t.Context(), "/a", "slow")
	require.ErrorIs(t, err, dpdk.ErrTimeout)
	close(late)
	v, err := c.Call(t.Context(), "/a", "quick")
	require.NoError(t, err)
	assert.Equal(t, `"/a,quick"`, string(v))
}

// A stopped process accepts nothing; the kernel queues connections up to the limit that listen has set.
func TestCallEndsInTimeWhileNothingIsAccepted(t *testing.T) {
	path := backlog(t)
	for i := range 4 {
		c := client(t, path, Config{Timeout: 30 * time.Millisecond})
		_, err := c.Call(t.Context(), "/a", "")
		assert.ErrorIs(t, err, dpdk.ErrTimeout, "call %d", i)
	}
}

func TestDeadSocketIsErrNoPrimary(t *testing.T) {
	f := start(t, replies(nil))
	f.listener.SetUnlinkOnClose(false)
	f.end()
	c := client(t, f.path, Config{Timeout: time.Hour})
	_, err := c.Call(t.Context(), "/a", "")
	assert.ErrorIs(t, err, dpdk.ErrNoPrimary, "the socket of a killed process")
	assert.ErrorContains(t, err, f.path)
	require.NoError(t, os.Remove(f.path))
	_, err = c.Call(t.Context(), "/a", "")
	assert.ErrorIs(t, err, dpdk.ErrNoPrimary, "no socket")
}

func TestEndOfTheProcessDuringACallIsErrNoPrimary(t *testing.T) {
	f := start(t, func(string) string { return "" })
	c := client(t, f.path, Config{Timeout: time.Hour})
	_, err := c.Call(t.Context(), "/a", "")
	assert.ErrorIs(t, err, dpdk.ErrNoPrimary)
	assert.Equal(t, []string{"/a"}, f.asked(), "the command is sent once: it may have had an effect")
}

func TestProcessWithTooManyConnectionsIsErrBusy(t *testing.T) {
	f := start(t, replies(map[string]string{"/a": "1"}))
	f.become("", nil) // it closes at once, as DPDK does
	c := client(t, f.path, Config{Timeout: 200 * time.Millisecond})
	_, err := c.Call(t.Context(), "/a", "")
	assert.ErrorIs(t, err, dpdk.ErrBusy)
}

func TestConcurrentCallsGetTheirOwnReplies(t *testing.T) {
	f := start(t, func(request string) string { return `{"/a":"` + request + `"}` })
	c := client(t, f.path, Config{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				v, err := c.Call(t.Context(), "/a", fmt.Sprint(i))
				if assert.NoError(t, err) {
					assert.Equal(t, fmt.Sprintf(`"/a,%d"`, i), string(v))
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, f.connections())
}

func TestCloseEndsCalls(t *testing.T) {
	asked, silence := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(silence) })
	f := start(t, func(string) string { close(asked); <-silence; return "" })
	c := NewClient(f.path, Config{Timeout: time.Hour})
	ended := make(chan error)
	go func() { _, err := c.Call(t.Context(), "/a", ""); ended <- err }()
	<-asked
	require.NoError(t, c.Close())
	assert.ErrorIs(t, <-ended, net.ErrClosed)
	require.NoError(t, c.Close())
	_, err := c.Call(t.Context(), "/a", "")
	assert.ErrorIs(t, err, net.ErrClosed)
	var zero Client
	assert.NoError(t, zero.Close())
	_, err = zero.Call(t.Context(), "/a", "")
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
}

func TestListFindsSocketsOfAllPrefixes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/dpdk_telemetry.v2", "a/dpdk_telemetry.v2:1", "a/mp_socket", "b/dpdk_telemetry.v2", "b/dpdk_telemetry.v1", "b/dpdk_telemetry.v2:x"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unixpacket"})
		require.NoError(t, err)
		defer l.Close()
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "c"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c", "dpdk_telemetry.v2"), nil, 0o600), "a file")
	want := []Socket{{filepath.Join(dir, "a/dpdk_telemetry.v2"), "a", 0}, {filepath.Join(dir, "a/dpdk_telemetry.v2:1"), "a", 1}, {filepath.Join(dir, "b/dpdk_telemetry.v2"), "b", 0}}
	found, err := List(dir, filepath.Join(dir, "missing"))
	require.NoError(t, err)
	assert.Equal(t, want, found)

	xdg := t.TempDir()
	require.NoError(t, os.Symlink(dir, filepath.Join(xdg, "dpdk")))
	t.Setenv("XDG_RUNTIME_DIR", xdg)
	assert.Contains(t, Dirs(), dir)
	t.Setenv("RUNTIME_DIRECTORY", xdg)
	n := 0
	for _, d := range Dirs() {
		if d == dir {
			n++
		}
	}
	assert.Equal(t, 1, n, "once, whatever leads to it")
}
