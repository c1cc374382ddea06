// Command doctor checks whether this host can run DPDK, and prints the command that mends what is wrong. It changes
// nothing unless asked.
//
//	doctor                      what is wrong, for the user that runs it
//	doctor -all                 everything, with the reasons
//	doctor -json                the same for programs
//	doctor -memory 512          checks that 512 MiB of hugepages are free
//	doctor -fix                 shows the commands that are safe to run, and asks; -yes does not ask
//
// The exit status is 1 if there are errors, after -fix the errors that are left, and 2 for wrong flags.
// CGO_ENABLED=0 go build makes a program for hosts without DPDK.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/godpdk/godpdk/dpdk/hostcheck"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, errs io.Writer) int {
	var host hostcheck.Host
	var need hostcheck.Need
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(errs)
	all := flags.Bool("all", false, "print what is fine too, and why each matters")
	asJSON := flags.Bool("json", false, "print JSON")
	fix := flags.Bool("fix", false, "show the commands that are safe to run, and run them if the answer is yes")
	yes := flags.Bool("yes", false, "with -fix: do not ask")
	flags.StringVar(&host.Root, "root", "", "a folder with copies of /proc, /sys, /dev and /run of another host")
	flags.StringVar(&need.HugeDir, "huge-dir", "", "the mount of hugetlbfs that the program names")
	flags.BoolVar(&need.InMemory, "in-memory", false, "the program shares no memory (Config.InMemory), and needs no mount of hugetlbfs")
	flags.IntVar(&need.MemoryMB, "memory", 0, "the memory that the program needs, in MiB")
	if flags.Parse(args) != nil {
		return 2
	}
	if flags.NArg() > 0 || *yes && !*fix || *fix && (*asJSON || host.Root != "") {
		fmt.Fprintln(errs, "doctor: it takes no arguments; -yes needs -fix, and -fix excludes -json and -root")
		return 2
	}
	findings := host.Check(need)
	if *fix {
		if !mend(findings, *yes, in, out) {
			return status(findings)
		}
		findings = host.Check(need)
	}
	if *asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		_ = e.Encode(map[string]any{"level": hostcheck.Worst(findings).Level, "findings": findings})
		return status(findings)
	}
	show(out, findings, *all)
	return status(findings)
}

func status(findings []hostcheck.Finding) int {
	if hostcheck.Worst(findings).Level == hostcheck.Error {
		return 1
	}
	return 0
}

// show prints errors first, and what is fine last.
func show(out io.Writer, findings []hostcheck.Finding, all bool) {
	count := map[hostcheck.Level]int{}
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b hostcheck.Finding) int { return int(b.Level - a.Level) })
	for _, f := range sorted {
		count[f.Level]++
		if f.Level == hostcheck.OK && !all {
			continue
		}
		fmt.Fprintf(out, "%-8s %-17s %s\n", f.Level, f.Check, f.Found)
		if all || f.Level != hostcheck.OK {
			fmt.Fprintf(out, "%27s%s (%s)\n", "why: ", f.Why, f.Source)
		}
		for i, fix := range f.Fixes {
			fmt.Fprintf(out, "%27s%s: %s\n", map[bool]string{true: "fix: ", false: "or: "}[i == 0], fix.Where, fix.Commands[0])
			for _, c := range fix.Commands[1:] {
				fmt.Fprintf(out, "%27s%s\n", "and: ", c)
			}
		}
	}
	fmt.Fprintf(out, "doctor: %d errors, %d warnings, %d ok\n", count[hostcheck.Error], count[hostcheck.Warning], count[hostcheck.OK])
}

// mend shows the fixes that are safe, asks, and runs them. It returns false if nothing was run.
func mend(findings []hostcheck.Finding, yes bool, in io.Reader, out io.Writer) bool {
	var commands []string
	for _, f := range findings {
		i := slices.IndexFunc(f.Fixes, func(fix hostcheck.Fix) bool { return fix.Safe })
		if i < 0 || f.Level == hostcheck.OK {
			continue
		}
		fmt.Fprintf(out, "%s: %s\n", f.Check, f.Found)
		for _, c := range f.Fixes[i].Commands {
			fmt.Fprintln(out, "    run:  ", c)
		}
		for _, c := range f.Fixes[i].Undo {
			fmt.Fprintln(out, "    undo: ", c)
		}
		commands = append(commands, strings.Join(f.Fixes[i].Commands, " && "))
	}
	if len(commands) == 0 {
		fmt.Fprintln(out, "doctor: nothing here is safe for this user to run: see doctor without -fix")
		return false
	}
	if !yes {
		fmt.Fprint(out, "Run these commands? [y/N] ")
		answer, _ := bufio.NewReader(in).ReadString('\n')
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			fmt.Fprintln(out, "doctor: nothing was changed")
			return false
		}
	}
	for _, c := range commands {
		cmd := exec.Command("sh", "-c", c)
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			fmt.Fprintf(out, "doctor: %s: %v\n", c, err)
		}
	}
	return true
}
