//go:build linux

package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/pdump"
	"github.com/godpdk/godpdk/test/harness"
)

// seen is what a watcher has captured.
type seen struct {
	Received, Transmitted, Cut int
	Wrong                      []string // what is wrong with the packets
	Stats                      pdump.Stats
}

func (s *seen) wrong(format string, args ...any) {
	if len(s.Wrong) < 5 {
		s.Wrong = append(s.Wrong, fmt.Sprintf(format, args...))
	}
}

// add checks a packet: a frame of its number, whole or cut at SnapLen, with its length, its queue, and a time since start.
func (s *seen) add(p pdump.Packet, snap int, start time.Time) {
	if len(p.Data) < header {
		s.wrong("%d bytes", len(p.Data))
		return
	}
	n := number(p.Data)
	want := frame(n)
	switch {
	case p.Length != len(want):
		s.wrong("frame %d has length %d, want %d", n, p.Length, len(want))
	case len(p.Data) != min(snap, len(want)) || !bytes.Equal(p.Data, want[:len(p.Data)]):
		s.wrong("frame %d has other bytes: %x", n, p.Data)
	case p.Time.Before(start.Add(-5*time.Millisecond)) || p.Time.After(time.Now().Add(5*time.Millisecond)):
		s.wrong("frame %d has the time %v, between %v and %v", n, p.Time, start, time.Now())
	}
	if len(p.Data) < p.Length {
		s.Cut++
	}
	switch p.Direction {
	case pdump.Received:
		s.Received++
	case pdump.Transmitted:
		s.Transmitted++
	default:
		s.wrong("frame %d has no direction", n)
	}
}

// A watcher is a secondary of the primary with a prefix. It obeys lines:
//
//	start {Config}    starts a capture of the port
//	read n [file]     waits for n packets, checks them, writes them to the file, and prints what it has seen
//	close             closes the capture
//	again             starts and closes captures until it is killed
//	stats             prints the error of Stats
//	reset             ends all captures of the port
var _ = harness.Role("watcher", func(args []string) (err error) {
	cfg := ealtest.Secondary(args[0], 0)
	cfg.Lcores, cfg.NoPCI = args[2], true
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	port, err := ethdev.Lookup(args[1])
	if err != nil {
		return err
	}
	if err := pdump.Init(); err != nil && !errors.Is(err, dpdk.ErrNotFound) { // since DPDK 25.11 a capture of another process waits for this one
		return err
	}
	harness.Say("attached")
	var c *pdump.Capture
	var start time.Time
	for line := harness.Hear(); line != ""; line = harness.Hear() {
		command, rest, _ := strings.Cut(line, " ")
		switch command {
		case "start":
			var cfg pdump.Config
			if err := json.Unmarshal([]byte(rest), &cfg); err != nil {
				return err
			}
			start = time.Now()
			if c, err = pdump.Start(port, cfg); err != nil {
				harness.Say("start %s", describe(err))
				continue
			}
			harness.Say("start")
		case "read":
			s, err := read(rt.Context(), c, rest, start)
			if err != nil {
				return err
			}
			text, err := json.Marshal(s)
			if err != nil {
				return err
			}
			harness.Say("read %s", text)
		case "again":
			harness.Say("again")
			for {
				c, err := pdump.Start(port, pdump.Config{Ring: 64})
				if err != nil {
					return err
				}
				if err := c.Close(); err != nil {
					return err
				}
			}
		case "stats":
			_, err := c.Stats()
			harness.Say("stats %v %s", errors.Is(err, dpdk.ErrNotFound), describe(err))
		case "close":
			harness.Say("close %s", describe(errors.Join(c.Close(), c.Close())))
		case "reset":
			harness.Say("reset %s", describe(pdump.Reset(port)))
		}
	}
	return nil
})

// read reads packets. After n of them it looks for more for a moment: there must be none.
func read(ctx context.Context, c *pdump.Capture, args string, start time.Time) (s seen, err error) {
	var n int
	var file string
	_, _ = fmt.Sscan(args, &n, &file)
	out := io.Discard
	if file != "" {
		f, err := os.Create(file)
		if err != nil {
			return s, err
		}
		defer f.Close()
		out = f
	}
	w, err := pdump.NewWriter(out, c)
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	all := 0
	for p := range c.Packets(ctx) {
		if err := w.Write(p); err != nil {
			return s, err
		}
		s.add(p, c.Config().SnapLen, start)
		if all++; all == n {
			break
		}
	}
	var more [1]pdump.Packet
	if c.Burst(more[:]) > 0 {
		s.wrong("more packets than %d", n)
	}
	if s.Stats, err = c.Stats(); err != nil {
		return s, err
	}
	return s, w.Close()
}
