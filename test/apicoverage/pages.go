package main

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

//go:embed testdata
var testdata embed.FS

// kind is what godpdk has for a function of DPDK.
type kind int

const (
	covered kind = iota
	inGo
	notWrapped
	missing
	kinds
)

var kindNames = [kinds]string{"covered", "Go equivalent", "not wrapped", "**missing**"}

type function struct {
	name, header string
	in           map[string]bool // releases
	kind         kind
	why          string // Go symbols, or a reason
}

// rule is a line of a table in testdata: a key and patterns.
type rule struct{ key, value string }

// makePages returns the pages by their paths below this folder, and the mistakes in the Implements lines and in the tables.
func makePages(root string) (pages map[string]string, mistakes []string, err error) {
	symbols, err := implements(root)
	if err != nil {
		return nil, nil, err
	}
	releases, functions := readReleases()
	for name := range symbols {
		if functions[name] == nil {
			mistakes = append(mistakes, fmt.Sprintf("%s: no header of DPDK %s has %s: fix the Implements line", strings.Join(symbols[name], ", "), strings.Join(releases, ", "), name))
		}
	}
	classes := map[kind][]rule{inGo: rules("equivalents.txt"), notWrapped: rules("notwrapped.txt")}
	libraries := rules("libraries.txt")
	groups := map[string][]*function{}
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		f := functions[name]
		f.classify(symbols[name], classes)
		library := "other"
		if i := slices.IndexFunc(libraries, func(r rule) bool { return matches(r.value, f.header) }); i >= 0 {
			library = libraries[i].key
		}
		groups[library] = append(groups[library], f)
	}
	for _, list := range classes {
		for _, r := range list {
			for pattern := range strings.FieldsSeq(r.value) {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(functions)), func(name string) bool { return matches(pattern, name) }) {
					mistakes = append(mistakes, fmt.Sprintf("testdata: no function is named %s: delete the pattern", pattern))
				}
			}
		}
	}

	pages = map[string]string{}
	with, without := "", ""
	for _, library := range slices.Sorted(maps.Keys(groups)) {
		var count [kinds]int
		total := map[string]int{}
		done := map[string]int{}
		for _, f := range groups[library] {
			count[f.kind]++
			for r := range f.in {
				total[r]++
				if f.kind != missing {
					done[r]++
				}
			}
		}
		row := ""
		if count[missing] == len(groups[library]) {
			for _, r := range releases {
				row += fmt.Sprintf(" | %d", total[r])
			}
			without += "| " + library + row + " |\n"
			continue
		}
		for _, n := range count {
			row += fmt.Sprintf(" | %d", n)
		}
		for _, r := range releases {
			row += fmt.Sprintf(" | %d of %d", done[r], total[r])
		}
		with += fmt.Sprintf("| [%s](pages/%s.md)%s |\n", library, library, row)
		pages["pages/"+library+".md"] = page(library, releases, groups[library])
	}
	columns := strings.Join(releases, " | ")
	dashes := strings.Repeat("---:|", len(releases))
	pages["README.md"] = intro + "| library | covered | Go equivalent | not wrapped | missing | " + columns + " |\n|---|---:|---:|---:|---:|" + dashes + "\n" + with +
		"\n## Libraries that godpdk does not cover\n\nThe numbers are functions.\n\n| library | " + columns + " |\n|---|" + dashes + "\n" + without
	slices.Sort(mistakes)
	return pages, mistakes, nil
}

const intro = `# Which functions of DPDK godpdk covers

Written by ` + "`make coverage-api`" + `. Do not edit: change the Implements lines in the code, or the tables in testdata.

- **covered**: a Go function or type implements it. Its doc comment ends with a line "Implements: rte_…".
- **Go equivalent**: Go or its standard library already has it.
- **not wrapped**: godpdk leaves it out on purpose.
- **missing**: none of these.

Functions are exported functions, static inline functions, and function-like macros of the public headers. The first four numbers
count a function once. The columns of releases count the functions of that release: covered, Go equivalent or not wrapped, of all.

To add a release, install its headers and run ` + "`go run ./test/apicoverage -headers`" + `.

`

func page(library string, releases []string, functions []*function) string {
	text := fmt.Sprintf("# %s\n\nSee [all libraries](../README.md).\n\n| function | %s | is | Go symbol or reason |\n|---|%s---|---|\n",
		library, strings.Join(releases, " | "), strings.Repeat(":---:|", len(releases)))
	for _, f := range functions {
		text += "| `" + f.name + "`"
		for _, r := range releases {
			if f.in[r] {
				text += " | x"
			} else {
				text += " | "
			}
		}
		text += " | " + kindNames[f.kind] + " | " + f.why + " |\n"
	}
	return text
}

// classify sets what godpdk has for f.
func (f *function) classify(symbols []string, classes map[kind][]rule) {
	if len(symbols) > 0 {
		f.kind = covered
		f.why = "`" + strings.Join(symbols, "`, `") + "`"
		return
	}
	for _, f.kind = range []kind{inGo, notWrapped} {
		for _, r := range classes[f.kind] {
			if matches(r.value, f.name) {
				f.why = r.key
				return
			}
		}
	}
	f.kind = missing
}

func matches(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
		ok, _ := path.Match(pattern, name)
		return ok
	})
}

// rules reads lines "key: patterns".
func rules(name string) []rule {
	text, err := testdata.ReadFile("testdata/" + name)
	if err != nil {
		panic(err)
	}
	var list []rule
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && line[0] != '#' {
			list = append(list, rule{key, value})
		}
	}
	return list
}

// readReleases reads the lists that -headers has written.
func readReleases() (releases []string, functions map[string]*function) {
	functions = map[string]*function{}
	files, err := testdata.ReadDir("testdata")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		release := strings.TrimSuffix(file.Name(), ".txt")
		if release[0] < '0' || release[0] > '9' {
			continue
		}
		text, err := testdata.ReadFile("testdata/" + file.Name())
		if err != nil {
			panic(err)
		}
		releases = append(releases, release)
		for line := range strings.Lines(string(text)) {
			header, name, _ := strings.Cut(strings.TrimSpace(line), " ")
			if functions[name] == nil {
				functions[name] = &function{name: name, in: map[string]bool{}}
			}
			functions[name].in[release] = true
			functions[name].header = header
		}
	}
	return releases, functions
}
