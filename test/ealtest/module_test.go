//go:build linux

// Package ealtest tests package ealtest from a module of its own, as its users do, by what
// becomes of test binaries: with and without root, hugepages and GODPDK_REQUIRE.
package ealtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/test/harness"
)

const module = "github.com/godpdk/godpdk"

const users = `package scratch

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/ring"
)

func TestMain(m *testing.M) {
	ealtest.Main(m, ealtest.Options{Checks: []func() error{func() error {
		if os.Getenv("SCRATCH_CHECK") != "" {
			return errors.New("the check fails")
		}
		return nil
	}}})
}

var _ = ealtest.Role("other", func(args []string) error {
	rt, err := eal.Init(ealtest.Secondary(args[0], 1))
	if err != nil {
		return err
	}
	ealtest.Say("attached")
	return rt.Close()
})

func TestRing(t *testing.T) {
	r, err := ring.Create[uint64]("numbers", 16, ring.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Enqueue(7) {
		t.Fatal("full")
	}
	if err := r.Free(); err != nil {
		t.Fatal(err)
	}
}

func TestTwoProcesses(t *testing.T) {
	ealtest.NeedHugepages(t)
	p := ealtest.Start(t, "other", ealtest.Runtime().FilePrefix())
	p.Expect("attached")
	p.Wait()
}

func TestRoot(t *testing.T) { ealtest.NeedRoot(t) }

// What a test does wrong.
func TestWrong(t *testing.T) {
	switch os.Getenv("SCRATCH_WRONG") {
	case "forgets":
		p := ealtest.Start(t, "other", ealtest.Runtime().FilePrefix())
		fmt.Println("pid", p.Pid())
	case "waits for another word":
		ealtest.Start(t, "other", ealtest.Runtime().FilePrefix()).Expect("detached")
	case "has no such role":
		ealtest.Start(t, "nobody")
	case "leaves":
		ealtest.NothingLeft(t, ealtest.Runtime().FilePrefix())
	case "exits":
		os.Exit(0)
	}
}
`

// binary compiles the module's tests.
func binary(t *testing.T, dir string) string {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	own := regexp.MustCompile(`(?m)^tool \([^)]*\)|^(module|tool) .*$`).ReplaceAllString(string(goMod), "")
	goMod = fmt.Appendf(nil, "module example.org/scratch\n%s\nrequire %s v0.0.0\n\nreplace %s => %s\n", own, module, module, root)
	goSum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	for name, text := range map[string][]byte{"go.mod": goMod, "go.sum": goSum, "scratch_test.go": []byte(users)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	bin := filepath.Join(dir, "scratch.test")
	cmd := exec.Command("go", "test", "-mod=mod", "-c", "-o", bin)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

func TestAModuleOfItsOwn(t *testing.T) {
	harness.Need(t, harness.Root, harness.Hugepages)
	dir, err := os.MkdirTemp("/var/tmp", "godpdk") // for nobody, too
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o777))
	bin := binary(t, dir)

	for _, tc := range []struct {
		name   string
		nobody bool
		env    []string
		fails  bool
		says   []string
	}{
		{"root", false, nil, false, []string{"--- PASS: TestRing", "--- PASS: TestTwoProcesses", "--- PASS: TestRoot"}},
		{"root, required", false, []string{ealtest.Require + "=1"}, false, []string{"--- PASS: TestTwoProcesses"}},
		{"nobody", true, nil, false, []string{"--- PASS: TestRing", "--- SKIP: TestTwoProcesses", "needs hugepages", "--- SKIP: TestRoot", "needs root"}},
		{"nobody, required", true, []string{ealtest.Require + "=1"}, true, []string{"ealtest: needs hugepages"}},
		{"a check fails", false, []string{"SCRATCH_CHECK=1"}, true, []string{"ealtest: the check fails"}},
		{"a test forgets a process", false, []string{"SCRATCH_WRONG=forgets"}, true, []string{"the test did not wait for its end"}},
		{"a test waits for what does not come", false, []string{"SCRATCH_WRONG=waits for another word"}, true, []string{`ended (exit status 0) without "detached"`}},
		{"a test starts a role that does not exist", false, []string{"SCRATCH_WRONG=has no such role"}, true, []string{`the role "nobody" does not exist`, "ealtest.Role"}},
		{"a test leaves something", false, []string{"SCRATCH_WRONG=leaves"}, true, []string{"left of t", "/config"}},
		{"a test ends the process", false, []string{"SCRATCH_WRONG=exits"}, true, []string{"the tests did not run to their end"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tmp := filepath.Join(dir, "tmp")
			require.NoError(t, os.Mkdir(tmp, 0o777))
			require.NoError(t, os.Chmod(tmp, 0o777))
			cmd := exec.Command(bin, "-test.v")
			cmd.Dir = dir
			for _, v := range os.Environ() { // not in this test's own sandbox
				if !strings.HasPrefix(v, "GODPDK_") && !strings.HasPrefix(v, "RUNTIME_DIRECTORY=") {
					cmd.Env = append(cmd.Env, v)
				}
			}
			cmd.Env = append(append(cmd.Env, "TMPDIR="+tmp), tc.env...)
			if tc.nobody {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			out, err := cmd.CombinedOutput()
			if tc.fails {
				require.Error(t, err, "%s", out)
				assert.Equal(t, 1, cmd.ProcessState.ExitCode())
			} else {
				require.NoError(t, err, "%s", out)
			}
			for _, says := range tc.says {
				assert.Contains(t, string(out), says)
			}
			require.NoError(t, os.Remove(tmp), "it leaves no files")
		})
	}
}

func TestMain(m *testing.M) { harness.Main(m) }
