//go:build linux

package processes

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logger keeps the log of a node's EAL, for the request "log".
var logger = slog.New(&records)

var records recorder

type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (*recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r *recorder) WithGroup(string) slog.Handler          { return r }
func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := rec.Level.String() + " " + rec.Message
	rec.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	r.lines = append(r.lines, line)
	return nil
}

var _ = verb("log", func([]string) (string, error) {
	records.mu.Lock()
	defer records.mu.Unlock()
	return strings.Join(records.lines, "\n"), nil
})

func TestEALsLogGoesToTheLoggerOnly(t *testing.T) {
	prefix := newPrefix(t)
	p, failed := goPeer(t), goPeer(t)
	p.do("init", "primary", prefix, "--log-level=lib.eal:debug")
	p.do("reserve", "zone", "100000000", "grown") // EAL logs this from a later call
	var log string
	require.Eventually(t, func() bool { // the logger gets it when it has been read from the C side
		log = p.do("log")
		return strings.Contains(log, "DEBUG EAL: Heap on socket 0 was expanded")
	}, atOnce, time.Millisecond)
	assert.Contains(t, log, "INFO EAL: Multi-process socket")
	assert.NotContains(t, log, "ERROR", "nothing went wrong")
	p.Send("fail")
	assert.Equal(t, asAsked, p.Fail(), "standard error")

	failed.refused("", "init", "primary", prefix, "--base-virtaddr=no")
	assert.Contains(t, failed.do("log"), "ERROR EAL: ")
	failed.Send("fail")
	assert.Equal(t, asAsked, failed.Fail(), "standard error")
}

// With the log silenced, DPDK's own call returns -1 and no reason.
func TestInitErrorExplainsWithTheLogSilenced(t *testing.T) {
	for _, c := range []struct{ name, is, says, option string }{
		{"lcore", "ErrInvalid", "lcore 99", "--main-lcore=99"},
		{"unknown option", "", "no-such-option", "--no-such-option"},
		{"value", "", "rguments", "--base-virtaddr=no"},
		{"no hugetlbfs there", "ErrNoHugepages", "hugetlbfs", "--huge-dir=/proc"},
		{"no such device", "", "no such device", "--vdev=net_nosuch0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			prefix := newPrefix(t)
			p := goPeer(t)
			a := p.refused(c.is, "init", "primary", prefix, "--log-level=3", c.option)
			assert.Contains(t, a.Err, c.says)
			p.Send("fail")
			p.Fail()
		})
	}
}
