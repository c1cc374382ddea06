//go:build linux

// Package values_test calls every exported method of every exported type with unusual values: nil,
// zero and freed receivers, and odd arguments. Package dpdk documents the rule that it checks.
package values_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

var _ = harness.Role("values", func(args []string) error {
	cfg := harness.Config(0)
	cfg.MemoryMB = 128
	rt, err := eal.Init(cfg)
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i, c := range callsOf(args[0]) {
		if i >= from {
			c.run()
		}
	}
	harness.Say("all")
	return rt.Close()
})

func callsOf(pkg string) (all []call) {
	for _, s := range subjects[pkg] {
		all = append(all, s.calls(pkg)...)
	}
	return append(all, callsOfFunctions(pkg)...)
}

// A call may fail. On a nil or zero receiver it may panic with a nil dereference. It must not end
// the process, hang, or panic on a live or freed handle.
func TestNoValueCrashes(t *testing.T) {
	harness.Need(t, harness.Hugepages)
	for _, pkg := range sorted(subjects) {
		t.Run(pkg, func(t *testing.T) {
			calls := 0
			for from := 0; ; {
				c := harness.Start(t, "values", pkg, fmt.Sprint(from))
				lines, state, stderr := c.End()
				last := ""
				for _, line := range lines {
					switch kind, key, _ := strings.Cut(line, " "); kind {
					case "call":
						last = key
						from++
						calls++
					case "panic":
						if !allowed(key) {
							t.Error(line)
						}
					case "hang":
						t.Error(line)
					}
				}
				if state.Success() {
					require.Contains(t, lines, "all")
					break
				}
				require.NotEmpty(t, last, stderr)
				first, _, _ := strings.Cut(stderr, "\n\n")
				if state.ExitCode() != 3 && !allowed(last+first) { // it has reported a hang
					t.Errorf("%s ended the process (%v): %s", last, state, first)
				}
			}
			t.Logf("%d calls", calls)
		})
	}
}

// allowed reports whether the documentation describes the panic.
func allowed(key string) bool {
	unmade := strings.Contains(key, ", nil: ") || strings.Contains(key, ", zero: ") || strings.Contains(key, ", function: ")
	for _, fault := range []string{"nil pointer dereference", "called using nil", "checkptr: pointer arithmetic"} { // the last with -race
		if unmade && strings.Contains(key, fault) {
			return true
		}
	}
	for prefix := range documented {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func TestEveryTypeWithMethodsIsTested(t *testing.T) {
	dirs, err := os.ReadDir("../../dpdk")
	require.NoError(t, err)
	packages := []string{"ethdev/flow"}
	for _, dir := range dirs {
		if dir.IsDir() && dir.Name() != "internal" && dir.Name() != "ealtest" { // ealtest fails tests
			packages = append(packages, dir.Name())
		}
	}
	for _, pkg := range packages {
		var tested []string
		for _, s := range subjects[pkg] {
			name, _, _ := strings.Cut(s.name, "[")
			tested = append(tested, name)
		}
		for _, name := range typesWithMethods(t, "../../dpdk/"+pkg) {
			assert.Contains(t, tested, name, "package %s: add it to subjects", pkg)
		}
	}
}

func typesWithMethods(t *testing.T, dir string) []string {
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			if name := receiver(f.Recv.List[0].Type); ast.IsExported(name) {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
