//go:build linux

// Command top shows all DPDK processes of this machine, in C or Go, while they run: processes and their states, ports with
// rates and drops, queues, rings, pools, heaps and lcores. It asks each primary over its telemetry socket, and so needs no
// DPDK. With -attach it is also a secondary, which adds rings and the use of pools where DPDK is older than 24.03.
//
//	./top                            # in this terminal
//	./top -http 127.0.0.1:9788       # as a web page with plots
//	./top -once -prefix rte          # one table, for scripts; -json for programs
//	./top -attach rte                # attach to the primary of this file prefix as a secondary, too
//
// README.md has the cost for the processes that are shown.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/examples/top/read"
	"github.com/godpdk/godpdk/examples/top/sample"
	"github.com/godpdk/godpdk/examples/top/view"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "top:", err)
		os.Exit(1)
	}
}

// shortest is the shortest interval. Below it, looking would cost what is looked at.
const shortest = 100 * time.Millisecond

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 3 && args[0] == "-serve" { // the process that package read starts
		var cmdline string
		if err := json.Unmarshal([]byte(args[2]), &cmdline); err != nil {
			return err
		}
		signal.Ignore(syscall.SIGPIPE) // it must not end while it has a lock of DPDK
		return read.Serve(args[1], cmdline, os.Stdin, out)
	}
	flags := flag.NewFlagSet("top", flag.ContinueOnError)
	interval := flags.Duration("interval", time.Second, "time between two readings, at least 100ms")
	timeout := flags.Duration("timeout", 2*time.Second, "how long one process may take to answer")
	dirs := flags.String("dir", "", "folders with runtime directories of DPDK, separated by commas (default: all that DPDK uses)")
	prefixes := flags.String("prefix", "", "file prefixes to show, separated by commas (default: all)")
	attach := flags.String("attach", "", "file prefixes to attach to as a secondary, too, separated by commas")
	once := flags.Bool("once", false, "print one table, with the rates of one interval")
	asJSON := flags.Bool("json", false, "print one snapshot as JSON, with the rates of one interval")
	listen := flags.String("http", "", "serve a web page at this address, such as 127.0.0.1:9788")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("the argument %q is unknown: top has only flags, see -help", flags.Arg(0))
	case *interval < shortest:
		return fmt.Errorf("-interval %v is too short: use %v or more", *interval, shortest)
	case *timeout <= 0:
		return fmt.Errorf("-timeout %v is not a time to wait: use 2s", *timeout)
	}
	w := newWatch()
	defer w.close()
	w.timeout, w.dirs, w.prefixes, w.attach = *timeout, list(*dirs), list(*prefixes), list(*attach)
	if err := w.check(); err != nil {
		return err
	}
	w.patience = *timeout
	switch {
	case *once || *asJSON:
		w.patience = 20 * time.Second
		return printOnce(ctx, w, *interval, *asJSON, out)
	case *listen != "":
		l, err := net.Listen("tcp", *listen)
		if err != nil {
			return fmt.Errorf("%w: use another address for -http", err)
		}
		fmt.Fprintf(out, "top: http://%s/\n", l.Addr())
		return serve(ctx, l, w, *interval)
	}
	return show(ctx, w, *interval)
}

// list splits a list with commas.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// printOnce prints one snapshot.
func printOnce(ctx context.Context, w *watch, interval time.Duration, asJSON bool, out io.Writer) error {
	w.once(ctx)
	select {
	case <-time.After(interval):
	case <-ctx.Done():
		return ctx.Err()
	}
	s := w.once(ctx)
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	var lines []string
	for _, n := range s.Notes {
		lines = append(lines, view.Line(n))
	}
	for i := range s.Targets {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, view.Target(&s.Targets[i], view.Plain())...)
	}
	if len(s.Targets) == 0 {
		lines = append(lines, view.Empty(w.dirs))
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

// run takes a reading at each interval until the context ends. A target that takes longer than half of it appears as
// before; it has w.timeout.
func (w *watch) run(ctx context.Context, interval time.Duration, emit func(sample.Snapshot)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		bound, cancel := context.WithTimeout(ctx, interval/2)
		s := w.once(bound)
		cancel()
		emit(s)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
