package main

import (
	"bytes"
	"image/color"
	"math"
	"os"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// side is one of the programs that are compared. It has the same color and glyph in all pictures. The
// colors are those of Okabe and Ito, which people with any kind of color vision can distinguish.
type side struct {
	name  string
	color color.Color
	glyph draw.GlyphDrawer
	of    func(Row) *Column
}

var (
	sideC     = side{"C", color.RGBA{0x30, 0x30, 0x30, 0xff}, draw.SquareGlyph{}, func(r Row) *Column { return r.C }}
	sideGo    = side{"Go", color.RGBA{0x00, 0x72, 0xb2, 0xff}, draw.CircleGlyph{}, func(r Row) *Column { return r.Go }}
	sideCgo   = side{"Go through cgo", color.RGBA{0xe6, 0x9f, 0x00, 0xff}, draw.PyramidGlyph{}, func(r Row) *Column { return r.Cgo }}
	sideFree  = side{"Go, locked goroutine", color.RGBA{0xcc, 0x79, 0xa7, 0xff}, draw.CrossGlyph{}, func(r Row) *Column { return r.Cgo }}
	sideMixed = side{"between Go and C", color.RGBA{0xe6, 0x9f, 0x00, 0xff}, draw.PyramidGlyph{}, func(r Row) *Column { return r.Cgo }}

	gridColor = color.Gray{0xdd}
)

const (
	panelWidth, panelHeight = 220, 170 // points
	textSize                = 9
)

func init() { plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"} }

func style(size vg.Length) text.Style {
	return text.Style{Color: color.Black, Font: font.From(plot.DefaultFont, size), Handler: plot.DefaultTextHandler}
}

// axes describes a panel.
type axes struct {
	title, x, y string
	logX, logY  bool
	xTicks      []plot.Tick // all of them
	yMin, yMax  float64     // 0: those of the values
}

// drawn is a panel and the label of its vertical axis: package plot leaves too much space for one beside a
// logarithmic axis.
type drawn struct {
	*plot.Plot
	y string
}

// panel draws a line of the medians of each side.
func panel(a axes, rows []Row, sides []side, at func(Row) (x, scale float64)) (drawn, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = a.title, a.x
	p.Title.TextStyle.Font.Size, p.X.Label.TextStyle.Font.Size = textSize+1, textSize
	p.Title.Padding, p.X.Padding, p.Y.Padding = 0, 2, 2
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = textSize-1, textSize-1
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	p.Add(grid)
	lo, hi := math.Inf(1), 0.0
	for _, s := range sides {
		var points plotter.XYs
		for _, r := range rows {
			if c := s.of(r); c != nil && c.Median > 0 {
				x, scale := at(r)
				points = append(points, plotter.XY{X: x, Y: c.Median * scale})
				lo, hi = min(lo, c.Median*scale), max(hi, c.Median*scale)
			}
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return drawn{}, err
		}
		line.Color, line.Width = s.color, 1.4
		dots.Color, dots.Shape, dots.Radius = s.color, s.glyph, 2.2
		p.Add(line, dots)
	}
	if a.yMin != 0 {
		lo, hi = a.yMin, a.yMax
	}
	if a.logX {
		p.X.Scale = plot.LogScale{}
	}
	p.X.Tick.Marker = plot.ConstantTicks(a.xTicks)
	p.X.Min, p.X.Max = a.xTicks[0].Value, a.xTicks[len(a.xTicks)-1].Value
	if !a.logY || hi < 4*lo { // a line that is nearly flat needs no logarithm
		p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, hi*1.15, linearTicks{}
		return drawn{p, a.y}, nil
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	p.Y.Min, p.Y.Max = lo/1.3, hi*1.3
	return drawn{p, a.y}, nil
}

// logTicks has ticks at 1, 2 and 5 of each power of ten, and labels at all of them if there is room.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, e)
			if v < lo || v > hi {
				continue
			}
			t := plot.Tick{Value: v}
			if m == 1 || hi/lo < 1000 {
				t.Label = number(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// linearTicks has four to nine steps of 1, 2 or 5 times a power of ten.
type linearTicks struct{}

func (linearTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	step := math.Pow(10, math.Floor(math.Log10(hi-lo)))
	switch steps := (hi - lo) / step; {
	case steps < 2:
		step /= 5
	case steps < 5:
		step /= 2
	}
	for i := math.Ceil(lo / step); i*step <= hi; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step, 'g', 4, 64)})
	}
	return ticks
}

// number writes 65536 as 64K, and 1000000 as 1M.
func number(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1 << 20, "M"}, {1 << 10, "K"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size && math.Mod(v, unit.size) == 0 {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 5, 64) // 99.999
}

// pointTicks has a tick at each X of the rows, with labels that do not overlap.
func pointTicks(rows []Row) (ticks []plot.Tick) {
	for i, r := range rows {
		t := plot.Tick{Value: r.point()}
		if len(rows) < 8 || i%2 == 0 || i == len(rows)-1 && len(rows)%2 == 1 {
			t.Label = number(r.point())
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// figure draws panels in rows, below a title and a legend, and writes an SVG file.
func figure(file, title string, columns int, panels []drawn, sides []side) error {
	rows := (len(panels) + columns - 1) / columns
	const head = 48
	w, h := vg.Length(columns*panelWidth), vg.Length(rows*panelHeight+head)
	svg := vgsvg.New(w, h)
	dc := draw.New(svg)
	dc.SetColor(color.White)
	dc.Fill(dc.Rectangle.Path())
	heading := style(textSize + 3)
	dc.FillText(heading, vg.Point{X: 8, Y: h - 16}, title)
	legend(dc, sides, 8, h-33)

	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: 10, PadY: 10, PadLeft: 6, PadRight: 10, PadTop: head, PadBottom: 6}
	for i, p := range panels {
		c := tiles.At(dc, i%columns, i/columns)
		label := style(textSize)
		label.Rotation, label.XAlign, label.YAlign = math.Pi/2, text.XCenter, text.YTop
		c.FillText(label, vg.Point{X: c.Min.X, Y: c.Center().Y}, p.y)
		p.Draw(draw.Crop(c, textSize+3, 0, 0, 0))
	}
	return write(file, svg)
}

// legend draws the glyphs and names of the sides in one line.
func legend(dc draw.Canvas, sides []side, x, y vg.Length) {
	for _, s := range sides {
		line := draw.LineStyle{Color: s.color, Width: 1.6}
		dc.StrokeLine2(line, x, y, x+20, y)
		dc.DrawGlyph(draw.GlyphStyle{Color: s.color, Shape: s.glyph, Radius: 2.6}, vg.Point{X: x + 10, Y: y})
		label := style(textSize + 1)
		label.YAlign = text.YCenter
		dc.FillText(label, vg.Point{X: x + 25, Y: y}, s.name)
		x += 45 + label.Width(s.name)
	}
}

// write replaces the name of the font, which few systems have, by a list of fonts with the same
// widths.
func write(file string, svg *vgsvg.Canvas) error {
	var out bytes.Buffer
	if _, err := svg.WriteTo(&out); err != nil {
		return err
	}
	fonts := []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")
	text := bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans;"), fonts)
	return os.WriteFile(file, text, 0o644)
}
