//go:build linux

package read

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/telemetry"
	"github.com/godpdk/godpdk/examples/top/sample"
)

// scripted returns a source with a shell script as its child. Each start of the script adds a line to the file.
func scripted(t *testing.T, script string) (s Source, starts string) {
	starts = filepath.Join(t.TempDir(), "starts")
	s = Secondary("p", "/nowhere/dpdk/p", 30*time.Second, "sh", "-c", "echo >>"+starts+"; "+script, "sh")
	t.Cleanup(func() { s.Close() })
	return s, starts
}

func TestAnErrorOfAReadingKeepsTheSecondary(t *testing.T) {
	s, starts := scripted(t, `echo '{}'; read x; echo '{"error":"a port is lost"}'; read x; echo '{"target":{"version":"v"}}'; read x`)
	assert.EqualError(t, s.Read(t.Context(), &sample.Target{}), "the secondary of top: a port is lost")
	var x sample.Target
	require.NoError(t, s.Read(t.Context(), &x))
	assert.Equal(t, []string{"v", "secondary"}, []string{x.Version, x.Via})
	lines, err := os.ReadFile(starts)
	require.NoError(t, err)
	assert.Equal(t, "\n", string(lines), "it started once")
	require.NoError(t, s.Close())
	assert.ErrorIs(t, s.Read(t.Context(), &x), net.ErrClosed)
}

func TestAFailedAttachKeepsItsError(t *testing.T) {
	s, starts := scripted(t, `echo '{"error":"it is stuck"}'`)
	for range 3 {
		assert.EqualError(t, s.Read(t.Context(), &sample.Target{}), "the secondary of top: it is stuck")
	}
	lines, err := os.ReadFile(starts)
	require.NoError(t, err)
	assert.Equal(t, "\n", string(lines), "it does not start again at once")
}

// The script waits for the end of its input.
func TestASecondaryThatWritesSomethingElseIsEnded(t *testing.T) {
	s, _ := scripted(t, `echo 'not JSON'; cat`)
	assert.EqualError(t, s.Read(t.Context(), &sample.Target{}), "the secondary of top has ended")
}

func TestCloseDuringReadEndsTheSecondary(t *testing.T) {
	s, _ := scripted(t, `echo '{}'; read x; echo '{"target":{}}'; cat`)
	require.NoError(t, s.Read(t.Context(), &sample.Target{}))
	ended := make(chan error)
	go func() { ended <- s.Read(t.Context(), &sample.Target{}) }()
	require.NoError(t, s.Close())
	assert.Error(t, <-ended)
}

func TestAListThatIsCutHasANote(t *testing.T) {
	var x sample.Target
	for _, err := range []error{dpdk.ErrOverflow, dpdk.ErrMessageSize, dpdk.ErrBadMessage, dpdk.ErrNotFound} {
		assert.NoError(t, tolerate(&x, "rings", err, nil))
	}
	assert.Equal(t, []string{"rings: the list is incomplete"}, x.Notes)
	x.Via, x.Prefix = "telemetry", "p"
	x.Notes = append(x.Notes, "pools: … "+hint(&x))
	fill(&x, &sample.Target{})
	assert.Equal(t, []string{"rings: the list is incomplete"}, x.Notes, "a secondary does not complete it")
}

func TestNumbersOfQueuesAreBounded(t *testing.T) {
	for n, want := range map[int]int{-1: 0, 0: 0, 7: 7, 1 << 40: 1024} {
		i := telemetry.PortInfo{RxQueues: number(n)}
		assert.Len(t, xqueues(&i, nil), want, "%d queues", n)
	}
}
