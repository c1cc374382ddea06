// Command exporter makes the numbers of all DPDK processes of a machine metrics of Prometheus: ports, queues, pools,
// rings, heaps and lcores, each with the labels prefix and pid. It needs no DPDK and no cgo, and asks each process over
// its telemetry socket. Processes may come and go.
//
//	CGO_ENABLED=0 go build . && ./exporter                     # http://127.0.0.1:9787/metrics
//	./exporter -listen :9787 -dir /run/dpdk -groups ports,heaps
//
// dashboard.json is a dashboard for Grafana.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/exporter/metrics"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "exporter:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("exporter", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:9787", "address to serve /metrics on")
	dirs := flags.String("dir", "", "folders with runtime directories of DPDK, separated by commas (default: all that DPDK uses)")
	groups := flags.String("groups", strings.Join(metrics.Groups, ","), "what to read; ports and pools can crash a C program that frees them while it runs")
	timeout := flags.Duration("timeout", 2*time.Second, "how long one process may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c := &collector{groups: strings.Split(*groups, ","), timeout: *timeout, clients: map[string]*telemetry.Client{}}
	for _, g := range c.groups {
		if !slices.Contains(metrics.Groups, g) {
			return fmt.Errorf("the group %q does not exist: use %s", g, strings.Join(metrics.Groups, ", "))
		}
	}
	if *dirs != "" {
		c.dirs = strings.Split(*dirs, ",")
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("exporter: http://%s/metrics\n", l.Addr())
	return serve(ctx, l, c)
}

// serve serves the metrics until the context ends.
func serve(ctx context.Context, l net.Listener, c prometheus.Collector) error {
	registry := prometheus.NewRegistry()
	if err := registry.Register(c); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
