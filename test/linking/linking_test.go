//go:build linux

// Package linking runs one program linked with DPDK shared, or static where the tests are built with the tag
// godpdk_static: both must find the same.
package linking

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

func TestSharedAndStaticProgramsDoTheSame(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	bin := filepath.Join(t.TempDir(), "smoke")
	args := []string{"build", "-o", bin}
	if static {
		args = append(args, "-tags", "godpdk_static", "-ldflags", "-extldflags -static")
	}
	out, err := exec.Command("go", append(args, "./smoke")...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	libs, _ := exec.Command("ldd", bin).CombinedOutput() // fails where there are none
	assert.Equal(t, !static, strings.Contains(string(libs), "librte_eal"), "%s", libs)

	lines := harness.Command(t, bin, "-admin").Wait()
	require.Len(t, lines, 8, lines)
	assert.Contains(t, lines[0], "version DPDK ")
	assert.Contains(t, lines[1], "eal.Init ")
	assert.Equal(t, []string{"port net_null", "port net_memif", "port net_af_packet", "port net_tap", "traffic 32", "processes 2"}, lines[2:])
}
