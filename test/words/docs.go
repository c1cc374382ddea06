package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// nouns returns the exported functions without a verb after the name in the doc comment.
func nouns(path string, text []byte) (hits []string) {
	if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
		return nil
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !f.Name.IsExported() {
			continue
		}
		word := strings.Fields(f.Doc.Text() + " . .")[1]
		switch word {
		case "is", "are", "was", "and", "of", "as", "with", "for", "in":
			hits = append(hits, fmt.Sprintf("%s:%d: %s %s …: begin with the name and a verb", path, files.Position(f.Doc.Pos()).Line, f.Name, word))
		}
	}
	return hits
}
