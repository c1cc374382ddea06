// Command lcores runs Go functions on DPDK's logical cores. The main lcore distributes numbers over
// a ring. Each worker lcore sums the numbers that it dequeues and measures how busy it is. A
// timer on the main lcore prints the progress.
//
//	lcores                                     4 lcores, 1 second
//	lcores [EAL options] -- [-seconds 1]       with EAL options
//
// Ctrl-C ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/ring"
	"github.com/godpdk/godpdk/examples/internal/app"
)

const burst = 32

// tally counts the work of a worker. Other lcores read it meanwhile.
type tally struct{ count, sum atomic.Uint64 }

func main() {
	app.Run("lcores", func(ctx context.Context) error {
		args := os.Args
		if len(args) == 1 {
			lcores, err := spread(4)
			if err != nil {
				return err
			}
			args = append(args, "--lcores="+lcores, fmt.Sprint("--file-prefix=lcores", os.Getpid()), "--no-pci", "-m", "16", "--")
		}
		return app.UnderEAL(ctx, args, run)
	})
}

// run distributes numbers to the workers for some seconds.
func run(ctx context.Context, _ *eal.Runtime, args []string) error {
	flags := flag.NewFlagSet("lcores", flag.ContinueOnError)
	seconds := app.Seconds(flags, 1, "how long to run; 0 is until Ctrl-C")
	if err := flags.Parse(args); err != nil {
		return err
	}
	workers := lcore.Workers()
	if len(workers) == 0 {
		return errors.New("no worker lcores: use --lcores with two or more")
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), len(workers)+2)) // all workers poll, and so does the main lcore

	r, err := ring.Create[uint64]("numbers", 1024, ring.Config{Producer: ring.Single, Consumer: ring.HTS})
	if err != nil {
		return err
	}
	tallies := lcore.NewVar[tally]()
	tasks, err := lcore.LaunchWorkers(context.WithoutCancel(ctx), func(ctx context.Context) error { return work(ctx, r, tallies.Own()) })
	if err != nil {
		return err
	}
	limit, cancel := app.Limit(ctx, *seconds)
	defer cancel()
	var sent, sum uint64
	deal, err := lcore.Launch(limit, lcore.Main(), func(ctx context.Context) (err error) {
		sent, sum, err = numbers(ctx, r, tallies, workers)
		return err
	})
	if err == nil {
		err = deal.Wait(context.Background())
	}
	tasks.Stop() // after the last number is in the ring
	if err := errors.Join(err, tasks.Wait(context.Background())); err != nil {
		return err
	}
	return summary(workers, tallies, sent, sum)
}

// numbers runs on the main lcore. It enqueues numbers until ctx ends.
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
	if err := progress.Every(200*time.Millisecond, lcore.Main()); err != nil {
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
		idle.After(n) // 0 if the ring is full: lcores may share a CPU
		if err := lcore.RunTimers(); err != nil {
			return sent, sum, err
		}
	}
	return sent, sum, progress.Close()
}

// work runs on each worker lcore. It sums numbers until ctx has ended and the ring is empty.
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

// summary prints the totals. It returns an error if a number was lost or changed.
func summary(workers []int, tallies *lcore.Var[tally], sent, sum uint64) error {
	var count, got uint64
	for _, id := range workers {
		info, err := lcore.Lookup(id)
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
		return fmt.Errorf("%d numbers of sum %d dealt, but %d of sum %d summed", sent, sum, count, got)
	}
	return nil
}

// spread returns the value of --lcores for n lcores over the CPUs of this process.
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
