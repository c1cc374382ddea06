//go:build linux

package examples

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/test/harness"
)

func TestHelloRingSendsFromPrimaryToSecondary(t *testing.T) {
	bin := built(t, "hello-ring")
	primary := harness.Command(t, bin)
	primary.Expect("2 quotes sent")
	assert.Equal(t, []string{"2 quotes received: [{1 99 101} {2 98 102}]"}, harness.Command(t, bin).Wait())
	primary.Send("") // Enter
	primary.Wait()
	quiet(t, primary)
	clean(t)
}

func TestHelloPortForwardsUntilCtrlC(t *testing.T) {
	c := harness.Command(t, built(t, "hello-port"))
	c.Expect("forwarding on port 0 (net_null0)")
	c.Signal(syscall.SIGINT)
	assert.Regexp(t, `(?m)^\d+ packets received, \d+ sent$`, last(c.Wait(), "received"))
	quiet(t, c)
	clean(t)
}

func TestREADMEShowsHelloRing(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	program, err := os.ReadFile("../../examples/hello-ring/main.go")
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(program), "package main\n") // without the comment before it
	assert.Contains(t, string(readme), "```go\npackage main\n"+code+"```\n")
}
