package main

import (
	"context"

	"github.com/godpdk/godpdk/examples/internal/app"
)

const ready = "Finished Process Init."

// launch starts a primary and a secondary, which send each other lines.
func launch(ctx context.Context) error {
	return app.Dialogue(ctx, "simple", ready, []app.Line{
		{To: 0, Types: "send hello from the primary", From: 1, Prints: "Received 'hello from the primary'"},
		{To: 1, Types: "send hello from the secondary", From: 0, Prints: "Received 'hello from the secondary'"},
		{To: 0, Types: "send how_are_you", From: 1, Prints: "Received 'how_are_you'"},
		{To: 1, Types: "send fine, thank you", From: 0, Prints: "Received 'fine, thank you'"},
	})
}
