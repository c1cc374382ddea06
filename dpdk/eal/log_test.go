//go:build linux

package eal

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/cgo"
)

// recorder is a slog.Handler that keeps "LEVEL text".
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }
func (r *recorder) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, rec.Level.String()+" "+rec.Message)
	return nil
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.lines...)
}

func TestLogLinesOfPackets(t *testing.T) {
	type packet struct {
		level int32
		lost  uint32
		text  string
	}
	const warn, info, debug, err = 5, 7, 8, 4
	for _, tc := range []struct {
		name    string
		packets []packet
		want    []string
	}{
		{"one line", []packet{{info, 0, "EAL: a\n"}}, []string{"INFO EAL: a"}},
		{"two lines in one packet", []packet{{info, 0, "a\nb\n"}}, []string{"INFO a", "INFO b"}},
		{"order of levels", []packet{{debug, 0, "1\n"}, {err, 0, "2\n"}, {info, 0, "3\n"}}, []string{"DEBUG 1", "ERROR 2", "INFO 3"}},
		{"line split over packets", []packet{{warn, 0, "EAL: "}, {warn, 0, "be"}, {warn, 0, "gin\nnext"}, {warn, 0, "\n"}}, []string{"WARN EAL: begin", "WARN next"}},
		{"newline alone in a packet", []packet{{info, 0, "a"}, {info, 0, "\n"}}, []string{"INFO a"}},
		{"empty lines are dropped", []packet{{info, 0, "\n\na\n\n"}}, []string{"INFO a"}},
		{"empty packet", []packet{{info, 0, ""}, {info, 0, "a\n"}}, []string{"INFO a"}},
		{"unfinished line waits", []packet{{info, 0, "a\nb"}}, []string{"INFO a"}},
		{"bytes that are not UTF-8", []packet{{info, 0, "\xff\x00\n"}}, []string{"INFO \xff\x00"}},
		{"lost lines are reported once, before the next line", []packet{{info, 0, "a\n"}, {info, 3, "b\n"}, {info, 3, "c\n"}, {info, 4, "d\n"}},
			[]string{"INFO a", "WARN 3 lines", "INFO b", "INFO c", "WARN 1 lines", "INFO d"}},
		{"the counter of lost lines wraps", []packet{{info, 1<<32 - 1, "a\n"}, {info, 1, "b\n"}},
			[]string{"WARN 4294967295 lines", "INFO a", "WARN 2 lines", "INFO b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r recorder
			s := &logStream{}
			s.begin(slog.New(&r))
			for _, p := range tc.packets {
				s.packet(p.level, p.lost, []byte(p.text))
			}
			got := r.all()
			require.Len(t, got, len(tc.want), "%q", got)
			for i := range got {
				if strings.HasSuffix(tc.want[i], " lines") {
					assert.True(t, strings.HasPrefix(got[i], tc.want[i]+" of DPDK's log were lost"), got[i])
				} else {
					assert.Equal(t, tc.want[i], got[i])
				}
				_, text, _ := strings.Cut(got[i], " ")
				assert.Equal(t, text, s.lines[i], "captured as well")
			}
		})
	}
}

func TestLogLevels(t *testing.T) {
	// rte_log.h: EMERG 1, ALERT 2, CRIT 3, ERR 4, WARNING 5, NOTICE 6, INFO 7, DEBUG 8.
	want := []slog.Level{1: slog.LevelError, slog.LevelError, slog.LevelError, slog.LevelError, slog.LevelWarn, slog.LevelInfo, slog.LevelInfo, slog.LevelDebug}
	for level := 1; level <= 8; level++ {
		assert.Equal(t, want[level], slogLevel(int32(level)), "level %d", level)
	}
	assert.Equal(t, slog.LevelDebug, slogLevel(9))
	assert.Equal(t, slog.LevelError, slogLevel(-7))
}

func TestCaptureIsOfOneStartOnly(t *testing.T) {
	var r recorder
	s := &logStream{}
	s.begin(slog.New(&r))
	s.packet(7, 0, []byte("first\n"))
	s.capture = false
	s.packet(7, 0, []byte("between\n"))
	assert.Equal(t, []string{"first"}, s.lines)
	s.begin(slog.New(&r))
	assert.Empty(t, s.lines)
	s.packet(7, 0, []byte("second\n"))
	assert.Equal(t, []string{"second"}, s.lines)
	assert.Equal(t, []string{"INFO first", "INFO between", "INFO second"}, r.all(), "the logger gets all")
}

func TestNilLoggerIsSlogsDefault(t *testing.T) {
	var r recorder
	before := slog.Default()
	slog.SetDefault(slog.New(&r))
	defer slog.SetDefault(before)
	s := &logStream{}
	s.begin(nil)
	s.packet(7, 0, []byte("a\n"))
	assert.Equal(t, []string{"INFO a"}, r.all())
}

// The socket without C at its other end: end returns what was written before
// it, all of it and in order.
func TestEndWaitsForAllThatWasWritten(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	s := &logStream{
		out:   os.NewFile(uintptr(fds[0]), "out"),
		in:    os.NewFile(uintptr(fds[1]), "in"),
		marks: make(chan struct{}),
	}
	go s.read()
	var r recorder
	s.begin(slog.New(&r))
	var want []string
	for i := range 200 {
		head := make([]byte, cgo.LogHeadSize, 64)
		binary.NativeEndian.PutUint32(head, 7)
		line := fmt.Sprintf("line %d", i)
		_, err := s.in.Write(append(head, line+"\n"...))
		require.NoError(t, err)
		want = append(want, line)
	}
	assert.Equal(t, want, s.end())
	assert.Len(t, r.all(), 200)
	assert.False(t, s.capture)

	require.NoError(t, s.in.Close())
	_, open := <-s.marks
	assert.False(t, open, "the reader ends with the writer")
	assert.Equal(t, want, s.end(), "and end does not wait for one that has ended")
}

func TestLineLongerThanAPacketStaysOne(t *testing.T) {
	var r recorder
	s := &logStream{}
	s.begin(slog.New(&r))
	long := bytes.Repeat([]byte("x"), 8192)
	for range 20 {
		s.packet(7, 0, long)
	}
	s.packet(7, 0, []byte("\n"))
	require.Len(t, r.all(), 1)
	assert.Len(t, s.lines[0], 20*8192)
	assert.Zero(t, s.partial.Len())
}
