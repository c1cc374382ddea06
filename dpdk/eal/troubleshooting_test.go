package eal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// knownLines returns the parts of EAL's log lines that Init looks for, in this package and
// those that it was split into: the first string in each row of tables, and the arguments of
// strings.Contains and strings.Cut.
func knownLines(t *testing.T) (known []string) {
	t.Helper()
	add := func(values ...ast.Expr) {
		for _, v := range values {
			if row, ok := v.(*ast.CompositeLit); ok {
				v = row.Elts[0]
			}
			if text, ok := v.(*ast.BasicLit); ok && text.Kind == token.STRING {
				line, err := strconv.Unquote(text.Value)
				require.NoError(t, err)
				known = append(known, line)
			}
		}
	}
	var files []string
	for _, dir := range []string{".", "../internal/group"} {
		in, err := filepath.Glob(dir + "/*.go")
		require.NoError(t, err)
		files = append(files, in...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				return slices.Contains([]string{"failure", "limited", "moreLibraries"}, n.Name.Name)
			case *ast.GenDecl:
				return false
			case *ast.RangeStmt:
				if table, ok := n.X.(*ast.CompositeLit); ok {
					add(table.Elts...)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Contains" || f.Sel.Name == "Cut") {
					add(n.Args[1])
				}
			}
			return true
		})
	}
	return known
}

func TestTroubleshootingListsEachKnownLogLine(t *testing.T) {
	page, err := os.ReadFile("troubleshooting.md")
	require.NoError(t, err)
	known := knownLines(t)
	// One of each kind, so that the search above cannot miss a kind unnoticed.
	assert.Subset(t, known, []string{"Is another primary process running?", "Cannot init memory", "Too many open files", "Cannot initialize tailq: "})
	for _, line := range known {
		assert.Contains(t, string(page), "`"+line+"`")
	}
}
