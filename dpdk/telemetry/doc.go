// Package telemetry asks running DPDK processes, in C or Go, for their ports, statistics, memory and lcores, over
// the sockets of DPDK's telemetry library. In a Go process it adds commands of the program's own.
//
//	sockets, err := telemetry.List() // of all file prefixes
//	for _, s := range sockets {
//		c := telemetry.NewClient(s.Path, telemetry.Config{})
//		defer c.Close()
//		stats, err := c.PortStats(ctx, 0)
//		…
//	}
//
// The client needs no EAL, no hugepages, no DPDK and no cgo: with CGO_ENABLED=0 a program that uses only the client
// links no C. It speaks version 2 of the protocol, which DPDK 20.05 and later have; the types are those of 22.11 to 25.11.
//
// A primary in Go answers commands of its own:
//
//	err := telemetry.Handle("/app/stats", func(params string) (any, error) { return stats, nil })
//
// # Safety
//
// DPDK answers in threads of the process that is asked. Other threads can free an object while these read it, because
// DPDK takes too few locks. A primary in Go puts a server of its own in front of DPDK's socket: a request waits while the
// process makes, changes or ends a port, a memzone, a ring or a pool, and these wait for a request, at most 5 s. So
// calls of [Client] to a primary in Go are safe, with three exceptions:
//
//   - A secondary attaches or detaches a port. EAL then adds or removes the port in the primary, without the server.
//   - A secondary in C makes, changes or ends any object.
//   - Another client asks for a command of [Handle] at the same moment. DPDK can then exchange the parameters of the two
//     requests, as with Raw calls below.
//
// The calls listed as safe for a primary in C are safe then too.
//
// A primary in C has no such server. These calls are safe there at any time, in all releases: Info, Commands, Help,
// EALParams, AppParams, Heaps, Heap, Lcores, Lcore, LcoreUsage, Rings, Ring, Ports, Memzones. These can crash it:
//
//   - Mempools and Mempool, while a process frees a pool (rte_mempool_free takes another lock than the reader).
//   - PortInfo, PortStats, PortXStats and PortLink, while it closes a port. Since 24.11 DPDK prevents the
//     release of the port's data meanwhile, but not the driver's clean-up.
//   - Memzone, while it reserves or frees any memzone, and so also a ring or a pool.
//
// Raw calls are as safe as their parameters: /eal/memzone_info and /eal/heap_info crash with a number that does not
// exist. Most releases until 25.11 parse requests with strtok, so that two clients that ask at the same moment can get
// the reply to the other's parameters. In a primary in Go this can only happen beside a command of [Handle], which does
// not wait for other requests, because its handler may end objects itself.
package telemetry
