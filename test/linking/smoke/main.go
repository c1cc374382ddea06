//go:build linux

// Command smoke checks the DPDK that it is linked with and prints one line for each step: the version, a port of each virtual
// driver, packets over ports, and, unless -no-huge is set, a ring between two processes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/vdev"
)

// answer is the value that the secondary sends.
const answer = 0x60d9d4

// ringName is the name of the ring between the two processes.
const ringName = "answers"

var (
	noHuge    = flag.Bool("no-huge", false, "use ordinary memory, and so only one process")
	admin     = flag.Bool("admin", false, "also open ports of drivers that need CAP_NET_ADMIN or CAP_NET_RAW")
	secondary = flag.String("secondary", "", "run as a secondary of `prefix`")
)

func main() {
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // errors hold EAL's log
	run := primary
	if *secondary != "" {
		run = second
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

func primary() (err error) {
	if err := dpdk.CheckVersion(); err != nil {
		return err
	}
	fmt.Println("version", dpdk.Version())
	start, prefix := time.Now(), fmt.Sprintf("smoke%d", os.Getpid())
	rt, err := eal.Init(eal.Config{FilePrefix: prefix, MemoryMB: 64, NoPCI: true, NoHuge: *noHuge})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	fmt.Printf("eal.Init %v\n", time.Since(start).Round(100*time.Microsecond))
	pool, err := mbuf.CreatePool("packets", 8191, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	if err := ports(pool); err != nil {
		return err
	}
	if err := cable(pool); err != nil {
		return err
	}
	if *noHuge {
		return nil
	}
	return processes(prefix)
}

// ports opens a port of each driver, and receives from net_null.
func ports(pool *mbuf.Pool) error {
	devices := []vdev.Device{vdev.Null{}, vdev.Memif{Role: vdev.MemifServer, Socket: fmt.Sprint("smoke", os.Getpid())}}
	if *admin {
		devices = append(devices, vdev.AFPacket{Interface: "lo", Truncate: true}, vdev.TAP{})
	}
	for _, d := range devices {
		p, err := vdev.Open(d, ethdev.Config{Pool: pool})
		if err != nil {
			return err
		}
		info, err := p.Info()
		if err != nil {
			return err
		}
		var pkts [32]*mbuf.Mbuf
		n := p.RxQueue(0).Burst(pkts[:])
		mbuf.FreeBulk(pkts[:n])
		if _, null := d.(vdev.Null); null && n != len(pkts) {
			return fmt.Errorf("net_null received %d packets of %d", n, len(pkts))
		}
		if err := p.Detach(); err != nil {
			return err
		}
		fmt.Println("port", info.Driver)
	}
	return nil
}

// cable sends packets from one port to another over a ring.
func cable(pool *mbuf.Pool) error {
	c, err := netring.Pair(netring.CableConfig{}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	var pkts [32]*mbuf.Mbuf
	if !pool.AllocBulk(pkts[:]) {
		return errors.New("the pool is empty")
	}
	for i, m := range pkts {
		data, ok := m.Append(60)
		if !ok {
			return errors.New("an mbuf has no room for 60 bytes")
		}
		data[0] = byte(i)
	}
	sent := c.A.TxQueue(0).Burst(pkts[:])
	received := c.B.RxQueue(0).Burst(pkts[:])
	if sent != len(pkts) || received != len(pkts) {
		return fmt.Errorf("the cable accepted %d packets of %d and returned %d", sent, len(pkts), received)
	}
	for i, m := range pkts {
		if m.Data()[0] != byte(i) {
			return fmt.Errorf("packet %d holds %x", i, m.Data())
		}
	}
	mbuf.FreeBulk(pkts[:])
	fmt.Println("traffic", received)
	return c.Close()
}

// processes receives a message from a secondary, which runs the same program.
func processes(prefix string) error {
	r, err := ring.Create[uint64](ringName, 64, ring.Config{})
	if err != nil {
		return err
	}
	if out, err := exec.Command("/proc/self/exe", "-secondary="+prefix).CombinedOutput(); err != nil {
		return fmt.Errorf("secondary: %w: %s", err, out)
	}
	got, ok := r.Dequeue()
	if !ok || got != answer {
		return fmt.Errorf("the ring held %x, %v", got, ok)
	}
	fmt.Println("processes 2")
	return r.Free()
}

func second() (err error) {
	if err := eal.WaitPrimary(context.Background(), *secondary); err != nil {
		return err
	}
	cfg, err := eal.SecondaryConfig(*secondary)
	if err != nil {
		return err
	}
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	r, err := ring.Lookup[uint64](ringName)
	if err != nil {
		return err
	}
	if !r.Enqueue(answer) {
		return errors.New("the ring is full")
	}
	return nil
}
