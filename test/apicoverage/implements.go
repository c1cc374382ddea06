package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// implements returns, for each DPDK function on an "Implements:" line below root, the Go symbols that implement it.
func implements(root string) (map[string][]string, error) {
	symbols := map[string][]string{}
	for _, dir := range []string{"dpdk", "cgo"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			pkg, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			if pkg != "dpdk" {
				pkg = strings.TrimPrefix(pkg, "dpdk/")
			}
			for _, decl := range file.Decls {
				for name, doc := range docs(decl) {
					_, list, _ := strings.Cut("\n"+doc.Text(), "\nImplements:")
					for function := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
						if symbol := pkg + "." + name; !slices.Contains(symbols[function], symbol) {
							symbols[function] = append(symbols[function], symbol)
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return symbols, nil
}

// docs returns the names that decl declares, with their doc comments.
func docs(decl ast.Decl) map[string]*ast.CommentGroup {
	list := map[string]*ast.CommentGroup{}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = receiver(d.Recv.List[0].Type) + "." + name
		}
		list[name] = d.Doc
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			doc := d.Doc
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Doc != nil {
					doc = s.Doc
				}
				list[s.Name.Name] = doc
			case *ast.ValueSpec:
				if s.Doc != nil {
					doc = s.Doc
				}
				list[s.Names[0].Name] = doc
			}
		}
	}
	return list
}

// receiver returns the name of a receiver's type, without pointer and type parameters.
func receiver(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}
