// Package fib has tables of routes in shared memory, and finds the next hop of an address by the longest prefix that matches
// (rte_fib for IPv4, rte_fib6 for IPv6).
//
//	t, err := fib.Create4("routes", fib.Config{MaxRoutes: 1_000_000, Groups: 16_384, Missing: fib.MaxNextHop(4)})
//	err = t.Add(netip.MustParsePrefix("10.0.0.0/8"), 7)
//	hop := t.Lookup(netip.MustParseAddr("10.1.2.3"))  // 7
//	t.LookupBulk(hops, addresses)                      // many at once
//
// A next hop is a number that the program chooses, for example an index of its own array of neighbours.
//
// Package lpm does the same with other structures of DPDK. This package keeps all routes in a tree as well: Add
// and Delete take about the same time in a table of a million routes as in a small one, next hops have up to 63 bits, the default
// route is a route as any other, and the table can return the route of an address. It takes more memory, about 256 bytes a
// route, and its tables are not for C programs in other processes. An address without a route gets [Config.Missing].
//
// # Processes
//
// The primary makes all changes. A secondary of a Go primary may call [Create4], [Table4.Add], Delete and the other control calls
// too: the primary then makes them. So a process that is killed never leaves a table half changed, and changes from several
// processes do not overlap. The primary must import this package; otherwise a secondary that does cannot attach.
//
// C's rte_fib_lookup_bulk calls a function by its address, which the table has in shared memory: the address is right only in
// the process that made the table, and other processes crash. This package does not use it. A lookup is plain Go
// over the arrays of the table. Only the process that made it, the Go primary, knows their place. So [Lookup4] and
// [Lookup6] find the tables that Go has made, in any process of a group with a Go primary. They return dpdk.ErrUnsupported for tables of C
// code. A C program must not call rte_fib_lookup_bulk on a table of another process, and must not call rte_fib_select_lookup,
// rte_fib_add or rte_fib_delete on one of Go.
//
// DPDK does not publish the layout of the arrays. Create compares it with a route that it adds and deletes. If a DPDK has another
// layout, lookups in the primary call rte_fib_lookup_bulk, and secondaries get dpdk.ErrUnsupported.
//
// A process that ends, for any reason, leaves its tables in place. [Table4.Free] removes a table.
//
// # Changes beside lookups
//
// Add and Delete may run beside lookups in any process, in tables of the type [Direct]. Each lookup returns the next
// hop from before or after the change, with one exception: a table has groups of entries for long prefixes (IPv4: 25 bits or more;
// IPv6: 24 or more), and a change can make groups free, which DPDK clears. A reader that is still in such a group may get the
// next hop 0 or that of another address. [Config.RCU] prevents this, with DPDK 24.11 or newer for IPv4 and 25.11 or newer for IPv6. Each reader then registers with that
// [rcu.QSBR] and calls Quiescent between two bulks of lookups. A change waits until all readers have done so since the change
// before, up to one second. Readers that were killed are unregistered by the primary.
//
// With an older DPDK, build a second table and let the readers change over to it, or use package lpm.
//
// DPDK does not order its writes for processors that reorder them. On arm64 a lookup beside a change can therefore miss a route that
// exists, for a moment.
//
// In tables of the type [Tree] no lookup may run beside a change: it may return the next hop of another address.
//
// [Table4.Free] does not wait for readers.
package fib
