//go:build linux

package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

const discard, show = "slog.NewTextHandler(io.Discard,", "slog.NewTextHandler(io.MultiWriter(os.Stderr),"

// talking is an example's program that shows the log, which the example discards.
func talking(t *testing.T, name string) string {
	t.Helper()
	main, err := filepath.Abs("../../examples/" + name + "/main.go")
	require.NoError(t, err)
	text, err := os.ReadFile(main)
	require.NoError(t, err)
	require.Contains(t, string(text), discard)
	dir := t.TempDir()
	changed := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(changed, []byte(strings.ReplaceAll(string(text), discard, show)), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{main: changed}})
	require.NoError(t, err)
	file, bin := filepath.Join(dir, "overlay"), filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	out, err := exec.Command("go", "build", "-overlay", file, "-o", bin, "../../examples/"+name).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

var (
	aboveInfo = regexp.MustCompile(`(?m)^.*level=(WARN|ERROR) .*$`)
	// ofTheMachine are warnings about this machine, and one of DPDK about itself.
	ofTheMachine = regexp.MustCompile(`share CPU|No free \d+ kB hugepages|No legacy callbacks`)
)

// What goes well logs nothing that a user would have to look into.
func TestCleanLivesLogNothingAboveInfo(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	for name, args := range map[string][]string{
		"capture":      {"-n", "8", "-w", filepath.Join(t.TempDir(), "packets.pcap")},
		"l2fwd":        {"-duration", "200ms", "-period", "0"},
		"lcores":       nil,
		"hotplug-mp":   nil,
		"simple-mp":    nil,
		"symmetric-mp": nil,
		"packets":      nil,
		"rings":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := harness.Command(t, talking(t, name), args...)
			c.Wait()
			said := c.Stderr()
			assert.Contains(t, said, "level=INFO", "the log is shown")
			for _, line := range aboveInfo.FindAllString(said, -1) {
				assert.Regexp(t, ofTheMachine, line)
			}
			clean(t)
		})
	}
}
