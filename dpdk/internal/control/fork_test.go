//go:build linux

package control

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// children starts programs that list their descriptors until over, counts them, and returns how many
// had a file with this path.
func children(t *testing.T, path string, over <-chan struct{}, all *atomic.Int64) (had int) {
	for {
		select {
		case <-over:
			return had
		default:
		}
		out, err := exec.Command("ls", "-l", "/proc/self/fd").Output()
		if assert.NoError(t, err); err != nil {
			return had
		}
		all.Add(1)
		if strings.Contains(string(out), path) {
			had++
		}
	}
}

// inheritable opens a file as C code does.
func inheritable(t *testing.T, path string) int {
	fd, err := unix.Open(path, unix.O_RDWR, 0)
	require.NoError(t, err)
	return fd
}

func TestChildrenDoNotGetWhatAControlCallOpens(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	path := t.TempDir() + "/opened-by-dpdk"
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	had, all := 0, atomic.Int64{}
	go func() {
		defer wg.Done()
		had = children(t, path, over, &all)
	}()
	rounds := 300
	if testing.Short() {
		rounds = 100
	}
	for round := 0; round < rounds || all.Load() < 10 && round < 100*rounds; round++ {
		fd := -1
		require.NoError(t, Call("rte_dev_probe", "", func() error {
			fd = inheritable(t, path)
			time.Sleep(time.Millisecond) // a driver goes on
			return nil
		}))
		assert.False(t, inherited()[fd])
		unix.Close(fd)
	}
	close(over)
	wg.Wait()
	assert.Zero(t, had)
	assert.GreaterOrEqual(t, all.Load(), int64(10), "and others were not kept from starting programs")
}

func TestWhatTheApplicationLeavesOpenForOthersStaysSo(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	fd := inheritable(t, "/dev/null")
	defer unix.Close(fd)
	require.NoError(t, Call("rte_dev_probe", "", func() error { return nil }))
	assert.True(t, inherited()[fd])
}

// A call may wait for another one, while a fork waits for the first.
func TestCallsInsideEachOtherDoNotWaitForAFork(t *testing.T) {
	Start(primary(true))
	defer stop(t)
	done := make(chan error, 1)
	go func() {
		done <- Call("rte_dev_probe", "outer", func() error {
			forked := make(chan struct{})
			go func() {
				defer close(forked)
				syscall.ForkLock.Lock()
				defer syscall.ForkLock.Unlock()
			}()
			for syscall.ForkLock.TryRLock() { // until the fork waits
				syscall.ForkLock.RUnlock()
				time.Sleep(time.Millisecond)
			}
			inner := make(chan error)
			go func() { inner <- Call("rte_mempool_create", "inner", func() error { return nil }) }()
			if err := <-inner; err != nil {
				return Errno(1)
			}
			return nil
		})
	}()
	select {
	case err := <-done:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("deadlock")
	}
}

func TestACallThatWaitsLongKeepsNoForkWaiting(t *testing.T) {
	defer func(d time.Duration) { forkLimit = d }(forkLimit)
	forkLimit = 100 * time.Millisecond
	Start(primary(true))
	defer stop(t)
	path := t.TempDir() + "/opened-by-dpdk"
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	opened, started := make(chan int, 1), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- Call("rte_dev_probe", "", func() error {
			opened <- inheritable(t, path)
			<-started // as a driver that waits for its peer, which is to be started
			return nil
		})
	}()
	fd := <-opened
	out, err := exec.Command("ls", "-l", "/proc/self/fd").Output()
	require.NoError(t, err)
	close(started)
	assert.NotContains(t, string(out), path)
	assert.NoError(t, <-done)
	unix.Close(fd)
}

func TestWhatMayOpenFiles(t *testing.T) {
	for op, want := range map[string]openKind{
		"rte_dev_probe": devices, "rte_eth_from_rings": devices, "rte_eth_rx_queue_setup": devices, "rte_eth_dev_start": devices,
		"rte_eth_bond_member_add": devices,
		"rte_ring_create_elem":    memory, "rte_memzone_reserve_bounded": memory, "rte_mempool_populate_default": memory, "rte_mbuf_dynfield_register": memory,
		"rte_mempool_lookup": nothing, "rte_eth_stats_get": nothing, "rte_eth_xstats_get_by_id": nothing, "rte_mempool_avail_count": nothing,
	} {
		assert.Equal(t, want, opens(op), op)
	}
}
