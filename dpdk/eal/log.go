package eal

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// logStream carries DPDK's log from C threads to a logger.
type logStream struct {
	in, out *os.File // C writes to in; read reads from out

	mu      sync.Mutex
	logger  *slog.Logger
	capture bool
	lines   []string // since capture began
	partial bytes.Buffer
	lost    uint32
	marks   chan struct{}
}

// mark is the level of a packet without text. When it arrives, all earlier packets have been read.
const mark = -1

// openLog sends DPDK's log to a new stream, and starts to read it.
func openLog() (*logStream, error) {
	in, out, err := linux.Seqpacket(4 << 20) // room for a burst of debug lines
	if err != nil {
		return nil, &dpdk.Error{Op: "rte_openlog_stream", Errno: dpdk.Errno(linux.Errno(err)), Detail: "socketpair"}
	}
	s := &logStream{
		out:   os.NewFile(uintptr(out), "dpdk log"),
		in:    os.NewFile(uintptr(in), "dpdk log"),
		marks: make(chan struct{}),
	}
	if errno := cgo.LogOpen(in); errno != 0 {
		s.in.Close()
		s.out.Close()
		return nil, &dpdk.Error{Op: "rte_openlog_stream", Errno: dpdk.Errno(errno)}
	}
	go s.read()
	return s, nil
}

// begin starts to capture lines, and sends them to logger too.
func (s *logStream) begin(logger *slog.Logger) {
	if logger == nil {
		logger = slog.Default()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logger, s.capture, s.lines = logger, true, nil
}

// end stops capturing when all that C has written has been read, and returns the lines.
func (s *logStream) end() []string {
	var packet [cgo.LogHeadSize]byte
	level := int32(mark)
	binary.NativeEndian.PutUint32(packet[:], uint32(level))
	if _, err := s.in.Write(packet[:]); err == nil {
		<-s.marks
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.capture = false
	return s.lines
}

// read reads packets until the write side is closed.
func (s *logStream) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := s.out.Read(buf)
		if err != nil || n < cgo.LogHeadSize {
			s.out.Close()
			close(s.marks)
			return
		}
		level := int32(binary.NativeEndian.Uint32(buf))
		if level == mark {
			s.marks <- struct{}{}
			continue
		}
		s.packet(level, binary.NativeEndian.Uint32(buf[4:]), buf[cgo.LogHeadSize:n])
	}
}

// packet logs the text of one flush of the stream, which mostly is one line.
func (s *logStream) packet(level int32, lost uint32, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lost != s.lost {
		s.line(slog.LevelWarn, fmt.Sprintf("%d lines of DPDK's log were lost: they came faster than the logger took them", lost-s.lost))
		s.lost = lost
	}
	s.partial.Write(text)
	for {
		line, rest, whole := bytes.Cut(s.partial.Bytes(), []byte("\n"))
		if !whole {
			return
		}
		if len(line) > 0 {
			s.line(slogLevel(level), string(line))
		}
		s.partial.Next(s.partial.Len() - len(rest))
	}
}

func (s *logStream) line(level slog.Level, text string) {
	if s.capture {
		s.lines = append(s.lines, text)
	}
	s.logger.Log(context.Background(), level, text)
}

// logLevels are EAL's levels, from 1 on.
var logLevels = []string{"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"}

// checkLogLevel refuses a value of --log-level with a level that EAL does not know: EAL would print
// that and start without it. "lib.eal:debug" selects log types by a pattern, "^lib,debug" by a
// regular expression, and "debug" selects all. A level can be shortened, or be a number.
func checkLogLevel(value string) error {
	level := value
	if _, behind, found := strings.Cut(value, ","); found {
		level = behind
	} else if _, behind, found = strings.Cut(value, ":"); found {
		level = behind
	}
	for _, known := range logLevels {
		if level != "" && strings.HasPrefix(known, level) {
			return nil
		}
	}
	if n, err := strconv.ParseUint(level, 0, 32); err == nil && n >= 1 && n <= uint64(len(logLevels)) {
		return nil
	}
	return invalid("log level %q: the level %q does not exist: use one of %s", value, level, strings.Join(logLevels, ", "))
}

// slogLevel maps the levels of rte_log.h, 1 (emergency) to 8 (debug).
func slogLevel(level int32) slog.Level {
	switch {
	case level <= 4:
		return slog.LevelError
	case level == 5:
		return slog.LevelWarn
	case level <= 7:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
