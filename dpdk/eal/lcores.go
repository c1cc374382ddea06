package eal

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/cgo"
)

// Lcore is a logical core of EAL and the CPUs its thread may run on.
type Lcore struct {
	ID   int
	CPUs []int
}

// ParseLcores reads a list in the syntax of EAL's --lcores option: "0-3,5" is
// an lcore on the CPU of the same number each, "2@0" is lcore 2 on CPU 0,
// "(0-1)@(4-7)" is lcores 0 and 1, both on any of CPUs 4 to 7, and "(2,3)" is
// lcores 2 and 3 on any of CPUs 2 and 3. The result is sorted by ID. An lcore
// named twice is refused.
func ParseLcores(list string) ([]Lcore, error) {
	p := lcoreParser{list: list, rest: list}
	lcores, err := p.lcores()
	if err != nil {
		return nil, err
	}
	sort.Slice(lcores, func(i, j int) bool { return lcores[i].ID < lcores[j].ID })
	for i := 1; i < len(lcores); i++ {
		if lcores[i].ID == lcores[i-1].ID {
			return nil, invalid("lcores %q: lcore %d is named twice", list, lcores[i].ID)
		}
	}
	return lcores, nil
}

// lcoreParser is a recursive descent over rest.
type lcoreParser struct{ list, rest string }

// lcores = item { "," item }; item = set [ "@" set ].
func (p *lcoreParser) lcores() ([]Lcore, error) {
	var lcores []Lcore
	for {
		group := strings.HasPrefix(p.rest, "(")
		ids, err := p.set(cgo.MaxLcore)
		if err != nil {
			return nil, err
		}
		cpus := ids
		if p.take("@") {
			group = true
			if cpus, err = p.set(maxCPU); err != nil {
				return nil, err
			}
		}
		for _, id := range ids {
			on := []int{id}
			if group {
				on = slices.Compact(slices.Sorted(slices.Values(cpus)))
			}
			lcores = append(lcores, Lcore{id, on})
		}
		if p.rest == "" {
			return lcores, nil
		}
		if !p.take(",") {
			return nil, p.fail("expected a comma")
		}
	}
}

// set = range | "(" range { "," range } ")".
func (p *lcoreParser) set(limit int) ([]int, error) {
	if !p.take("(") {
		return p.span(limit)
	}
	var all []int
	for {
		some, err := p.span(limit)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(all) > limit {
			return nil, p.fail("too many numbers in a group")
		}
		if p.take(")") {
			return all, nil
		}
		if !p.take(",") {
			return nil, p.fail("expected a comma or a closing parenthesis")
		}
	}
}

// span = number [ "-" number ]; numbers are below limit.
func (p *lcoreParser) span(limit int) ([]int, error) {
	first, err := p.number(limit)
	if err != nil {
		return nil, err
	}
	last := first
	if p.take("-") {
		if last, err = p.number(limit); err != nil {
			return nil, err
		}
	}
	if last < first {
		return nil, invalid("lcores %q: %d-%d runs backwards", p.list, first, last)
	}
	var all []int
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all, nil
}

func (p *lcoreParser) number(limit int) (int, error) {
	end := 0
	for end < len(p.rest) && p.rest[end] >= '0' && p.rest[end] <= '9' {
		end++
	}
	if end == 0 {
		return 0, p.fail("expected a number")
	}
	n, err := strconv.Atoi(p.rest[:end])
	if err != nil || n >= limit {
		return 0, invalid("lcores %q: %s is too large: the limit is %d", p.list, p.rest[:end], limit-1)
	}
	p.rest = p.rest[end:]
	return n, nil
}

func (p *lcoreParser) take(token string) bool {
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

func (p *lcoreParser) fail(why string) error {
	at := "the end"
	if p.rest != "" {
		at = strconv.Quote(p.rest)
	}
	return invalid("lcores %q: %s at %s", p.list, why, at)
}

// maxCPU is how many CPUs a unix.CPUSet holds.
const maxCPU = 1024

// available refuses CPUs that this process may not run on.
func available(lcores []Lcore) error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil // EAL finds out
	}
	for _, l := range lcores {
		for _, cpu := range l.CPUs {
			if !set.IsSet(cpu) {
				return invalid("CPU %d of lcore %d is not available to this process, which may run on %s", cpu, l.ID, cpuList(&set))
			}
		}
	}
	return nil
}

func cpuList(set *unix.CPUSet) string {
	var cpus []string
	for cpu := range maxCPU {
		if set.IsSet(cpu) {
			cpus = append(cpus, strconv.Itoa(cpu))
		}
	}
	return "CPUs " + strings.Join(cpus, ",")
}
