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
	"time"
)

// event is a line of go test -json: see go doc test2json.
type event struct {
	Time                          time.Time
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
	r := report{outputs: map[test]string{}, starts: map[string]time.Time{}}
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

// report follows the packages that are tested, one at a time.
type report struct {
	outputs map[test]string // of the tests that have not ended
	starts  map[string]time.Time
	freed   time.Time // the end of the last package
}

// test is a test of a package, or the package itself if it has no name.
type test struct{ pkg, name string }

// add returns the text to print for an event.
func (r *report) add(e event) string {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "start":
		r.starts[e.Package] = e.Time
		return "run \t" + e.Package + "\n"
	case "build-output":
		return e.Output
	case "output":
		r.outputs[t] += e.Output
	case "pass", "skip", "fail":
		out := r.outputs[t]
		delete(r.outputs, t)
		switch {
		case t.name == "":
			return r.end(e, out)
		case e.Action == "fail":
			return out
		}
	}
	return ""
}

// end returns the text to print when a package ends. Its time does not include the wait for the
// package before it.
func (r *report) end(e event, out string) (text string) {
	begin := r.starts[e.Package]
	if r.freed.After(begin) {
		begin = r.freed
	}
	r.freed = e.Time
	if e.Action == "fail" { // after a crash, tests have not ended
		for other, out := range r.outputs {
			if other.pkg == e.Package {
				text += out
				delete(r.outputs, other)
			}
		}
		return text + out
	}
	if e.Action == "skip" {
		return out // no test files
	}
	return fmt.Sprintf("ok  \t%s\t%.1fs\n", e.Package, e.Time.Sub(begin).Seconds())
}
