//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// asTop makes the test binary the program top.
const asTop = "GODPDK_TOP"

func TestMain(m *testing.M) {
	if os.Getenv(asTop) != "" || len(os.Args) > 1 && os.Args[1] == "-serve" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "top:", err)
			os.Exit(1)
		}
		return
	}
	ealtest.Main(m, ealtest.Options{NoEAL: true})
}

// A target is a primary with a port that is wired to itself, a ring and a pool and a meter of
// its lcore. It receives the number of packets to send, and takes as many mbufs from the pool and as many slots of the ring.
var _ = ealtest.Role("target", func(args []string) error {
	cfg := ealtest.Config(1)
	cfg.FilePrefix, cfg.Extra = args[0], args[1:]
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	pool, err := mbuf.CreatePool("packets", 1023, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	cable, err := netring.Loopback(netring.CableConfig{}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	quotes, err := ring.Create[uint64]("quotes", 256, ring.Config{ExactSize: true})
	if err != nil {
		return err
	}
	meter, err := lcore.NewMeter(1)
	if err != nil {
		return err
	}
	ealtest.Say("ready")
	for line := ealtest.Hear(); line != ""; line = ealtest.Hear() {
		var n int
		if _, err := fmt.Sscan(line, &n); err != nil {
			return err
		}
		if err := send(cable, pool, quotes, n); err != nil {
			return err
		}
		meter.Round(true)
		meter.Round(false)
		ealtest.Say("sent")
	}
	return rt.Close()
})

// send sends packets of 100 bytes from the port to itself, keeps one mbuf for each, and adds as many numbers to the ring.
func send(cable *netring.Cable, pool *mbuf.Pool, quotes *ring.Ring[uint64], n int) error {
	pkts := make([]*mbuf.Mbuf, n)
	if !pool.AllocBulk(pkts) {
		return errors.New("the pool is empty")
	}
	for _, m := range pkts {
		m.AppendBytes(make([]byte, 100))
	}
	sent := cable.A.TxQueue(0).Burst(pkts)
	received := cable.A.RxQueue(0).Burst(pkts)
	queued := quotes.EnqueueBurst(make([]uint64, n))
	if sent != n || received != n || queued != n {
		return fmt.Errorf("sent %d, received %d and queued %d of %d", sent, received, queued, n)
	}
	return nil
}

// startTarget starts a target, which then sends packets.
func startTarget(t *testing.T, prefix string, packets int, options ...string) *ealtest.Process {
	p := ealtest.Start(t, "target", append([]string{prefix}, options...)...)
	p.Expect("ready")
	sends(p, packets)
	return p
}

func sends(p *ealtest.Process, packets int) {
	p.Send(fmt.Sprint(packets))
	p.Expect("sent")
}

// startTestpmd starts dpdk-testpmd, which forwards so many packets of 100 bytes.
func startTestpmd(t *testing.T, prefix string, packets int) *ealtest.Process {
	in := filepath.Join(t.TempDir(), "in.pcap")
	f, err := os.Create(in)
	require.NoError(t, err)
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	for range packets {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: 100, Length: 100}, make([]byte, 100)))
	}
	require.NoError(t, f.Close())
	pmd := ealtest.Command(t, "dpdk-testpmd", "--file-prefix="+prefix, "--lcores="+ealtest.Lcores(0, 2), "-m", "64", "--no-pci",
		"--vdev", "net_pcap0,rx_pcap="+in+",tx_pcap="+filepath.Join(t.TempDir(), "out.pcap"), "--", "-i", "--no-flush-rx", "--total-num-mbufs=2048", "--no-mlockall")
	pmd.Send("start")
	pmd.Send("show config cores")
	pmd.Expect("testpmd> show config cores")
	return pmd
}

func runtimeDir() string { return filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk") }

func watching(t *testing.T, attach ...string) *watch {
	w := newWatch()
	w.dirs, w.attach, w.timeout, w.patience = []string{runtimeDir()}, attach, 2*time.Second, 30*time.Second
	t.Cleanup(w.close)
	return w
}

// named returns the target with a name.
func named(t *testing.T, s sample.Snapshot, name string) *sample.Target {
	t.Helper()
	for i := range s.Targets {
		if s.Targets[i].Name == name {
			return &s.Targets[i]
		}
	}
	var names []string
	for _, x := range s.Targets {
		names = append(names, x.Name)
	}
	require.Fail(t, "no target", "%s among %s", name, strings.Join(names, ", "))
	return nil
}
