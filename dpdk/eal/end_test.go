//go:build linux

package eal

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
)

func TestFailuresNameTheirCauseFromTheLog(t *testing.T) {
	for _, tc := range []struct {
		name  string
		errno int
		lines []string
		want  error
		says  string
	}{
		{"primary runs", 0, []string{"EAL: x", "EAL: Cannot create lock on '/var/run/dpdk/rte/config'. Is another primary process running?"}, dpdk.ErrPrimaryRunning, "Config.FilePrefix"},
		{"a primary that has registered threads", 0, []string{"EAL: Primary process refused secondary attachment", "EAL: FATAL: Cannot init config"}, dpdk.ErrNotShared, "lcore.Pin"},
		{"a primary without messages", 0, []string{"EAL: Primary process refused secondary attachment"}, dpdk.ErrNotShared, "ipc.Disable"},
		{"no primary", 0, []string{"EAL: Cannot open '/var/run/dpdk/rte/config' for rte_mem_config"}, dpdk.ErrNoPrimary, "start one first"},
		{"no hugepage information", 0, []string{"EAL: Cannot get hugepage information."}, dpdk.ErrNoHugepages, "no hugepages"},
		{"no free hugepages", 0, []string{"EAL: No free hugepages reported in hugepages-2048kB"}, dpdk.ErrNoHugepages, "no hugepages"},
		{"not enough memory", 0, []string{"EAL: Not enough memory available on socket 0! Requested: 9MB, available: 8MB"}, dpdk.ErrNoHugepages, "no hugepages"},
		{"VFIO over the limit of locked memory", 12, []string{"EAL: 0000:01:00.0 cannot set up DMA remapping, error 12 (Cannot allocate memory)"}, nil, "VFIO locks all of DPDK's memory: "},
		{"physical addresses without root", 22, []string{"EAL: FATAL: Cannot use IOVA as 'PA' since physical addresses are not available"}, nil, "IOVAVirtual"},
		{"no virtual memory", 0, []string{"EAL: Cannot get a virtual area: Cannot allocate memory", "EAL: Cannot init memory"}, unix.ENOMEM, "virtual memory"},
		{"a container without SYS_NICE", 12, []string{"set_mempolicy: Operation not permitted", "EAL: FATAL: Cannot init memory"}, nil, "--cap-add=SYS_NICE"},
		{"two containers' processes 1", 12, []string{"EAL: Cannot initialize local memory map", "EAL: FATAL: Cannot init memory"}, nil, "--pid=container:NAME"},
		{"first cause of several", 0, []string{"EAL: No free hugepages reported", "EAL: a. Is another primary process running?"}, dpdk.ErrPrimaryRunning, ""},
		{"something else", 22, []string{"EAL: Invalid 'command line' arguments."}, unix.EINVAL, "Invalid 'command line'"},
		{"silence", 0, nil, nil, "logged nothing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := failure(&options{}, tc.errno, tc.lines)
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
			}
			if tc.errno != 0 {
				assert.ErrorIs(t, err, unix.Errno(tc.errno))
			}
			assert.Contains(t, err.Error(), tc.says)
			for _, line := range tc.lines {
				assert.Contains(t, err.Error(), line, "EAL's own words")
			}
		})
	}
}

// With -race, Go itself does not start with so little: this process gets a limit that it
// does not feel.
func TestALimitOfVirtualMemoryIsNamed(t *testing.T) {
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_AS, &before))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: 1 << 47, Max: before.Max}))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_AS, &before)) }()
	err := failure(&options{}, 0, []string{"EAL: Cannot get a virtual area: Cannot allocate memory", "EAL: Cannot init memory"})
	require.ErrorIs(t, err, unix.ENOMEM)
	assert.NotErrorIs(t, err, dpdk.ErrNoHugepages)
	assert.Contains(t, err.Error(), "may have 134217728 MiB of virtual memory (ulimit -v)")
}

// All of EAL's calls must come from one thread, which is its main lcore.
func TestEALsCallsRunOnOneThread(t *testing.T) {
	th := newThread()
	defer th.end()
	first := 0
	th.do(func() { first = unix.Gettid() })
	for range 100 {
		runtime.Gosched()
		th.do(func() { require.Equal(t, first, unix.Gettid()) })
	}
	require.NotZero(t, first)
}
