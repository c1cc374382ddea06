//go:build linux

package lcore

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/godpdk/godpdk/dpdk"
)

func TestPinSetsCPUsAndUnpinRestoresThem(t *testing.T) {
	for _, cpu := range ownCPUs {
		done := make(chan struct{})
		go func() {
			defer close(done)
			unpin, err := Pin(CPUs(cpu))
			if !assert.NoError(t, err) {
				return
			}
			cpus, tid, err := cpusOfThread()
			assert.NoError(t, err)
			assert.Equal(t, CPUs(cpu), cpus)
			for range 100 {
				runtime.Gosched()
				assert.Equal(t, tid, unix.Gettid(), "locked")
			}
			inner, err := Pin(ownCPUs) // nested
			assert.NoError(t, err)
			assert.NoError(t, inner())
			cpus, _, err = cpusOfThread()
			assert.NoError(t, err)
			assert.Equal(t, CPUs(cpu), cpus)
			_, ok := Current()
			assert.False(t, ok, "not an lcore")

			assert.NoError(t, unpin())
			cpus, _, err = cpusOfThread()
			assert.NoError(t, err)
			assert.Equal(t, ownCPUs, cpus)
		}()
		<-done
	}
	require.NoError(t, freshThreads())
}

func TestUnpinOnAnotherGoroutineIsRefused(t *testing.T) {
	unpin, err := Pin(CPUs(ownCPUs[0]))
	require.NoError(t, err)
	other := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		other <- unpin()
	}()
	err = <-other
	assert.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "another goroutine")
	cpus, _, err := cpusOfThread()
	require.NoError(t, err)
	assert.Equal(t, CPUs(ownCPUs[0]), cpus, "still pinned")
	require.NoError(t, unpin())
}

// A second unpin would undo a later Pin of its caller, or of the next goroutine on the thread.
func TestUnpinTwiceIsRefused(t *testing.T) {
	runtime.LockOSThread() // otherwise the thread is the reason for the refusal
	defer runtime.UnlockOSThread()
	first, err := Pin(ownCPUs)
	require.NoError(t, err)
	require.NoError(t, first())
	unpin, err := Pin(CPUs(ownCPUs[0]))
	require.NoError(t, err)
	err = first()
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "twice")
	cpus, _, err := cpusOfThread()
	require.NoError(t, err)
	assert.Equal(t, CPUs(ownCPUs[0]), cpus, "still pinned")
	require.NoError(t, unpin())
}

func TestPinRefusesBadCPUs(t *testing.T) {
	none := 1023
	require.False(t, ownCPUs.Has(none))
	for _, tc := range []struct {
		name string
		cpus CPUSet
		text string
	}{
		{"no CPUs", nil, "empty"},
		{"a CPU that does not exist", CPUs(none), "CPUs 1023 do not exist"},
		{"a CPU that exists, and one that does not", CPUs(ownCPUs[0], none), "may use only"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			unpin, err := Pin(tc.cpus)
			require.ErrorIs(t, err, dpdk.ErrInvalid)
			assert.Nil(t, unpin)
			assert.ErrorContains(t, err, tc.text)
			cpus, _, err := cpusOfThread()
			require.NoError(t, err)
			assert.Equal(t, ownCPUs, cpus)
		})
	}
	err := on(t, 1, func() error {
		_, err := Pin(ownCPUs)
		return err
	})
	require.ErrorIs(t, err, dpdk.ErrInvalid)
	assert.ErrorContains(t, err, "lcore 1")
	cpus := CPUSet{}
	require.NoError(t, on(t, 1, func() (err error) { cpus, _, err = cpusOfThread(); return err }))
	assert.Len(t, cpus, 1)
}
