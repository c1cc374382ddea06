//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/godpdk/godpdk/dpdk/ealtest"
)

// BenchmarkForwarderBesideTop measures what top costs a primary that forwards between two ports of net_null: turns of two
// seconds, in which a top with -interval 1s runs, alternate with turns in which it is stopped.
//
//	go test -run '^$' -bench BesideTop -benchtime 30x .
//
// The metrics are medians: the packets for a second of CPU time of the forwarding thread in both kinds of turns, how much
// slower a turn is than the next one without top, and the share of a CPU that the primary's threads for telemetry take.
func BenchmarkForwarderBesideTop(b *testing.B) {
	for name, options := range map[string][]string{"telemetry": nil, "secondary": {"-attach", "forwarder"}} {
		b.Run(name, func(b *testing.B) { besideTop(b, options) })
	}
}

func besideTop(b *testing.B, options []string) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	forwarder := ealtest.Start(b, "forwarder", "forwarder")
	forwarder.Expect("ready")
	top := exec.Command(self, append([]string{"-dir", runtimeDir(), "-http", "127.0.0.1:0"}, options...)...)
	top.Env = append(os.Environ(), asTop+"=1")
	if err := top.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = top.Process.Signal(syscall.SIGCONT)
		_ = top.Process.Signal(syscall.SIGTERM)
		_ = top.Wait()
	}()
	const ms = 2000
	turn := func(signal syscall.Signal) (speed, answering float64) {
		if err := top.Process.Signal(signal); err != nil {
			b.Fatal(err)
		}
		forwarder.Send(fmt.Sprint(ms))
		var packets, thread, answers float64
		if _, err := fmt.Sscan(forwarder.Expect(""), &packets, &thread, &answers); err != nil {
			b.Fatal(err)
		}
		return packets / thread * 1e9, answers / (ms * 1e6) * 100
	}
	turn(syscall.SIGCONT) // the secondary attaches
	var with, without, ratio, takes, alone []float64
	for b.Loop() {
		a, x := turn(syscall.SIGCONT)
		c, y := turn(syscall.SIGSTOP)
		with, without, ratio, takes, alone = append(with, a), append(without, c), append(ratio, a/c), append(takes, x), append(alone, y)
	}
	b.ReportMetric(median(with)/1e6, "Mpackets/s-with")
	b.ReportMetric(median(without)/1e6, "Mpackets/s-without")
	b.ReportMetric((1-median(ratio))*100, "%slower")
	b.ReportMetric(median(takes), "%CPU-telemetry-with")
	b.ReportMetric(median(alone), "%CPU-telemetry-without")
	forwarder.Wait()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
