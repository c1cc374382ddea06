package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) {
	for env := range roles {
		if os.Getenv(env) != "" {
			main()
			return
		}
	}
	if os.Getenv(quicEnv) == "" { // the tests run without a network, and the example needs modules
		program, err := buildQUIC()
		if err != nil {
			fmt.Fprintln(os.Stderr, "examples/quic:", err)
			os.Exit(1)
		}
		os.Setenv(quicEnv, program)
	}
	harness.Main(m)
}

// buildQUIC builds the program that the group quic measures.
func buildQUIC() (string, error) {
	program, err := filepath.Abs("../../bin/quic")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-C", "../../examples/quic", "-o", filepath.Dir(program)+"/", ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
}

var _ = harness.Role("bench", func([]string) error { return run() })

// TestEachRowHasTimes runs everything once. BENCH_JSON is a file to leave for the tests of plot.
func TestEachRowHasTimes(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	file := os.Getenv("BENCH_JSON")
	if file == "" {
		file = filepath.Join(t.TempDir(), "rows.json")
	}
	t.Setenv("BENCH_JSON", file)
	t.Setenv("BENCH_ROUNDS", "1")
	harness.Start(t, "bench").Wait()

	report, err := readReport(file)
	require.NoError(t, err)
	groups, seen := map[string]int{}, map[string]bool{}
	for _, r := range report.Rows {
		key := fmt.Sprintf("%s %s %d %s %v", r.Group, r.Name, r.Burst, r.Axis, r.X)
		assert.False(t, seen[key], "%s: twice", key)
		seen[key] = true
		groups[r.Group]++
		assert.NotNil(t, r.Go, key)
		for _, c := range []*Column{r.C, r.Go, r.Cgo} {
			if c == nil {
				continue
			}
			assert.Len(t, c.Samples, 1, key)
			if r.Unit == "ns" || r.Unit == "µs" {
				assert.Positive(t, c.Best, key)
				assert.Positive(t, c.Median, key)
			}
		}
	}
	for _, group := range []string{"ring", "mempool", "mbuf", "lcore", "locks", "rcu", "ipc", "ethdev", "scale", "attach", "pair", "place", "gaps", "lpm", "fib", "acl", "hash", "table", "header", "idle", "udp", "quic"} {
		assert.Positive(t, groups[group], "rows of the group %s", group)
	}
}

func TestInstructionsAreCounted(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	t.Setenv("BENCH_GROUP", "rcu")
	file, err := os.Create(filepath.Join(t.TempDir(), "table"))
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, instructions(file))
	table, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^\| rcu: quiescent \| 1 \| (\d+) \| (\d+) \|$`).FindStringSubmatch(string(table))
	require.Len(t, row, 3, string(table))
	c, err := strconv.Atoi(row[1])
	require.NoError(t, err)
	assert.Greater(t, c, 3)
	assert.Less(t, c, 50, "a report of a reader is a load and a store")
	assert.NotEqual(t, "0", row[2])
}

func TestColumnDescribesItsValues(t *testing.T) {
	values := make([]float64, 301)
	for i := range values {
		values[i] = float64(100 + i) // 100 … 400
	}
	c := newColumn(values)
	assert.Equal(t, 100.0, c.Best)
	assert.Equal(t, 250.0, c.Median)
	assert.Equal(t, 0.6, c.Spread) // (325 − 175) ÷ 250
	require.Len(t, c.Samples, blocks)
	assert.InDelta(t, 106.5, c.Samples[0], 0.5) // the median of the first 14
	assert.InDelta(t, 393, c.Samples[20], 0.5)
	assert.Nil(t, newColumn(nil))
}

func TestWideSpreadOfCIsNoisy(t *testing.T) {
	row := func(c ...float64) Row { return Row{}.measured(c, []float64{20, 20, 20, 20, 20}, nil) }
	quiet, noisy := row(10, 10, 10, 10, 10.5), row(10, 10, 10, 15, 15)
	assert.False(t, quiet.Noisy)
	assert.True(t, noisy.Noisy)
	assert.Equal(t, 2.0, noisy.Ratio.Best)
	assert.Equal(t, 2.0, noisy.Ratio.Median)
	assert.Nil(t, noisy.Cgo)
}

// A loop that is interrupted once would be measured with one iteration, and the clock has steps of 10 ns.
func TestCalibrateIgnoresAnInterruption(t *testing.T) {
	calls := 0
	n := calibrate(func(iters int) {
		if calls++; calls == 1 {
			time.Sleep(2 * sample)
		}
		for start := time.Now(); time.Since(start) < time.Duration(iters)*sample/100; {
		}
	})
	assert.Greater(t, n, 50)
}

func TestNamesAreComplete(t *testing.T) {
	got := named([]contest{{name: "a"}, {name: "the same, fast"}, {name: "b"}})
	assert.Equal(t, "a, fast", got[1].name)
	assert.Equal(t, "b", got[2].name)
	assert.Empty(t, named(nil))
}

func TestReportIsJSONWithARowOnEachLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.json")
	report := Report{Method: Method{Rounds: 3}, Rows: []Row{{Name: "a"}, {Name: "b", Go: newColumn([]float64{1})}}}
	require.NoError(t, report.write(file))
	got, err := readReport(file)
	require.NoError(t, err)
	assert.Equal(t, report, got)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, json.Valid(text))
	assert.Contains(t, string(text), "\n{\"group\":\"\",\"name\":\"b\"")
}
