// Package hash has the hash functions of DPDK's tables and of NICs, in Go.
//
//	h := hash.CRC32C(key, 0)               // the default of rte_hash on amd64 and arm64
//	h = hash.Jenkins(key, 0)               // its other function
//	t, err := hash.NewToeplitz(rssKey)     // what a NIC with this RSS key computes
//	h = t.Flow(src, dst)
//
// They return the same values as the functions of DPDK, so that a Go program and a C program agree on
// the place of a key, and a program knows the queue of a packet before it arrives:
//
//	for port := range t.SourcePorts(local, remote, reta, queue) {
//		… // replies from remote to this port arrive on the queue
//	}
//
// The functions are safe for concurrent use, need no EAL, and build with CGO_ENABLED=0. A program that imports this package does
// not link librte_hash. Tables, which need it, are in package hashtable.
package hash
