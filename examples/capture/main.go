// Command capture writes the packets that a port receives to a pcap file, with times in
// nanoseconds, and prints a line for each packet. It decodes packets in place.
//
//	capture                                     20 packets that it makes itself
//	capture -port net_af_packet0,iface=eth0     packets of an interface of the kernel
//	capture -port net_pcap0,rx_pcap=in.pcap     a file
//	capture -port 0000:03:00.0                  a NIC that is bound to vfio-pci
//
// It ends after -n packets, or with Ctrl-C, and then reads the file. It fails if the file does
// not hold the captured packets, or if the port cut IP packets short, as net_af_packet does with
// packets that are longer than its frames (vdev.AFPacket).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/examples/internal/app"
)

// loopback is a port that receives what it sends.
const loopback = "net_ring0"

type options struct {
	port, file string
	count      int
	quiet      bool
}

func main() { app.Run("capture", run) }

// run opens the port, captures, and checks the file.
func run(ctx context.Context) (err error) {
	var o options
	flag.StringVar(&o.port, "port", loopback, "devargs of the `port`; without it capture makes its packets")
	flag.StringVar(&o.file, "w", "capture.pcap", "the `file` to write")
	flag.IntVar(&o.count, "n", 20, "how many packets to capture; 0 is until Ctrl-C")
	flag.BoolVar(&o.quiet, "q", false, "print no line for each packet")
	flag.Parse()
	if o.count < 0 {
		return fmt.Errorf("-n=%d: use 1 or more, or 0 for no limit", o.count)
	}
	cfg := eal.Config{FilePrefix: fmt.Sprintf("capture%d", os.Getpid()), InMemory: true, MemoryMB: 64, NoPCI: true}
	device := o.port
	if address, _, _ := strings.Cut(o.port, ","); strings.Count(address, ":") == 2 { // a NIC: EAL attaches it, and no other
		cfg.NoPCI, cfg.Allow, device = false, []string{o.port}, address
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	pool, err := mbuf.CreatePool("capture", 8191, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	port, err := ethdev.Open(device, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	seen, err := capture(ctx, port, pool, o)
	if err = errors.Join(err, port.Close()); err != nil {
		return err
	}
	if o.port == loopback && !pool.Full() { // the drivers of other ports may keep some
		return fmt.Errorf("%d of %d mbufs are missing", pool.InUse(), pool.Size())
	}
	return check(o.file, seen)
}
