package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// gcc -aux-info writes a line for each function that is declared (NC) or defined (NF), with the header's path.
	prototype = regexp.MustCompile(`(?m)^/\* \S*/dpdk/(?:generic/)?(rte_\w+\.h):\d+:N[CF] \*/ .*?\b(rte_\w+) \(`)
	macro     = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*define[ \t]+(rte_[a-z]\w*|RTE_\w*FOREACH\w*|RTE_MBUF_\w+)\(`)
)

// readHeaders returns the functions, static inline functions and function-like macros of the headers of the DPDK that
// pkg-config finds, as lines "header function", and the release.
func readHeaders() (release string, lines []string, err error) {
	version, err := exec.Command("pkg-config", "--modversion", "libdpdk").Output()
	if err != nil {
		return "", nil, fmt.Errorf("pkg-config finds no libdpdk: %w", err)
	}
	flags, err := exec.Command("pkg-config", "--cflags", "libdpdk").Output()
	if err != nil {
		return "", nil, fmt.Errorf("pkg-config --cflags libdpdk: %w", err)
	}
	dir, err := os.MkdirTemp("", "apicoverage")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(dir)

	found := map[string]string{}
	add := func(header, function string) {
		if old, ok := found[function]; !ok || header < old {
			found[function] = header
		}
	}
	var headers []string
	for flag := range strings.FieldsSeq(string(flags)) {
		list, _ := filepath.Glob(strings.TrimPrefix(flag, "-I") + "/rte_*.h")
		for _, header := range list {
			text, err := os.ReadFile(header)
			if err != nil {
				return "", nil, err
			}
			for _, m := range macro.FindAllStringSubmatch(string(text), -1) {
				add(filepath.Base(header), m[1])
			}
		}
		headers = append(headers, list...)
	}
	prototypes, err := prototypes(dir, headers, strings.Fields(string(flags)))
	if err != nil {
		return "", nil, err
	}
	for _, m := range prototype.FindAllStringSubmatch(prototypes, -1) {
		add(m[1], m[2])
	}
	for function, header := range found {
		if traces, _ := filepath.Match("rte_*_trace*.h", header); traces {
			continue // what DPDK itself calls for its trace points
		}
		lines = append(lines, header+" "+function)
	}
	slices.Sort(lines)
	return strings.Join(strings.Split(strings.TrimSpace(string(version)), ".")[:2], "."), lines, nil
}

// prototypes returns what gcc writes about the functions of all headers. They are compiled together, which is fast. A header that
// fails there is compiled alone; if it fails again, it is a part of another header.
func prototypes(dir string, headers, flags []string) (string, error) {
	var alone []string
	text, bad := compile(dir, headers, flags)
	for len(bad) > 0 {
		var rest []string
		for i, header := range headers {
			if slices.Contains(bad, i+1) {
				alone = append(alone, header)
			} else {
				rest = append(rest, header)
			}
		}
		headers = rest
		text, bad = compile(dir, headers, flags)
	}
	if text == "" {
		return "", errors.New("gcc cannot compile DPDK's headers: install gcc and libdpdk-dev")
	}
	for _, header := range alone {
		one, _ := compile(dir, []string{header}, flags)
		text += one
	}
	return text, nil
}

// compile returns what gcc writes about the functions of these headers, or the numbers of the lines that failed.
func compile(dir string, headers, flags []string) (text string, bad []int) {
	source, aux := filepath.Join(dir, "all.c"), filepath.Join(dir, "aux")
	for _, header := range headers {
		text += "#include <" + filepath.Base(header) + ">\n"
	}
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		return "", nil
	}
	args := append(slices.Clone(flags), "-DALLOW_EXPERIMENTAL_API", "-w", "-fsyntax-only", "-aux-info", aux, source)
	output, err := exec.Command("gcc", args...).CombinedOutput()
	for _, m := range regexp.MustCompile(regexp.QuoteMeta(source)+`:(\d+)`).FindAllStringSubmatch(string(output), -1) {
		line, _ := strconv.Atoi(m[1])
		bad = append(bad, line)
	}
	if err != nil {
		return "", bad
	}
	written, _ := os.ReadFile(aux)
	return string(written), nil
}
