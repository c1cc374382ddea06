package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pictures draws all SVG files of a report into a folder. A report of some groups only has fewer.
func pictures(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, draw := range map[string]func(string, Report) error{
		"cost": cost, "ratios": ratios, "scale": scale, "processes": processes, "pair": pair, "gaps": gaps,
	} {
		if err := draw(filepath.Join(dir, name+".svg"), r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// perElement returns the burst of a row, and the part of its time for one element.
func perElement(r Row) (x, scale float64) { return float64(r.Burst), 1 / float64(r.Burst) }

func whole(r Row) (x, scale float64) { return r.X, 1 }

// cost draws the time of one element against the burst.
func cost(file string, r Report) error {
	sides := []side{sideC, sideGo, sideCgo}
	var panels []drawn
	for _, f := range r.families("ring", "mempool", "mbuf", "ethdev") {
		if !f.overBurst() {
			continue
		}
		a := axes{title: f.group + ": " + f.name, x: "burst", y: "ns per element", logX: true, logY: true, xTicks: pointTicks(f.rows)}
		p, err := panel(a, f.rows, sides, perElement)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return nil
	}
	return figure(file, "Time for one element against the burst (median; both axes logarithmic)", 3, panels, sides)
}

// scale draws the curves of the group "scale", but for those over processes.
func scale(file string, r Report) error {
	sides := []side{sideC, sideGo, sideCgo}
	var panels []drawn
	for _, f := range r.families("scale") {
		if f.axis == "processes" {
			continue
		}
		at, y := whole, fmt.Sprintf("ns per burst of %d", f.rows[0].Burst)
		if f.axis == "burst" {
			at, y = perElement, "ns per element"
		}
		a := axes{title: f.name, x: f.axis, y: y, logX: true, logY: true, xTicks: pointTicks(f.rows)}
		p, err := panel(a, f.rows, sides, at)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return nil
	}
	return figure(file, "Scale: bursts, sizes and queues (median)", 3, panels, sides)
}

// processes draws the curves over processes that use one object.
func processes(file string, r Report) error {
	sides := []side{sideC, sideGo}
	var panels []drawn
	for _, f := range r.families("scale") {
		if f.axis != "processes" {
			continue
		}
		a := axes{title: f.name, x: f.axis, y: fmt.Sprintf("ns per burst of %d, of all", f.rows[0].Burst), logX: true, logY: true, xTicks: pointTicks(f.rows)}
		p, err := panel(a, f.rows, sides, whole)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return nil
	}
	title := fmt.Sprintf("Processes that use one object at once, on %d CPUs (median)", r.Machine.CPUs)
	return figure(file, title, 2, panels, sides)
}

// pair draws the throughput and the latencies between two processes, in a line for each mode of the ring.
func pair(file string, r Report) error {
	sides := []side{sideC, sideGo, sideMixed}
	sides[0].name, sides[1].name = "C to C", "Go to Go"
	var panels []drawn
	for _, f := range r.families("pair") {
		at, y := perElement, "ns per element"
		if strings.Contains(f.name, "latency") {
			at, y = func(r Row) (x, scale float64) { return float64(r.Burst), 1 }, "ns"
		}
		p, err := panel(axes{title: f.name, x: "burst", y: y, logX: true, logY: true, xTicks: pointTicks(f.rows)}, f.rows, sides, at)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return nil
	}
	return figure(file, "From one process to another on another CPU (median; both axes logarithmic)", 4, panels, sides)
}

// gaps draws the percentiles of the rounds of a polling loop. All panels have the same axes.
func gaps(file string, r Report) error {
	sides := []side{sideC, sideGo, sideFree}
	// The axis is 1 ÷ (1 − p), and the largest value is at its end.
	at := func(r Row) (x, scale float64) { return math.Min(1/(1-r.X/100), 2e6), 1e-3 }
	lo, hi := math.Inf(1), 0.0
	var found []family
	for _, f := range r.families("gaps") {
		if f.axis != "percentile" {
			continue
		}
		found = append(found, f)
		for _, row := range f.rows {
			for _, s := range sides {
				if c := s.of(row); c != nil {
					lo, hi = min(lo, c.Median/1e3), max(hi, c.Median/1e3)
				}
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	var panels []drawn
	for _, f := range found {
		var ticks []plot.Tick
		for _, row := range f.rows {
			x, _ := at(row)
			label := fmt.Sprint(row.X)
			if row.X == 100 {
				label = "max"
			}
			ticks = append(ticks, plot.Tick{Value: x, Label: label})
		}
		p, err := panel(axes{title: f.name, x: "percentile", y: "µs a round", logX: true, logY: true, xTicks: ticks, yMin: lo, yMax: hi}, f.rows, sides, at)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	return figure(file, "A polling loop with 1 µs of work a round (median of three measurements)", 3, panels, sides)
}

// bar is a row of the picture of ratios, or the heading of a group.
type bar struct {
	label string
	ratio float64
	noisy bool
}

// ratios draws a bar from 1 to Go ÷ C for each row, sorted by group. Curves and pairs have pictures of their
// own.
func ratios(file string, r Report) error {
	var bars []bar
	for _, group := range r.groups() {
		if slices.Contains([]string{"scale", "gaps", "pair", "place", "udp", "quic"}, group) {
			continue
		}
		bars = append(bars, bar{label: group})
		for _, f := range r.families(group) {
			for _, row := range f.rows {
				if row.Ratio != nil {
					bars = append(bars, bar{fmt.Sprintf("%s, %s", row.Name, number(row.point())), row.Ratio.Median, row.Noisy})
				}
			}
		}
	}
	if len(bars) == 0 {
		return nil
	}
	p := plot.New()
	p.X.Label.Text = "time in Go ÷ time in C (logarithmic)"
	p.X.Label.TextStyle.Font.Size = textSize
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = textSize-1, textSize-1
	p.X.Scale = plot.LogScale{}
	lo, hi := 0.5, 2.0
	var ticks []plot.Tick
	for i, b := range bars {
		y := float64(len(bars) - i)
		if b.ratio == 0 {
			ticks = append(ticks, plot.Tick{Value: y, Label: strings.ToUpper(b.label)})
			continue
		}
		ticks = append(ticks, plot.Tick{Value: y, Label: b.label})
		lo, hi = min(lo, b.ratio), max(hi, b.ratio)
	}
	p.X.Min, p.X.Max = lo/1.3, hi*1.4
	p.Y.Min, p.Y.Max = 0, float64(len(bars)+1)
	p.X.Tick.Marker = ratioTicks{}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Width = gridColor, 0
	p.Add(grid, ratioBars(bars))

	w, h := vg.Length(3*panelWidth), vg.Length(len(bars)*12+90)
	svg := vgsvg.New(w, h)
	dc := draw.New(svg)
	dc.SetColor(color.White)
	dc.Fill(dc.Rectangle.Path())
	dc.FillText(style(textSize+3), vg.Point{X: 8, Y: h - 16}, "Go ÷ C, median of all rounds: left of 1.0 Go is faster, right of it C. The number is the burst.")
	note := "pale: noisy, the spread of C was over " + fmt.Sprintf("%.0f %%", 100*r.Method.Noise)
	dc.FillText(style(textSize), vg.Point{X: 8, Y: h - 30}, note)
	p.Draw(draw.Crop(dc, 6, -10, 6, -36))
	return write(file, svg)
}

type ratioTicks struct{}

func (ratioTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	for v := 1.0 / 1024; v <= hi; v *= 2 {
		if v >= lo {
			ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprint(v)})
		}
	}
	return ticks
}

// ratioBars draws the bars, the number beside each, and the line at 1.
type ratioBars []bar

func (b ratioBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	label := style(textSize - 2)
	label.YAlign = text.YCenter
	for i, bar := range b {
		if bar.ratio == 0 {
			continue
		}
		at := y(float64(len(b) - i))
		fill := sideGo.color
		if bar.noisy {
			fill = color.RGBA{0xa6, 0xcf, 0xe6, 0xff}
		}
		from, to := x(1), x(bar.ratio)
		c.FillPolygon(fill, []vg.Point{{X: from, Y: at - 3.5}, {X: to, Y: at - 3.5}, {X: to, Y: at + 3.5}, {X: from, Y: at + 3.5}})
		s := fmt.Sprintf("%.2f", bar.ratio)
		if bar.ratio < 1 {
			c.FillText(label, vg.Point{X: to - label.Width(s) - 3, Y: at}, s)
		} else {
			c.FillText(label, vg.Point{X: to + 3, Y: at}, s)
		}
	}
	c.StrokeLine2(draw.LineStyle{Color: sideC.color, Width: 1.2}, x(1), c.Min.Y, x(1), c.Max.Y)
}
