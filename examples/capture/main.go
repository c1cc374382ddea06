// Command capture writes what a port receives to a pcap file, with times in
// nanoseconds, and prints a line for each packet. The packets are decoded where the
// port put them.
//
//	capture                                     20 packets that it makes itself
//	capture -port net_af_packet0,iface=eth0     what comes to an interface of the kernel
//	capture -port net_pcap0,rx_pcap=in.pcap     a file
//	capture -port 0000:03:00.0                  a NIC that is bound to vfio-pci
//
// It ends after -n packets, or with Ctrl-C, and then reads the file again: it fails if
// that does not hold what was captured, or if the port cut IP packets short, as
// net_af_packet does with those that are longer than its frames (vdev.AFPacket).
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
)

// loopback is a port that receives what it sends.
const loopback = "net_ring0"

type options struct {
	port, file string
	count      int
	quiet      bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// EAL's log at start is for when something fails, and the error holds it.
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))

	var o options
	flag.StringVar(&o.port, "port", loopback, "the port's devargs; without them the program makes its packets")
	flag.StringVar(&o.file, "w", "capture.pcap", "the file to write")
	flag.IntVar(&o.count, "n", 20, "how many packets to capture; 0 is until Ctrl-C")
	flag.BoolVar(&o.quiet, "q", false, "no line for each packet")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "capture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.count < 0 {
		return fmt.Errorf("-n=%d: use a number of packets, or 0", o.count)
	}
	cfg := eal.Config{FilePrefix: fmt.Sprintf("capture%d", os.Getpid()), InMemory: true, MemoryMB: 64, NoPCI: true}
	device := o.port
	if address, _, _ := strings.Cut(o.port, ","); strings.Count(address, ":") == 2 { // a NIC, which EAL attaches, and no other
		cfg.NoPCI, cfg.Allow, device = false, []string{o.port}, address
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() {
		if e := rt.Close(); err == nil {
			err = e
		}
	}()
	pool, err := mbuf.CreatePool("capture", 8191, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	port, err := ethdev.Open(device, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	seen, err := capture(ctx, port, pool, o)
	if e := port.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if o.port == loopback && !pool.Full() { // the drivers of other ports may keep some
		return fmt.Errorf("%d of %d mbufs are missing", pool.InUse(), pool.Size())
	}
	return check(o.file, seen)
}
