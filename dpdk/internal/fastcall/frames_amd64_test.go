package fastcall_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/internal/fastcall"
	"github.com/godpdk/godpdk/test/harness"
)

// maxFrame is the largest frame of a driver in the list, in bytes.
const maxFrame = 16 << 10

// archives are the static libraries of the drivers in the list.
var archives = map[string][]string{
	"null": {"net_null"}, "ring": {"net_ring"},
	"e1000": {"net_e1000_em", "net_e1000_igb", "net_e1000_igb_vf"}, "igc": {"net_igc"},
	"i40e": {"net_i40e"}, "iavf": {"net_iavf"}, "ena": {"net_ena"}, "vmxnet3": {"net_vmxnet3"},
}

// All functions of the libraries are scanned: bursts call some through pointers.
func TestDriversInTheListHaveSmallFrames(t *testing.T) {
	var listed []string
	for archive, drivers := range archives {
		listed = append(listed, drivers...)
		if _, err := os.Stat(library(t, archive)); err != nil && archive != "null" {
			t.Logf("this release has no library for %v: %v", drivers, err)
			continue
		}
		functions, frames := scan(t, archive)
		assert.Greater(t, functions, 20, archive)
		for name, f := range frames {
			assert.LessOrEqual(t, f.bytes, maxFrame, "%s of %s", name, archive)
			assert.False(t, f.variable, "%s of %s: its frame has no fixed size", name, archive)
		}
	}
	assert.ElementsMatch(t, fastcall.Measured, listed)
}

// The scan finds the frames for which drivers are not in the list.
func TestScanFindsLargeAndVariableFrames(t *testing.T) {
	_, frames := scan(t, "dpaa")
	assert.Greater(t, frames["dpaa_eth_queue_tx"].bytes, 2*fastcall.StackSize-4096)
	_, frames = scan(t, "bond")
	assert.Greater(t, frames["bond_ethdev_tx_burst_alb"].bytes, fastcall.StackSize)
	_, frames = scan(t, "virtio")
	assert.True(t, frames["virtio_recv_pkts"].variable, "it has 8 bytes for each free descriptor")
}

type frame struct {
	bytes    int
	variable bool
}

var (
	function = regexp.MustCompile(`^[0-9a-f]+ <(.+)>:$`)
	// a loop that touches each page of a large frame has its end in R11
	constant = regexp.MustCompile(`\b(?:(sub|add)\s+\$0x([0-9a-f]+),%rsp|lea\s+-0x([0-9a-f]+)\(%rsp\),%r(?:11|sp))`)
	variable = regexp.MustCompile(`\bsub\s+%r\w+,%rsp`)
	push     = regexp.MustCompile(`\bpush\b`)
)

// library returns the path of a driver's static library.
func library(t *testing.T, driver string) string {
	t.Helper()
	harness.Need(t, harness.Compiler)
	dir, err := exec.Command("pkg-config", "--variable=libdir", "libdpdk").Output()
	require.NoError(t, err)
	return filepath.Join(strings.TrimSpace(string(dir)), "librte_net_"+driver+".a")
}

// scan returns the number of functions of a driver's library, and the frames by function: all
// that its instructions can take from the stack in one pass.
func scan(t *testing.T, driver string) (functions int, frames map[string]frame) {
	t.Helper()
	path := library(t, driver)
	cmd := exec.Command("objdump", "-d", "--no-show-raw-insn", path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	frames = map[string]frame{}
	var name string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if m := function.FindStringSubmatch(line); m != nil {
			name = m[1]
			functions++
			continue
		}
		f := frames[name]
		if m := constant.FindStringSubmatch(line); m != nil {
			n, err := strconv.ParseUint(m[2]+m[3], 16, 64)
			require.NoError(t, err)
			bytes := int(n) // negative for some additions and subtractions
			if m[1] == "add" {
				bytes = -bytes
			}
			f.bytes += max(0, bytes)
		} else if variable.MatchString(line) {
			f.variable = true
		} else if push.MatchString(line) {
			f.bytes += 8
		} else {
			continue
		}
		frames[name] = f
	}
	require.NoError(t, cmd.Wait(), path)
	return functions, frames
}
