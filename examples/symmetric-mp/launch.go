package main

import (
	"context"
	"fmt"

	"github.com/godpdk/godpdk/examples/internal/app"
)

// launch starts three processes that share two ports, and waits for them.
func launch(ctx context.Context) error {
	return app.Launch(ctx, "symmetric", func(g *app.Group) error {
		primary := g.Start("--vdev=net_ring0", "--vdev=net_ring1", "--", "-processes=3", "-seed=256", "-seconds=0")
		if err := primary.Expect("primary: ready"); err != nil {
			return err
		}
		for i := 1; i < 3; i++ { // secondaries find the primary's ports by themselves
			if err := g.Start("--", fmt.Sprint("-process=", i)).Expect("polls"); err != nil {
				return err
			}
		}
		g.Wait(5)
		return nil
	})
}
