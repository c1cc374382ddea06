package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godpdk/godpdk/examples/internal/child"
)

// show is what is typed into the two processes, and what each must answer.
var show = []struct {
	who           int
	types, answer string
}{
	{0, "attach net_null0", "attached device net_null0"},
	{1, "list", "0\tnet_null0"},
	{1, "attach net_null1,size=128", "attached device net_null1"},
	{0, "list", "1\tnet_null1"},
	{1, "detach net_null0", "detached device net_null0"},
	{0, "list", "ports: 1"},
	{0, "detach net_null1", "detached device net_null1"},
	{1, "list", "ports: 0"},
}

// launch starts a primary and a secondary as processes of their own and types
// commands into them.
func launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	prefix := fmt.Sprintf("hotplug%d", os.Getpid())
	var seats []*child.Seat
	err := func() error {
		for n, options := range [][]string{{"--proc-type=primary", "-m", "32"}, {"--proc-type=secondary"}} {
			s, err := child.Sit(ctx, n, append(options, "--file-prefix="+prefix)...)
			if err != nil {
				return err
			}
			seats = append(seats, s)
			if err := s.Expect("ready"); err != nil {
				return err
			}
		}
		for _, step := range show {
			s := seats[step.who]
			fmt.Printf("%s> %s\n", s.Name, step.types)
			fmt.Fprintln(s.In, step.types)
			if err := s.Expect(step.answer); err != nil {
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
