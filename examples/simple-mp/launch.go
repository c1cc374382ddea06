package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/godpdk/godpdk/examples/internal/child"
)

// dialogue is what is typed into the two processes, and what the other one must show.
var dialogue = []struct {
	who   int
	types string
}{
	{0, "send hello from the primary"},
	{1, "send hello from the secondary"},
	{0, "send how_are_you"},
	{1, "send fine, thank you"},
}

// launch starts a primary and a secondary as processes of their own and types
// commands into them.
func launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	prefix := fmt.Sprintf("simple%d", os.Getpid())
	var seats []*child.Seat
	err := func() error {
		for n, options := range [][]string{{"--proc-type=primary", "-m", "32"}, {"--proc-type=secondary"}} {
			s, err := child.Sit(ctx, n, append(options, "--file-prefix="+prefix)...)
			if err != nil {
				return err
			}
			seats = append(seats, s)
			if err := s.Expect("Finished Process Init."); err != nil {
				return err
			}
		}
		for _, step := range dialogue {
			fmt.Printf("%s> %s\n", seats[step.who].Name, step.types)
			fmt.Fprintln(seats[step.who].In, step.types)
			if err := seats[1-step.who].Expect("Received '" + strings.TrimPrefix(step.types, "send ") + "'"); err != nil {
				return err
			}
		}
		return nil
	}()
	for n := len(seats) - 1; n >= 0; n-- {
		err = errors.Join(err, seats[n].Leave())
	}
	return err
}
