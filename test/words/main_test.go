package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// This file is the one that words does not check.
func TestFind(t *testing.T) {
	for _, c := range []struct{ path, text, want string }{
		{"a.go", "// A pool is no\n// ring.", "is no"},
		{"a.go", `who := "it is no " +` + "\n\t" + `"ring"`, "is no"},
		{"a.go", "// It is no longer a ring.", ""},
		{"a.go", "func TestWhoFrees(t *testing.T) {", "TestWhoF"},
		{"a.go", "who := whose", ""},
		{"a.h", "/* It stands\n * for a ring. */", ""},
		{"a.h", "/* It stands in a ring. */ int who;", "stands"},
		{"a.md", "Not `who` but its owner.", ""},
		{"a.sh", "# A ring tells\n# its size.", "tells"},
	} {
		bad, ok := parse(phrases)
		text := words(c.path, []byte(c.text))
		found := ""
		for _, hit := range find(text, bad, ok) {
			found += strings.Join(strings.Fields(string(text[hit[0]:hit[1]])), " ")
		}
		assert.Equal(t, c.want, found, c.text)
	}
}

func TestNouns(t *testing.T) {
	const doc = "package a\n\n// Free %s the ring.\nfunc Free() {}\n\n// len is unexported.\nfunc len() {}\n\nfunc Undocumented() {}\n"
	assert.Empty(t, nouns("a.go", fmt.Appendf(nil, doc, "destroys")))
	assert.Equal(t, []string{"a.go:3: Free is …: begin with the name and a verb"}, nouns("a.go", fmt.Appendf(nil, doc, "is")))
}
