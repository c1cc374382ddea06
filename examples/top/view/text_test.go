package view

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/godpdk/godpdk/examples/top/sample"
)

func TestNumbersHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7: "7", 999.4: "999", 999.6: "1.00k", 1234: "1.23k", 99_960: "100k", 14_200_000: "14.2M", 1e10: "10.0G"} {
		assert.Equal(t, want, si(v))
	}
	assert.Equal(t, "–", rate(sample.Counter{Total: 5}, 1))
}

func TestBarShowsShares(t *testing.T) {
	assert.Equal(t, "██████████▒▒▒▒▒·····", bar(100, 50, 25))
	assert.Equal(t, "█···················", bar(1e6, 1), "something is not nothing")
	assert.Equal(t, strings.Repeat("█", barWidth), bar(100, 100, 1), "never longer")
	assert.Equal(t, strings.Repeat("·", barWidth), bar(0, 0))
}

// Names come from other processes.
func TestNamesCannotControlTheTerminal(t *testing.T) {
	x := sample.Target{Name: "a\x1b[2J", Path: "/\x1b", Error: "e\x1b\ne", Notes: []string{"n\x07"}, Rings: []sample.Ring{{Name: "r\n\x07" + strings.Repeat("x", 100), Capacity: 1}}}
	text := strings.Join(Target(&x, Plain()), "\n")
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\x07")
	assert.Contains(t, text, "a?[2J")
	assert.Contains(t, text, "r??xxxxxxxx")
	assert.NotContains(t, text, strings.Repeat("x", 40))
}

func TestUnknownNumbersAreDashes(t *testing.T) {
	x := sample.Target{Name: "a", Pools: []sample.Pool{{Name: "p", Size: 10}}, Processes: []sample.Process{{Role: "primary", State: sample.Unknown}}}
	text := strings.Join(Target(&x, Plain()), "\n")
	assert.Regexp(t, `(?m)^  p +\?{20} +– +– +– +– +10 +0$`, text)
	assert.Regexp(t, `(?m)^ +\?  primary  unknown +–$`, text)
}
