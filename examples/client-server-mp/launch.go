package main

import (
	"context"
	"fmt"

	"github.com/godpdk/godpdk/examples/internal/app"
)

// launch starts a server and two clients, kills one client and starts it again.
func launch(ctx context.Context) error {
	return app.Launch(ctx, "clientserver", func(g *app.Group) error {
		server := g.Start("--vdev=net_null0", "--vdev=net_null1", "--", "-p=3", "-n=2", "-period=300ms")
		if err := server.Expect("server: ready"); err != nil {
			return err
		}
		client := func(n int) *app.Process { return g.Start("--", fmt.Sprint("-n=", n)) }
		victim := client(0)
		client(1)
		if err := server.Expect("has attached", "has attached", "client 1 ", "client 1 "); err != nil { // two tables
			return err
		}
		victim.Kill()
		fmt.Println("client 0 has been killed")
		if err := server.Expect("has died", "client 1 ", "client 1 "); err != nil {
			return err
		}
		client(0)
		return server.Expect("has attached", "client 1 ", "client 1 ")
	})
}
