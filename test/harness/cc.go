//go:build linux

package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// CC compiles a C program against the installed DPDK, with DPDK's own flags,
// and returns its path.
func CC(t testing.TB, source string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c"))
	compile(t, bin, "-Wall", "-Werror", source)
	return bin
}

// Sample compiles one of DPDK's own sample programs, of a folder of its examples such
// as "multi_process/simple_mp", once for all tests of a package, and returns its path.
func Sample(t testing.TB, folder string, options ...string) string {
	t.Helper()
	Need(t, Root, Samples)
	source := filepath.Join(samples(), folder)
	bin := filepath.Join(filepath.Dir(HugeDir()), "sample-"+filepath.Base(folder))
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	files, err := filepath.Glob(filepath.Join(source, "*.c"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no C files in %s: %v", source, err)
	}
	// Since 23.11 a header of some is generated, as their Makefiles do.
	if commands := filepath.Join(source, "commands.list"); exists(commands) {
		recipe, err := os.ReadFile(filepath.Join(source, "Makefile"))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		context := regexp.MustCompile(`--context-name=\w+`).FindString(string(recipe))
		if out, err := exec.Command(generator, "-o", filepath.Join(dir, "commands.h"), context, commands).CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", generator, commands, err, out)
		}
		options = append(options, "-I"+dir)
	}
	options = append(options, "-DALLOW_EXPERIMENTAL_API", "-I"+filepath.Join(source, "..", "shared"))
	compile(t, bin, append(options, files...)...)
	return bin
}

const generator = "dpdk-cmdline-gen.py"

// samples is the folder of DPDK's sample programs.
func samples() string {
	prefix, err := exec.Command("pkg-config", "--variable=prefix", "libdpdk").Output()
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(prefix)), "share", "dpdk", "examples")
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func compile(t testing.TB, bin string, args ...string) {
	t.Helper()
	Need(t, Compiler)
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libdpdk").Output()
	if err != nil {
		t.Fatalf("pkg-config libdpdk: %v", err)
	}
	args = append(append([]string{"-O2", "-o", bin}, args...), strings.Fields(string(flags))...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("cc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
