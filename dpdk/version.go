package dpdk

import "github.com/godpdk/godpdk/cgo"

// Version is the DPDK release this process runs with, such as "DPDK 22.11.11"
// (rte_version). It may be called before eal.Init.
func Version() string { return cgo.Version() }
