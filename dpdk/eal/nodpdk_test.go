package eal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program without cgo compiles, and each entry point returns the reason in its error.
func TestProgramBuiltWithoutDPDK(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "nodpdk")
	build := exec.Command("go", "build", "-o", bin, "./testdata/nodpdk")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command(bin).CombinedOutput()
	require.NoError(t, err, "%s", out)
	const why = "built without DPDK, which needs Linux and cgo (CGO_ENABLED=1): operation not supported true true\n"
	assert.Equal(t, `version ""`+"\nrte_eal_init: "+why+"rte_eal_init: "+why+`rte_ring_lookup "r": `+why+`rte_mempool_lookup "p": `+why, string(out))
}
