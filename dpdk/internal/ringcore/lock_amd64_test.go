package ringcore_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Without its LOCK a compare-and-swap is wrong for a few cycles only, too rarely
// for a test under load to rely on.
func TestEveryCompareAndSwapIsLocked(t *testing.T) {
	text, err := os.ReadFile("ring_amd64.h")
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	found := 0
	for i, line := range lines {
		if strings.Contains(line, "CMPXCHG") {
			found++
			require.Contains(t, lines[i-1], "LOCK", "line %d", i+1)
		}
	}
	require.Equal(t, 4, found, "compare-and-swaps")
}
