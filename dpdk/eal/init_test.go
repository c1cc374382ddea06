package eal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// What only C can refuse, each in a process of its own: DPDK does not forget all
// of a start that failed.
var refusedByEAL = [][]string{
	{"-n", "0"},
	{"-r", "17"},
	{"--iova-mode=no"},
	{"--base-virtaddr=no"},
	{"-c", "0"},
	{"-c", "no"},
	{"--main-lcore=no"},
	{"--main-lcore=500"},
	{"-S", "999"},
	{"--huge-unlink=no"},
	{"--vfio-intr=no"},
	{"--trace-mode=no"},
}

var private = []string{"app", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "8"}

var _ = harness.Role("refused", func(args []string) error {
	rt, _, err := eal.InitArgs(append(slices.Clone(private), args...))
	if rt != nil || err == nil {
		return errors.New("accepted")
	}
	var e *dpdk.Error
	if !errors.As(err, &e) || len(e.Log) == 0 {
		return fmt.Errorf("no log lines of EAL in %q", err)
	}
	harness.Say("refused %s", strings.Join(args, " "))
	return nil
})

func TestErrorOfEALHasItsLog(t *testing.T) {
	harness.Need(t, harness.Root)
	for _, args := range refusedByEAL {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			c := harness.Start(t, "refused", args...)
			c.Expect("refused " + strings.Join(args, " "))
			require.Empty(t, c.Wait(), "EAL's usage is not for the program's output")
		})
	}
}

var _ = harness.Role("start", func([]string) error {
	lcores := "--lcores=" + harness.Lcore(3)
	rt, rest, err := eal.InitArgs(append(slices.Clone(private), lcores, "--", "-h", "file"))
	if err != nil {
		return err
	}
	memory, err := rt.Memory()
	if err != nil {
		return err
	}
	var total uint64
	for _, m := range memory {
		total += m.Total
		if m.Total != m.Free+m.Used || m.LargestFree > m.Free {
			return fmt.Errorf("memory %+v", m)
		}
	}
	for _, check := range []struct {
		what      string
		got, want any
	}{
		{"rest", strings.Join(rest, " "), "-h file"},
		{"process type", rt.ProcessType(), eal.Primary},
		{"prefix", rt.FilePrefix(), "rte"},
		{"hugepages", rt.HasHugepages(), false},
		{"main lcore", rt.MainLcore(), 3},
		{"IOVA mode without hugepages", rt.IOVAMode(), eal.IOVAVirtual},
		{"primary alive", rt.PrimaryAlive(), true},
		{"total memory", total > 4<<20 && total <= 8<<20, true},
		{"args", strings.Join(rt.Args(), " "), "--proc-type=primary " + strings.Join(private[1:], " ") + " " + lcores},
		{"second start", is(secondInit(), dpdk.ErrAlreadyRunning, syscall.EALREADY), true},
		{"close", rt.Close(), nil},
		{"second close", rt.Close(), nil},
		{"primary alive after close", rt.PrimaryAlive(), false},
		{"start after close", is(secondInit(), dpdk.ErrAlreadyRunning, syscall.EALREADY), true},
		{"control call after close", is(memoryOf(rt), dpdk.ErrNotRunning), true},
	} {
		if check.got != check.want {
			return fmt.Errorf("%s: %v, want %v", check.what, check.got, check.want)
		}
	}
	rt.Args()[0] = "changed"
	if rt.Args()[0] == "changed" {
		return errors.New("Args is not a copy")
	}
	harness.Say("done")
	return nil
})

func secondInit() error {
	_, err := eal.Init(eal.Config{NoHuge: true, MemoryMB: 8, NoPCI: true})
	return err
}

func memoryOf(rt *eal.Runtime) error {
	_, err := rt.Memory()
	return err
}

func is(err error, targets ...error) bool {
	for _, target := range targets {
		if !errors.Is(err, target) {
			return false
		}
	}
	return true
}

func TestRuntimeMethods(t *testing.T) {
	harness.Need(t, harness.Root)
	c := harness.Start(t, "start")
	c.Expect("done")
	c.Wait()
}

func TestWaitPrimaryOfAnEndedContextEndsAtOnce(t *testing.T) {
	t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := eal.WaitPrimary(ctx, "nobody")
	require.ErrorIs(t, err, dpdk.ErrNoPrimary)
	require.ErrorIs(t, err, context.Canceled)
}
