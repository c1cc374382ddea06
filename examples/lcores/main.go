// Command lcores runs Go functions on DPDK's logical cores: the main lcore deals
// out numbers over a ring, each worker lcore sums those it gets and reports how
// busy it is, and a timer on the main lcore prints the progress.
//
//	lcores                                     4 lcores, 2 seconds
//	lcores [EAL options] -- [-seconds 2]       as the options say
//
// Ctrl-C ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
)

const burst = 32

// tally is what a worker has done; others look while it works.
type tally struct{ count, sum atomic.Uint64 }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// EAL's log at start is for when something fails, and the error holds it.
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lcores:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	args := os.Args
	if len(args) == 1 {
		lcores, err := spread(4)
		if err != nil {
			return err
		}
		args = append(args, "--lcores="+lcores, fmt.Sprint("--file-prefix=lcores", os.Getpid()), "--no-pci", "-m", "16", "--")
	}
	rt, rest, err := eal.InitArgs(args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	flags := flag.NewFlagSet("lcores", flag.ContinueOnError)
	seconds := flags.Float64("seconds", 2, "how long to run")
	if err := flags.Parse(rest); err != nil {
		return err
	}
	workers := lcore.Workers()
	if len(workers) == 0 {
		return errors.New("no workers: give it --lcores with two or more")
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), len(workers)+2)) // all poll, and so does the main lcore

	r, err := ring.Create[uint64]("numbers", 1024, ring.Config{Producer: ring.Single, Consumer: ring.HTS})
	if err != nil {
		return err
	}
	tallies := lcore.NewVar[tally]()
	tasks, err := lcore.LaunchWorkers(ctx, func(ctx context.Context) error { return work(ctx, r, tallies.Own()) })
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, time.Duration(*seconds*float64(time.Second)))
	defer cancel()
	var sent, sum uint64
	deal, err := lcore.Launch(limit, lcore.Main(), func(ctx context.Context) (err error) {
		sent, sum, err = numbers(ctx, r, tallies, workers)
		return err
	})
	if err != nil {
		return err
	}
	err = deal.Wait(context.Background())
	tasks.Stop()
	if err := errors.Join(err, tasks.Wait(context.Background())); err != nil {
		return err
	}
	return summary(workers, tallies, sent, sum)
}

// numbers runs on the main lcore: it deals numbers out until ctx ends.
func numbers(ctx context.Context, r *ring.Ring[uint64], tallies *lcore.Var[tally], workers []int) (sent, sum uint64, err error) {
	progress, err := lcore.NewTimer(func() {
		for _, id := range workers {
			fmt.Printf("lcore %d: %d  ", id, tallies.Of(id).count.Load())
		}
		fmt.Println()
	})
	if err != nil {
		return 0, 0, err
	}
	if err := progress.Every(500*time.Millisecond, lcore.Main()); err != nil {
		return 0, 0, err
	}
	var buf [burst]uint64
	var idle lcore.Idle
	for ctx.Err() == nil {
		for i := range buf {
			buf[i] = sent + uint64(i)
		}
		n := r.EnqueueBurst(buf[:])
		for _, v := range buf[:n] {
			sum += v
		}
		sent += uint64(n)
		idle.After(n) // none: the ring is full, and lcores may share a CPU
		if err := lcore.RunTimers(); err != nil {
			return sent, sum, err
		}
	}
	return sent, sum, progress.Free()
}

// work runs on each worker: it takes numbers until ctx ends and the ring is empty.
func work(ctx context.Context, r *ring.Ring[uint64], t *tally) error {
	id, _ := lcore.Current()
	meter, err := lcore.NewMeter(id) // for dpdk-telemetry.py: /eal/lcore/usage
	if err != nil {
		return err
	}
	var buf [burst]uint64
	var idle lcore.Idle
	for {
		last := ctx.Err() != nil
		n := r.DequeueBurst(buf[:])
		for _, v := range buf[:n] {
			t.sum.Add(v)
		}
		t.count.Add(uint64(n))
		meter.Round(n > 0)
		if n == 0 && last {
			return nil
		}
		idle.After(n)
	}
}

func summary(workers []int, tallies *lcore.Var[tally], sent, sum uint64) error {
	var count, got uint64
	for _, id := range workers {
		info, err := lcore.Get(id)
		if err != nil {
			return err
		}
		meter, err := lcore.NewMeter(id)
		if err != nil {
			return err
		}
		t := tallies.Of(id)
		fmt.Printf("lcore %d on CPU %v: %d numbers, busy %.0f%%\n", id, info.CPUs, t.count.Load(), 100*float64(meter.Busy())/float64(meter.Total()))
		count, got = count+t.count.Load(), got+t.sum.Load()
	}
	fmt.Printf("summary: %d numbers dealt, %d summed\n", sent, count)
	if count != sent || got != sum {
		return fmt.Errorf("%d numbers of sum %d dealt, %d of sum %d arrived", sent, sum, count, got)
	}
	return nil
}

// spread is n lcores over the CPUs that there are.
func spread(n int) (string, error) {
	cpus, err := lcore.ThreadCPUs()
	if err != nil {
		return "", err
	}
	var lcores lcore.Lcores
	for id := range n {
		lcores = append(lcores, lcore.Lcore{ID: id, CPUs: lcore.CPUs(cpus[id%len(cpus)])})
	}
	return lcores.String(), nil
}
