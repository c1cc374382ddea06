// Command plot reads the file of BENCH_JSON: it draws pictures, writes the results into pages, and
// compares two runs.
//
//	plot svg DIR FILE          # draws the pictures
//	plot rivals DIR FILE       # the picture of make bench-rivals
//	plot page FILE PAGE…       # replaces the text between the markers of the pages
//	plot compare OLD NEW       # by the method of benchstat
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "svg":
		r, err := read(args[2])
		if err != nil {
			return err
		}
		return pictures(args[1], r)
	case len(args) == 3 && args[0] == "rivals":
		return rivals(args[1], args[2])
	case len(args) > 2 && args[0] == "page":
		r, err := read(args[1])
		if err != nil {
			return err
		}
		for _, page := range args[2:] {
			if err := update(page, r); err != nil {
				return err
			}
		}
		return nil
	case len(args) == 3 && args[0] == "compare":
		before, err := read(args[1])
		if err != nil {
			return err
		}
		after, err := read(args[2])
		if err != nil {
			return err
		}
		return compare(os.Stdout, before, after)
	}
	return errors.New("usage: plot svg|rivals DIR FILE | page FILE PAGE… | compare OLD NEW")
}
