package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/memzone"
)

// secondary polls its queues of the primary's ports until ctx or the primary ends it.
func secondary(ctx context.Context, ports []*ethdev.Port, process int) error {
	zone, err := memzone.LookupValue[Shared](sharedZone)
	if err != nil {
		return fmt.Errorf("start secondaries when the primary is ready: %w", err)
	}
	shared := zone.Get()
	if n := int(shared.Processes.Load()); process < 1 || process >= n {
		return fmt.Errorf("-process=%d: the primary has queues for processes 1 to %d", process, n-1)
	}
	for _, p := range ports {
		if err := errors.Join(p.RxQueue(process).Err(), p.TxQueue(process).Err()); err != nil {
			return err
		}
	}
	own := &shared.Of[process]
	if !own.State.CompareAndSwap(absent, polling) {
		return fmt.Errorf("-process=%d: another process has this number, or had it", process)
	}
	defer own.State.Store(done)
	fmt.Printf("process %d: polls queue %d of %d ports\n", process, process, len(ports))
	return own.forward(ports, process, func() bool {
		return shared.Stop.Load() == 1 || ctx.Err() != nil
	})
}
