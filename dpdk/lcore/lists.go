package lcore

import (
	"os"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

// Lcore is a logical core and the CPUs that its thread may run on.
type Lcore struct {
	ID   int
	CPUs CPUSet
}

// Lcores is a list of logical cores, sorted by ID, each once. [Lcores.String] writes it for
// eal.Config.Lcores.
type Lcores []Lcore

// ParseLcores parses a list in the syntax of EAL's --lcores option. "0-3,5" is one lcore on each CPU
// of the same number. "2@0" is lcore 2 on CPU 0. "(0-1)@(4-7)" is lcores 0 and 1, both on any of CPUs
// 4 to 7. "(2,3)" is lcores 2 and 3 on any of CPUs 2 and 3. The result is sorted by ID. The error is
// dpdk.ErrInvalid, also for an lcore that is named twice.
func ParseLcores(list string) (Lcores, error) {
	parsed, err := cpulist.Lcores(list)
	if err != nil {
		return nil, err
	}
	lcores := make(Lcores, len(parsed))
	for i, l := range parsed {
		lcores[i] = Lcore{l.ID, l.CPUs}
	}
	return lcores, nil
}

// String writes the list in the syntax of [ParseLcores]. Neighbours on the same CPUs
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
		item := cpulist.Spans(ids)
		if !l[0].onOwnCPU() {
			item = group(item, ",-") + "@" + group(l[0].CPUs.String(), ",")
		}
		items = append(items, item)
		l = l[n:]
	}
	return strings.Join(items, ",")
}

// MarshalText returns the text of [Lcores.String], for flags and configuration files.
func (l Lcores) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText parses a text as [ParseLcores] does. An empty text is an empty list.
func (l *Lcores) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*l = nil
		return nil
	}
	*l, err = ParseLcores(string(text))
	return err
}

// onOwnCPU reports whether the lcore is on the CPU of its own number only.
func (l Lcore) onOwnCPU() bool { return len(l.CPUs) == 1 && l.CPUs[0] == l.ID }

// alike reports whether two lcores can share an item.
func alike(a, b Lcore) bool {
	return a.onOwnCPU() && b.onOwnCPU() || !a.onOwnCPU() && !b.onOwnCPU() && slices.Equal(a.CPUs, b.CPUs)
}

// group puts parentheses around a set that contains one of these characters: EAL accepts a
// span without parentheses behind the @ only.
func group(set, these string) string {
	if strings.ContainsAny(set, these) {
		return "(" + set + ")"
	}
	return set
}

// Isolated returns the CPUs that the kernel excludes from its scheduler by the boot option
// isolcpus. The kernel runs a thread there only if the thread asks for it, and does not
// balance threads between those CPUs.
func Isolated() CPUSet {
	text, err := os.ReadFile("/sys/devices/system/cpu/isolated")
	if err != nil {
		return nil
	}
	cpus, err := ParseCPUs(strings.TrimSpace(string(text)))
	if err != nil {
		return nil // the list is empty
	}
	return cpus
}
