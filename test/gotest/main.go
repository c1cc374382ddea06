// Command gotest runs go test with its arguments. It names each package when its tests start and
// when they end, and shows the output of failed tests and packages only.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// event is a line of go test -json: see go doc test2json.
type event struct {
	Action, Package, Test, Output string
}

func main() {
	begin := time.Now()
	code, err := run(append([]string{"test", "-json"}, os.Args[1:]...))
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		code = 1
	}
	fmt.Printf("%v\n", time.Since(begin).Round(time.Second))
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r := report{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		fmt.Print(r.add(e))
	}
	err = cmd.Wait()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode(), lines.Err()
	}
	return 0, errors.Join(err, lines.Err())
}

// report keeps the output of the tests that run.
type report map[test]string

// test is a test of a package, or the package itself if it has no name.
type test struct{ pkg, name string }

// add returns the text to print for an event.
func (r report) add(e event) string {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "start":
		return "run \t" + e.Package + "\n"
	case "build-output":
		return e.Output
	case "output":
		r[t] += e.Output
	case "pass", "skip", "fail":
		return r.end(t, e.Action == "fail")
	}
	return ""
}

// end forgets the output of a test or package that has ended, and returns the part to print.
func (r report) end(t test, failed bool) (text string) {
	if failed && t.name == "" { // after a crash, tests have not ended
		for other, out := range r {
			if other.pkg == t.pkg && other.name != "" {
				text += out
				delete(r, other)
			}
		}
	}
	out := r[t]
	delete(r, t)
	if failed {
		return text + out
	}
	if t.name != "" {
		return ""
	}
	last := strings.LastIndex(strings.TrimSuffix(out, "\n"), "\n")
	return out[last+1:] // "ok", or "no test files"
}
