// Package cpulist reads and writes lists of CPUs and lcores in the syntax of EAL's option
// --lcores. Package lcore exports it; package eal, which lcore's own tests start, uses it too.
package cpulist

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/check"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// MaxCPU is the number of CPUs that a linux.CPUSet holds.
const MaxCPU = 1024

// Lcore is an lcore and the CPUs that its thread may run on.
type Lcore struct {
	ID   int
	CPUs []int // sorted, each once
}

// Lcores parses a list of lcores. The result is sorted by ID.
func Lcores(list string) ([]Lcore, error) {
	p := parser{what: "lcores", list: list, rest: list}
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

// CPUs parses a set of CPUs, with or without parentheses around it. The result is sorted.
func CPUs(list string) ([]int, error) {
	group := list
	if !strings.HasPrefix(list, "(") {
		group = "(" + list + ")"
	}
	p := parser{what: "CPUs", list: list, rest: group}
	cpus, err := p.set(MaxCPU)
	if err == nil && p.rest != "" {
		err = p.fail("expected the end")
	}
	if err != nil {
		return nil, err
	}
	return Sorted(cpus), nil
}

// Sorted returns the numbers in ascending order, each once.
func Sorted(numbers []int) []int { return slices.Compact(slices.Sorted(slices.Values(numbers))) }

// OfThread returns the CPUs that the calling thread may run on.
func OfThread() ([]int, error) {
	var set linux.CPUSet
	if err := linux.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var cpus []int
	for cpu := range MaxCPU {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// SetThread lets the calling thread run on these CPUs only. It leaves out CPUs from MaxCPU on.
func SetThread(cpus ...int) error {
	var set linux.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return linux.SchedSetaffinity(0, &set)
}

// Spans writes sorted numbers in their shortest form: "0-3,5". Two neighbours are not a span.
func Spans(numbers []int) string {
	var b strings.Builder
	for i := 0; i < len(numbers); {
		last := i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		if last == i+1 {
			last = i
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(numbers[i]))
		if last > i {
			b.WriteString("-" + strconv.Itoa(numbers[last]))
		}
		i = last + 1
	}
	return b.String()
}

// invalid returns an argument error of eal.Init, which reads the same lists.
func invalid(format string, args ...any) error {
	return check.Invalid("rte_eal_init", "", format, args...)
}

// parser is a recursive descent over rest.
type parser struct{ what, list, rest string }

// lcores = item { "," item }; item = set [ "@" set ].
func (p *parser) lcores() ([]Lcore, error) {
	var lcores []Lcore
	for {
		item, group := p.rest, strings.HasPrefix(p.rest, "(")
		ids, err := p.set(cgo.MaxLcore)
		if err != nil {
			return nil, err
		}
		cpus := ids
		if at := len(item) - len(p.rest); !group && strings.Contains(item[:at], "-") && strings.HasPrefix(p.rest, "@") {
			return nil, p.fail("put parentheses around the lcores: EAL takes no span without them")
		}
		if p.take("@") {
			group = true
			if cpus, err = p.set(MaxCPU); err != nil {
				return nil, err
			}
		}
		for _, id := range ids {
			on := []int{id}
			if group {
				on = Sorted(cpus)
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
func (p *parser) set(limit int) ([]int, error) {
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
func (p *parser) span(limit int) ([]int, error) {
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
		return nil, invalid("%s %q: %d-%d runs backwards", p.what, p.list, first, last)
	}
	var all []int
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all, nil
}

func (p *parser) number(limit int) (int, error) {
	end := 0
	for end < len(p.rest) && p.rest[end] >= '0' && p.rest[end] <= '9' {
		end++
	}
	if end == 0 {
		return 0, p.fail("expected a number")
	}
	n, err := strconv.Atoi(p.rest[:end])
	if err != nil || n >= limit {
		return 0, invalid("%s %q: %s is too large: the limit is %d", p.what, p.list, p.rest[:end], limit-1)
	}
	p.rest = p.rest[end:]
	return n, nil
}

func (p *parser) take(token string) bool {
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

func (p *parser) fail(why string) error {
	at, rest := "the end", p.rest
	if !strings.HasSuffix(p.list, ")") { // CPUs adds one
		rest = strings.TrimSuffix(rest, ")")
	}
	if rest != "" {
		at = strconv.Quote(rest)
	}
	return invalid("%s %q: %s at %s", p.what, p.list, why, at)
}
