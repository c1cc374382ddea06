package pdump_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/godpdk/godpdk/dpdk/ethdev"
	"github.com/godpdk/godpdk/dpdk/pdump"
)

// A filter for "arp", as "tcpdump -ddd -y EN10MB arp" prints it.
func ExampleParseFilter() {
	filter, err := pdump.ParseFilter(strings.NewReader(`4
40 0 0 12
21 0 1 2054
6 0 0 262144
6 0 0 0
`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(filter), "instructions")
	// Output: 4 instructions
}

// The frames that a port receives, in a file. The process is a secondary.
func ExampleStart() {
	port, err := ethdev.Lookup("0000:03:00.0")
	if err != nil {
		log.Fatal(err)
	}
	c, err := pdump.Start(port, pdump.Config{Direction: pdump.Received})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	w, err := pdump.NewWriter(os.Stdout, c)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	for p := range c.Packets(context.Background()) {
		if err := w.Write(p); err != nil {
			log.Fatal(err)
		}
	}
}
