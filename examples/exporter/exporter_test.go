//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/netring"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/exporter/metrics"
	"github.com/godpdk/godpdk/examples/exporter/objects"
)

func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{}) }

// traffic makes a port, and sends so many packets from it to itself.
func traffic(packets int) error {
	pool, err := mbuf.CreatePool("packets", 1023, mbuf.PoolConfig{})
	if err != nil {
		return err
	}
	cable, err := netring.Loopback(netring.CableConfig{}, ethdev.Config{Pool: pool})
	if err != nil {
		return err
	}
	pkts := make([]*mbuf.Mbuf, packets)
	if !pool.AllocBulk(pkts) {
		return errors.New("the pool is empty")
	}
	for _, m := range pkts {
		m.AppendBytes(make([]byte, 100))
	}
	sent := cable.A.TxQueue(0).Burst(pkts)
	received := cable.A.RxQueue(0).Burst(pkts)
	mbuf.FreeBulk(pkts[:received])
	if sent != packets || received != packets {
		return fmt.Errorf("sent %d and received %d of %d", sent, received, packets)
	}
	return nil
}

// A target is a primary with a file prefix that has sent so many packets.
var _ = ealtest.Role("target", func(args []string) error {
	cfg := ealtest.Config(1)
	cfg.FilePrefix = args[0]
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	var n int
	if _, err := fmt.Sscan(args[1], &n); err != nil {
		return err
	}
	if err := traffic(n); err != nil {
		return err
	}
	ealtest.Say("ready")
	ealtest.Hear()
	return rt.Close()
})

func startTarget(t *testing.T, prefix string, packets int) *ealtest.Process {
	p := ealtest.Start(t, "target", prefix, fmt.Sprint(packets))
	p.Expect("ready")
	return p
}

func newCollector(t *testing.T, timeout time.Duration) *collector {
	c := &collector{dirs: []string{filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk")}, groups: metrics.Groups, timeout: timeout, clients: map[string]*telemetry.Client{}}
	t.Cleanup(func() {
		for _, client := range c.clients {
			client.Close()
		}
	})
	return c
}

// page is what the exporter serves.
type page struct {
	t    *testing.T
	text string
}

// value returns the value of the metric with these labels; "" if there is none.
func (p page) value(name string, labels ...string) string {
	p.t.Helper()
	for line := range strings.Lines(p.text) {
		rest, found := strings.CutPrefix(line, name+"{")
		for _, l := range labels {
			found = found && strings.Contains(rest, l)
		}
		if found {
			return strings.Fields(line)[len(strings.Fields(line))-1]
		}
	}
	return ""
}

// scrapes serves the collector, and returns a function that reads the page.
func scrapes(t *testing.T, c prometheus.Collector) func() page {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- serve(ctx, l, c) }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-ended) })
	return func() page {
		t.Helper()
		r, err := http.Get("http://" + l.Addr().String() + "/metrics")
		require.NoError(t, err)
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.StatusCode, "%s", text)
		return page{t, string(text)}
	}
}

func TestProcessesComeAndGo(t *testing.T) {
	ealtest.NeedHugepages(t)
	const a, b = `prefix="exported-a"`, `prefix="exported-b"`
	scrape := scrapes(t, newCollector(t, 500*time.Millisecond))
	first, second := startTarget(t, "exported-a", 10), startTarget(t, "exported-b", 20)
	p := scrape()
	for prefix, want := range map[string]struct {
		pid   int
		count string
	}{a: {first.Pid(), "10"}, b: {second.Pid(), "20"}} {
		pid := fmt.Sprintf(`pid="%d"`, want.pid)
		assert.Equal(t, "1", p.value("dpdk_up", prefix))
		assert.Equal(t, "1", p.value("dpdk_process_info", prefix, pid, `version="DPDK `))
		assert.Equal(t, want.count, p.value("dpdk_port_receive_packets_total", prefix, pid, `port="0"`))
		assert.Equal(t, want.count, p.value("dpdk_port_transmit_packets_total", prefix, pid, `port="0"`))
		assert.Equal(t, want.count, p.value("dpdk_queue_receive_packets_total", prefix, pid, `port="0"`, `queue="0"`))
		assert.Equal(t, "1023", p.value("dpdk_mempool_objects", prefix, pid, `mempool="packets"`))
		assert.NotEmpty(t, p.value("dpdk_heap_size_bytes", prefix, pid, `heap="socket_0"`))
		assert.Equal(t, "0", p.value("dpdk_failed_commands", prefix, pid))
	}

	first.Kill()
	second.Stop()
	start := time.Now()
	p = scrape()
	assert.Less(t, time.Since(start), 5*time.Second)
	assert.Equal(t, "0", p.value("dpdk_up", a), "killed: it left its socket")
	assert.Equal(t, "0", p.value("dpdk_up", b), "stopped")
	assert.Equal(t, "1", p.value("dpdk_up", fmt.Sprintf(`prefix="%s"`, ealtest.Runtime().FilePrefix())), "others are not affected")
	assert.Empty(t, p.value("dpdk_port_info", a))

	second.Signal(syscall.SIGCONT)
	first = startTarget(t, "exported-a", 30)
	p = scrape()
	assert.Equal(t, "1", p.value("dpdk_up", a))
	assert.Equal(t, "30", p.value("dpdk_port_receive_packets_total", a, fmt.Sprintf(`pid="%d"`, first.Pid())))
	assert.Equal(t, "20", p.value("dpdk_port_receive_packets_total", b))

	first.Wait()
	second.Wait()
	p = scrape()
	assert.NotContains(t, p.text, "exported-", "they removed their sockets")
}

// testutil.CollectAndLint is the linter of promtool check metrics.
func TestMetricsPassTheLinter(t *testing.T) {
	require.NoError(t, traffic(5))
	for name, c := range map[string]prometheus.Collector{"exporter": newCollector(t, time.Second), "objects": objects.New(ealtest.Runtime())} {
		problems, err := testutil.CollectAndLint(c)
		require.NoError(t, err)
		assert.Empty(t, problems, name)
		assert.Greater(t, testutil.CollectAndCount(c), 20, name)
	}

	// The two read the same process in different ways.
	labels := fmt.Sprintf(`prefix="%s"`, ealtest.Runtime().FilePrefix())
	outside, inside := scrapes(t, newCollector(t, time.Second))(), scrapes(t, objects.New(ealtest.Runtime()))()
	compared := 0
	for line := range strings.Lines(inside.text) {
		name, rest, _ := strings.Cut(line, "{")
		if !strings.HasPrefix(name, "dpdk_port_") && !strings.HasPrefix(name, "dpdk_queue_") || !strings.Contains(rest, labels) {
			continue
		}
		assert.Contains(t, outside.text, line)
		compared++
	}
	assert.Greater(t, compared, 15)
	assert.Equal(t, "5", inside.value("dpdk_port_receive_packets_total", labels, `port="0"`))
	assert.Equal(t, "1023", inside.value("dpdk_mempool_free_objects", labels, `mempool="packets"`))
	assert.NotEmpty(t, inside.value("dpdk_ring_capacity_elements", labels))
}

// Two sockets can be of processes with the same prefix and PID, in containers: the page must stay valid.
func TestProcessesWithTheSameLabels(t *testing.T) {
	dir := t.TempDir()
	own, err := telemetry.List(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk"))
	require.NoError(t, err)
	require.NotEmpty(t, own)
	for _, container := range []string{"x", "y"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, container), 0o700))
		require.NoError(t, os.Symlink(filepath.Dir(own[0].Path), filepath.Join(dir, container, own[0].Prefix)))
	}
	c := newCollector(t, time.Second)
	c.dirs = []string{filepath.Join(dir, "x"), filepath.Join(dir, "y")}
	p := scrapes(t, c)()
	assert.Equal(t, 1, strings.Count(p.text, "dpdk_process_info{"), "%s", p.text)
	assert.Equal(t, 2, strings.Count(p.text, "dpdk_up{"))
}

func TestDashboardUsesMetricsThatExist(t *testing.T) {
	text, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &d))
	descs := make(chan *prometheus.Desc, 100)
	(&collector{}).Describe(descs)
	close(descs)
	exists := map[string]bool{}
	for desc := range descs {
		exists[regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(desc.String())[1]] = true
	}
	used := map[string]bool{}
	for _, p := range d.Panels {
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			names := regexp.MustCompile(`\bdpdk_\w+`).FindAllString(target.Expr, -1)
			assert.NotEmpty(t, names, p.Title)
			for _, name := range names {
				assert.True(t, exists[name], "%s: %s", p.Title, name)
				used[name] = true
			}
		}
	}
	assert.Greater(t, len(used), 15)
}

func TestUnknownGroupIsRefused(t *testing.T) {
	err := run(t.Context(), []string{"-groups", "ports,queues"})
	assert.ErrorContains(t, err, `"queues" does not exist: use ports, pools`)
}
