package lcore

import (
	"slices"

	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

// CPUSet is a set of CPUs by the kernel's numbers, sorted, each once. [CPUs] and [ParseCPUs]
// make one. The zero value is the empty set.
type CPUSet []int

// CPUs returns the set of these CPUs, which may be in any order.
func CPUs(cpus ...int) CPUSet { return cpulist.Sorted(cpus) }

// ParseCPUs parses a set in the syntax that EAL's --lcores has behind the @: "0-3,5", with or
// without parentheses around it. The error is dpdk.ErrInvalid.
func ParseCPUs(list string) (CPUSet, error) { return cpulist.CPUs(list) }

// ThreadCPUs returns the CPUs that the calling thread may run on (sched_getaffinity). On a
// goroutine that is not locked to its thread these are the CPUs of the process.
func ThreadCPUs() (CPUSet, error) { return cpulist.OfThread() }

// Has reports whether the CPU is in the set.
func (s CPUSet) Has(cpu int) bool {
	_, found := slices.BinarySearch(s, cpu)
	return found
}

// String writes the set in the syntax of [ParseCPUs], in its shortest form: "0-3,5".
func (s CPUSet) String() string { return cpulist.Spans(s) }

// MarshalText returns the text of [CPUSet.String], for flags and configuration files.
func (s CPUSet) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses a text as [ParseCPUs] does. An empty text is the empty set.
func (s *CPUSet) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*s = nil
		return nil
	}
	*s, err = ParseCPUs(string(text))
	return err
}
