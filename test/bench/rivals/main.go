// Command rivals compares godpdk with what else moves frames through an interface of the kernel: DPDK's
// testpmd in C, gopacket, an AF_XDP socket in Go, and UDP sockets of the kernel. See README.md.
//
// BENCH_JSON=FILE also writes the rows as a JSON array.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

const (
	rounds = 5   // of alternating measurements
	turns  = 16  // of a measurement
	frames = 256 // of a turn: they fit into the smallest ring, that of veth
)

var sizes = []int{64, 1500} // of frames, in bytes

// Row is the result of a contender with a work.
type Row struct {
	Group      string  `json:"group"` // "rivals"
	Contender  string  `json:"contender"`
	Work       string  `json:"work"`
	Frame      int     `json:"frame_bytes"`
	FPSPerCore float64 `json:"fps_per_core"`     // 1 s ÷ CPUNs
	CPUNs      float64 `json:"cpu_ns_per_frame"` // median of all turns: ProcessNs + KernelNs
	ProcessNs  float64 `json:"process_ns"`       // on the contender's CPU
	KernelNs   float64 `json:"kernel_ns"`        // delivery to the contender's socket, in the sender's system call
	Spread     float64 `json:"spread"`           // of CPUNs: interquartile range ÷ median
	Turns      int     `json:"turns"`
	Error      string  `json:"error,omitempty"`
}

func main() {
	do := bench
	if os.Getenv(placeEnv) != "" {
		do = run
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "rivals:", err)
		os.Exit(1)
	}
}

func bench() error {
	c, err := chooseCPUs()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := pin(c.generator); err != nil {
		return err
	}
	var rows []Row
	var running []*rival
	defer func() {
		for _, r := range running {
			if err := r.close(); err != nil {
				fmt.Fprintf(os.Stderr, "rivals: end of %s: %v\n", r.name, err)
			}
		}
	}()
	for i, e := range entries {
		r, err := e.start(i, c)
		if err == nil {
			running = append(running, r)
			err = r.checkAll()
		}
		if err != nil {
			fmt.Printf("%s does not run here: %v\n", e.name, err)
			rows = append(rows, Row{Group: "rivals", Contender: e.name, Error: err.Error()})
		}
	}
	base, err := newNowhere()
	if err != nil {
		return err
	}
	defer base.close()
	for _, size := range sizes {
		more, err := contest(running, base, size)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	s, err := newSymmetric()
	if err != nil {
		return err
	}
	rows = append(rows, s.measure(c)...)
	if err := s.close(); err != nil {
		return err
	}
	show(rows)
	if file := os.Getenv("BENCH_JSON"); file != "" {
		text, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(file, append(text, '\n'), 0o644)
	}
	return nil
}
