// Package view turns a target into lines of text, for a terminal or a file.
package view

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"

	"github.com/godpdk/godpdk/examples/top/sample"
)

// si writes a number with three digits and a prefix of the SI: 14.2M.
func si(v float64) string {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	n := 0
	for n < len(prefixes)-1 && math.Abs(v) >= 999.5 {
		v /= 1000
		n++
	}
	switch {
	case n == 0 || math.Abs(v) >= 99.95:
		return fmt.Sprintf("%.0f%s", v, prefixes[n])
	case math.Abs(v) >= 9.995:
		return fmt.Sprintf("%.1f%s", v, prefixes[n])
	}
	return fmt.Sprintf("%.2f%s", v, prefixes[n])
}

// rate writes a rate, and a dash for one that is unknown.
func rate(c sample.Counter, times float64) string {
	if c.Rate == nil {
		return "–"
	}
	return si(*c.Rate * times)
}

// percent writes a share.
func percent(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", *v*100)
}

func bytes(n uint64) string {
	switch v := float64(n); {
	case n < 1<<20:
		return fmt.Sprintf("%.0f KiB", v/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	default:
		return fmt.Sprintf("%.1f GiB", v/(1<<30))
	}
}

// Line returns a text of another process without the characters that a terminal would obey.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// clean returns the name of an object as [Line] does, and not longer than a column.
func clean(name string) string {
	const longest = 28
	out := []rune(Line(name))
	if len(out) > longest {
		return string(out[:longest-1]) + "…"
	}
	return string(out)
}

const barWidth = 20

// bar draws shares of a whole, each with a sign of its own. A share above 0 has at least one sign.
func bar(whole float64, parts ...float64) string {
	const signs = "█▒"
	var b strings.Builder
	left := barWidth
	for i, sign := range []rune(signs) {
		if i >= len(parts) || whole <= 0 {
			break
		}
		n := int(math.Round(parts[i] / whole * barWidth))
		if parts[i] > 0 {
			n = max(n, 1)
		}
		n = min(n, left)
		b.WriteString(strings.Repeat(string(sign), n))
		left -= n
	}
	return b.String() + strings.Repeat("·", left)
}

// row is a line of a table.
type row []string

// table aligns columns: those that the letters of align name with l to the left, others to the right.
func table(s Style, align string, head row, rows []row) []string {
	width := make([]int, len(head))
	for _, r := range append([]row{head}, rows...) {
		for i, cell := range r {
			width[i] = max(width[i], lipgloss.Width(cell))
		}
	}
	line := func(r row) string {
		var b strings.Builder
		for i, cell := range r {
			space := strings.Repeat(" ", width[i]-lipgloss.Width(cell))
			b.WriteString("  ")
			if align[i] == 'l' {
				b.WriteString(cell + space)
			} else {
				b.WriteString(space + cell)
			}
		}
		return strings.TrimRight(b.String(), " ")
	}
	lines := []string{s.Dim(line(head))}
	for _, r := range rows {
		lines = append(lines, line(r))
	}
	return lines
}
