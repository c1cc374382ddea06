// Command capture shows the packets of ports of another DPDK process, in Go or C, and writes them to a pcapng file.
//
//	capture                                     20 packets of a primary that it starts itself
//	capture -prefix rte -w all.pcapng           all ports of the primary with a file prefix, until Ctrl-C
//	capture -prefix rte -port 0000:03:00.0 -dir rx -f 'udp port 53' -n 100
//	capture -prefix rte -w - | tcpdump -n -r -  to another program
//	capture -r all.pcapng                       a file
//	capture -prefix rte -- -a 0000:03:00.0      with options for EAL, as a secondary of a C program may need
//
// The primary must let others capture: pdump.Init in Go, rte_pdump_init in C, as dpdk-testpmd does. Capture ends at -n
// packets, with Ctrl-C, with the primary, at the end of the file of -r, and when nothing reads its output. The file is complete
// then. It prints how many packets were cut, dropped because it was too slow, or unreadable. The filter of -f is compiled by tcpdump.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/pdump"
	"github.com/godpdk/godpdk/examples/internal/app"
)

type options struct {
	prefix, port, dir, filter, write, read string
	snap, count                            int
	quiet, primary                         bool
	extra                                  []string // for EAL
}

var directions = map[string]pdump.Direction{"rx": pdump.Received, "tx": pdump.Transmitted, "both": 0}

func main() { app.Run("capture", run) }

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.prefix, "prefix", "", "the file `prefix` of the primary; without it capture starts one")
	flag.StringVar(&o.port, "port", "", "the names of the `ports`, separated by commas; without it all")
	flag.StringVar(&o.dir, "dir", "both", "the `direction`: rx, tx or both")
	flag.StringVar(&o.filter, "f", "", "capture only packets that match this `expression` of tcpdump")
	flag.StringVar(&o.write, "w", "", "the `file` to write; - is the standard output")
	flag.StringVar(&o.read, "r", "", "show the packets of a `file`, pcap or pcapng")
	flag.IntVar(&o.snap, "s", 0, "how many `bytes` to capture of a packet; 0 is all")
	flag.IntVar(&o.count, "n", -1, "how many packets to capture; 0 removes the limit, which is the default with -prefix or -r")
	flag.BoolVar(&o.quiet, "q", false, "print no line for each packet")
	flag.BoolVar(&o.primary, "primary", false, "be the primary that capture starts")
	flag.Parse()
	o.extra = flag.Args()
	if _, ok := directions[o.dir]; !ok {
		return fmt.Errorf("-dir=%s: use rx, tx or both", o.dir)
	}
	if o.count < 0 && o.prefix == "" && o.read == "" {
		o.count = 20
	}
	signal.Ignore(syscall.SIGPIPE) // a write fails instead, and the capture ends in order
	switch {
	case o.primary:
		return primary(ctx, o.prefix)
	case o.read != "":
		return show(ctx, o)
	case o.prefix == "":
		return withPrimary(ctx, func(ctx context.Context, prefix string) error {
			o.prefix = prefix
			return attach(ctx, o)
		})
	}
	return attach(ctx, o)
}

// attach captures as a secondary.
func attach(ctx context.Context, o options) (err error) {
	rt, err := eal.Init(eal.Config{ProcessType: eal.Secondary, FilePrefix: o.prefix, Extra: o.extra})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(rt.Context(), cancel)() // the primary has ended

	cfg := pdump.Config{Direction: directions[o.dir], SnapLen: o.snap}
	if cfg.Filter, err = compile(ctx, o.filter); err != nil {
		return err
	}
	ports, err := ports(o.port)
	if err != nil {
		return err
	}
	var captures []*pdump.Capture
	defer func() {
		for _, c := range captures {
			err = errors.Join(err, c.Close())
		}
	}()
	for _, p := range ports {
		c, err := pdump.Start(p, cfg)
		if err != nil {
			return err
		}
		captures = append(captures, c)
	}
	return capture(ctx, captures, o)
}

// ports returns the ports with these names, or all.
func ports(names string) (all []*ethdev.Port, err error) {
	if names == "" {
		if all, err = ethdev.List(); err == nil && len(all) == 0 {
			err = errors.New("the primary has no ports, or this process has not attached to them: name its devices behind --, such as -- -a 0000:03:00.0")
		}
		return all, err
	}
	for name := range strings.SplitSeq(names, ",") {
		p, err := ethdev.Lookup(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// output opens the file of -w. It returns where to print lines as well.
func output(file string) (w io.WriteCloser, lines io.Writer, err error) {
	switch file {
	case "":
		return nopCloser{io.Discard}, os.Stdout, nil
	case "-":
		return os.Stdout, os.Stderr, nil
	}
	w, err = os.Create(file)
	return w, os.Stdout, err
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// ended reports whether an error only means that nothing reads the output any more, or that the primary has ended.
func ended(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, dpdk.ErrPrimaryGone)
}
