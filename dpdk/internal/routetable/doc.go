// Package routetable is what packages lpm and fib have in common: tables of routes in shared memory, which the primary creates and
// changes, also for its secondaries, while all processes look up addresses.
//
// A [Kind] makes the control calls of one kind of tables, such as those of rte_lpm6. It has two sides. Handles ([Handle])
// check arguments, and ask the primary through package delegate. There a writer for each table lets one change run at a time, and
// waits for readers ([Readers]). A package adds what is particular to its library of DPDK: [Library] and [Table].
package routetable
