package layers

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestREADMEContainsHelloRing(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	program, err := os.ReadFile(filepath.Join(root, "examples", "hello-ring", "main.go"))
	require.NoError(t, err)
	_, code, found := strings.Cut(string(program), "\npackage main\n")
	require.True(t, found)
	assert.Contains(t, string(page), "```go\npackage main\n"+code+"```\n")
}

func TestREADMEListsEachPackage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	walk(t, func(file string) {
		dir := path.Dir(file)
		if strings.HasSuffix(file, ".go") && strings.HasPrefix(dir, "dpdk") && !strings.Contains(dir, "internal") {
			assert.Contains(t, string(page), "| ["+dir+"]("+dir+") |")
		}
	})
}
