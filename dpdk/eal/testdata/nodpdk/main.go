// Command nodpdk prints what a program that was built without DPDK hears.
package main

import (
	"errors"
	"fmt"

	"github.com/godpdk/godpdk/dpdk"
	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/mempool"
	"github.com/godpdk/godpdk/dpdk/ring"
)

func main() {
	fmt.Printf("version %q\n", dpdk.Version())
	_, err := eal.Init(eal.Config{NoPCI: true})
	say(err)
	_, _, err = eal.InitArgs([]string{"nodpdk"})
	say(err)
	_, err = ring.Lookup[uint64]("r")
	say(err)
	_, err = mempool.Lookup("p")
	say(err)
}

func say(err error) {
	fmt.Println(err, errors.Is(err, dpdk.ErrNoDPDK), errors.Is(err, dpdk.ErrUnsupported))
}
