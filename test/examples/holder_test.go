//go:build linux

package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

// groupFile writes a configuration for a holder.
func groupFile(t *testing.T, prefix string) string {
	file := filepath.Join(t.TempDir(), "group.json")
	text := fmt.Sprintf(`{"eal": {"filePrefix": %q, "lcores": %q, "memoryMB": 16, "noPCI": true},
		"pools": [{"name": "packets", "count": 511}], "ports": [{"device": "net_null0", "pool": "packets"}],
		"places": [{"name": "worker", "rx": [{"port": "net_null0"}]}]}`, prefix, harness.Lcore(0))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

var readyAfter = regexp.MustCompile(`^(\d+) ms after the end of the active holder$`)

func TestTheStandbyHolderBecomesThePrimary(t *testing.T) {
	bin, file := built(t, "holder"), groupFile(t, "standby")
	active := harness.Command(t, bin, "-config", file)
	assert.Empty(t, active.Expect("holder: ready"))
	active.Signal(syscall.SIGUSR1)
	assert.Contains(t, active.Expect("holder: process"), fmt.Sprintf("%d, primary, attached", active.Pid()))
	assert.Equal(t, "free, the last owner: 0 none", active.Expect("holder: place worker:"))
	standby := harness.Command(t, bin, "-config", file, "-standby")
	standby.Expect("holder: standby")
	another := harness.Command(t, bin, "-config", file)
	assert.Contains(t, another.Fail(), "another process has the lock")
	third := harness.Command(t, bin, "-config", file, "-standby")
	third.Expect("holder: standby")
	third.Signal(syscall.SIGTERM)
	third.Wait()

	active.Kill()
	text := standby.Expect("holder: ready")
	m := readyAfter.FindStringSubmatch(text)
	require.NotNil(t, m, text)
	ms, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	assert.Less(t, ms, 30_000)
	standby.Signal(syscall.SIGTERM)
	standby.Wait()
	quiet(t, standby)
	clean(t)
}

func TestAHolderNamesTheFieldThatIsWrong(t *testing.T) {
	file := groupFile(t, "wrong")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), `"pool"`, `"pol"`, 1)), 0o600))
	h := harness.Command(t, built(t, "holder"), "-config", file)
	stderr := h.Fail()
	assert.Contains(t, harness.Command(t, built(t, "holder")).Fail(), "name its file with -config")
	assert.Contains(t, stderr, `"ports[0].pol"`)
	assert.Contains(t, stderr, "use one of device,")
	clean(t)
}

var (
	upgraded = regexp.MustCompile(`summary: (\d+) packets sent; workers killed: 0 lost on rings, (\d+) lost at ports, 0 came twice, 0 damaged; in order: 0 lost; otherwise: 0 lost; \d+ mbufs`)
	replaced = regexp.MustCompile(`^(rx|work|tx|holder) (killed|in order) +[12] .*\d+\.\d +\d+\.\d$`)
)

// A worker nearly always has packets in its hands when it is killed. Only in the driver of a port is one burst
// lost, and a worker is rarely there.
func TestUpgradeReplacesEachProcessUnderLoad(t *testing.T) {
	built(t, "holder")
	u := harness.Command(t, built(t, "upgrade"), "-kills", "2", "-orders", "1", "-holders", "1", "-rate", "50000", "-busy", "500us")
	t.Log("seed", u.Expect("seed"))
	lines := u.Wait()
	rows := 0
	for _, line := range lines {
		if replaced.MatchString(strings.TrimSpace(line)) {
			rows++
		}
	}
	out := strings.Join(lines, "\n")
	assert.Equal(t, 7, rows, out)
	assert.Regexp(t, `from the kill of the active holder to standby ready: median \d+\.\d ms`, out)
	m := upgraded.FindStringSubmatch(out)
	require.NotNil(t, m, out)
	lost, err := strconv.Atoi(m[2])
	require.NoError(t, err)
	assert.LessOrEqual(t, lost, 32, out)
	sent, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	assert.Greater(t, sent, 1000)
	clean(t)
}
