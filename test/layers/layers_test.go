// Package layers checks the direction of imports (examples, test → dpdk → cgo → include), that headers have no state, and
// that no script sets the CGO_*_ALLOW variables.
package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/godpdk/godpdk"
	root   = "../.."
)

// forbidden returns why the file (a path below the root) must not import path, or "" if it may.
func forbidden(file, path string) string {
	below := func(dir string) bool { return strings.HasPrefix(file, dir+"/") }
	imports := func(dir string) bool {
		return path == module+"/"+dir || strings.HasPrefix(path, module+"/"+dir+"/")
	}
	// As in the standard library, a package named …test under internal/ helps tests of several packages.
	helper := regexp.MustCompile(`/internal/(.*/)?\w+test(/|$)`)
	isTest := strings.HasSuffix(file, "_test.go") || helper.MatchString(filepath.Dir(file)+"/")

	switch {
	case path == "C":
		if !below("cgo") && !below("test") {
			return "only cgo/ and test/ may import \"C\""
		}
		return ""
	case (below("cgo") || below("include")) && imports("dpdk"):
		return "cgo/ and include/ must not import dpdk/"
	case below("include") && imports("cgo"):
		return "include/ must not import cgo/"
	case isTest || !(below("dpdk") || below("cgo") || below("include")):
		return ""
	case imports("examples") || imports("test"):
		return "the library must not import examples/ or test/"
	case strings.HasPrefix(path, module+"/") && helper.MatchString(path):
		return "only tests may import a test helper"
	case path == module || strings.HasPrefix(path, module+"/"):
		return ""
	case path == "golang.org/x/sys" || strings.HasPrefix(path, "golang.org/x/sys/"):
		return ""
	case (below("dpdk/packet") || below("dpdk/pdump")) && strings.HasPrefix(path, "github.com/google/gopacket"):
		return ""
	case below("dpdk/pdump") && path == "golang.org/x/net/bpf": // a part of gopacket's pcapgo too
		return ""
	case strings.Contains(strings.Split(path, "/")[0], "."):
		return "the library may import the standard library and golang.org/x/sys only"
	}
	return ""
}

// walk calls f with the path below the root of each file of this module.
func walk(t *testing.T, f func(file string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "vendor", "testdata", "bin":
				return filepath.SkipDir
			}
			return nil
		}
		f(filepath.ToSlash(file))
		return nil
	})
	require.NoError(t, err)
}

func TestImportsPointDownwards(t *testing.T) {
	seen := map[string]int{}
	// The go command would list the files of one operating system, processor and set of tags only.
	walk(t, func(file string) {
		if !strings.HasSuffix(file, ".go") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
		if !assert.NoError(t, err) {
			return
		}
		seen[strings.Split(file, "/")[0]]++
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if why := forbidden(file, path); why != "" {
				t.Errorf("%s imports %q: %s", file, path, why)
			}
		}
	})
	for _, floor := range []string{"cgo", "dpdk", "examples", "include", "test"} {
		assert.NotZero(t, seen[floor], "no Go file found below %s/: this test searched the wrong place", floor)
	}
}

func TestForbidden(t *testing.T) {
	tests := []struct {
		file, path string
		ok         bool
	}{
		{"cgo/ring.go", "C", true},
		{"test/bench/c.go", "C", true},
		{"dpdk/ring/ring.go", "C", false},
		{"dpdk/ring/ring_test.go", "C", false},
		{"examples/rings/main.go", "C", false},
		{"cgo/ring.go", module + "/include", true},
		{"cgo/ring.go", module + "/dpdk", false},
		{"cgo/ring_test.go", module + "/dpdk/eal", false},
		{"include/include.go", module + "/dpdk", false},
		{"include/include.go", module + "/cgo", false},
		{"dpdk/ring/ring.go", module + "/cgo", true},
		{"dpdk/ring/ring.go", module + "/dpdk/internal/ringcore", true},
		{"dpdk/ring/ring.go", module + "/test/harness", false},
		{"dpdk/ring/ring.go", module + "/examples/rings", false},
		{"dpdk/ring/ring_test.go", module + "/test/harness", true},
		{"dpdk/ring/differential_test.go", module + "/test/twin", true},
		{"dpdk/ring/ring.go", module + "/test/twin", false},
		{"dpdk/internal/core/coretest/local.go", "github.com/stretchr/testify/require", true},
		{"dpdk/internal/core/coretest/local.go", "C", false},
		{"dpdk/internal/core/core.go", "github.com/stretchr/testify/require", false},
		{"dpdk/internal/core/core.go", module + "/dpdk/internal/core/coretest", false},
		{"dpdk/internal/core/core_test.go", module + "/dpdk/internal/core/coretest", true},
		{"dpdk/ring/ring.go", "unsafe", true},
		{"dpdk/ring/ring.go", "sync/atomic", true},
		{"dpdk/eal/eal.go", "golang.org/x/sys/unix", true},
		{"dpdk/eal/eal.go", "golang.org/x/sync/errgroup", false},
		{"dpdk/eal/eal_test.go", "github.com/stretchr/testify/assert", true},
		{"cgo/eal.go", "github.com/stretchr/testify/assert", false},
		{"dpdk/packet/packet.go", "github.com/google/gopacket/layers", true},
		{"dpdk/pdump/writer.go", "github.com/google/gopacket/pcapgo", true},
		{"dpdk/pdump/filter.go", "golang.org/x/net/bpf", true},
		{"dpdk/ring/ring.go", "golang.org/x/net/bpf", false},
		{"dpdk/ring/ring.go", "github.com/google/gopacket", false},
		{"examples/rings/main.go", "github.com/schollz/progressbar/v3", true},
	}
	for _, test := range tests {
		t.Run(test.file+" imports "+test.path, func(t *testing.T) {
			why := forbidden(test.file, test.path)
			assert.Equal(t, test.ok, why == "", why)
		})
	}
}

func TestHeadersHaveNoState(t *testing.T) {
	headers, err := filepath.Glob(filepath.Join(root, "include", "*.h"))
	require.NoError(t, err)
	require.NotEmpty(t, headers)
	state := regexp.MustCompile(`(?m)^static |^(__thread|.*[^n] __thread)|\(constructor\)`) // "extern __thread" is a declaration
	for _, header := range headers {
		text, err := os.ReadFile(header)
		require.NoError(t, err)
		assert.NotRegexp(t, state, strings.ReplaceAll(string(text), "static inline", "inline"), "%s: state and callbacks belong in a .c file in cgo/", header)
	}
}

func TestNoScriptSetsAllowVariables(t *testing.T) {
	allow := regexp.MustCompile(`CGO_\w*_ALLOW`)
	seen := map[string]bool{}
	walk(t, func(file string) {
		name := filepath.Base(file)
		if name != "Makefile" && !strings.HasSuffix(name, ".sh") && !strings.HasSuffix(name, ".mk") &&
			!strings.HasPrefix(file, ".ci/") {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		seen[file] = true
		assert.NotRegexp(t, allow, string(text), file)
	})
	for _, file := range []string{"Makefile", ".ci/run", "test/setup/packages.sh"} {
		assert.True(t, seen[file], "%s was not checked", file)
	}
}
