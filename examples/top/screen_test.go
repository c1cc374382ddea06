//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
)

// The screen is that of a terminal of 110 × 40 characters.
func TestTerminalShowsEachTarget(t *testing.T) {
	ealtest.NeedHugepages(t)
	first, second := startTarget(t, "first", 10), startTarget(t, "second", 20)
	socket := filepath.Join(t.TempDir(), "tmux")
	tmux := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("tmux", append([]string{"-S", socket, "-f", "/dev/null"}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	ended := filepath.Join(t.TempDir(), "ended")
	tmux("new-session", "-d", "-x", "110", "-y", "40", "-e", asTop+"=1", self+" -dir "+runtimeDir()+" -interval 200ms; echo $? >"+ended)
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", socket, "kill-server").Run() })
	shows := func(want string) {
		t.Helper()
		if !assert.Eventually(t, func() bool {
			return regexp.MustCompile(want).MatchString(tmux("capture-pane", "-p"))
		}, 30*time.Second, 50*time.Millisecond) {
			require.Fail(t, "the screen has no "+want, "%s", tmux("capture-pane", "-p"))
		}
	}
	shows(`(?m)^ +0  net_ring_\w+ +up 10.0G +0 +0 +0 +0 +0 +10 +10 +0$`)
	shows(`(?m)^ +\d+  primary  running`)
	sends(first, 7)
	shows(`(?m)^ +0  net_ring_\w+ .* +17 +17 +0$`)
	tmux("send-keys", "Tab")
	shows(`(?m)^ +0  net_ring_\w+ .* +20 +20 +0$`)
	second.Kill()
	shows(`(?m)^ +\d+  primary  dead`)
	tmux("send-keys", "q")
	require.Eventually(t, func() bool {
		code, err := os.ReadFile(ended)
		return err == nil && string(code) == "0\n"
	}, 30*time.Second, 50*time.Millisecond)
	first.Wait()
}
