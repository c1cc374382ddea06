//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/lcore"
	"github.com/godpdk/godpdk/dpdk/mbuf"
	"github.com/godpdk/godpdk/dpdk/ring"
)

// opened starts a primary with two ports of net_null.
func opened(prefix string) (rt *eal.Runtime, pool *mbuf.Pool, ports []*ethdev.Port, err error) {
	cfg := ealtest.Config(1)
	cfg.FilePrefix = prefix
	cfg.Vdevs = []string{"net_null0,size=512", "net_null1,size=512"}
	if rt, err = eal.Init(cfg); err != nil {
		return
	}
	if pool, err = mbuf.CreatePool("packets", 4095, mbuf.PoolConfig{}); err != nil {
		return
	}
	for i := range 2 {
		var p *ethdev.Port
		if p, err = ethdev.Open(fmt.Sprint("net_null", i), ethdev.Config{Pool: pool}); err != nil {
			return
		}
		ports = append(ports, p)
	}
	return
}

// A busy primary forwards with a load that rises and falls, and has rings that fill and drain.
var _ = ealtest.Role("busy", func(args []string) error {
	rt, pool, ports, err := opened(args[0])
	if err != nil {
		return err
	}
	var rings [3]*ring.Ring[uint64]
	for i, name := range []string{"to_workers", "to_logger", "control"} {
		if rings[i], err = ring.Create[uint64](name, 1024, ring.Config{ExactSize: true}); err != nil {
			return err
		}
	}
	meter, err := lcore.NewMeter(1)
	if err != nil {
		return err
	}
	ealtest.Say("ready")
	var over atomic.Bool
	go func() { ealtest.Hear(); over.Store(true) }()
	pkts, held, numbers := make([]*mbuf.Mbuf, 32), make([]*mbuf.Mbuf, 0, 4095), make([]uint64, 1024)
	for start := time.Now(); !over.Load(); {
		phase := time.Since(start).Seconds() / 20 * 2 * math.Pi
		load := 0.45 + 0.35*math.Sin(phase) // of the time
		until := time.Now().Add(time.Duration(load * float64(10*time.Millisecond)))
		for time.Now().Before(until) {
			for i, p := range ports {
				n := p.RxQueue(0).Burst(pkts)
				if i == 1 {
					n -= freed(pkts[:n], n/3) // a filter
				}
				sent := ports[1-i].TxQueue(0).Burst(pkts[:n])
				mbuf.FreeBulk(pkts[sent:n])
			}
			meter.Round(true)
		}
		for i, r := range rings {
			want := int(float64(r.Capacity()) * (0.5 + 0.4*math.Sin(phase*float64(i+1)/2)) / float64(i+1))
			r.EnqueueBurst(numbers[:max(want-r.Len(), 0)])
			r.DequeueBurst(numbers[:max(r.Len()-want, 0)])
		}
		want := int(1200 + 900*math.Sin(phase))
		for len(held) < want {
			m, ok := pool.Alloc()
			if !ok {
				return errors.New("the pool is empty")
			}
			held = append(held, m)
		}
		mbuf.FreeBulk(held[want:])
		held = held[:want]
		time.Sleep(time.Duration((1 - load) * float64(10*time.Millisecond)))
		meter.Round(false)
	}
	mbuf.FreeBulk(held)
	return rt.Close()
})

// freed frees the last n packets.
func freed(pkts []*mbuf.Mbuf, n int) int {
	mbuf.FreeBulk(pkts[len(pkts)-n:])
	return n
}

// A forwarder forwards for the number of milliseconds in each line, and answers with the packets, the nanoseconds that its
// thread has spent on a CPU, and those of DPDK's threads for telemetry.
var _ = ealtest.Role("forwarder", func(args []string) error {
	rt, _, ports, err := opened(args[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	spent := func() int64 {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
			panic(err)
		}
		return ts.Nano()
	}
	ealtest.Say("ready")
	pkts := make([]*mbuf.Mbuf, 32)
	for line := ealtest.Hear(); line != ""; line = ealtest.Hear() {
		var ms int64
		if _, err := fmt.Sscan(line, &ms); err != nil {
			return err
		}
		packets, thread, answering := 0, spent(), telemetryThreads()
		for until := time.Now().Add(time.Duration(ms) * time.Millisecond); time.Now().Before(until); {
			for range 100 {
				for i, p := range ports {
					n := p.RxQueue(0).Burst(pkts)
					sent := ports[1-i].TxQueue(0).Burst(pkts[:n])
					mbuf.FreeBulk(pkts[sent:n])
					packets += sent
				}
			}
		}
		ealtest.Say("%d %d %d", packets, spent()-thread, telemetryThreads()-answering)
	}
	return rt.Close()
})

// telemetryThreads returns the nanoseconds that the threads of this process that answer telemetry have spent on a CPU.
func telemetryThreads() (sum int64) {
	tasks, _ := filepath.Glob("/proc/self/task/*")
	for _, task := range tasks {
		name, _ := os.ReadFile(filepath.Join(task, "comm"))
		if !strings.Contains(string(name), "telemet") {
			continue
		}
		text, _ := os.ReadFile(filepath.Join(task, "schedstat"))
		var ns int64
		if _, err := fmt.Sscan(string(text), &ns); err == nil {
			sum += ns
		}
	}
	return sum
}
