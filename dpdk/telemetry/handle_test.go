//go:build linux && cgo

package telemetry

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
)

// own returns a client of this process.
func own(t *testing.T) *Client {
	return client(t, filepath.Join(cgo.RuntimeDir(), "dpdk_telemetry.v2"), Config{Timeout: 10 * time.Second})
}

func handle(t *testing.T, name string, h Handler) {
	require.NoError(t, Handle(name, h))
	t.Cleanup(func() { _ = Unregister(name) })
}

func TestValuesArriveAsJSON(t *testing.T) {
	type inner struct {
		Depth int `json:"depth"`
	}
	var value atomic.Pointer[any] // the race detector does not see that the reply comes behind the call
	handle(t, "/test/value", func(string) (any, error) { return *value.Load(), nil })
	c := own(t)
	for _, test := range []struct {
		value any
		want  string
	}{
		{struct {
			Name  string  `json:"name"`
			Big   uint64  `json:"big"`
			Minus int     `json:"minus"`
			On    bool    `json:"on"`
			Share float64 `json:"share"`
			None  *int    `json:"none"`
			Ports []int   `json:"ports"`
			In    inner   `json:"in"`
		}{"a\"b\\<c>\n", 1<<64 - 1, -5, true, 0.25, nil, []int{1, 2}, inner{3}},
			`{"name":"a\"b\\<c>\n","big":18446744073709551615,"minus":-5,"on":1,"share":"0.25","ports":[1,2],"in":{"depth":3}}`},
		{"text", `"text"`}, {[]string{"a", "b"}, `["a","b"]`}, {[]int{1, -2}, `[1,-2]`}, {[]int{}, `[]`}, {map[string]any{}, `{}`}, {[][]int{{1}, {2, 3}}, `[[1],[2,3]]`},
		{strings.Repeat("x", 8191), `"` + strings.Repeat("x", 8191) + `"`}, {map[string]string{"k": strings.Repeat("x", 127)}, `{"k":"` + strings.Repeat("x", 127) + `"}`},
	} {
		value.Store(&test.value)
		v, err := c.Call(t.Context(), "/test/value", "")
		if assert.NoError(t, err, test.want) {
			assert.JSONEq(t, test.want, string(v))
		}
	}
	for name, beyond := range map[string]any{
		"long text": map[string]string{"k": strings.Repeat("x", 128)}, "long value": strings.Repeat("x", 8192), "name": map[string]int{"a b": 1}, "not ASCII": "ü",
		"mixed": []any{1, "a"}, "null in an array": []any{1, nil}, "array of arrays in an object": map[string]any{"a": [][]int{{1}}}, "many": make([]int, 513),
		"too long as JSON": map[string]any{"a": make([]string, 500), "b": strings.Repeat("x", 100), "c": repeat("x", 126, 130)}, "number": 1, "bool": true, "no JSON": func() {}, "nil": nil, "nil pointer": (*inner)(nil),
	} {
		value.Store(&beyond)
		_, err := c.Call(t.Context(), "/test/value", "")
		assert.ErrorIs(t, err, dpdk.ErrNotFound, name)
	}
}

// A fraction is a text in the reply, which is longer than the number.
func TestFractionsCountAsTheTextsThatTheyBecome(t *testing.T) {
	value := map[string]any{"fractions": make([]float64, 512), "texts": repeat("x", 126, 109)}
	for i := range 512 {
		value["fractions"].([]float64)[i] = 0.5
	}
	_, err := encode("/test/fractions", value)
	assert.ErrorIs(t, err, dpdk.ErrMessageSize)
	value["texts"] = repeat("x", 126, 100)
	_, err = encode("/test/fractions", value)
	assert.NoError(t, err)
}

func repeat(s string, length, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Repeat(s, length)
	}
	return all
}

func TestArraysOfObjectsNeedAReleaseThatAcceptsThem(t *testing.T) {
	handle(t, "/test/objects", func(string) (any, error) { return []map[string]int{{"a": 1}, {"a": 2}}, nil })
	v, err := own(t).Call(t.Context(), "/test/objects", "")
	if cgo.TelArrayOfDicts == 0 {
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
		return
	}
	require.NoError(t, err)
	assert.JSONEq(t, `[{"a":1},{"a":2}]`, string(v))
}

func TestFailureOfAHandlerIsNull(t *testing.T) {
	handle(t, "/test/fails", func(params string) (any, error) {
		switch params {
		case "error":
			return nil, errors.New("no")
		case "panic":
			panic("no")
		case "exit":
			runtime.Goexit()
		}
		return params, nil
	})
	c := own(t)
	for _, params := range []string{"error", "panic", "exit"} {
		_, err := c.Call(t.Context(), "/test/fails", params)
		assert.ErrorIs(t, err, dpdk.ErrNotFound, params)
	}
	v, err := c.Call(t.Context(), "/test/fails", "a,b")
	require.NoError(t, err, "it continues")
	assert.Equal(t, `"a,b"`, string(v))
}

func TestDPDKWaitsABoundedTimeForAHandler(t *testing.T) {
	release := make(chan struct{})
	var running, most atomic.Int32
	handle(t, "/test/slow", func(params string) (any, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		<-release
		return params, nil
	})
	c := own(t)
	for range 2 { // the second one waits for its turn
		start := time.Now()
		_, err := c.Call(t.Context(), "/test/slow", "1")
		assert.ErrorIs(t, err, dpdk.ErrNotFound)
		assert.InDelta(t, cgo.TelWait.Seconds(), time.Since(start).Seconds(), 0.9)
	}
	close(release)
	v, err := c.Call(t.Context(), "/test/slow", "2")
	require.NoError(t, err)
	assert.Equal(t, `"2"`, string(v), "not the late answer")
	assert.EqualValues(t, 1, most.Load(), "one at a time")
}

func TestCommandsAreRegisteredOnce(t *testing.T) {
	assert.ErrorIs(t, Handle("test", nil), dpdk.ErrInvalid)
	assert.ErrorIs(t, Handle("/test/nil", nil), dpdk.ErrInvalid)
	assert.ErrorIs(t, Unregister("/test/twice"), dpdk.ErrNotFound)
	one := func(string) (any, error) { return "1", nil }
	require.NoError(t, Handle("/test/twice", one))
	assert.ErrorIs(t, Handle("/test/twice", one), dpdk.ErrExist)
	c := own(t)
	all, err := c.Commands(t.Context())
	require.NoError(t, err)
	assert.Contains(t, all, "/test/twice")
	help, err := c.Help(t.Context(), "/test/twice")
	require.NoError(t, err)
	assert.Equal(t, "Returns a value of this Go program", help)
	require.NoError(t, Unregister("/test/twice"))
	_, err = c.Call(t.Context(), "/test/twice", "")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	require.NoError(t, Handle("/test/twice", func(string) (any, error) { return "2", nil }))
	v, err := c.Call(t.Context(), "/test/twice", "")
	require.NoError(t, err)
	assert.Equal(t, `"2"`, string(v))
	require.NoError(t, Unregister("/test/twice"))
}
