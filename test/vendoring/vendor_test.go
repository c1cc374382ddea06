// Package vendoring checks that a module that vendors godpdk builds: go mod vendor copies only folders of imported Go
// packages, and the C headers must be among them.
package vendoring

import (
	"fmt"
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

const module = "github.com/godpdk/godpdk"

const program = `package main

import (
	"fmt"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ring"
)

type quote struct{ bid, ask uint64 }

// References link both.
var (
	start  = eal.Init
	lookup = ring.Lookup[quote]
)

func main() {
	if start == nil || lookup == nil {
		panic("nothing linked")
	}
	fmt.Println(dpdk.Version())
}
`

func TestVendoredModuleBuilds(t *testing.T) {
	harness.LongOnly(t, "it compiles all of cgo/ once more, which takes half a minute")
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()

	// go.sum and the module cache have only the versions of this module.
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	own := regexp.MustCompile(`(?m)^tool \([^)]*\)|^(module|tool) .*$`).ReplaceAllString(string(goMod), "")
	goMod = fmt.Appendf(nil, "module example.org/scratch\n%s\nrequire %s v0.0.0\n\nreplace %s => %s\n", own, module, module, root)
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	for name, text := range map[string][]byte{"go.mod": goMod, "go.sum": goSum, "main.go": []byte(program)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}

	run := func(goflags, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS="+goflags, "GOWORK=off")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %s:\n%s", name, strings.Join(args, " "), out)
		return string(out)
	}
	run("-mod=mod", "go", "mod", "tidy")
	run("", "go", "mod", "vendor")

	headers, err := filepath.Glob(filepath.Join(root, "include", "*.h"))
	require.NoError(t, err)
	require.NotEmpty(t, headers)
	for _, header := range headers {
		assert.FileExists(t, filepath.Join(dir, "vendor", module, "include", filepath.Base(header)))
	}

	binary := filepath.Join(dir, "scratch")
	run("", "go", "build", "-mod=vendor", "-o", binary)
	version := strings.TrimSpace(run("", "pkg-config", "--modversion", "libdpdk"))
	assert.Contains(t, run("", binary), version)
}
