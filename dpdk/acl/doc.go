// Package acl classifies packets by rules over several fields of their headers: the rule of the highest
// priority that matches wins (rte_acl).
//
//	t, err := acl.Create4("filter", []acl.Tuple{
//		{Protocol: header.ProtocolTCP, DestinationPorts: acl.Port(22), Value: deny},
//		{Source: netip.MustParsePrefix("10.0.0.0/8"), Value: allow},
//	}, acl.Config{})
//	n := acl.Gather4(keys, index, pkts)     // the keys of the IPv4 packets of a burst
//	t.Classify(values, keys[:n])            // values[i] is that of packet index[i], 0 if no rule matches
//
// A [Table] has a fixed set of rules. [Create4] and [Create6] take rules over the 5-tuple of IPv4 and IPv6: addresses,
// ports and protocol. [Create] takes rules over the fields of a struct of the program's own.
//
// # Categories
//
// A table may have several categories, for example one for a filter and one for a class of service. Each rule
// belongs to some of them, and Classify returns a value for each category of a key.
//
// # Processes
//
// A table is in shared memory. Every process of the group finds it by its name, and classifies without locks. The
// context holds no addresses of functions: its algorithm is a number, with which each process finds its own
// function. This number is the same for all processes. Create and SetAlgorithm choose it by the processor and the option
// --force-max-simd-bitwidth of the primary; the option of a secondary has no effect on tables.
//
// The primary creates and frees tables. A secondary of a Go primary may call Create4, Free and the other control calls
// too: the primary then makes them. So a process that is killed never leaves a table half built. The primary must
// import this package; otherwise a secondary that does cannot attach. In a secondary of a C primary, Create and Free
// return dpdk.ErrSecondary, and Lookup and Classify work.
//
// A process that ends, for any reason, leaves its tables in place. [Table.Free] removes a table.
//
// # Changes
//
// DPDK cannot change rules beside classification. So a change creates a new table and frees the old one when
// nobody uses it any more: see the example of this package. Package rcu finds out when that is. Between processes, the
// number of the newest table can be in a memzone.Value, and its name be made of that number.
//
// # Cost
//
// The time to create a table, and its memory, depend on how the rules overlap. Thousands of rules take up to seconds
// and hundreds of MB. [Config.MaxMemory] limits the memory.
package acl
