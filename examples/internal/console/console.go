// Package console is the command line of those examples that have one.
package console

import (
	"bufio"
	"fmt"
	"os"
)

// Lines are the lines of the standard input.
func Lines() <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// Prompt invites somebody at a terminal.
func Prompt(text string) {
	if i, err := os.Stdin.Stat(); err == nil && i.Mode()&os.ModeCharDevice != 0 {
		fmt.Print(text)
	}
}
