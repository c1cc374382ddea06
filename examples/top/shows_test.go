//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// A primary in Go, one in C, and one that has no telemetry: the counts are those that were sent, also after a secondary
// has attached.
func TestCountsAreThoseThatWereSent(t *testing.T) {
	ealtest.NeedHugepages(t)
	goes := startTarget(t, "goes", 10)
	silent := startTarget(t, "silent", 30, "--no-telemetry")
	pmd := startTestpmd(t, "pmd", 20)

	w := watching(t)
	s := w.once(t.Context())
	for name, pid := range map[string]int{"goes": goes.Pid(), "pmd": pmd.Pid()} {
		x := named(t, s, name)
		assert.Equal(t, pid, x.PID(), name)
		assert.Equal(t, "telemetry", x.Via, name)
		assert.Equal(t, dpdk.Version(), x.Version, name)
		assert.NotEmpty(t, x.Heaps, name)
		assert.Equal(t, sample.Running, x.Processes[0].State, name)
	}
	x := named(t, s, "silent")
	assert.Equal(t, silent.Pid(), x.PID())
	assert.Equal(t, sample.Running, x.Processes[0].State)
	assert.Contains(t, x.Notes[0], "-attach silent")

	w = watching(t, "goes", "silent", "pmd")
	require.Eventually(t, func() bool { // testpmd polls
		s = w.once(t.Context())
		x := named(t, s, "pmd")
		for _, name := range []string{"goes", "silent", "pmd"} { // a reading sees processes that were there before it
			if len(named(t, s, name).Processes) < 2 {
				return false
			}
		}
		return len(x.Ports) == 1 && x.Ports[0].TxPackets.Total == 20
	}, 30*time.Second, 20*time.Millisecond)
	for name, n := range map[string]uint64{"goes": 10, "silent": 30, "pmd": 20} {
		x := named(t, s, name)
		assert.Empty(t, x.Error, name)
		assert.Empty(t, x.Notes, name)
		require.Len(t, x.Ports, 1, name)
		p := x.Ports[0]
		assert.Equal(t, []uint64{n, n, 0}, []uint64{p.RxPackets.Total, p.TxPackets.Total, p.Drops().Total}, name)
		assert.True(t, p.Started && p.LinkUp, name)
		require.Len(t, x.Pools, 1, name)
		require.NotNil(t, x.Pools[0].InUse, name)
		require.Len(t, x.Processes, 2, name)
		assert.Equal(t, "secondary", x.Processes[1].Role)
		assert.Equal(t, sample.Running, x.Processes[1].State)
		if name == "pmd" {
			assert.Equal(t, n*100, p.RxBytes.Total)
			assert.Equal(t, "telemetry and secondary", x.Via)
			continue
		}
		assert.EqualValues(t, 1023, x.Pools[0].Size, name)
		assert.Equal(t, n, *x.Pools[0].InUse, name)
		i := len(x.Rings) - 1
		for ; i > 0 && x.Rings[i].Name != "quotes"; i-- {
		}
		assert.Equal(t, sample.Ring{Name: "quotes", Used: n, Capacity: 256, Sync: "MP/MC"}, x.Rings[i], name)
	}
	x = named(t, s, "goes")
	assert.Equal(t, []uint64{10, 10}, []uint64{x.Ports[0].Queues[0].RxPackets.Total, x.Ports[0].Queues[0].TxPackets.Total})
	require.Len(t, x.Lcores, 1)
	assert.Equal(t, 1, x.Lcores[0].ID)
	assert.Positive(t, x.Lcores[0].BusyCycles.Total)
	assert.Equal(t, "secondary", named(t, s, "silent").Via)

	// The program prints the same numbers as a table and as JSON.
	var text, data bytes.Buffer
	args := []string{"-dir", runtimeDir(), "-prefix", "goes", "-interval", "100ms"}
	require.NoError(t, run(t.Context(), append(args, "-once"), &text))
	assert.Regexp(t, `(?m)^ +0  net_ring_\w+ +up 10.0G +0 +0 +0 +0 +0 +10 +10 +0$`, text.String())
	assert.NotContains(t, text.String(), "pmd")
	require.NoError(t, run(t.Context(), append(args, "-json"), &data))
	var printed sample.Snapshot
	require.NoError(t, json.Unmarshal(data.Bytes(), &printed))
	assert.EqualValues(t, 10, named(t, printed, "goes").Ports[0].RxPackets.Total)

	w.close()
	w = watching(t)
	require.Eventually(t, func() bool {
		s := w.once(t.Context())
		return len(named(t, s, "goes").Processes)+len(named(t, s, "silent").Processes)+len(named(t, s, "pmd").Processes) == 3
	}, 30*time.Second, 20*time.Millisecond, "the secondaries end")
	for _, p := range []*ealtest.Process{goes, silent} {
		p.Wait()
	}
	pmd.Send("quit")
	pmd.Wait()
}

func TestStoppedAndKilledTargetsMakeNoOtherOneWait(t *testing.T) {
	ealtest.NeedHugepages(t)
	killed, stopped, other := startTarget(t, "killed", 10), startTarget(t, "stopped", 20), startTarget(t, "other", 30)
	w, patient := watching(t), watching(t)
	w.timeout, patient.timeout = 5*time.Second, 5*time.Minute
	w.once(t.Context())
	patient.once(t.Context())
	killed.Kill()
	stopped.Stop()
	sends(other, 5)

	// While one process keeps a reading waiting, there are answers of the other one.
	require.Eventually(t, func() bool {
		bound, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		x := named(t, patient.once(bound), "other")
		return x.Ports[0].RxPackets.Total == 35 && x.Ports[0].RxPackets.Rate != nil
	}, 30*time.Second, time.Millisecond)

	s := w.once(t.Context())
	x := named(t, s, "stopped")
	assert.Equal(t, []any{sample.Stopped, stopped.Pid()}, []any{x.Processes[0].State, x.PID()})
	assert.EqualValues(t, 20, x.Ports[0].RxPackets.Total, "of the last answer")
	assert.Nil(t, x.Ports[0].RxPackets.Rate)
	x = named(t, s, "killed")
	assert.Equal(t, []any{sample.Dead, killed.Pid()}, []any{x.Processes[0].State, x.PID()})

	stopped.Signal(syscall.SIGCONT)
	successor := startTarget(t, "killed", 7)
	s = w.once(t.Context())
	x = named(t, s, "stopped")
	assert.Equal(t, sample.Running, x.Processes[0].State)
	assert.Empty(t, x.Error)
	x = named(t, s, "killed")
	assert.Equal(t, []any{sample.Running, successor.Pid()}, []any{x.Processes[0].State, x.PID()})
	assert.EqualValues(t, 7, x.Ports[0].RxPackets.Total)
	assert.Nil(t, x.Ports[0].RxPackets.Rate, "another process")
	for _, p := range []*ealtest.Process{stopped, other, successor} {
		p.Wait()
	}
	for _, x := range w.once(t.Context()).Targets {
		assert.NotContains(t, []string{"killed", "stopped", "other"}, x.Name, "it removed its socket")
	}
}

func TestBadInputIsRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, os.MkdirAll(runtimeDir(), 0o700))
	for want, args := range map[string][]string{
		"-interval 0s is too short: use 100ms or more":    {"-interval", "0"},
		"-timeout 0s is not a time to wait":               {"-timeout", "0"},
		`no process has the file prefix "nope" in`:        {"-prefix", "nope"},
		`no process has the file prefix "absent" in`:      {"-attach", "absent"},
		"address already in use: use another address for": {"-http", l.Addr().String()},
		`the argument "rte" is unknown`:                   {"rte"},
	} {
		assert.ErrorContains(t, run(t.Context(), append([]string{"-dir", runtimeDir()}, args...), os.Stdout), want)
	}
}
