//go:build linux

package eal

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/internal/cpulist"
)

func TestLcoresOnCPUsThatThisProcessMayNotUseAreRefused(t *testing.T) {
	var set unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &set))
	mine, other := -1, -1
	for cpu := range cpulist.MaxCPU {
		if set.IsSet(cpu) && mine < 0 {
			mine = cpu
		}
		if !set.IsSet(cpu) && other < 0 {
			other = cpu
		}
	}
	assert.NoError(t, available([]cpulist.Lcore{{ID: 7, CPUs: []int{mine}}}))
	var after unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &after))
	assert.Equal(t, set, after, "trying does not change this thread")
	err := available([]cpulist.Lcore{{ID: 7, CPUs: []int{mine}}, {ID: 8, CPUs: []int{mine, other}}})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.Contains(t, err.Error(), fmt.Sprintf("CPU %d of lcore 8", other))
	all, err2 := cpulist.OfThread()
	require.NoError(t, err2)
	assert.Contains(t, err.Error(), "CPUs "+cpulist.Spans(all))
}
