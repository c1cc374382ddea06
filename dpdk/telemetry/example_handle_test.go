//go:build linux && cgo

package telemetry_test

import (
	"context"
	"fmt"
	"log"

	"github.com/godpdk/godpdk/dpdk/ealtest"
	"github.com/godpdk/godpdk/dpdk/telemetry"
)

func ExampleHandle() {
	err := telemetry.Handle("/app/stats", func(params string) (any, error) {
		return map[string]any{"packets": 42, "queue": params}, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	defer telemetry.Unregister("/app/stats")

	// In any process, or with dpdk-telemetry.py:
	sockets, err := telemetry.List()
	for _, s := range sockets {
		if s.Prefix == ealtest.Runtime().FilePrefix() {
			c := telemetry.NewClient(s.Path, telemetry.Config{})
			defer c.Close()
			value, err := c.Call(context.Background(), "/app/stats", "3")
			fmt.Println(string(value), err)
		}
	}
	fmt.Println(err)
	// Output:
	// {"packets":42,"queue":"3"} <nil>
	// <nil>
}
