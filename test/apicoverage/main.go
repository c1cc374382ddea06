// Command apicoverage compares the functions of DPDK's headers with the "Implements:" lines of the doc comments in dpdk/ and cgo/,
// and writes README.md and pages/ in this folder. Run it in the root of the repository:
//
//	go run ./test/apicoverage           # write the pages
//	go run ./test/apicoverage -headers  # first list the functions of the DPDK that pkg-config finds, in testdata/RELEASE.txt
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// folder is this folder, below the root of the repository.
const folder = "test/apicoverage"

func main() {
	headers := flag.Bool("headers", false, "list the functions of the DPDK that pkg-config finds")
	flag.Parse()
	if err := run(*headers); err != nil {
		fmt.Fprintln(os.Stderr, "apicoverage:", err)
		os.Exit(1)
	}
}

func run(headers bool) error {
	if headers {
		release, lines, err := readHeaders()
		if err != nil {
			return err
		}
		path := filepath.Join(folder, "testdata", release+".txt")
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	pages, _, err := makePages(".")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(folder, "pages")); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "pages"), 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
