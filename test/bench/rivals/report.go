package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk"
)

const (
	group = "rivals"
	noise = 0.25 // largest spread of a row that is not called noisy
)

// Report is the file of BENCH_JSON.
type Report struct {
	Method  Method  `json:"method"`
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// Method is how the rows were measured.
type Method struct {
	Rounds int     `json:"rounds"` // of alternating measurements
	Turns  int     `json:"turns"`  // of a measurement
	Frames int     `json:"frames"` // of a turn
	Noise  float64 `json:"noise"`  // rows with a larger spread are noisy
}

// Machine is where and with what they were measured.
type Machine struct {
	CPU    string `json:"cpu"`
	Kernel string `json:"kernel"`
	DPDK   string `json:"dpdk"`
	Go     string `json:"go"`
	Date   string `json:"date"`
	Load   string `json:"load"` // the load average during the run, in which 1 is one busy CPU
}

// Row is the result of a contender with a work.
type Row struct {
	Group      string  `json:"group"`
	Contender  string  `json:"contender"`
	Work       string  `json:"work"`
	Frame      int     `json:"frame_bytes"`
	FPSPerCore float64 `json:"fps_per_core"`     // 1 s ÷ CPUNs
	CPUNs      float64 `json:"cpu_ns_per_frame"` // median of all turns, contender and delivery
	OwnNs      float64 `json:"own_ns"`           // of it the time of the turn on the contender's CPU
	ProcessNs  float64 `json:"process_cpu_ns"`   // OwnNs by the CPU clock of the process, as a check; 0 for testpmd
	DeliveryNs float64 `json:"delivery_ns"`      // of it the kernel's delivery to the contender, in the sender's system call
	Spread     float64 `json:"spread"`           // of CPUNs: interquartile range ÷ median
	Noisy      bool    `json:"noisy"`
	Turns      int     `json:"turns"`
	Error      string  `json:"error,omitempty"` // the reason why the row has no numbers
}

// fill computes the numbers of a row.
func (r *Row) fill(c *cost) {
	if c.err != nil {
		r.Error = c.err.Error()
		return
	}
	total := slices.Clone(c.own)
	for i, d := range c.sender {
		total[i] += d
	}
	r.Turns, r.CPUNs, r.OwnNs, r.ProcessNs, r.DeliveryNs = len(total), median(total), median(c.own), median(c.cpu), median(c.sender)
	r.FPSPerCore = 1e9 / r.CPUNs
	slices.Sort(total)
	r.Spread = (total[len(total)*3/4] - total[len(total)/4]) / r.CPUNs
	r.Noisy = r.Spread > noise
}

// median returns 0 for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func newReport(rows []Row) Report {
	return Report{
		Method: Method{rounds, turns, frames, noise},
		Machine: Machine{fact("/proc/cpuinfo", "model name"), fact("/proc/sys/kernel/osrelease", ""), dpdk.Version(),
			runtime.Version(), time.Now().UTC().Format("2006-01-02 15:04 MST"),
			strings.Fields(fact("/proc/loadavg", ""))[0]},
		Rows: rows,
	}
}

// fact returns the value of the first line of a file that begins with key.
func fact(file, key string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key); ok {
			return strings.Trim(value, "\t :\n")
		}
	}
	return "unknown"
}

// write writes a row to each line, so that Git shows the rows that differ.
func (r Report) write(file string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte(`{"group"`), []byte("\n"+`{"group"`))
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// show prints the rows as a table of Markdown.
func (r Report) show() {
	fmt.Printf("%s; Linux %s, %s, %s; %s; load average %s\n\n", r.Machine.CPU, r.Machine.Kernel, r.Machine.DPDK, r.Machine.Go, r.Machine.Date, r.Machine.Load)
	const format = "| %-20s | %5v | %-22s | %8v | %8v | %6v | %8v | %8v |\n"
	fmt.Printf(format, "work", "bytes", "contender", "M fps", "CPU, ns", "own", "delivery", "spread")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	var failed []Row
	for _, row := range r.Rows {
		if row.Error != "" {
			failed = append(failed, row)
			continue
		}
		spread := fmt.Sprintf("%.0f %%", row.Spread*100)
		if row.Noisy {
			spread += " *"
		}
		fmt.Printf(format, row.Work, row.Frame, row.Contender, digits(row.FPSPerCore/1e6), digits(row.CPUNs), digits(row.OwnNs), digits(row.DeliveryNs), spread)
	}
	fmt.Printf("\n\\* noisy: the spread is larger than %.0f %%\n", r.Method.Noise*100)
	for _, row := range failed {
		fmt.Printf("%s does not run here: %s %s\n", row.Contender, row.Work, row.Error)
	}
}

// digits formats a number with three digits or more.
func digits(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
