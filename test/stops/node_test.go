//go:build linux

package stops

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

// A node runs loads. With the argument "alone" no other process can share its memory; otherwise
// the argument is its file prefix. It answers each request with "ok" and its vitals as JSON, or
// with "failed" and the error.
var _ = harness.Role("node", func(args []string) error {
	cfg := harness.Config(0)
	cfg.MemoryMB = 64
	if args[0] == "alone" {
		cfg.InMemory = true
	} else {
		cfg.FilePrefix = args[0]
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	runtime.SetCPUProfileRate(500)
	if err := errors.Join(pprof.StartCPUProfile(io.Discard), trace.Start(io.Discard)); err != nil {
		return err
	}
	harness.Say("ok")
	var l *load
	for request := harness.Hear(); request != ""; request = harness.Hear() {
		words := strings.Fields(request)
		number := func(i int) int { n, _ := strconv.Atoi(words[i]); return n }
		var v vitals
		switch words[0] {
		case "start": // ops, kind of port, pollers, GOMAXPROCS, workers
			runtime.GOMAXPROCS(number(4))
			l, err = startLoad(words[1], words[2], number(3), number(5))
		case "examine": // for so many milliseconds
			v = examine(l, time.Duration(number(1))*time.Millisecond)
		case "stop":
			err = l.stop()
		case "recover": // after a process was killed
			err = l.recover()
		case "exit": // pollers may be inside C for ever
			os.Exit(0)
		}
		if err != nil {
			harness.Say("failed %v", err)
			return err
		}
		text, _ := json.Marshal(v)
		harness.Say("ok %s", text)
	}
	trace.Stop()
	pprof.StopCPUProfile()
	if err := rt.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
})
