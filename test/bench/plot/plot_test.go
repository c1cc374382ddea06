package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// report reads the rows that the tests of package bench have just written, or else those of the
// repository.
func report(t *testing.T) Report {
	file := os.Getenv("BENCH_JSON")
	if file == "" {
		file = "../results/run.json"
	}
	r, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRivalsAreDrawn(t *testing.T) {
	dir := t.TempDir()
	if err := rivals(dir, "../results/rivals.json"); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "rivals.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"receive, 64 bytes", "echo, 1500 bytes", "godpdk, net_af_xdp", "UDP, recvmmsg"} {
		if !strings.Contains(string(svg), text) {
			t.Errorf("the picture has no text %q", text)
		}
	}
}

func TestPicturesAreDrawn(t *testing.T) {
	dir := t.TempDir()
	if err := pictures(dir, report(t)); err != nil {
		t.Fatal(err)
	}
	for name, texts := range map[string][]string{
		"cost":      {"ring: SP/SC enqueue + dequeue", "mbuf: alloc + free", "Go through cgo", "ns per element"},
		"ratios":    {"RING", "ATTACH", "spinlock, 1"},
		"scale":     {"forward, cache misses", "elements of the ring", "queues"},
		"pair":      {"SP/SC, throughput", "MP/MC, latency p99.99", "Go to Go", "between Go and C"},
		"processes": {"ring MP/MC, shared", "processes"},
		"gaps":      {"nothing allocates", "the poller allocates", "99.99", "Go, locked goroutine"},
	} {
		svg, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is not XML: %v", name, err)
			}
		}
		for _, text := range texts {
			if !strings.Contains(string(svg), text) {
				t.Errorf("%s has no text %q", name, text)
			}
		}
		if len(svg) > 150<<10 {
			t.Errorf("%s has %d bytes: the repository keeps small pictures", name, len(svg))
		}
		if strings.Contains(string(svg), "NaN") {
			t.Errorf("%s has a point that is not a number", name)
		}
	}
}

func TestPagesHaveTheRowsBetweenTheirMarkers(t *testing.T) {
	r := report(t)
	for _, page := range []string{"../RESULTS.md", "../PAUSES.md", "../../../README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "page.md")
		if err := os.WriteFile(copied, text, 0o644); err != nil {
			t.Fatal(err)
		}
		var got [2]string
		for i := range got { // the second time changes nothing
			if err := update(copied, r); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(copied)
			if err != nil {
				t.Fatal(err)
			}
			got[i] = string(text)
		}
		if got[0] != got[1] {
			t.Errorf("%s differs after the second update", page)
		}
		if !strings.Contains(got[0], "| ---") && !strings.Contains(got[0], "|---") {
			t.Errorf("%s has no table", page)
		}
	}
}

func TestSlowerHasTheSlowestPointOfACurve(t *testing.T) {
	row := func(group, name, axis string, x, ratio float64) Row {
		return Row{Group: group, Name: name, Burst: 1, Axis: axis, X: x, Unit: "ns", C: samples(1), Go: samples(ratio), Ratio: samples(ratio)}
	}
	got := slower(Report{Rows: []Row{row("ring", "fast", "", 0, 1), row("ring", "slow", "", 0, 1.2), row("scale", "curve", "burst", 1, 1.1),
		row("scale", "curve", "burst", 2, 1.5), row("scale", "fast curve", "burst", 2, 0.9), row("gaps", "gap", "percentile", 99.999, 3)}})
	want := "| scale | curve | burst 2 | 1.00 | 1.50 | 1.50 |  |\n| ring | slow | 1 | 1.00 | 1.20 | 1.20 |  |\n"
	if _, rows, _ := strings.Cut(got, "| --- |\n"); rows != want {
		t.Errorf("got\n%s\nwant\n%s", rows, want)
	}
}

func TestPercentilesAreNotRoundedTo100(t *testing.T) {
	if got := number(99.999); got != "99.999" {
		t.Error(got)
	}
}

func TestUnknownPartOfAPageIsAnError(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("<!-- bench: nothing -->\n<!-- end of bench -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := update(page, Report{}); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Fatalf("got %v", err)
	}
}

func TestUnknownFieldOfTheRowsIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.json")
	if err := os.WriteFile(file, []byte(`{"rows":[{"group":"ring","surprise":1}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := read(file); err == nil || !strings.Contains(err.Error(), "surprise") {
		t.Fatalf("got %v", err)
	}
}

// samples are 21 values around center.
func samples(center float64) *Column {
	c := &Column{Median: center}
	for i := range 21 {
		c.Samples = append(c.Samples, center*(1+float64(i%7-3)/100))
	}
	return c
}

func TestCompareMarksOnlyWhatDiffers(t *testing.T) {
	row := func(name string, c, goNative, ratio float64) Row {
		return Row{Group: "ring", Name: name, Burst: 1, Unit: "ns", C: samples(c), Go: samples(goNative), Ratio: samples(ratio)}
	}
	before := Report{Rows: []Row{row("same", 10, 10, 1), row("faster", 10, 20, 2), row("slower machine", 10, 20, 2), row("gone", 1, 1, 1)}}
	after := Report{Rows: []Row{row("same", 10, 10.01, 1), row("faster", 10, 10, 1), row("slower machine", 20, 40, 2), row("new", 1, 1, 1)}}
	var out strings.Builder
	if err := compare(&out, before, after); err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		if name, rest, ok := strings.Cut(line, "/1 "); ok {
			lines[name] = strings.Fields(rest)
		}
	}
	for name, want := range map[string]string{
		"ring same":           "10 10.01 ~ ns 1 1 ~ ~",
		"ring faster":         "20 10 -50.00% ns 2 1 -50.00% ~",
		"ring slower machine": "20 40 +100.00% ns 2 2 ~ +100.00%",
	} {
		if got := lines[name]; !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v, want %s\n%s", name, got, want, out.String())
		}
	}
	if !strings.Contains(out.String(), "1 of 3 rows differ") {
		t.Error(out.String())
	}
	if err := compare(&out, before, Report{}); err == nil {
		t.Error("no error without a common row")
	}
}
