package holder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
)

var prefixes int

// newPrefix returns a file prefix of which nothing may be left at the end of the test.
func newPrefix(t *testing.T) string {
	ealtest.NeedHugepages(t)
	prefixes++
	prefix := fmt.Sprintf("holder%d_%d", os.Getpid(), prefixes)
	ealtest.NothingLeft(t, prefix)
	return prefix
}

func TestWorkersFindEverythingAndTheHolderReportsThem(t *testing.T) {
	prefix := newPrefix(t)
	early := ealtest.Start(t, "worker", prefix) // waits for the holder, and attaches when its ports are ready
	h := ealtest.Start(t, "holder", prefix)
	assert.Equal(t, "primary", h.Expect("ready"))
	early.Expect("worked")
	early.Wait()
	killed := ealtest.Start(t, "worker", prefix, "with a cache")
	killed.Expect("worked")
	killed.Kill()
	require.Eventually(t, func() bool { return count(h, killed.Pid(), "a process has died") == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return count(h, killed.Pid(), "recovered what an ended process had left") == 1 }, 10*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return count(h, killed.Pid(), "place is free") == 1 }, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, 1, count(h, killed.Pid(), "place claimed"), h.Stderr())
	last := ealtest.Start(t, "worker", prefix)
	last.Expect("worked")
	require.Eventually(t, func() bool { return count(h, last.Pid(), "a process has attached") == 1 }, 10*time.Second, 10*time.Millisecond)
	h.Send("end")
	last.Wait() // the holder waits for it
	h.Wait()
	log := h.Stderr()
	assert.Equal(t, 1, count(h, early.Pid(), "a process has attached"), log)
	assert.Equal(t, 1, count(h, early.Pid(), "a process has left"), log)
	assert.Equal(t, 1, count(h, killed.Pid(), "a process has attached"), log)
	assert.Equal(t, 1, count(h, last.Pid(), "a process has left"), log)
	assert.Contains(t, log, "holder: ready")
	assert.NotContains(t, log, "still attached")
}

// count returns how many lines of the holder's log have the text and name the process.
func count(h *ealtest.Process, pid int, text string) (n int) {
	for line := range strings.Lines(h.Stderr()) {
		if strings.Contains(line, text) && strings.Contains(line, fmt.Sprintf(" pid=%d ", pid)) {
			n++
		}
	}
	return n
}

func TestTheEndOfTheHolderEndsItsWorkers(t *testing.T) {
	prefix := newPrefix(t)
	h := ealtest.Start(t, "holder", prefix, "impatient")
	h.Expect("ready")
	w := ealtest.Start(t, "worker", prefix)
	w.Expect("worked")
	w.Send("wait for the end")
	h.Send("end") // it waits, and then ends all the same
	h.Wait()
	w.Expect(dpdk.ErrPrimaryGone.Error())
	w.Wait()
	assert.Contains(t, h.Stderr(), fmt.Sprintf(`still attached: end the workers before the holder" pids=[%d]`, w.Pid()))
}

// The process of the failed Start still runs when the test looks for leftovers.
func TestAFailedStartLeavesNothing(t *testing.T) {
	tests := []struct{ step, says string }{
		{"eal", "9999"},
		{"not shared", dpdk.ErrNotShared.Error()},
		{"pools[0]", "pools[0]: "},
		{"objectPools[0]", "objectPools[0]: "},
		{"memzones[0]", "memzones[0]: "},
		{"rings[2]", "rings[2]: "},
		{"ports[0]", "ports[0]: "},
		{"ports[1]", "ports[1]: "},
		{"ports[2]", "ports[2]: "},
		{"places[0]", "places[0]: "},
	}
	for _, test := range tests {
		t.Run(test.step, func(t *testing.T) {
			prefix := newPrefix(t)
			h := ealtest.Start(t, "holder", prefix, test.step)
			assert.Contains(t, h.Expect("error"), test.says)
			assert.Empty(t, leftBut(t, prefix, h))
			h.Wait()
			again := ealtest.Start(t, "holder", prefix)
			again.Expect("ready")
			again.Wait()
		})
	}
}

func TestASecondHolderOfAPrefixIsRefused(t *testing.T) {
	prefix := newPrefix(t)
	h := ealtest.Start(t, "holder", prefix)
	h.Expect("ready")
	second := ealtest.Start(t, "holder", prefix, "another primary")
	assert.Contains(t, second.Expect("error"), dpdk.ErrPrimaryRunning.Error())
	second.Wait()
	h.Wait()
}

func TestSecondariesWaitForPrepare(t *testing.T) {
	prefix := newPrefix(t)
	p := ealtest.Start(t, "prepares", prefix)
	p.Expect("preparing")
	cfg := ealtest.Secondary(prefix, 1)
	cfg.PrimaryTimeout = 300 * time.Millisecond
	_, err := eal.Init(cfg)
	require.ErrorIs(t, err, dpdk.ErrAgain)
	p.Send("go on")
	p.Expect("ready")
	p.Wait()
}

func TestAFailedPrepareFailsInit(t *testing.T) {
	prefix := newPrefix(t)
	p := ealtest.Start(t, "prepares", prefix)
	p.Expect("preparing")
	p.Send("fail")
	assert.Contains(t, p.Expect("error"), "as asked")
	assert.Empty(t, leftBut(t, prefix, p))
	p.Wait()
	_, err := os.Stat(filepath.Join(os.Getenv("RUNTIME_DIRECTORY"), "dpdk", prefix))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// leftBut returns what is left of a prefix, except for a process that still runs.
func leftBut(t *testing.T, prefix string, p *ealtest.Process) []string {
	left, err := ealtest.Left(prefix)
	require.NoError(t, err)
	return slices.DeleteFunc(left, func(what string) bool { return what == fmt.Sprint("process ", p.Pid()) })
}
