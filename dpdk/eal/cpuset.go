package eal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/godpdk/godpdk/dpdk/internal/linux"
)

// CPUSet is a set of CPUs, as the kernel numbers them: sorted, each once. CPUs
// and ParseCPUs make one; the zero value is empty.
type CPUSet []int

// maxCPU is how many CPUs a linux.CPUSet holds.
const maxCPU = 1024

// CPUs is the set of these CPUs, in any order.
func CPUs(cpus ...int) CPUSet {
	return slices.Compact(slices.Sorted(slices.Values(cpus)))
}

// ParseCPUs reads a set in the syntax of EAL's --lcores, where it stands behind
// the @: "0-3,5", with or without parentheses around it.
func ParseCPUs(list string) (CPUSet, error) {
	group := list
	if !strings.HasPrefix(list, "(") {
		group = "(" + list + ")"
	}
	p := lcoreParser{what: "CPUs", list: list, rest: group}
	cpus, err := p.set(maxCPU)
	if err == nil && p.rest != "" {
		err = p.fail("expected the end")
	}
	if err != nil {
		return nil, err
	}
	return CPUs(cpus...), nil
}

// ThreadCPUs is the set of CPUs that the calling thread may run on
// (sched_getaffinity). A goroutine that is not locked to its thread gets the
// process's own set from it.
func ThreadCPUs() (CPUSet, error) {
	var set linux.CPUSet
	if err := linux.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	return cpusOf(&set), nil
}

func cpusOf(set *linux.CPUSet) CPUSet {
	var cpus CPUSet
	for cpu := range maxCPU {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// Has says whether the CPU is in the set.
func (s CPUSet) Has(cpu int) bool {
	_, found := slices.BinarySearch(s, cpu)
	return found
}

// Unix is the set as system calls want it; CPUs from 1024 on are left out.
func (s CPUSet) Unix() linux.CPUSet {
	var set linux.CPUSet
	for _, cpu := range s {
		set.Set(cpu)
	}
	return set
}

// String writes the set as ParseCPUs reads it, in its shortest form: "0-3,5".
func (s CPUSet) String() string { return spans(s) }

// MarshalText is String, for flags and configuration files.
func (s CPUSet) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseCPUs; an empty text is the empty set.
func (s *CPUSet) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*s = nil
		return nil
	}
	*s, err = ParseCPUs(string(text))
	return err
}

// spans writes sorted numbers; two in a row are no span.
func spans(numbers []int) string {
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
