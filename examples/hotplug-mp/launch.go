package main

import (
	"context"

	"github.com/godpdk/godpdk/examples/internal/app"
)

// launch starts a primary and a secondary, which attach and detach devices.
func launch(ctx context.Context) error {
	return app.Dialogue(ctx, "hotplug", "ready", []app.Line{
		{To: 0, Types: "attach net_null0", From: 0, Prints: "attached device net_null0"},
		{To: 1, Types: "list", From: 1, Prints: "0\tnet_null0"},
		{To: 1, Types: "attach net_null1,size=128", From: 1, Prints: "attached device net_null1"},
		{To: 0, Types: "list", From: 0, Prints: "1\tnet_null1"},
		{To: 1, Types: "detach net_null0", From: 1, Prints: "detached device net_null0"},
		{To: 0, Types: "list", From: 0, Prints: "ports: 1"},
		{To: 0, Types: "detach net_null1", From: 0, Prints: "detached device net_null1"},
		{To: 1, Types: "list", From: 1, Prints: "ports: 0"},
	})
}
