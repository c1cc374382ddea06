// Package app holds the code that several examples share and that does not show DPDK: main,
// processes that start each other and wait for each other, and typed commands.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
)

// Patience is how long processes wait for each other's start.
const Patience = time.Minute

// Role is one process of an example. Its ctx ends with Ctrl-C, with SIGTERM, and with the
// primary of a secondary; the cause is then [dpdk.ErrPrimaryGone]. Its args follow EAL's
// options.
type Role func(ctx context.Context, rt *eal.Runtime, args []string) error

// Main runs an example that consists of several processes: launch if the command line is
// empty, role under EAL otherwise.
func Main(name string, launch func(context.Context) error, role Role) {
	Run(name, func(ctx context.Context) error {
		if len(os.Args) == 1 {
			return launch(ctx)
		}
		return UnderEAL(ctx, os.Args, role)
	})
}

// Run runs an example until it returns, and exits with status 1 if it fails. Its ctx ends
// with Ctrl-C and with SIGTERM.
func Run(name string, example func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("EXAMPLES_LOG") == "" { // EAL's log at start is long, and errors contain it
		slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	}
	if err := example(ctx); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// UnderEAL starts EAL with a command line, runs role, and stops EAL. A secondary waits for
// its primary: in containers that start side by side it may come first.
func UnderEAL(ctx context.Context, args []string, role Role) (err error) {
	rt, rest, err := eal.InitArgs(args)
	for start := time.Now(); errors.Is(err, dpdk.ErrNoPrimary) && ctx.Err() == nil && time.Since(start) < Patience; {
		time.Sleep(10 * time.Millisecond)
		rt, rest, err = eal.InitArgs(args)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(rt.Context(), func() { cancel(context.Cause(rt.Context())) })()
	return role(ctx, rt, rest)
}

// Limit ends ctx after so many seconds. 0 sets no limit.
func Limit(ctx context.Context, seconds float64) (context.Context, context.CancelFunc) {
	if seconds == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(seconds*float64(time.Second)))
}

// seconds is the value of a flag.
type seconds float64

func (s *seconds) String() string { return strconv.FormatFloat(float64(*s), 'g', -1, 64) }

// Set refuses a negative number, for which Limit would end at once, and one that is too large for it.
func (s *seconds) Set(text string) error {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n < 1e9) {
		return errors.New("use a number of seconds from 0 to 999999999")
	}
	*s = seconds(n)
	return nil
}

// Seconds adds the flag -seconds, a duration for Limit.
func Seconds(flags *flag.FlagSet, value float64, usage string) *float64 {
	flags.Var((*seconds)(&value), "seconds", usage)
	return &value
}
