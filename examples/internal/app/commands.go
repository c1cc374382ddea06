package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/godpdk/godpdk/dpdk"
)

// Commands runs the commands that are typed, until quit, the end of the input, or the end
// of ctx. The function run returns false for a command that it does not know.
func Commands(ctx context.Context, prompt, help string, run func(command, argument string) bool) {
	lines := lines()
	for {
		if i, err := os.Stdin.Stat(); err == nil && i.Mode()&os.ModeCharDevice != 0 { // a terminal
			fmt.Print(prompt)
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), dpdk.ErrPrimaryGone) {
				fmt.Println("the primary has gone")
			}
			return
		case line, ok := <-lines:
			command, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case !ok || command == "quit":
				return
			case command == "help":
				fmt.Print(help, "help: shows this\nquit: ends this process\n")
			case command != "" && !run(command, argument):
				fmt.Printf("unknown command %q: type help\n", line)
			}
		}
	}
}

// lines returns the lines of the standard input.
func lines() <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}
