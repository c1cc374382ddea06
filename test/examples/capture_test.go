//go:build linux

package examples

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

// totals returns the totals of a capture.
func totals(t *testing.T, lines []string) string {
	t.Helper()
	s, found := strings.CutPrefix(last(lines, "summary: "), "summary: ")
	require.True(t, found, "%v", lines)
	return s
}

// readable returns the number of packets that tcpdump finds in a file, which must be complete.
func readable(t *testing.T, file string) int {
	t.Helper()
	harness.Need(t, harness.Tcpdump)
	out, err := exec.Command("tcpdump", "-n", "-t", "-q", "-r", file).Output()
	require.NoError(t, err)
	return strings.Count(string(out), "\n")
}

func TestCaptureWritesAFileThatItReads(t *testing.T) {
	bin, file := built(t, "capture"), filepath.Join(t.TempDir(), "packets.pcapng")
	c := harness.Command(t, bin, "-w", file, "-n", "20")
	wrote := totals(t, c.Wait())
	assert.True(t, strings.HasPrefix(wrote, "20 packets, "), wrote)
	assert.Contains(t, wrote, "; 0 cut, 0 dropped, 0 unreadable; ARP ")
	quiet(t, c)
	assert.Equal(t, wrote, totals(t, harness.Command(t, bin, "-q", "-r", file).Wait()))
	assert.Equal(t, 20, readable(t, file))

	// The file of a capture that was killed ends anywhere.
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text[:1000], 0o600))
	assert.Contains(t, totals(t, harness.Command(t, bin, "-q", "-r", file).Wait()), "1 unreadable")
	clean(t)
}

func TestCaptureCutsAndFiltersAndCountsThat(t *testing.T) {
	harness.Need(t, harness.Tcpdump)
	c := harness.Command(t, built(t, "capture"), "-n", "10", "-f", "icmp6 or udp", "-s", "64", "-dir", "rx")
	lines := c.Wait()
	assert.Contains(t, totals(t, lines), "; 10 cut, 0 dropped, 0 unreadable; UDP 10")
	assert.NotContains(t, strings.Join(lines, "\n"), "transmitted")
	clean(t)
}

func TestCaptureEndsWithCtrlCAndWithItsReader(t *testing.T) {
	bin, file := built(t, "capture"), filepath.Join(t.TempDir(), "packets.pcapng")
	c := harness.Command(t, bin, "-w", file, "-n", "0")
	c.Expect("capture: port")
	for range 50 {
		c.Expect("")
	}
	c.Signal(syscall.SIGINT)
	wrote := totals(t, c.Wait())
	assert.Contains(t, wrote, fmt.Sprint(readable(t, file), " packets, "))
	clean(t)

	cmd := exec.Command(bin, "-w", "-", "-n", "0", "-q")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	lines, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, 2000))
	require.NoError(t, err)
	require.NoError(t, out.Close()) // nothing reads any more
	text, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait(), string(text))
	assert.Contains(t, string(text), "summary: ")
	clean(t)
}

func TestCaptureReturnsErrorsWithTheFix(t *testing.T) {
	bin := built(t, "capture")
	for args, fix := range map[string]string{
		"-prefix nosuch":   "none runs with file prefix",
		"-dir up":          "use rx, tx or both",
		"-f nonsense":      "syntax error",
		"-port net_nosuch": "no such device",
		"-r /dev/null":     "not a pcap or pcapng file",
	} {
		assert.Contains(t, harness.Command(t, bin, strings.Fields(args)...).Fail(), fix)
	}
	clean(t)
}
