package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// rival is a row of the file of make bench-rivals.
type rival struct {
	Contender  string  `json:"contender"`
	Work       string  `json:"work"`
	Frame      int     `json:"frame_bytes"`
	OwnNs      float64 `json:"own_ns"`
	DeliveryNs float64 `json:"delivery_ns"`
	Error      string  `json:"error"`
}

func (r rival) panel() string { return fmt.Sprintf("%s, %d bytes", r.Work, r.Frame) }

// rivals draws rivals.svg: the CPU time of a frame, a panel for each work of all contenders and size of frames.
func rivals(dir, file string) error {
	var report struct {
		Rows []rival `json:"rows"`
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var titles []string
	bars := map[string][]rival{}
	for _, r := range report.Rows {
		if r.Error != "" || r.Work == "echo io" || r.DeliveryNs == 0 && r.Work != "send" { // few contenders have these
			continue
		}
		if bars[r.panel()] == nil {
			titles = append(titles, r.panel())
		}
		bars[r.panel()] = append(bars[r.panel()], r)
	}
	if len(titles) == 0 {
		return fmt.Errorf("%s: no rows of rivals", file)
	}
	sides := []side{
		{name: "on the contender's CPU", color: sideGo.color, glyph: draw.BoxGlyph{}},
		{name: "the kernel's delivery to it", color: sideCgo.color, glyph: draw.BoxGlyph{}},
	}
	var panels []drawn
	for _, title := range titles {
		p, err := rivalPanel(title, bars[title], sides)
		if err != nil {
			return err
		}
		panels = append(panels, drawn{p, ""})
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return figure(filepath.Join(dir, "rivals.svg"), "CPU time of a frame through a veth pair, µs (median)", 3, panels, sides)
}

// rivalPanel draws two bars, one after the other, for each row. The first row is at the top.
func rivalPanel(title string, rows []rival, sides []side) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font.Size = textSize + 1
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = textSize-1, textSize-2
	p.X.Padding, p.Y.Padding, p.X.Min = 2, 2, 0
	p.X.Tick.Marker = linearTicks{}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Width = gridColor, 0
	p.Add(grid)
	var own, delivery plotter.Values
	var names []string
	for _, r := range slices.Backward(rows) {
		names, own, delivery = append(names, r.Contender), append(own, r.OwnNs/1e3), append(delivery, r.DeliveryNs/1e3)
	}
	var below *plotter.BarChart
	for i, values := range []plotter.Values{own, delivery} {
		chart, err := plotter.NewBarChart(values, 8)
		if err != nil {
			return nil, err
		}
		chart.Horizontal, chart.Color, chart.LineStyle.Color = true, sides[i].color, color.White
		if below != nil {
			chart.StackOn(below)
		}
		below = chart
		p.Add(chart)
	}
	p.NominalY(names...)
	return p, nil
}
