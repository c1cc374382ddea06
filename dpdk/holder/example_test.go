package holder_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/godpdk/godpdk/dpdk/holder"
)

func ExampleDecode() {
	cfg, err := holder.Decode([]byte(`{
		"eal":   {"filePrefix": "demo", "memoryMB": 64, "noPCI": true},
		"pools": [{"name": "packets", "count": 8191}],
		"rings": [{"name": "quotes", "count": 1024, "elemSize": 16, "producer": "single", "consumer": "single"}],
		"ports": [{"device": "net_null0", "pool": "packets"}]
	}`))
	fmt.Println(len(cfg.Rings), "ring,", len(cfg.Ports), "port,", err)
	_, err = holder.Decode([]byte(`{"ports": [{"device": "net_null0", "pool": "packets"}]}`))
	fmt.Println(err)
	// Output:
	// 1 ring, 1 port, <nil>
	// holder.Config "ports[0].pool": invalid argument: the configuration has no pool "packets": use one of pools: there are none
}

func ExampleStart() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	lock, err := holder.WaitLock(ctx, "/run/demo.lock") // the standby process waits here
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Close()
	h, err := holder.Start(holder.Config{
		EAL:   holder.EAL{FilePrefix: "demo", MemoryMB: 64, NoPCI: true},
		Pools: []holder.Pool{{Name: "packets", Count: 8191}},
		Ports: []holder.Port{{Device: "net_null0", Pool: "packets"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("prefix", h.Runtime().FilePrefix())
	if err := h.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
