//go:build linux

package harness

import "os"

// End waits for the child's end, however it ends, and returns the lines that it wrote since
// the last Expect, its state and what it wrote to standard error.
func (c *Child) End() (lines []string, state *os.ProcessState, stderr string) {
	c.t.Helper()
	lines = c.end()
	return lines, c.cmd.ProcessState, c.stderr.String()
}
