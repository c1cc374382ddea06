//go:build linux

// Package telemetry tests package dpdk/telemetry with other processes: DPDK's own client, dpdk-testpmd, and processes that
// are stopped, killed and restarted.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// What a primary sends on port 0, which receives it, and the mbufs that it keeps.
const (
	sent = 41
	kept = 5
)

// exchange sends the packets, and frees all but those that are kept.
func exchange(port *ethdev.Port, pool *mbuf.Pool) error {
	var pkts [sent]*mbuf.Mbuf
	if !pool.AllocBulk(pkts[:]) {
		return errors.New("no mbufs")
	}
	for _, m := range pkts {
		if _, ok := m.Append(60); !ok {
			return errors.New("no room")
		}
	}
	if n := port.TxQueue(0).Burst(pkts[:]); n != sent {
		return fmt.Errorf("sent %d packets", n)
	}
	if n := port.RxQueue(0).Burst(pkts[:]); n != sent {
		return fmt.Errorf("received %d packets", n)
	}
	mbuf.FreeBulk(pkts[kept:])
	return nil
}

// A primary answers the command /app/stats until it hears a line. With "churn" it also creates and frees objects.
var _ = harness.Role("primary", func(args []string) error {
	cfg := harness.Config(0)
	cfg.FilePrefix, cfg.MemoryMB = args[0], 128
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	if err := telemetry.Handle("/app/stats", func(params string) (any, error) {
		return map[string]any{"params": params, "packets": 42}, nil
	}); err != nil {
		return err
	}
	pool, err := mbuf.CreatePool("fixed", 1023, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	fixed, err := netring.Loopback(netring.CableConfig{Name: "net_ring_fixed"}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	if err := exchange(fixed.A, pool); err != nil {
		return err
	}
	harness.Say("ready")
	var over atomic.Bool
	var all sync.WaitGroup
	var rounds atomic.Int64
	errs := make(chan error, 3)
	again := func(f func(name string) error) {
		all.Go(func() {
			for n := 0; !over.Load(); n++ {
				if err := f(fmt.Sprint("churn", n%7)); err != nil {
					errs <- err
					return
				}
				rounds.Add(1)
			}
		})
	}
	if len(args) > 1 {
		again(func(name string) error {
			p, err := mempool.Create(name, 31, 64, mempool.Config{CacheSize: 4})
			if err != nil {
				return err
			}
			return p.Free()
		})
		again(func(name string) error {
			r, err := ring.Create[uint64](name, 16, ring.Config{})
			if err != nil {
				return err
			}
			return r.Free()
		})
		again(func(name string) error {
			c, err := netring.Loopback(netring.CableConfig{Name: "net_ring_" + name}, ethdev.Config{Pool: pool})
			if err != nil {
				return err
			}
			return c.Close()
		})
	}
	harness.Hear()
	over.Store(true)
	all.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	harness.Say("rounds %d", rounds.Load())
	err = errors.Join(err, rt.Close())
	harness.Say("closed")
	harness.Hear()
	return err
})

var _ = harness.Role("secondary", func(args []string) error {
	cfg := harness.Config(1)
	cfg.FilePrefix, cfg.ProcessType, cfg.MemoryMB, cfg.NoPCI = args[0], eal.Secondary, 0, false
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	err = telemetry.Handle("/app/stats", func(string) (any, error) { return 1, nil })
	harness.Say("error %v", errors.Is(err, dpdk.ErrSecondary))
	return rt.Close()
})

// prefix returns the file prefix of a test. A longer one would be too long for the paths of sockets.
func prefix(t *testing.T) string { return fmt.Sprintf("%.12s%d", t.Name(), os.Getpid()) }

func primary(t *testing.T, prefix string, more ...string) *harness.Child {
	c := harness.Start(t, "primary", append([]string{prefix}, more...)...)
	c.Expect("ready")
	return c
}

// socket finds the socket of a prefix.
func socket(t *testing.T, prefix string) string {
	t.Helper()
	all, err := telemetry.List(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk"))
	require.NoError(t, err)
	for _, s := range all {
		if s.Prefix == prefix {
			return s.Path
		}
	}
	require.Fail(t, "no socket", "%v", all)
	return ""
}

func client(t *testing.T, path string, timeout time.Duration) *telemetry.Client {
	c := telemetry.NewClient(path, telemetry.Config{Timeout: timeout})
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

func TestDPDKsClientGetsValuesOfGo(t *testing.T) {
	harness.Need(t, harness.Hugepages, harness.TelemetryScript)
	p := primary(t, prefix(t))
	script := exec.Command(string(harness.TelemetryScript), "-f", prefix(t))
	script.Stdin = strings.NewReader("/app/stats\n/app/stats,a,b\n/help,/app/stats\n/\n/ethdev/list\n/ethdev/stats,0\n/mempool/info,fixed\nquit\n")
	out, err := script.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), `{"/app/stats": {"packets": 42, "params": ""}}`)
	assert.Contains(t, string(out), `{"/app/stats": {"packets": 42, "params": "a,b"}}`)
	assert.Contains(t, string(out), `{"/help": {"/app/stats": "Returns a value of this Go program"}}`)
	assert.Contains(t, string(out), `"/app/stats", `)
	assert.Contains(t, string(out), `{"/ethdev/list": [0]}`)
	assert.Contains(t, string(out), fmt.Sprintf(`"ipackets": %d, "opackets": %d,`, sent, sent))
	assert.Contains(t, string(out), `"name": "fixed", `)
	assert.Contains(t, string(out), `"size": 1023, `)
	s := harness.Start(t, "secondary", prefix(t))
	assert.Equal(t, "true", s.Expect("error "), "a secondary has no socket")
	s.Wait()
	p.Wait()
}

func TestProcInfoShowsWhatAGoPrimarySent(t *testing.T) {
	harness.Need(t, harness.Hugepages, harness.ProcInfo)
	p := primary(t, prefix(t))
	for _, test := range []struct {
		args string
		want []string
	}{
		{"--stats", []string{fmt.Sprintf("RX-packets: %d RX-errors: 0", sent), fmt.Sprintf("TX-packets: %d TX-errors: 0", sent)}},
		{"--xstats", []string{fmt.Sprintf("rx_good_packets: %d ", sent), fmt.Sprintf("tx_good_packets: %d ", sent), fmt.Sprintf("rx_q0_packets: %d ", sent)}},
		{"--show-port", []string{"driver net_ring device net_ring_fixed "}},
		{"--show-mempool", []string{"mempool <fixed>@"}},
		{"--show-mempool=fixed", []string{"Size 1023 ", fmt.Sprintf("avail (%d), in use (%d)", 1023-kept, kept)}},
		{"--show-ring", []string{"net_ring_fixed"}},
	} {
		tool := harness.Command(t, "dpdk-proc-info", "--file-prefix="+prefix(t), "--no-pci", "--", "-p", "1", test.args)
		out := strings.Join(strings.Fields(strings.Join(tool.Wait(), " ")), " ")
		for _, want := range test.want {
			assert.Contains(t, out, want, test.args)
		}
	}
	p.Wait()
}

func TestCountsOfTestpmdAreThoseThatWereSent(t *testing.T) {
	harness.Need(t, harness.Hugepages, harness.Testpmd)
	const packets, size = 37, 80
	in := filepath.Join(t.TempDir(), "in.pcap")
	f, err := os.Create(in)
	require.NoError(t, err)
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	for range packets {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: size, Length: size}, make([]byte, size)))
	}
	require.NoError(t, f.Close())
	pmd := harness.Command(t, "dpdk-testpmd", "--file-prefix="+prefix(t), "--in-memory", "--lcores="+harness.Lcores(0, 2), "-m", "64", "--no-pci",
		"--vdev", "net_pcap0,rx_pcap="+in+",tx_pcap="+filepath.Join(t.TempDir(), "out.pcap"), "--", "-i", "--no-flush-rx", "--total-num-mbufs=2048", "--no-mlockall")
	pmd.Send("start")
	pmd.Send("show config cores")
	pmd.Expect("testpmd> show config cores")

	c := client(t, socket(t, prefix(t)), 5*time.Second)
	ctx := t.Context()
	require.Eventually(t, func() bool {
		s, err := c.PortStats(ctx, 0)
		require.NoError(t, err)
		return s.TxPackets == packets
	}, 20*time.Second, 20*time.Millisecond)
	s, err := c.PortStats(ctx, 0)
	require.NoError(t, err)
	assert.Equal(t, []uint64{packets, packets * size, packets, packets * size, 0, 0}, []uint64{s.RxPackets, s.RxBytes, s.TxPackets, s.TxBytes, s.RxErrors, s.TxErrors})
	x, err := c.PortXStats(ctx, 0)
	require.NoError(t, err)
	assert.EqualValues(t, packets, x["rx_good_packets"])
	assert.EqualValues(t, packets, x["rx_q0_packets"])

	i, err := c.Info(ctx)
	require.NoError(t, err)
	assert.Equal(t, pmd.Pid(), i.PID)
	assert.Equal(t, dpdk.Version(), i.Version)
	ports, err := c.Ports(ctx)
	require.NoError(t, err)
	assert.Equal(t, []int{0}, ports)
	port, err := c.PortInfo(ctx, 0)
	require.NoError(t, err)
	assert.Equal(t, "net_pcap0", port.Name)
	assert.Equal(t, []any{1, 1, true, true}, []any{port.RxQueues, port.TxQueues, bool(port.Started), bool(port.Promiscuous)})
	link, err := c.PortLink(ctx, 0)
	require.NoError(t, err)
	assert.True(t, link.Up)
	_, err = c.PortStats(ctx, 1)
	assert.ErrorIs(t, err, dpdk.ErrNotFound)

	pools, err := c.Mempools(ctx)
	require.NoError(t, err)
	require.Contains(t, pools, "mb_pool_0")
	pool, err := c.Mempool(ctx, "mb_pool_0")
	require.NoError(t, err)
	assert.EqualValues(t, 2048, pool.Size)
	if used, ok := pool.InUse(); ok {
		assert.LessOrEqual(t, used, uint64(2048))
	}
	_, err = c.Mempool(ctx, "no pool")
	assert.ErrorIs(t, err, dpdk.ErrNotFound)
	heaps, err := c.Heaps(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, heaps)
	heap, err := c.Heap(ctx, heaps[0])
	require.NoError(t, err)
	assert.Equal(t, heap.Size, heap.Free+heap.Allocated)
	assert.GreaterOrEqual(t, heap.Size, uint64(64<<20))
	zones, err := c.Memzones(ctx)
	require.NoError(t, err)
	names := ""
	for _, n := range zones {
		z, err := c.Memzone(ctx, n)
		require.NoError(t, err)
		names += z.Name + " "
	}
	assert.Contains(t, names, "MP_mb_pool_0 ")
	args, err := c.EALParams(ctx)
	require.NoError(t, err)
	assert.Contains(t, args, "--in-memory")
	args, err = c.AppParams(ctx)
	require.NoError(t, err)
	assert.Contains(t, args, "--total-num-mbufs=2048")

	// Commands that only newer releases have.
	rings, err := c.Rings(ctx)
	if !errors.Is(err, dpdk.ErrUnsupported) {
		require.NoError(t, err)
		require.Contains(t, rings, "MP_mb_pool_0")
		r, err := c.Ring(ctx, "MP_mb_pool_0")
		require.NoError(t, err)
		assert.GreaterOrEqual(t, r.Capacity, uint64(2048))
	}
	lcores, err := c.Lcores(ctx)
	if !errors.Is(err, dpdk.ErrUnsupported) {
		require.NoError(t, err)
		assert.Equal(t, []int{0, 1}, lcores)
		l, err := c.Lcore(ctx, 0)
		require.NoError(t, err)
		assert.Equal(t, "RTE", l.Role)
	}
	pmd.Send("quit")
	pmd.Wait()
	_, err = c.Ports(ctx)
	assert.ErrorIs(t, err, dpdk.ErrNoPrimary)
}

// The objects come and go, and a Go process lets no request run beside the end of one.
func TestPollsBesideObjectsThatComeAndGo(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	p := primary(t, prefix(t), "churn")
	c := client(t, socket(t, prefix(t)), 10*time.Second)
	ctx := t.Context()
	asked := 0
	each := func(names []string, ask func(i int) error) (err error) {
		asked += 1 + len(names)
		for i, name := range names {
			if e := ask(i); !errors.Is(e, dpdk.ErrNotFound) || !strings.Contains(name, "churn") { // those may be gone
				err = errors.Join(err, e)
			}
		}
		return err
	}
	names := func(numbers []int) (names []string) {
		for _, n := range numbers {
			names = append(names, map[bool]string{true: "fixed", false: "churn"}[n == 0])
		}
		return names
	}
	ofPorts := func(ask func(n int) error) func() error {
		return func() error {
			ports, err := c.Ports(ctx)
			return errors.Join(err, each(names(ports), func(i int) error { return ask(ports[i]) }))
		}
	}
	polls := []func() error{
		func() error {
			names, err := c.Mempools(ctx)
			return errors.Join(err, each(names, func(i int) error { _, err := c.Mempool(ctx, names[i]); return err }))
		},
		func() error {
			names, err := c.Rings(ctx)
			return errors.Join(err, each(names, func(i int) error { _, err := c.Ring(ctx, names[i]); return err }))
		},
		ofPorts(func(n int) error { _, err := c.PortInfo(ctx, n); return err }),
		ofPorts(func(n int) error { _, err := c.PortStats(ctx, n); return err }),
		ofPorts(func(n int) error { _, err := c.PortXStats(ctx, n); return err }),
		ofPorts(func(n int) error { _, err := c.PortLink(ctx, n); return err }),
		func() error {
			zones, err := c.Memzones(ctx)
			return errors.Join(err, each(names(zones), func(i int) error { _, err := c.Memzone(ctx, zones[i]); return err }))
		},
		func() error { _, err := c.Heap(ctx, 0); return err },
		func() error { _, err := c.Call(ctx, "/app/stats", "x"); return err },
	}
	for i := 0; asked < harness.Size(10_000, 2_000); i++ {
		asked++
		if err := polls[i%len(polls)](); !errors.Is(err, dpdk.ErrUnsupported) {
			require.NoError(t, err, "poll %d", i)
		}
	}
	p.Send("end")
	var rounds int
	_, err := fmt.Sscan(p.Expect("rounds "), &rounds)
	require.NoError(t, err)
	assert.Greater(t, rounds, 100, "objects came and went meanwhile")
	p.Wait()
}

// DPDK's threads for telemetry outlive rte_eal_cleanup.
func TestProcessThatHasClosedEALAnswersNoMore(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	p := primary(t, prefix(t))
	path := socket(t, prefix(t))
	c, other := client(t, path, 5*time.Second), client(t, path, 5*time.Second)
	for _, c := range []*telemetry.Client{c, other} {
		_, err := c.Heaps(t.Context())
		require.NoError(t, err)
	}
	p.Send("close")
	p.Expect("closed")
	for _, c := range []*telemetry.Client{c, other} {
		_, err := c.Heaps(t.Context())
		assert.ErrorIs(t, err, dpdk.ErrNoPrimary)
	}
	p.Wait()
}

func TestStoppedKilledAndRestartedProcess(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	const bound = 300 * time.Millisecond
	p := primary(t, prefix(t))
	path := socket(t, prefix(t))
	c := client(t, path, bound)
	_, err := c.Ports(t.Context())
	require.NoError(t, err)

	p.Stop()
	for i := range 5 { // more than the kernel queues for a process that does not accept
		start := time.Now()
		_, err = c.Ports(t.Context())
		assert.ErrorIs(t, err, dpdk.ErrTimeout, i)
		assert.Less(t, time.Since(start), 5*time.Second)
	}
	p.Signal(syscall.SIGCONT)
	require.Eventually(t, func() bool { _, err := c.Ports(t.Context()); return err == nil }, 10*time.Second, time.Millisecond)

	slow := client(t, path, time.Minute)
	_, err = slow.Ports(t.Context())
	require.NoError(t, err)
	p.Stop()
	asked := make(chan error)
	go func() { _, err := slow.Ports(context.Background()); asked <- err }()
	p.Kill() // a stopped process can be killed
	assert.ErrorIs(t, <-asked, dpdk.ErrNoPrimary)
	_, err = c.Ports(t.Context())
	assert.ErrorIs(t, err, dpdk.ErrNoPrimary)

	p = primary(t, prefix(t))
	i, err := c.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, p.Pid(), i.PID)
	p.Wait()
}
