// Package lpm has tables of routes in shared memory, and finds the next hop of an address by the
// longest prefix that matches (rte_lpm for IPv4, rte_lpm6 for IPv6).
//
//	t, err := lpm.Create4("routes", lpm.Config{MaxRoutes: 100_000, Groups: 4096})
//	err = t.Add(netip.MustParsePrefix("10.0.0.0/8"), 7)
//	hop, ok := t.Lookup(netip.MustParseAddr("10.1.2.3"))   // 7, true
//	t.LookupBulk(results, addresses)                       // many at once
//
// A next hop is a number that the program chooses, for example an index of its own array of
// neighbours.
//
// # Processes
//
// Every process of the group can look up addresses; it reads the shared table without locks. A
// lookup in a [Table4] is plain Go. One in a [Table6] calls C, because the layout of these tables
// is private to DPDK.
//
// The primary makes all changes. A secondary of a Go primary may call [Create4], [Table4.Add], Delete and the
// other control calls too: the primary then makes them. So a process that is killed never leaves a
// table half changed, and changes from several processes do not overlap. The primary must import this
// package; otherwise a secondary that does cannot attach. In a secondary of a C primary, changes
// return dpdk.ErrSecondary and lookups work. A C program that changes a table must do so in the
// primary, and not at the same time as Go.
//
// A process that ends, for any reason, leaves its tables in place. [Table4.Free] removes a table.
//
// # Changes beside lookups
//
// Add and Delete may run beside lookups in any process. Each lookup returns the next hop from before or
// after the change, with one exception: a table has groups of entries for long prefixes, and Delete makes
// groups free. If a new route uses such a group while a reader is still in it, the reader may get the next hop
// of another address. [Config.RCU] prevents this. Each reader then registers with that [rcu.QSBR] and
// calls Quiescent between two bulks of lookups. A group is used again only after all readers have done so.
// Readers that were killed are unregistered by the primary.
//
// DPDK does not order the writes of rte_lpm6 for processors that reorder them. On arm64 a lookup in a
// [Table6] beside Add or Delete can therefore miss a route that exists, for a moment.
//
// [Table4.DeleteAll] and [Table4.Free] do not wait for readers.
//
// # Cost of changes
//
// rte_lpm keeps the routes of one prefix length in a list without order, and Add and Delete search all of
// it. The time of one Add so grows with the number of routes of that length: building a table of n routes takes time
// in proportion to n². rte_lpm6 has a hash table and no such limit. [Table4.AddRoutes] saves the cost of
// a control call for each route, but not that of the search.
package lpm
