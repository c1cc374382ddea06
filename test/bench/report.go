package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/godpdk/godpdk/dpdk"
)

// Report is the file of BENCH_JSON. test/bench/plot reads it.
type Report struct {
	Method  Method  `json:"method"`
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// Method is how the rows were measured.
type Method struct {
	Rounds int     `json:"rounds"` // of alternating measurements; curves have a third
	Sample string  `json:"sample"` // approximate time of one measurement
	Noise  float64 `json:"noise"`  // rows in which C has a larger spread are noisy
}

// Machine is where and with what they were measured.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"` // that the process may use
	L2     string `json:"l2"`   // size of the cache of a core
	Arch   string `json:"arch"`
	Kernel string `json:"kernel"`
	DPDK   string `json:"dpdk"`
	Go     string `json:"go"`
	Date   string `json:"date"`
	Commit string `json:"commit"`
	Load   string `json:"load"` // the load average before the run, in which 1 is one busy CPU
}

func newReport() Report {
	return Report{
		Method: Method{Rounds: rounds, Sample: sample.String(), Noise: noise},
		Machine: Machine{
			CPU: cpuModel(), CPUs: runtime.NumCPU(), L2: l2(), Arch: runtime.GOARCH, Kernel: kernel(),
			DPDK: dpdk.Version(), Go: runtime.Version(), Date: time.Now().UTC().Format("2006-01-02 15:04 MST"), Commit: commit(), Load: load(),
		},
	}
}

// write writes a row to each line, so that Git shows the rows that differ.
func (r Report) write(file string) error {
	var text bytes.Buffer
	head, err := json.Marshal(struct {
		Method  Method  `json:"method"`
		Machine Machine `json:"machine"`
	}{r.Method, r.Machine})
	if err != nil {
		return err
	}
	text.Write(bytes.TrimSuffix(head, []byte("}")))
	text.WriteString(`,"rows":[`)
	for i, row := range r.Rows {
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
		text.Write(line)
	}
	text.WriteString("\n]}\n")
	return os.WriteFile(file, text.Bytes(), 0o644)
}

func readReport(file string) (r Report, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// cpuModel returns the name, the family and the model: virtual machines shorten the name.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	of := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		of[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if part := of["CPU part"]; part != "" { // arm64
		return fmt.Sprintf("implementer %s, part %s", of["CPU implementer"], part)
	}
	return fmt.Sprintf("%s (family %s, model %s)", of["model name"], of["cpu family"], of["model"])
}

func l2() string {
	files, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*/level")
	for _, file := range files {
		if text, _ := os.ReadFile(file); strings.TrimSpace(string(text)) == "2" {
			size, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "size"))
			return strings.TrimSpace(string(size))
		}
	}
	return ""
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}

func commit() string {
	text, _ := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output()
	return strings.TrimSpace(string(text))
}

func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
