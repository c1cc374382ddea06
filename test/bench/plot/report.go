package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Report, Row and Column are the file of BENCH_JSON, as package bench writes it.
type Report struct {
	Method struct {
		Rounds int     `json:"rounds"`
		Sample string  `json:"sample"`
		Noise  float64 `json:"noise"`
	} `json:"method"`
	Machine struct {
		CPU    string `json:"cpu"`
		CPUs   int    `json:"cpus"`
		L2     string `json:"l2"`
		Arch   string `json:"arch"`
		Kernel string `json:"kernel"`
		DPDK   string `json:"dpdk"`
		Go     string `json:"go"`
		Date   string `json:"date"`
		Commit string `json:"commit"`
		Load   string `json:"load"`
	} `json:"machine"`
	Rows []Row `json:"rows"`
}

type Row struct {
	Group  string  `json:"group"`
	Name   string  `json:"name"`
	Burst  int     `json:"burst"`
	Axis   string  `json:"axis"`
	X      float64 `json:"x"`
	Unit   string  `json:"unit"`
	C      *Column `json:"c"`
	Go     *Column `json:"go"`
	Cgo    *Column `json:"cgo"`
	Third  string  `json:"third"`
	Ratio  *Column `json:"ratio"`
	Noisy  bool    `json:"noisy"`
	Allocs float64 `json:"allocs"`
}

type Column struct {
	Best    float64   `json:"best"`
	Median  float64   `json:"median"`
	Spread  float64   `json:"spread"`
	Samples []float64 `json:"samples"`
}

// read refuses fields that it does not know: they would be missing on the page.
func read(file string) (r Report, err error) {
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	if len(r.Rows) == 0 {
		return r, fmt.Errorf("%s: no rows", file)
	}
	return r, nil
}

// point is the X of a row: the burst, if it is not on another axis.
func (r Row) point() float64 {
	if r.Axis == "" {
		return float64(r.Burst)
	}
	return r.X
}

// family is rows that differ in one number only: a curve, or rows with several bursts.
type family struct {
	group, name, axis string
	rows              []Row
}

// overBurst reports whether the rows compare C, Go and cgo at several bursts.
func (f family) overBurst() bool {
	return len(f.rows) >= 3 && f.axis == "" && f.rows[0].Cgo != nil && f.rows[0].Third == ""
}

// families returns the families of the groups in the order of the file.
func (r Report) families(groups ...string) (all []family) {
	for _, row := range r.Rows {
		if !slices.Contains(groups, row.Group) {
			continue
		}
		name := strings.Replace(row.Name, " bulk", "", 1)
		i := slices.IndexFunc(all, func(f family) bool { return f.group == row.Group && f.name == name && f.axis == row.Axis })
		if i < 0 {
			i, all = len(all), append(all, family{group: row.Group, name: name, axis: row.Axis})
		}
		all[i].rows = append(all[i].rows, row)
	}
	return all
}

// groups returns the names of the groups in the order of the file.
func (r Report) groups() (names []string) {
	for _, row := range r.Rows {
		if !slices.Contains(names, row.Group) {
			names = append(names, row.Group)
		}
	}
	return names
}
