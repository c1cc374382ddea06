package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/exporter/metrics"
)

// collector collects the metrics of all DPDK processes that it finds at each scrape.
type collector struct {
	dirs    []string // that are searched for sockets; none: all
	groups  []string
	timeout time.Duration // of one process

	mu      sync.Mutex                   // held during a scrape
	clients map[string]*telemetry.Client // by path of the socket
}

var (
	up       = prometheus.NewDesc("dpdk_up", "Whether a process answers. A process that was killed leaves its socket.", []string{"prefix", "socket"}, nil)
	duration = prometheus.NewDesc("dpdk_scrape_duration_seconds", "How long it took to read a process.", []string{"prefix", "socket"}, nil)
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- up
	ch <- duration
	metrics.Describe(ch)
}

// result is what came of one process.
type result struct {
	socket telemetry.Socket
	metrics.Process
	err  error
	took time.Duration
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sockets := c.refresh()
	results := make([]result, len(sockets))
	var all sync.WaitGroup
	for i, s := range sockets {
		all.Go(func() { results[i] = c.read(s) })
	}
	all.Wait()
	seen := map[[2]any]bool{} // metrics with the same labels would spoil the whole scrape
	for _, r := range results {
		who := [2]any{r.Prefix, r.Info.PID}
		alive := 0.0
		if r.err == nil && !seen[who] {
			alive = 1
			r.Process.Collect(ch)
		}
		seen[who] = seen[who] || r.err == nil
		ch <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, alive, r.socket.Prefix, r.socket.Path)
		ch <- prometheus.MustNewConstMetric(duration, prometheus.GaugeValue, r.took.Seconds(), r.socket.Prefix, r.socket.Path)
	}
}

// refresh returns the sockets that exist now, and has a client for each.
func (c *collector) refresh() []telemetry.Socket {
	sockets, err := telemetry.List(c.dirs...)
	if err != nil {
		slog.Debug("some folders cannot be read", "error", err)
	}
	// Prometheus' library panics on labels with other text.
	sockets = slices.DeleteFunc(sockets, func(s telemetry.Socket) bool { return !utf8.ValidString(s.Path) })
	for path, client := range c.clients {
		if !slices.ContainsFunc(sockets, func(s telemetry.Socket) bool { return s.Path == path }) {
			client.Close()
			delete(c.clients, path)
		}
	}
	for _, s := range sockets {
		if c.clients[s.Path] == nil {
			c.clients[s.Path] = telemetry.NewClient(s.Path, telemetry.Config{Timeout: c.timeout})
		}
	}
	return sockets
}

func (c *collector) read(s telemetry.Socket) result {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	start := time.Now()
	p, err := metrics.Read(ctx, c.clients[s.Path], s.Prefix, c.groups)
	if err != nil {
		slog.Warn("a process does not answer", "prefix", s.Prefix, "error", err)
	}
	return result{s, p, err, time.Since(start)}
}
