//go:build linux

// Command hashes uses EAL and a hash function, but no table.
package main

import (
	"fmt"

	"github.com/godpdk/godpdk/dpdk/eal"
	"github.com/godpdk/godpdk/dpdk/hash"
)

func main() {
	_, err := eal.Init(eal.Config{FilePrefix: "/"}) // which is refused
	fmt.Printf("%08x %v\n", hash.CRC32C([]byte("123456789"), 0xffffffff)^0xffffffff, err != nil)
}
