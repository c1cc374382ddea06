//go:build linux

// Package linking runs one program that is linked with shared DPDK, or with static DPDK if the tests are built with the tag
// godpdk_static. Both programs must print the same. The program is built with the build tags of the tests.
package linking

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

func TestProgramPrintsTheSameSharedAndStatic(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	tags := buildTags(t)
	static := slices.Contains(tags, "godpdk_static")
	bin := filepath.Join(t.TempDir(), "smoke")
	args := []string{"build", "-o", bin, "-tags", strings.Join(tags, ",")}
	if static {
		args = append(args, "-ldflags", "-extldflags -static")
	}
	out, err := exec.Command("go", append(args, "./smoke")...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	libs, _ := exec.Command("ldd", bin).CombinedOutput() // ldd fails for a static program
	assert.Equal(t, !static, strings.Contains(string(libs), "librte_eal"), "%s", libs)

	lines := harness.Command(t, bin, "-admin").Wait()
	require.Len(t, lines, 8, lines)
	assert.Contains(t, lines[0], "version DPDK ")
	assert.Contains(t, lines[1], "eal.Init ")
	assert.Equal(t, []string{"port net_null", "port net_memif", "port net_af_packet", "port net_tap", "traffic 32", "processes 2"}, lines[2:])
}

// A secondary that has librte_hash cannot attach to a primary without it. So a program with hash functions only must not have it.
func TestHashFunctionsDoNotLinkTheLibraryOfTables(t *testing.T) {
	for _, c := range []struct {
		tags   []string
		tables bool
	}{{buildTags(t), false}, {append(buildTags(t), "tables"), true}} {
		tags := strings.Join(c.tags, ",")
		deps, err := exec.Command("go", "list", "-deps", "-tags", tags, "./hashes").Output()
		require.NoError(t, err)
		assert.Contains(t, string(deps), "github.com/godpdk/godpdk/dpdk/hash\n")
		assert.Equal(t, c.tables, strings.Contains(string(deps), "github.com/godpdk/godpdk/cgo/hash\n"), tags)

		bin := filepath.Join(t.TempDir(), "hashes")
		out, err := exec.Command("go", "build", "-o", bin, "-tags", tags, "./hashes").CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, []string{"e3069283 true"}, harness.Command(t, bin).Wait())
		if slices.Contains(c.tags, "godpdk_static") {
			continue // it has no list of libraries
		}
		file, err := elf.Open(bin)
		require.NoError(t, err)
		libs, err := file.ImportedLibraries()
		require.NoError(t, err)
		require.NoError(t, file.Close())
		has := func(lib string) bool {
			return slices.ContainsFunc(libs, func(l string) bool { return strings.HasPrefix(l, lib+".so") })
		}
		assert.True(t, has("librte_eal"), libs)
		assert.Equal(t, c.tables, has("librte_hash"), libs)
	}
}

// buildTags returns the build tags of this test.
func buildTags(t *testing.T) []string {
	info, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return strings.Split(s.Value, ",")
		}
	}
	return nil
}
