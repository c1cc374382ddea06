// Command words lists the phrases of phrases.txt in comments, strings, test names, pages and scripts, and the exported functions
// with a doc comment that has no verb after the name. It fails if there are any.
//
//	go run ./test/words            # everything
//	go run ./test/words dpdk/ring  # these files and folders
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// phrases holds one regular expression a line. A space matches any white space, so that a phrase is found across a line break.
// A line that starts with "ok " is ordinary text that a phrase would match.
//
//go:embed phrases.txt
var phrases string

var (
	// Comments, literals and the names of tests are the words of a Go, C or assembly file.
	prose = regexp.MustCompile("(?s)/\\*.*?\\*/|//[^\n]*|\"(?:\\\\.|[^\"\\\\\n])*\"|`[^`]*`|'(?:\\\\.|[^'\\\\\n])+'|func (?:Test|Example)\\w+")
	// What a phrase may contain besides white space where it goes on in the next line.
	between = regexp.MustCompile(`(?m)^[ \t]*(?://+|\*|#+|>)|" *\+$|^[ \t]*"`)
	// A span of code in a page may quote a phrase.
	code = regexp.MustCompile("`[^`\n]+`")
)

func main() {
	roots := os.Args[1:]
	if len(roots) == 0 {
		roots = []string{"."}
	}
	bad, ok := parse(phrases)
	count := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if err == nil && (d.Name() == ".git" || d.Name() == "vendor" || d.Name() == "testdata" || d.Name() == "bin") {
					return filepath.SkipDir
				}
				return err
			}
			if !checked(path) {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, hit := range nouns(path, text) {
				fmt.Println(hit)
				count++
			}
			text = words(path, text)
			for _, hit := range find(text, bad, ok) {
				line := 1 + bytes.Count(text[:hit[0]], []byte("\n"))
				fmt.Printf("%s:%d: %s\n", path, line, strings.Join(strings.Fields(string(text[hit[0]:hit[1]])), " "))
				count++
			}
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "words:", err)
			os.Exit(2)
		}
	}
	fmt.Printf("words: %d\n", count)
	if count > 0 {
		os.Exit(1)
	}
}

// parse returns the expressions of the forbidden phrases and of the ordinary text.
func parse(list string) (bad, ok *regexp.Regexp) {
	var forbidden, ordinary []string
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		text, allowed := strings.CutPrefix(line, "ok ")
		switch {
		case line == "" || line[0] == '#':
		case allowed:
			ordinary = append(ordinary, strings.ReplaceAll(text, " ", `\s+`))
		default:
			forbidden = append(forbidden, strings.ReplaceAll(text, " ", `\s+`))
		}
	}
	join := func(list []string) *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:` + strings.Join(list, "|") + `)`)
	}
	return join(forbidden), join(ordinary)
}

// checked reports whether the file has words to check. The test of words must hold phrases.
func checked(path string) bool {
	if abs, err := filepath.Abs(path); err == nil && strings.HasSuffix(abs, "test/words/main_test.go") {
		return false
	}
	switch filepath.Ext(path) {
	case ".go", ".c", ".h", ".s", ".md", ".sh", ".yml", ".yaml":
		return true
	}
	switch filepath.Base(path) {
	case "Makefile", "Dockerfile", "run":
		return true
	}
	return false
}

// words returns text with all that is not prose replaced by as many zero bytes, so that offsets and lines remain.
func words(path string, text []byte) []byte {
	switch filepath.Ext(path) {
	case ".go", ".c", ".h", ".s":
		kept := make([]byte, len(text))
		for i, b := range text {
			if bytes.IndexByte([]byte(" \t\n+"), b) >= 0 {
				kept[i] = b
			}
		}
		for _, at := range prose.FindAllIndex(text, -1) {
			copy(kept[at[0]:at[1]], text[at[0]:at[1]])
		}
		text = kept
	case ".md":
		text = code.ReplaceAllFunc(text, func(b []byte) []byte { return make([]byte, len(b)) })
	}
	return between.ReplaceAllFunc(text, func(b []byte) []byte { return bytes.Repeat([]byte(" "), len(b)) })
}

// find returns where the phrases are, outside ordinary text.
func find(text []byte, bad, ok *regexp.Regexp) [][]int {
	text = ok.ReplaceAllFunc(text, func(b []byte) []byte { return make([]byte, len(b)) })
	return bad.FindAllIndex(text, -1)
}
