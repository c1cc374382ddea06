package lcore

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/control"
	"github.com/godpdk/godpdk/test/harness"
)

func TestProblemsOfPollersAreFound(t *testing.T) {
	p := func(name string, cpus ...int) poller { return poller{name: name, cpus: CPUs(cpus...)} }
	for _, tc := range []struct {
		name     string
		pollers  []poller
		procs    int
		isolated CPUSet
		want     map[string][]string // the subject, and parts of the text
	}{
		{"nothing runs", nil, 1, nil, nil},
		{"a poller and a P to spare", []poller{p("lcore 1", 1)}, 2, nil, nil},
		{"a poller on each CPU, and Ps to spare", []poller{p("lcore 1", 1), p("lcore 2", 2)}, 4, nil, nil},
		{"no P to spare", []poller{p("lcore 1", 1), p("lcore 2", 2)}, 2, nil,
			map[string][]string{"GOMAXPROCS": {"2 functions", "GOMAXPROCS is 2", "set GOMAXPROCS to 4"}}},
		{"two on one CPU", []poller{p("lcore 2", 1), p("lcore 1", 1), p("lcore 3", 2)}, 8, nil,
			map[string][]string{"CPU 1": {"lcore 1 and lcore 2 share CPU 1", "eal.Config.Lcores"}}},
		{"two on two CPUs each", []poller{p("lcore 1", 1, 2), p("lcore 2", 1, 2)}, 8, nil, nil},
		{"on isolated CPUs", []poller{p("lcore 1", 6), p("lcore 2", 7)}, 8, CPUs(6, 7), nil},
		{"beside the isolated CPUs", []poller{p("lcore 1", 1), p("lcore 2", 7)}, 8, CPUs(6, 7),
			map[string][]string{"isolated": {"CPUs 6,7 free", "lcore 1 on CPUs 1", "eal.Config.Lcores"}}},
		{"on several isolated CPUs", []poller{p("lcore 1", 6, 7)}, 8, CPUs(6, 7),
			map[string][]string{"balance": {"lcore 1 on CPUs 6,7", "one CPU for each"}}},
		{"everything", []poller{p("lcore 1", 1), p("pinned thread 9", 1), p("lcore 3", 6, 7)}, 1, CPUs(6, 7),
			map[string][]string{"GOMAXPROCS": nil, "CPU 1": {"pinned thread 9"}, "isolated": nil, "balance": nil}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := findProblems(tc.pollers, tc.procs, tc.isolated)
			assert.Len(t, got, len(tc.want), "%v", got)
			for about, texts := range tc.want {
				require.Contains(t, got, about)
				for _, s := range texts {
					assert.Contains(t, got[about], s)
				}
			}
		})
	}
}

func TestPollersAreWarnedAboutOnce(t *testing.T) {
	var log harness.Buffer
	set := func(logger *slog.Logger, l time.Duration) {
		eventually(t, func() bool { return !watching.Load() }, "a check of an earlier test")
		warned.Lock()
		defer warned.Unlock()
		pollerAge, warned.about = l, map[string]bool{}
		control.SetLogger(logger)
	}
	worker, err := Lookup(1)
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer set(control.Logger(), pollerAge)
	set(slog.New(slog.NewTextHandler(&log, nil)), 20*time.Millisecond)
	for range 100 {
		require.NoError(t, on(t, 1, func() error { return nil }))
	}
	eventually(t, func() bool { return !watching.Load() })
	assert.Empty(t, log.String(), "short functions are not pollers")

	for range 2 {
		unpin, err := Pin(worker.CPUs) // first, so that each check that finds the workers finds the thread too
		require.NoError(t, err)
		tasks, err := LaunchWorkers(soon(t), func(ctx context.Context) error { <-ctx.Done(); return nil })
		require.NoError(t, err)
		eventually(t, func() bool { return strings.Contains(log.String(), "GOMAXPROCS") })
		eventually(t, func() bool { return !watching.Load() })
		require.NoError(t, unpin())
		tasks.Stop()
		require.NoError(t, tasks.Wait(soon(t)))
	}
	assert.Equal(t, 1, strings.Count(log.String(), "GOMAXPROCS is 2"), log.String())
	assert.Contains(t, log.String(), "share CPU", "lcore 1 and a thread")
	assert.Contains(t, log.String(), "pinned thread")
	assert.Contains(t, log.String(), "level=WARN")
}
