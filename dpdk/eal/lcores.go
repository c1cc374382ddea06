package eal

import (
	"os"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/cgo"
	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// Lcore is a logical core of EAL and the CPUs its thread may run on.
type Lcore struct {
	ID   int
	CPUs CPUSet
}

// Lcores are logical cores, sorted by ID, each once: what --lcores says.
type Lcores []Lcore

// ParseLcores reads a list in the syntax of EAL's --lcores option: "0-3,5" is
// an lcore on the CPU of the same number each, "2@0" is lcore 2 on CPU 0,
// "(0-1)@(4-7)" is lcores 0 and 1, both on any of CPUs 4 to 7, and "(2,3)" is
// lcores 2 and 3 on any of CPUs 2 and 3. The result is sorted by ID. An lcore
// named twice is refused.
func ParseLcores(list string) (Lcores, error) {
	p := lcoreParser{what: "lcores", list: list, rest: list}
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

// String writes the list as ParseLcores reads it: neighbours on the same CPUs
// share an item, and an lcore on the CPU of its own number needs no @.
func (l Lcores) String() string {
	var items []string
	for len(l) > 0 {
		n := 1
		for n < len(l) && alike(l[0], l[n]) {
			n++
		}
		ids := make([]int, n)
		for i := range ids {
			ids[i] = l[i].ID
		}
		item := spans(ids)
		if !l[0].own() {
			item = group(item, ",-") + "@" + group(l[0].CPUs.String(), ",")
		}
		items = append(items, item)
		l = l[n:]
	}
	return strings.Join(items, ",")
}

// MarshalText is String, for flags and configuration files.
func (l Lcores) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is ParseLcores; an empty text is no lcores.
func (l *Lcores) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*l = nil
		return nil
	}
	*l, err = ParseLcores(string(text))
	return err
}

// own says whether the lcore is on the CPU of its own number only.
func (l Lcore) own() bool { return len(l.CPUs) == 1 && l.CPUs[0] == l.ID }

// alike says whether two lcores can share an item.
func alike(a, b Lcore) bool {
	return a.own() && b.own() || !a.own() && !b.own() && slices.Equal(a.CPUs, b.CPUs)
}

// group puts parentheses around a set that holds one of these: EAL takes a span
// without them behind the @ only.
func group(set, these string) string {
	if strings.ContainsAny(set, these) {
		return "(" + set + ")"
	}
	return set
}

// lcoreParser is a recursive descent over rest.
type lcoreParser struct{ what, list, rest string }

// lcores = item { "," item }; item = set [ "@" set ].
func (p *lcoreParser) lcores() (Lcores, error) {
	var lcores Lcores
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
			if cpus, err = p.set(maxCPU); err != nil {
				return nil, err
			}
		}
		for _, id := range ids {
			on := CPUs(id)
			if group {
				on = CPUs(cpus...)
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
		return nil, invalid("%s %q: %d-%d runs backwards", p.what, p.list, first, last)
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
		return 0, invalid("%s %q: %s is too large: the limit is %d", p.what, p.list, p.rest[:end], limit-1)
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
	at, rest := "the end", p.rest
	if !strings.HasSuffix(p.list, ")") { // ParseCPUs adds one
		rest = strings.TrimSuffix(rest, ")")
	}
	if rest != "" {
		at = strconv.Quote(rest)
	}
	return invalid("%s %q: %s at %s", p.what, p.list, why, at)
}

// available refuses CPUs that do not exist or that are not for this process (a
// container's cpuset). Others it may use even if it was not started on them, as
// with isolcpus, or with taskset that keeps the rest of it off them.
func available(lcores []Lcore) error {
	refused := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread that tries ends with the goroutine
		refused <- try(lcores)
	}()
	return <-refused
}

func try(lcores []Lcore) error {
	mine, err := ThreadCPUs()
	if err != nil {
		return nil // EAL finds out
	}
	for _, l := range lcores {
		for _, cpu := range l.CPUs {
			one := CPUs(cpu).Unix()
			if !mine.Has(cpu) && linux.SchedSetaffinity(0, &one) != nil {
				return invalid("CPU %d of lcore %d is not available to this process, which runs on CPUs %s", cpu, l.ID, mine)
			}
		}
	}
	return nil
}

// Isolated are the CPUs that the kernel was started without (isolcpus): it puts
// no thread there that does not ask for it, and does not balance between them.
func Isolated() CPUSet {
	text, err := os.ReadFile("/sys/devices/system/cpu/isolated")
	if err != nil {
		return nil
	}
	cpus, err := ParseCPUs(strings.TrimSpace(string(text)))
	if err != nil {
		return nil // none
	}
	return cpus
}
