//go:build linux

package processes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

// verbs are the requests that a node understands.
var verbs = map[string]func(args []string) (string, error){
	"init":  initialise,
	"close": func([]string) (string, error) { return "", rt.Close() },
	"alive": func([]string) (string, error) { return fmt.Sprint(rt.PrimaryAlive()), nil },
}

// verb adds a request, from the file that needs it.
func verb(name string, f func(args []string) (string, error)) struct{} {
	if verbs[name] != nil {
		panic("two verbs " + name)
	}
	verbs[name] = f
	return struct{}{}
}

// State of a node.
var (
	rt  *eal.Runtime // of the last good init
	own int          // lcore
)

// asAsked is the text of "fail" on a node's standard error.
const asAsked = "role node: as asked\n"

// A node answers requests until its input ends. Then it closes EAL.
var _ = harness.Role("node", func(args []string) (err error) {
	if own, err = strconv.Atoi(args[0]); err != nil {
		return err
	}
	if err = ownStdout(); err != nil {
		return err
	}
	for request := harness.Hear(); request != ""; request = harness.Hear() {
		words := strings.Fields(request)
		if words[0] == "fail" { // how the test gets to see standard error
			return errors.Join(errors.New("as asked"), closeEAL())
		}
		f, ok := verbs[words[0]]
		if !ok {
			return fmt.Errorf("no verb %q", words[0])
		}
		line, err := json.Marshal(run(f, words[1:]))
		if err != nil {
			return err
		}
		harness.Say("answer %s", line)
	}
	return closeEAL()
})

// ownStdout separates the answers from the output of C code, which goes to standard error, where
// a test can read it.
func ownStdout() error {
	fd, err := unix.Dup(1)
	if err != nil {
		return err
	}
	os.Stdout = os.NewFile(uintptr(fd), "answers")
	return unix.Dup3(2, 1, 0)
}

// closeEAL closes EAL if it runs.
func closeEAL() error {
	if rt == nil {
		return nil
	}
	return rt.Close()
}

func run(f func([]string) (string, error), args []string) (a answer) {
	start, cpu := time.Now(), cpuTime()
	var err error
	if a.Result, err = f(args); err != nil {
		a.Err = err.Error()
		for name, sentinel := range sentinels {
			if errors.Is(err, sentinel) {
				a.Is = append(a.Is, name)
			}
		}
	}
	a.Took, a.CPU = time.Since(start), cpuTime()-cpu
	return a
}

var sentinels = map[string]error{
	"ErrNotFound":       dpdk.ErrNotFound,
	"ErrExist":          dpdk.ErrExist,
	"ErrInvalid":        dpdk.ErrInvalid,
	"ErrSecondary":      dpdk.ErrSecondary,
	"ErrNoMemory":       dpdk.ErrNoMemory,
	"ErrNotRunning":     dpdk.ErrNotRunning,
	"ErrAlreadyRunning": dpdk.ErrAlreadyRunning,
	"ErrNoPrimary":      dpdk.ErrNoPrimary,
	"ErrPrimaryRunning": dpdk.ErrPrimaryRunning,
	"ErrNoHugepages":    dpdk.ErrNoHugepages,
	"ErrNotShared":      dpdk.ErrNotShared,
	"ErrMismatch":       dpdk.ErrMismatch,
	"ErrPrimaryGone":    dpdk.ErrPrimaryGone,
	"DeadlineExceeded":  context.DeadlineExceeded,
}

// cpuTime is the CPU time that this process has used so far, in all its threads.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// initialise starts EAL: a role, a file prefix, and EAL options, among which
// "timeout=1s" is Config.PrimaryTimeout. Its first line is "starting".
func initialise(args []string) (string, error) {
	cfg := harness.Config(own)
	cfg.Logger = logger
	cfg.FilePrefix = args[1]
	switch args[0] {
	case "secondary":
		cfg.ProcessType = eal.Secondary
	case "auto":
		cfg.ProcessType = eal.Auto
	}
	for _, option := range args[2:] {
		if d, ok := strings.CutPrefix(option, "timeout="); ok {
			var err error
			if cfg.PrimaryTimeout, err = time.ParseDuration(d); err != nil {
				return "", err
			}
			continue
		}
		cfg.Extra = append(cfg.Extra, option)
	}
	harness.Say("starting")
	started, err := eal.Init(cfg)
	if err != nil {
		return "", err
	}
	rt = started
	return rt.ProcessType().String(), nil
}
